#include "pkcs11/curve.h"

#include "pkcs11/der.h"
#include "pkcs11/domain_parameters.h"

#define SLICE(...)                                                                                 \
    {                                                                                              \
        (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})                           \
    }

/* OIDs with tag and length. */
#define OID_EC_PUBLIC_KEY 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
#define OID_SECP256K1 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a
#define OID_P256 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
#define OID_ED25519 0x06, 0x03, 0x2b, 0x65, 0x70
#define OID_ED25519_GNU 0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01
#define NAME_EDWARDS25519 0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'

static const SrCurve curves[] = {
    [SR_CURVE_SECP256K1] =
        {
            .id = SR_CURVE_SECP256K1,
            .token = SR_TOKEN_ACCOUNTS,
            .key_type = CKK_EC,
            .generate = CKM_EC_KEY_PAIR_GEN,
            .point_size = 65,
            .params = SLICE(OID_SECP256K1),
            .info_prefix =
                SLICE(0x30, 0x56, 0x30, 0x10, OID_EC_PUBLIC_KEY, OID_SECP256K1, 0x03, 0x42, 0x00),
        },
    [SR_CURVE_P256] =
        {
            .id = SR_CURVE_P256,
            .token = SR_TOKEN_KEYS,
            .key_type = CKK_EC,
            .generate = CKM_EC_KEY_PAIR_GEN,
            .point_size = 65,
            .params = SLICE(OID_P256),
            .info_prefix =
                SLICE(0x30, 0x59, 0x30, 0x13, OID_EC_PUBLIC_KEY, OID_P256, 0x03, 0x42, 0x00),
        },
    [SR_CURVE_ED25519] =
        {
            .id = SR_CURVE_ED25519,
            .token = SR_TOKEN_KEYS,
            .key_type = CKK_EC_EDWARDS,
            .generate = CKM_EC_EDWARDS_KEY_PAIR_GEN,
            .point_size = 32,
            .params = SLICE(NAME_EDWARDS25519),
            .info_prefix = SLICE(0x30, 0x2a, 0x30, 0x05, OID_ED25519, 0x03, 0x21, 0x00),
        },
};

#define CURVES (sizeof curves / sizeof curves[0])

const SrCurve *sr_curve_get(unsigned id)
{
    return id < CURVES ? &curves[id] : NULL;
}

static const SrCurve *from_name(SrSlice name)
{
    static const struct {
        const char *name;
        unsigned id;
    } rows[] = {
        {"secp256k1", SR_CURVE_SECP256K1},  {"secp256r1", SR_CURVE_P256},
        {"prime256v1", SR_CURVE_P256},      {"P-256", SR_CURVE_P256},
        {"edwards25519", SR_CURVE_ED25519}, {"Ed25519", SR_CURVE_ED25519},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sr_slice_is(name, rows[i].name, strlen(rows[i].name)))
            return &curves[rows[i].id];
    return NULL;
}

static const struct {
    SrSlice oid;
    unsigned id;
} oids[] = {
    {SLICE(OID_SECP256K1), SR_CURVE_SECP256K1},
    {SLICE(OID_P256), SR_CURVE_P256},
    {SLICE(OID_ED25519), SR_CURVE_ED25519},
    {SLICE(OID_ED25519_GNU), SR_CURVE_ED25519}, /* GnuPG's, in OpenSC and GnuTLS */
};

static const SrCurve *from_oid(SrSlice whole)
{
    for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++)
        if (sr_slice_is(whole, oids[i].oid.data, oids[i].oid.size))
            return &curves[oids[i].id];
    return NULL;
}

const SrCurve *sr_curve_from_params(SrSlice params)
{
    SrSlice rest = params;
    SrSlice content;

    if (sr_der_take(&rest, SR_DER_PRINTABLE_STRING, &content, NULL))
        return rest.size == 0 ? from_name(content) : NULL;
    if (params.size > 0 && params.data[0] == SR_DER_OID)
        return from_oid(params);
    for (size_t i = 0; i < CURVES; i++)
        if (sr_domain_parameters_are(params, curves[i].id))
            return &curves[i];
    return NULL;
}

bool sr_curve_read_point(const SrCurve *curve, SrSlice point, const uint8_t **ret_public_key)
{
    SrSlice rest = point;
    SrSlice content = point;

    if (point.size != curve->point_size) {
        if (sr_der_take(&rest, SR_DER_BIT_STRING, &content, NULL)) {
            if (content.size == 0 || content.data[0] != 0) /* bits left over in the last byte */
                return false;
            content = (SrSlice){content.data + 1, content.size - 1};
        } else if (!sr_der_take(&rest, SR_DER_OCTET_STRING, &content, NULL)) {
            return false;
        }
        if (rest.size != 0)
            return false;
    }
    *ret_public_key = content.data;
    return content.size == curve->point_size &&
           (curve->key_type != CKK_EC || content.data[0] == 0x04);
}

size_t sr_curve_write_point(const SrCurve *curve, const uint8_t *public_key,
                            uint8_t ret_point[SR_POINT_DER_MAX])
{
    ret_point[0] = SR_DER_OCTET_STRING;
    ret_point[1] = (uint8_t)curve->point_size;
    memcpy(ret_point + 2, public_key, curve->point_size);
    return 2 + curve->point_size;
}

size_t sr_curve_write_info(const SrCurve *curve, const uint8_t *public_key,
                           uint8_t ret_info[SR_POINT_INFO_MAX])
{
    memcpy(ret_info, curve->info_prefix.data, curve->info_prefix.size);
    memcpy(ret_info + curve->info_prefix.size, public_key, curve->point_size);
    return curve->info_prefix.size + curve->point_size;
}
