#include "pkcs11/attribute.h"

#include "pkcs11/attribute_maker.h"

/* Classes. */
#define DATA (1u << CKO_DATA)
#define CERTIFICATE (1u << CKO_CERTIFICATE)
#define PUBLIC (1u << CKO_PUBLIC_KEY)
#define PRIVATE (1u << CKO_PRIVATE_KEY)
#define SECRET (1u << CKO_SECRET_KEY)
#define PROFILE (1u << CKO_PROFILE)
#define PAIR (PUBLIC | PRIVATE)
#define KEY (PAIR | SECRET)
#define STORED (DATA | CERTIFICATE | PUBLIC | SECRET)
#define ALL (STORED | PRIVATE | PROFILE)

/* Rows. */
#define MADE(type, classes, rule, make)                                                            \
    {                                                                                              \
        type, classes, SR_SOURCE_MADE, SR_RULE_##rule, false, 0, make                              \
    }
#define MADE_MODIFIABLE(type, classes, rule, make)                                                 \
    {                                                                                              \
        type, classes, SR_SOURCE_MADE, SR_RULE_##rule, true, 0, make                               \
    }
#define BOOL(type, classes, rule, constant)                                                        \
    {                                                                                              \
        type, classes, SR_SOURCE_BOOL, SR_RULE_##rule, false, constant, NULL                       \
    }
#define EMPTY(type, classes, rule)                                                                 \
    {                                                                                              \
        type, classes, SR_SOURCE_EMPTY, SR_RULE_##rule, false, 0, NULL                             \
    }
#define OTHER(type, classes, source, rule, constant)                                               \
    {                                                                                              \
        type, classes, SR_SOURCE_##source, SR_RULE_##rule, false, constant, NULL                   \
    }
#define STORED_MODIFIABLE(type, classes)                                                           \
    {                                                                                              \
        type, classes, SR_SOURCE_STORED, SR_RULE_KEEP, true, 0, NULL                               \
    }

/* Those that are looked for most come first. */
static const SrAttribute rows[] = {
    MADE(CKA_CLASS, ALL, READ, sr_make_class),
    MADE_MODIFIABLE(CKA_LABEL, ALL, KEEP, sr_make_label),
    MADE_MODIFIABLE(CKA_ID, KEY | CERTIFICATE, KEEP, sr_make_id),
    MADE(CKA_KEY_TYPE, KEY, READ, sr_make_key_type),
    MADE(CKA_TOKEN, ALL, READ, sr_make_place),
    MADE(CKA_PRIVATE, ALL, READ, sr_make_place),
    MADE(CKA_EC_PARAMS, PAIR, READ, sr_make_curve),
    MADE(CKA_EC_POINT, PUBLIC, READ, sr_make_curve),
    MADE(CKA_EC_POINT, PRIVATE, WISH, sr_make_curve), /* not the standard's, but often looked for */
    BOOL(CKA_SIGN, PRIVATE, WISH, CK_TRUE),
    BOOL(CKA_VERIFY, PUBLIC, WISH, CK_TRUE),

    /* §4.4: all objects */
    MADE(CKA_UNIQUE_ID, ALL, READ_ONLY, sr_make_unique_id),
    BOOL(CKA_MODIFIABLE, ALL & ~PROFILE, FIXED, CK_TRUE),
    BOOL(CKA_MODIFIABLE, PROFILE, FIXED, CK_FALSE),
    BOOL(CKA_COPYABLE, DATA | CERTIFICATE | PUBLIC, FIXED, CK_TRUE),
    BOOL(CKA_COPYABLE, SECRET | PROFILE, WISH, CK_FALSE),
    MADE(CKA_COPYABLE, PRIVATE, WISH, sr_make_copyable),
    MADE(CKA_DESTROYABLE, ALL, WISH, sr_make_destroyable),

    /* §4.7: keys */
    EMPTY(CKA_START_DATE, KEY, WISH),
    EMPTY(CKA_END_DATE, KEY, WISH),
    MADE(CKA_DERIVE, PAIR, WISH, sr_make_derive),
    BOOL(CKA_DERIVE, SECRET, WISH, CK_FALSE),
    MADE(CKA_LOCAL, KEY, READ_ONLY, sr_make_origin),
    MADE(CKA_KEY_GEN_MECHANISM, KEY, READ_ONLY, sr_make_origin),
    MADE(CKA_ALLOWED_MECHANISMS, PAIR, READ_ONLY, sr_make_mechanisms),
    /* NSS gives keys the subject of their certificate, which has it itself: not kept. */
    {CKA_SUBJECT, PAIR, SR_SOURCE_EMPTY, SR_RULE_WISH, true, 0, NULL},
    MADE(CKA_PUBLIC_KEY_INFO, PAIR, WISH, sr_make_curve),

    /* §4.8: public keys */
    BOOL(CKA_ENCRYPT, PUBLIC | SECRET, WISH, CK_FALSE),
    BOOL(CKA_VERIFY_RECOVER, PUBLIC, WISH, CK_FALSE),
    BOOL(CKA_WRAP, PUBLIC | SECRET, WISH, CK_FALSE),
    BOOL(CKA_ENCAPSULATE, PUBLIC, WISH, CK_FALSE),
    BOOL(CKA_TRUSTED, PUBLIC | SECRET | CERTIFICATE, FIXED, CK_FALSE),
    EMPTY(CKA_WRAP_TEMPLATE, PUBLIC | SECRET, FIXED),

    /* §4.9: private keys */
    BOOL(CKA_SENSITIVE, PRIVATE, READ, CK_TRUE),
    BOOL(CKA_EXTRACTABLE, PRIVATE, READ, CK_FALSE),
    MADE(CKA_ALWAYS_SENSITIVE, PRIVATE, READ_ONLY, sr_make_origin),
    MADE(CKA_NEVER_EXTRACTABLE, PRIVATE, READ_ONLY, sr_make_origin),
    MADE(CKA_ALWAYS_AUTHENTICATE, PRIVATE, READ, sr_make_always_authenticate),
    MADE(CKA_VALUE, PRIVATE, READ, sr_make_secret),
    BOOL(CKA_DECRYPT, PRIVATE | SECRET, WISH, CK_FALSE),
    BOOL(CKA_SIGN_RECOVER, PRIVATE, WISH, CK_FALSE),
    BOOL(CKA_UNWRAP, PRIVATE | SECRET, WISH, CK_FALSE),
    BOOL(CKA_DECAPSULATE, PRIVATE, WISH, CK_FALSE),
    BOOL(CKA_WRAP_WITH_TRUSTED, PRIVATE | SECRET, WISH, CK_FALSE),
    EMPTY(CKA_UNWRAP_TEMPLATE, PRIVATE | SECRET, FIXED),
    EMPTY(CKA_DERIVE_TEMPLATE, PRIVATE | SECRET, FIXED),

    /* §4.10: secret keys, which ECDH makes for the session */
    OTHER(CKA_SENSITIVE, SECRET, STORED_BOOL, KEEP, CK_FALSE),
    OTHER(CKA_EXTRACTABLE, SECRET, STORED_BOOL, KEEP, CK_TRUE),
    BOOL(CKA_ALWAYS_SENSITIVE, SECRET, READ_ONLY, CK_FALSE),
    BOOL(CKA_NEVER_EXTRACTABLE, SECRET, READ_ONLY, CK_FALSE),
    BOOL(CKA_SIGN, SECRET, WISH, CK_FALSE),
    BOOL(CKA_VERIFY, SECRET, WISH, CK_FALSE),
    MADE(CKA_VALUE, SECRET, READ, sr_make_secret),
    MADE(CKA_VALUE_LEN, SECRET, READ, sr_make_secret),

    /* §4.6: X.509 certificates */
    OTHER(CKA_CERTIFICATE_TYPE, CERTIFICATE, NUMBER, READ, CKC_X_509),
    OTHER(CKA_VALUE, CERTIFICATE, STORED, KEEP, 0),
    MADE(CKA_SUBJECT, CERTIFICATE, KEEP, sr_make_certificate),
    MADE(CKA_ISSUER, CERTIFICATE, KEEP, sr_make_certificate),
    MADE(CKA_SERIAL_NUMBER, CERTIFICATE, KEEP, sr_make_certificate),
    MADE(CKA_PUBLIC_KEY_INFO, CERTIFICATE, WISH, sr_make_certificate),
    MADE(CKA_CHECK_VALUE, CERTIFICATE, WISH, sr_make_certificate),
    OTHER(CKA_CERTIFICATE_CATEGORY, CERTIFICATE, STORED_NUMBER, KEEP,
          CK_CERTIFICATE_CATEGORY_UNSPECIFIED),
    OTHER(CKA_START_DATE, CERTIFICATE, STORED_DATE, KEEP, 0),
    OTHER(CKA_END_DATE, CERTIFICATE, STORED_DATE, KEEP, 0),
    EMPTY(CKA_URL, CERTIFICATE, FIXED),
    EMPTY(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, CERTIFICATE, WISH),
    EMPTY(CKA_HASH_OF_ISSUER_PUBLIC_KEY, CERTIFICATE, WISH),
    OTHER(CKA_NAME_HASH_ALGORITHM, CERTIFICATE, NUMBER, WISH, CKM_SHA_1),
    OTHER(CKA_JAVA_MIDP_SECURITY_DOMAIN, CERTIFICATE, NUMBER, FIXED,
          CK_SECURITY_DOMAIN_UNSPECIFIED),

    /* §4.5: data */
    STORED_MODIFIABLE(CKA_APPLICATION, DATA),
    STORED_MODIFIABLE(CKA_OBJECT_ID, DATA),
    STORED_MODIFIABLE(CKA_VALUE, DATA),

    /* §4.14: profiles */
    OTHER(CKA_PROFILE_ID, PROFILE, STORED_NUMBER, READ_ONLY, CKP_INVALID_ID),
};

static const SrAttribute vendor = {
    CKA_VENDOR_DEFINED, CERTIFICATE, SR_SOURCE_STORED_VENDOR, SR_RULE_KEEP, true, 0, NULL,
};

const SrAttribute *sr_attribute_find(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type)
{
    if (class > CKO_PROFILE)
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].type == type && rows[i].classes & 1u << class)
            return &rows[i];
    return class == CKO_CERTIFICATE && type >= CKA_VENDOR_DEFINED && type <= UINT32_MAX ? &vendor
                                                                                        : NULL;
}

/* --- templates ----------------------------------------------------------------------------------
 */

/* Whether a value has the form that the attribute's values have. */
static bool has_form(const SrAttribute *row, SrSlice value)
{
    switch (row->source) {
    case SR_SOURCE_BOOL:
    case SR_SOURCE_STORED_BOOL:
        return value.size == sizeof(CK_BBOOL) && value.data[0] <= CK_TRUE;
    case SR_SOURCE_NUMBER:
    case SR_SOURCE_STORED_NUMBER:
        return value.size == sizeof(CK_ULONG);
    case SR_SOURCE_STORED_DATE:
        return value.size == 0 || value.size == sizeof(CK_DATE);
    default:
        return true;
    }
}

/* Whether a value is the one that the object has anyway. */
static bool is_constant(const SrAttribute *row, SrSlice value)
{
    switch (row->source) {
    case SR_SOURCE_BOOL:
        return value.data[0] == row->constant;
    case SR_SOURCE_NUMBER:
        return sr_slice_is(value, &row->constant, sizeof row->constant);
    default:
        return value.size == 0;
    }
}

CK_RV sr_attribute_check_template(CK_OBJECT_CLASS class, const SrTemplate *template)
{
    for (CK_ULONG i = 0; i < template->count; i++) {
        const CK_ATTRIBUTE *given = &template->attributes[i];
        const SrAttribute *row = sr_attribute_find(class, given->type);
        const SrSlice value = {given->pValue, given->ulValueLen};

        if (!row)
            return CKR_ATTRIBUTE_TYPE_INVALID;
        if (row->rule == SR_RULE_READ_ONLY)
            return CKR_ATTRIBUTE_READ_ONLY;
        if (!has_form(row, value))
            return CKR_ATTRIBUTE_VALUE_INVALID;
        if (row->rule == SR_RULE_FIXED && !is_constant(row, value))
            return CKR_TEMPLATE_INCONSISTENT;
    }
    return CKR_OK;
}
