/* Curves as PKCS#11 names them, with OpenSSL's encodings on the other side. */
#include "pkcs11/curve.h"
#include "support/assert_bytes.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>

static int curve_of(const void *params, size_t size)
{
    const SrCurve *curve = sr_curve_from_params((SrSlice){params, size});

    return curve ? curve->id : -1;
}

#define CURVE_OF(text) curve_of(text, sizeof(text) - 1)

static void test_names(void)
{
    g_assert_cmpint(CURVE_OF("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), ==, SR_CURVE_P256);
    g_assert_cmpint(CURVE_OF("\x06\x05\x2b\x81\x04\x00\x0a"), ==, SR_CURVE_SECP256K1);
    g_assert_cmpint(CURVE_OF("\x06\x03\x2b\x65\x70"), ==, SR_CURVE_ED25519);
    g_assert_cmpint(CURVE_OF("\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01"), ==, SR_CURVE_ED25519);
    g_assert_cmpint(CURVE_OF("\x13\x0c"
                             "edwards25519"),
                    ==, SR_CURVE_ED25519);
    g_assert_cmpint(CURVE_OF("\x13\x09"
                             "secp256r1"),
                    ==, SR_CURVE_P256);
    g_assert_cmpint(CURVE_OF("\x13\x0a"
                             "prime256v1"),
                    ==, SR_CURVE_P256);
    g_assert_cmpint(CURVE_OF("\x13\x09"
                             "secp256k1"),
                    ==, SR_CURVE_SECP256K1);
}

static void test_others(void)
{
    g_assert_cmpint(CURVE_OF(""), ==, -1);
    g_assert_cmpint(CURVE_OF("\x05\x00"), ==, -1);
    g_assert_cmpint(CURVE_OF("\x06\x05\x2b\x81\x04\x00\x22"), ==, -1); /* P-384 */
    g_assert_cmpint(CURVE_OF("\x06\x05\x2b\x81\x04\x00\x0a\x00"), ==, -1);
    g_assert_cmpint(CURVE_OF("\x13\x0a"
                             "edwards448"),
                    ==, -1);
    g_assert_cmpint(CURVE_OF("\x13\x0c"
                             "edwards25519x"),
                    ==, -1);
    g_assert_cmpint(CURVE_OF("\x13\x0d"
                             "edwards25519"),
                    ==, -1);
}

/* --- explicit parameters ------------------------------------------------------------------------
 */

static GBytes *explicit_params(EC_GROUP *group, point_conversion_form_t form)
{
    unsigned char *der = NULL;
    int size;

    EC_GROUP_set_asn1_flag(group, OPENSSL_EC_EXPLICIT_CURVE);
    EC_GROUP_set_point_conversion_form(group, form);
    size = i2d_ECPKParameters(group, &der);
    g_assert_cmpint(size, >, 0);
    {
        GBytes *bytes = g_bytes_new(der, (gsize)size);

        OPENSSL_free(der);
        return bytes;
    }
}

static int curve_of_bytes(GBytes *bytes)
{
    return curve_of(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static void test_explicit(void)
{
    static const struct {
        int nid;
        int id;
    } rows[] = {
        {NID_X9_62_prime256v1, SR_CURVE_P256},
        {NID_secp256k1, SR_CURVE_SECP256K1},
        {NID_secp384r1, -1},
        {NID_brainpoolP256r1, -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        EC_GROUP *group = EC_GROUP_new_by_curve_name(rows[i].nid);
        g_autoptr(GBytes) whole = explicit_params(group, POINT_CONVERSION_UNCOMPRESSED);
        g_autoptr(GBytes) compressed = explicit_params(group, POINT_CONVERSION_COMPRESSED);

        g_assert_cmpint(curve_of_bytes(whole), ==, rows[i].id);
        g_assert_cmpint(curve_of_bytes(compressed), ==, rows[i].id);
        EC_GROUP_free(group);
    }
}

/* No byte of the numbers may be another one, and nothing may be missing (CVE-2020-0601). */
static void test_explicit_changed(void)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp256k1);
    g_autoptr(GBytes) whole = explicit_params(group, POINT_CONVERSION_UNCOMPRESSED);
    gsize size;
    g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(whole, &size), g_bytes_get_size(whole));

    for (gsize i = 0; i < size; i++) {
        copy[i] ^= 1;
        g_assert_cmpint(curve_of(copy, size), ==, -1);
        copy[i] ^= 1;
    }
    for (gsize length = 0; length < size; length++) {
        g_autofree guint8 *part = g_memdup2(copy, MAX(length, 1));

        g_assert_cmpint(curve_of(part, length), ==, -1);
    }
    EC_GROUP_free(group);
}

/* --- points -------------------------------------------------------------------------------------
 */

static gboolean reads(unsigned id, const void *point, size_t size)
{
    const SrCurve *curve = sr_curve_get(id);
    const uint8_t *public_key;

    return sr_curve_read_point(curve, (SrSlice){point, size}, &public_key) &&
           memcmp(public_key, (const uint8_t *)point + size - curve->point_size,
                  curve->point_size) == 0;
}

static void test_points(void)
{
    uint8_t point[69] = {0x04, 0x41, 0x04};
    uint8_t edwards[37] = {0x04, 0x20};

    for (guint8 i = 0; i < 64; i++)
        point[3 + i] = (uint8_t)(i + 1);
    g_assert_true(reads(SR_CURVE_P256, point, 67));
    g_assert_true(reads(SR_CURVE_P256, point + 2, 65));
    g_assert_false(reads(SR_CURVE_P256, point, 66));
    g_assert_false(reads(SR_CURVE_P256, point, 68));
    g_assert_false(reads(SR_CURVE_P256, point + 3, 64));
    g_assert_false(reads(SR_CURVE_P256, point, 0));
    point[2] = 0x06;
    g_assert_false(reads(SR_CURVE_P256, point, 67));

    g_assert_true(reads(SR_CURVE_ED25519, edwards, 34));
    g_assert_true(reads(SR_CURVE_ED25519, edwards + 2, 32));
    memcpy(edwards, "\x03\x21\x00", 3);
    g_assert_true(reads(SR_CURVE_ED25519, edwards, 35));
    edwards[2] = 1; /* an unused bit */
    g_assert_false(reads(SR_CURVE_ED25519, edwards, 35));
    g_assert_false(reads(SR_CURVE_ED25519, edwards, 33));
}

/* Written as OpenSSL reads it. */
static void check_info(const char *type, const char *group, unsigned id)
{
    EVP_PKEY *key =
        group ? EVP_PKEY_Q_keygen(NULL, NULL, type, group) : EVP_PKEY_Q_keygen(NULL, NULL, type);
    uint8_t info[SR_POINT_INFO_MAX];
    unsigned char point[133];
    unsigned char *der = NULL;
    size_t size;
    int der_size;

    g_assert_nonnull(key);
    EVP_PKEY_get_octet_string_param(key, group ? "encoded-pub-key" : "pub", point, sizeof point,
                                    &size);
    g_assert_cmpuint(size, ==, sr_curve_get(id)->point_size);
    der_size = i2d_PUBKEY(key, &der);
    size = sr_curve_write_info(sr_curve_get(id), point, info);
    sr_assert_bytes(info, size, der, (size_t)der_size);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

static void test_infos(void)
{
    check_info("EC", "secp256k1", SR_CURVE_SECP256K1);
    check_info("EC", "P-256", SR_CURVE_P256);
    check_info("ED25519", NULL, SR_CURVE_ED25519);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/curve/oids-and-names", test_names);
    g_test_add_func("/pkcs11/curve/other-curves-are-none", test_others);
    g_test_add_func("/pkcs11/curve/explicit-parameters-of-openssl", test_explicit);
    g_test_add_func("/pkcs11/curve/changed-parameters-are-none", test_explicit_changed);
    g_test_add_func("/pkcs11/curve/points-in-all-forms", test_points);
    g_test_add_func("/pkcs11/curve/public-key-info-as-openssl-writes-it", test_infos);
    return g_test_run();
}
