#include "pkcs11/domain_parameters.h"

#include "pkcs11/der.h"
#include "wire/operation.h"

#define SIZE 32u

/* SEC 2 §2.4.1, §2.4.2 */
static const struct {
    unsigned id;
    const char *p, *a, *b, *x, *y, *n;
} curves[] = {
    {SR_CURVE_SECP256K1, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
     "0000000000000000000000000000000000000000000000000000000000000000",
     "0000000000000000000000000000000000000000000000000000000000000007",
     "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
     "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"},
    {SR_CURVE_P256, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
     "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
     "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
     "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
};

static unsigned digit(char hex)
{
    return (unsigned)(hex <= '9' ? hex - '0' : hex - 'a' + 10);
}

/* Whether the big-endian @number, which may have zeros in front, is the one of 64 digits. */
static bool number_is(SrSlice number, const char *hex)
{
    uint8_t bytes[SIZE];

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return sr_slice_is(sr_slice_number(number), sr_slice_number((SrSlice){bytes, SIZE}).data,
                       sr_slice_number((SrSlice){bytes, SIZE}).size);
}

/* FieldID: SEQUENCE { prime-field, p } */
static bool is_field(SrSlice field, const char *p)
{
    static const uint8_t prime_field[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x01, 0x01};
    SrSlice type, number;

    return sr_der_take(&field, SR_DER_OID, &type, NULL) &&
           sr_slice_is(type, prime_field, sizeof prime_field) &&
           sr_der_take(&field, SR_DER_INTEGER, &number, NULL) && field.size == 0 &&
           number_is(number, p);
}

/* Curve: SEQUENCE { a, b, seed OPTIONAL }; the seed says only where b came from. */
static bool are_coefficients(SrSlice curve, const char *a, const char *b)
{
    SrSlice first, second;

    if (!sr_der_take(&curve, SR_DER_OCTET_STRING, &first, NULL) ||
        !sr_der_take(&curve, SR_DER_OCTET_STRING, &second, NULL))
        return false;
    sr_der_take(&curve, SR_DER_BIT_STRING, NULL, NULL);
    return curve.size == 0 && number_is(first, a) && number_is(second, b);
}

/* SEC 1 §2.3.3: 04 || x || y, or 02 or 03 (y odd) || x. */
static bool is_base(SrSlice base, const char *x, const char *y)
{
    const bool is_compressed = base.size == 1 + SIZE;

    if (!is_compressed && base.size != 1 + 2 * SIZE)
        return false;
    if (!number_is((SrSlice){base.data + 1, SIZE}, x))
        return false;
    if (is_compressed)
        return base.data[0] == 2 + digit(y[63]) % 2;
    return base.data[0] == 4 && number_is((SrSlice){base.data + 1 + SIZE, SIZE}, y);
}

static bool is_cofactor(SrSlice rest)
{
    static const uint8_t one[] = {1};
    SrSlice cofactor;

    return rest.size == 0 || (sr_der_take(&rest, SR_DER_INTEGER, &cofactor, NULL) &&
                              sr_slice_is(cofactor, one, sizeof one) && rest.size == 0);
}

/* 1; 2 and 3 promise more of the seed, which nobody needs to believe. */
static bool is_version(SrSlice version)
{
    return version.size == 1 && version.data[0] >= 1 && version.data[0] <= 3;
}

bool sr_domain_parameters_are(SrSlice parameters, unsigned id)
{
    SrSlice all, version, field, coefficients, base, order;
    size_t i = 0;

    if (!sr_der_take(&parameters, SR_DER_SEQUENCE, &all, NULL) || parameters.size != 0 ||
        !sr_der_take(&all, SR_DER_INTEGER, &version, NULL) || !is_version(version) ||
        !sr_der_take(&all, SR_DER_SEQUENCE, &field, NULL) ||
        !sr_der_take(&all, SR_DER_SEQUENCE, &coefficients, NULL) ||
        !sr_der_take(&all, SR_DER_OCTET_STRING, &base, NULL) ||
        !sr_der_take(&all, SR_DER_INTEGER, &order, NULL))
        return false;
    while (i < sizeof curves / sizeof curves[0] && curves[i].id != id)
        i++;
    return i < sizeof curves / sizeof curves[0] && is_field(field, curves[i].p) &&
           are_coefficients(coefficients, curves[i].a, curves[i].b) &&
           is_base(base, curves[i].x, curves[i].y) && number_is(order, curves[i].n) &&
           is_cofactor(all);
}
