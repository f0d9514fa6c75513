/* C_GenerateKeyPair and C_DeriveKey; through the function list. */
#include "support/assert_bytes.h"
#include "support/template_builder.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define SLOT_KEYS 2u

typedef struct {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
} Pair;

static CK_RV generate(ModuleWorld *world, CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type,
                      Template *public_key, Template *private_key, Pair *ret_pair)
{
    CK_MECHANISM mechanism = {type, NULL, 0};

    return world->f->C_GenerateKeyPair(
        session, &mechanism, public_key->attributes, public_key->count, private_key->attributes,
        private_key->count, &ret_pair->public_key, &ret_pair->private_key);
}

static Template with_params(const CK_BYTE *params, gsize size)
{
    Template template = {0};

    template_add(&template, CKA_EC_PARAMS, params, size);
    return template;
}

static Template p256_template(void)
{
    return with_params(params_p256, sizeof params_p256);
}

/* --- key pairs ---------------------------------------------------------------------------------
 */

/* As OpenSC's pkcs11-tool 0.23 asks for every curve, by default. */
static void test_as_pkcs11_tool(void)
{
    static const struct {
        gboolean is_account;
        CK_MECHANISM_TYPE mechanism;
        CK_KEY_TYPE type;
        const CK_BYTE *params;
        gsize size;
    } rows[] = {
        {TRUE, CKM_EC_KEY_PAIR_GEN, CKK_EC, params_secp256k1, sizeof params_secp256k1},
        {FALSE, CKM_EC_KEY_PAIR_GEN, CKK_EC, params_p256, sizeof params_p256},
        {FALSE, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS, params_ed25519, sizeof params_ed25519},
    };
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const CK_SESSION_HANDLE session = rows[i].is_account ? world.accounts : world.keys;
        Template public_key = with_params(rows[i].params, rows[i].size);
        Template private_key = {0};
        g_autofree char *id = NULL;
        Pair pair;

        template_add_number(&public_key, CKA_CLASS, CKO_PUBLIC_KEY);
        template_add_number(&private_key, CKA_CLASS, CKO_PRIVATE_KEY);
        template_add_bool(&private_key, CKA_PRIVATE, TRUE);
        template_add_bool(&private_key, CKA_SENSITIVE, TRUE);
        template_add_bool(&public_key, CKA_PRIVATE, FALSE);
        template_add_bool(&public_key, CKA_VERIFY, TRUE);
        template_add_bool(&private_key, CKA_SIGN, TRUE);
        for (guint half = 0; half < 2; half++) {
            Template *template = half ? &private_key : &public_key;

            template_add_bool(template, CKA_TOKEN, TRUE);
            template_add_bool(template, CKA_DERIVE, TRUE);
            template_add_number(template, CKA_KEY_TYPE, rows[i].type);
            template_add_text(template, CKA_LABEL, "made");
            template_add_text(template, CKA_ID, "its id");
        }
        g_assert_cmphex(
            generate(&world, session, rows[i].mechanism, &public_key, &private_key, &pair), ==,
            CKR_OK);
        id = module_world_get_text(&world, session, pair.public_key, CKA_ID);
        g_assert_cmpstr(id, ==, "its id");
        g_assert_true(module_world_get_bool(&world, session, pair.private_key, CKA_LOCAL));
        g_assert_cmpint(module_world_get_bool(&world, session, pair.private_key, CKA_DERIVE), ==,
                        rows[i].params == params_p256);
        g_assert_cmphex(module_world_object(&world, session, CKO_PRIVATE_KEY, "made"), ==,
                        pair.private_key);
        g_assert_cmphex(world.f->C_DestroyObject(session, pair.private_key), ==, CKR_OK);
    }
    module_world_close(&world);
}

/* GnuTLS 3.7 names the wrong mechanism for Ed25519, and gives no class. */
static void test_as_p11tool(void)
{
    Template public_key = with_params(params_ed25519, sizeof params_ed25519);
    Template private_key = {0};
    ModuleWorld world;
    Pair pair;

    template_add_bool(&public_key, CKA_TOKEN, TRUE);
    template_add_bool(&private_key, CKA_TOKEN, TRUE);
    template_add_bool(&private_key, CKA_PRIVATE, TRUE);
    template_add_text(&public_key, CKA_LABEL, "of the public half");
    module_world_open(&world);
    g_assert_cmphex(generate(&world, world.keys, CKM_EDDSA, &public_key, &private_key, &pair), ==,
                    CKR_OK);
    {
        g_autofree char *label =
            module_world_get_text(&world, world.keys, pair.private_key, CKA_LABEL);

        g_assert_cmpstr(label, ==, "of the public half");
    }
    public_key = p256_template();
    g_assert_cmphex(generate(&world, world.keys, CKM_EDDSA, &public_key, &private_key, &pair), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    module_world_close(&world);
}

/* Java, and NSS for keys of one connection: nothing is said, nobody logs in. */
/* The agent keeps nothing but the key: label and id are the module's to change. */
static void test_session_pair_renamed(void)
{
    static char name[] = "a new name";
    static char id[] = "new id";
    CK_ATTRIBUTE changes[] = {{CKA_LABEL, name, strlen(name)}, {CKA_ID, id, strlen(id)}};
    Template public_key = p256_template();
    Template private_key = {0};
    g_autofree char *label = NULL;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    g_assert_cmphex(
        generate(&world, world.keys, CKM_EC_KEY_PAIR_GEN, &public_key, &private_key, &pair), ==,
        CKR_OK);
    g_assert_cmphex(world.f->C_SetAttributeValue(world.keys, pair.private_key, changes, 2), ==,
                    CKR_OK);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_CHANGE), ==, 0);
    g_assert_cmphex(module_world_object(&world, world.keys, CKO_PRIVATE_KEY, name), ==,
                    pair.private_key);
    label = module_world_get_text(&world, world.keys, pair.private_key, CKA_ID);
    g_assert_cmpstr(label, ==, id);
    g_assert_true(module_world_get_bool(&world, world.keys, pair.private_key, CKA_LOCAL));
    module_world_close(&world);
}

static void test_session_pair(void)
{
    Template public_key = p256_template();
    Template private_key = {0};
    CK_SESSION_HANDLE session;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
    session = module_world_session(&world, SLOT_KEYS, 0);
    template_add_bool(&private_key, CKA_SENSITIVE, FALSE);
    g_assert_cmphex(
        generate(&world, session, CKM_EC_KEY_PAIR_GEN, &public_key, &private_key, &pair), ==,
        CKR_OK);
    g_assert_false(module_world_get_bool(&world, session, pair.private_key, CKA_TOKEN));
    g_assert_true(module_world_get_bool(&world, session, pair.private_key, CKA_SENSITIVE));
    g_assert_cmphex(module_world_try(&world, session, pair.private_key, CKA_VALUE), ==,
                    CKR_ATTRIBUTE_SENSITIVE);
    /* one half after the other */
    g_assert_cmphex(world.f->C_DestroyObject(session, pair.public_key), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, session, pair.public_key, CKA_ID), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmphex(module_world_try(&world, session, pair.private_key, CKA_ID), ==, CKR_OK);
    g_assert_cmphex(world.f->C_DestroyObject(session, pair.private_key), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, session, pair.private_key, CKA_ID), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_SESSION), ==, 0);
    module_world_close(&world);
}

typedef struct {
    gboolean is_private; /* which template gets one attribute more */
    CK_ATTRIBUTE_TYPE type;
    gconstpointer value;
    gsize size;
    CK_RV result;
} Rule;

static void test_rules(void)
{
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    static const CK_ULONG edwards = CKK_EC_EDWARDS, secret = CKO_SECRET_KEY;
    static const CK_BYTE bytes[32] = {1};
    const Rule rules[] = {
        {TRUE, CKA_EXTRACTABLE, &yes, 1, CKR_TEMPLATE_INCONSISTENT},
        {TRUE, CKA_EXTRACTABLE, &no, 1, CKR_OK},
        {TRUE, CKA_SENSITIVE, &no, 1, CKR_OK},
        {TRUE, CKA_VALUE, bytes, 32, CKR_TEMPLATE_INCONSISTENT},
        {TRUE, CKA_PRIVATE, &no, 1, CKR_TEMPLATE_INCONSISTENT},
        {TRUE, CKA_ALWAYS_AUTHENTICATE, &yes, 1, CKR_OK},
        {TRUE, CKA_EC_PARAMS, params_p256, sizeof params_p256, CKR_OK},
        {TRUE, CKA_EC_PARAMS, params_ed25519, sizeof params_ed25519, CKR_TEMPLATE_INCONSISTENT},
        {TRUE, CKA_KEY_TYPE, &edwards, sizeof edwards, CKR_TEMPLATE_INCONSISTENT},
        {TRUE, CKA_CLASS, &secret, sizeof secret, CKR_TEMPLATE_INCONSISTENT},
        {FALSE, CKA_KEY_TYPE, &edwards, sizeof edwards, CKR_TEMPLATE_INCONSISTENT},
        {FALSE, CKA_CLASS, &secret, sizeof secret, CKR_TEMPLATE_INCONSISTENT},
        {FALSE, CKA_EC_POINT, bytes, 32, CKR_TEMPLATE_INCONSISTENT},
        {FALSE, CKA_PRIVATE, &yes, 1, CKR_TEMPLATE_INCONSISTENT},
        {FALSE, CKA_LOCAL, &yes, 1, CKR_ATTRIBUTE_READ_ONLY},
        {FALSE, CKA_SENSITIVE, &yes, 1, CKR_ATTRIBUTE_TYPE_INVALID},
        {FALSE, CKA_WRAP, &yes, 1, CKR_OK},
    };
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        Template public_key = p256_template();
        Template private_key = {0};
        Pair pair;

        g_test_message("rule %zu", i);
        template_add_bool(&private_key, CKA_TOKEN, TRUE);
        template_add(rules[i].is_private ? &private_key : &public_key, rules[i].type,
                     rules[i].value, rules[i].size);
        g_assert_cmphex(
            generate(&world, world.keys, CKM_EC_KEY_PAIR_GEN, &public_key, &private_key, &pair), ==,
            rules[i].result);
        if (rules[i].type == CKA_ALWAYS_AUTHENTICATE)
            g_assert_true(module_world_get_bool(&world, world.keys, pair.private_key,
                                                CKA_ALWAYS_AUTHENTICATE));
    }
    module_world_close(&world);
}

static void test_refusals(void)
{
    Template empty = {0};
    Template p256 = p256_template();
    Template secp256k1 = with_params(params_secp256k1, sizeof params_secp256k1);
    Template ed25519 = with_params(params_ed25519, sizeof params_ed25519);
    Template p384 = with_params(params_p384, sizeof params_p384);
    CK_MECHANISM with_parameter = {CKM_EC_KEY_PAIR_GEN, &p256, 4};
    CK_OBJECT_HANDLE object;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
#define GENERATE(session, mechanism, public_key)                                                   \
    generate(&world, session, mechanism, &(public_key), &empty, &pair)
    g_assert_cmphex(GENERATE(world.keys, CKM_EC_KEY_PAIR_GEN, empty), ==, CKR_TEMPLATE_INCOMPLETE);
    g_assert_cmphex(GENERATE(world.keys, CKM_EC_KEY_PAIR_GEN, secp256k1), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(GENERATE(world.accounts, CKM_EC_KEY_PAIR_GEN, p256), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(GENERATE(world.keys, CKM_EC_KEY_PAIR_GEN, p384), ==, CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(GENERATE(world.keys, CKM_EC_KEY_PAIR_GEN, ed25519), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(GENERATE(world.keys, CKM_EC_EDWARDS_KEY_PAIR_GEN, p256), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(GENERATE(world.accounts, CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519), ==,
                    CKR_MECHANISM_INVALID);
    g_assert_cmphex(GENERATE(world.keys, CKM_ECDSA, p256), ==, CKR_MECHANISM_INVALID);
    g_assert_cmphex(GENERATE(world.keys, 0, p256), ==, CKR_MECHANISM_INVALID);
    g_assert_cmphex(world.f->C_GenerateKeyPair(world.keys, &with_parameter, p256.attributes, 1,
                                               NULL, 0, &object, &object),
                    ==, CKR_MECHANISM_PARAM_INVALID);
    g_assert_cmphex(
        world.f->C_GenerateKeyPair(world.keys, NULL, p256.attributes, 1, NULL, 0, &object, &object),
        ==, CKR_ARGUMENTS_BAD);
    with_parameter.ulParameterLen = 0;
    g_assert_cmphex(
        world.f->C_GenerateKey(world.keys, &with_parameter, p256.attributes, 1, &object), ==,
        CKR_MECHANISM_INVALID);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_GENERATE), ==, 0);
    module_world_close(&world);
}

/* --- derived keys ------------------------------------------------------------------------------
 */

typedef struct {
    CK_BYTE point[67];
    CK_ECDH1_DERIVE_PARAMS params;
    CK_MECHANISM mechanism;
    Template template;
} Derivation;

static void derivation_init(Derivation *derivation, CK_EC_KDF_TYPE kdf)
{
    *derivation = (Derivation){.point = {0x04, 0x41, 0x04}};
    derivation->params = (CK_ECDH1_DERIVE_PARAMS){kdf, 0, NULL, 67, derivation->point};
    derivation->mechanism =
        (CK_MECHANISM){CKM_ECDH1_DERIVE, &derivation->params, sizeof derivation->params};
    template_add_number(&derivation->template, CKA_CLASS, CKO_SECRET_KEY);
    template_add_number(&derivation->template, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
}

static CK_RV derive(ModuleWorld *world, Derivation *derivation, const char *label,
                    CK_OBJECT_HANDLE *ret_key)
{
    const CK_OBJECT_HANDLE base = module_world_object(world, world->keys, CKO_PRIVATE_KEY, label);

    return world->f->C_DeriveKey(world->keys, &derivation->mechanism, base,
                                 derivation->template.attributes, derivation->template.count,
                                 ret_key);
}

static GBytes *derive_value(ModuleWorld *world, Derivation *derivation)
{
    CK_OBJECT_HANDLE key;

    g_assert_cmphex(derive(world, derivation, "p256", &key), ==, CKR_OK);
    return module_world_get(world, world->keys, key, CKA_VALUE);
}

static void test_plain(void)
{
    const guint8 *shared = fake_objects_shared();
    g_autoptr(GBytes) whole = NULL;
    g_autoptr(GBytes) bare = NULL;
    g_autoptr(GBytes) aes = NULL;
    Derivation derivation;
    ModuleWorld world;

    module_world_open(&world);
    derivation_init(&derivation, CKD_NULL);
    whole = derive_value(&world, &derivation);
    sr_assert_bytes(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole), shared, (gsize)32);
    derivation.params.pPublicData = derivation.point + 2;
    derivation.params.ulPublicDataLen = 65;
    bare = derive_value(&world, &derivation);
    g_assert_true(g_bytes_equal(whole, bare));
    derivation.template.count = 0;
    template_add_number(&derivation.template, CKA_KEY_TYPE, CKK_AES);
    template_add_number(&derivation.template, CKA_VALUE_LEN, 16);
    aes = derive_value(&world, &derivation);
    sr_assert_bytes(g_bytes_get_data(aes, NULL), g_bytes_get_size(aes), shared + 16, (gsize)16);
    module_world_close(&world);
}

/* OpenSSL's X9.63 KDF on the other side. */
static void assert_x963(GBytes *value, const char *hash, const CK_BYTE *info, gsize info_size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(guintptr)hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                          (void *)(guintptr)fake_objects_shared(), 32),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(guintptr)info, info_size),
        OSSL_PARAM_construct_end(),
    };
    gsize size;
    const guint8 *bytes = g_bytes_get_data(value, &size);
    g_autofree guint8 *expected = g_malloc(size);

    g_assert_cmpint(EVP_KDF_derive(context, expected, size, params), ==, 1);
    sr_assert_bytes(bytes, size, expected, size);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

static void test_kdf(void)
{
    static const struct {
        CK_EC_KDF_TYPE kdf;
        const char *hash;
    } rows[] = {{CKD_SHA256_KDF, "SHA256"}, {CKD_SHA384_KDF, "SHA384"}, {CKD_SHA512_KDF, "SHA512"}};
    static const CK_ULONG sizes[] = {1, 31, 32, 33, 48, 100, 1024};
    CK_BYTE info[] = "shared info";
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(sizes); i++) {
        const gsize row = i % G_N_ELEMENTS(rows);
        g_autoptr(GBytes) value = NULL;
        Derivation derivation;

        derivation_init(&derivation, rows[row].kdf);
        derivation.params.pSharedData = info;
        derivation.params.ulSharedDataLen = i % 2 ? sizeof info : 0;
        template_add_number(&derivation.template, CKA_VALUE_LEN, sizes[i / G_N_ELEMENTS(rows)]);
        value = derive_value(&world, &derivation);
        g_assert_cmpuint(g_bytes_get_size(value), ==, sizes[i / G_N_ELEMENTS(rows)]);
        assert_x963(value, rows[row].hash, info, derivation.params.ulSharedDataLen);
    }
    module_world_close(&world);
}

static void test_derive_refusals(void)
{
    CK_OBJECT_HANDLE key;
    CK_BYTE info[4] = {0};
    Derivation derivation;
    ModuleWorld world;

    module_world_open(&world);
#define REFUSES(change, expected)                                                                  \
    do {                                                                                           \
        derivation_init(&derivation, CKD_NULL);                                                    \
        change;                                                                                    \
        g_assert_cmphex(derive(&world, &derivation, "p256", &key), ==, expected);                  \
    } while (0)
    REFUSES(derivation.mechanism.mechanism = CKM_ECDSA, CKR_MECHANISM_INVALID);
    REFUSES(derivation.mechanism.pParameter = NULL, CKR_MECHANISM_PARAM_INVALID);
    REFUSES(derivation.mechanism.ulParameterLen = 4, CKR_MECHANISM_PARAM_INVALID);
    REFUSES(derivation.params.kdf = CKD_SHA1_KDF, CKR_MECHANISM_PARAM_INVALID);
    REFUSES(derivation.params.pPublicData = NULL, CKR_MECHANISM_PARAM_INVALID);
    REFUSES(derivation.params.ulPublicDataLen = 66, CKR_MECHANISM_PARAM_INVALID);
    REFUSES(derivation.params.ulPublicDataLen = CK_UNAVAILABLE_INFORMATION,
            CKR_MECHANISM_PARAM_INVALID);
    REFUSES((derivation.params.ulSharedDataLen = 4, derivation.params.pSharedData = info),
            CKR_MECHANISM_PARAM_INVALID);
    REFUSES(derivation.params.ulSharedDataLen = 4, CKR_MECHANISM_PARAM_INVALID);
    REFUSES(template_add_number(&derivation.template, CKA_VALUE_LEN, 33), CKR_KEY_SIZE_RANGE);
    REFUSES(template_add_number(&derivation.template, CKA_VALUE_LEN, 0), CKR_KEY_SIZE_RANGE);
    REFUSES(template_add_bool(&derivation.template, CKA_TOKEN, TRUE), CKR_TEMPLATE_INCONSISTENT);
    REFUSES(template_add_text(&derivation.template, CKA_VALUE, "x"), CKR_TEMPLATE_INCONSISTENT);
    REFUSES(template_add_bool(&derivation.template, CKA_LOCAL, TRUE), CKR_ATTRIBUTE_READ_ONLY);
    derivation_init(&derivation, CKD_NULL);
    g_assert_cmphex(derive(&world, &derivation, "ed25519", &key), ==, CKR_KEY_TYPE_INCONSISTENT);
    g_assert_cmphex(world.f->C_DeriveKey(world.keys, &derivation.mechanism, 77, NULL, 0, &key), ==,
                    CKR_KEY_HANDLE_INVALID);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_DERIVE), ==, 0);
    module_world_close(&world);
}

static void test_derived_is_sensitive_when_asked(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_SENSITIVE, CKA_EXTRACTABLE};
    CK_OBJECT_HANDLE key;
    Derivation derivation;
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        derivation_init(&derivation, CKD_NULL);
        template_add_bool(&derivation.template, types[i], types[i] == CKA_SENSITIVE);
        g_assert_cmphex(derive(&world, &derivation, "p256", &key), ==, CKR_OK);
        g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_VALUE), ==,
                        CKR_ATTRIBUTE_SENSITIVE);
        g_assert_cmpuint(module_world_get_number(&world, world.keys, key, CKA_VALUE_LEN), ==, 32);
    }
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/keygen/as-pkcs11-tool-asks", test_as_pkcs11_tool);
    g_test_add_func("/pkcs11/keygen/as-p11tool-asks", test_as_p11tool);
    g_test_add_func("/pkcs11/keygen/pair-of-the-session", test_session_pair);
    g_test_add_func("/pkcs11/keygen/session-pair-renamed", test_session_pair_renamed);
    g_test_add_func("/pkcs11/keygen/rules", test_rules);
    g_test_add_func("/pkcs11/keygen/refusals", test_refusals);
    g_test_add_func("/pkcs11/derive/without-a-kdf", test_plain);
    g_test_add_func("/pkcs11/derive/x9.63-as-openssl", test_kdf);
    g_test_add_func("/pkcs11/derive/refusals", test_derive_refusals);
    g_test_add_func("/pkcs11/derive/sensitive-when-asked", test_derived_is_sensitive_when_asked);
    return g_test_run();
}
