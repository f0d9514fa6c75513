/* Certificates and data; changing, copying and destroying objects; through the function list. */
#include "support/assert_bytes.h"
#include "support/template_builder.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define SLOT_KEYS 2u

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* --- certificates, data ------------------------------------------------------------------------
 */

static GBytes *make_certificate(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *certificate = X509_new();
    unsigned char *der = NULL;
    int size;
    GBytes *bytes;

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 5);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"Alice", -1, -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    size = i2d_X509(certificate, &der);
    bytes = g_bytes_new(der, (gsize)size);
    OPENSSL_free(der);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return bytes;
}

static Template certificate_template(GBytes *der)
{
    Template template = {0};

    template_add_number(&template, CKA_CLASS, CKO_CERTIFICATE);
    template_add_number(&template, CKA_CERTIFICATE_TYPE, CKC_X_509);
    template_add(&template, CKA_VALUE, g_bytes_get_data(der, NULL), g_bytes_get_size(der));
    template_add_text(&template, CKA_ID, "id-p256");
    template_add_text(&template, CKA_LABEL, "certificate");
    return template;
}

static void check_certificate(ModuleWorld *world, CK_OBJECT_HANDLE object, GBytes *der,
                              gboolean is_token)
{
    g_autoptr(GBytes) value = module_world_get(world, world->keys, object, CKA_VALUE);
    g_autoptr(GBytes) serial = module_world_get(world, world->keys, object, CKA_SERIAL_NUMBER);
    g_autoptr(GBytes) subject = module_world_get(world, world->keys, object, CKA_SUBJECT);
    g_autoptr(GBytes) issuer = module_world_get(world, world->keys, object, CKA_ISSUER);
    g_autoptr(GBytes) check = module_world_get(world, world->keys, object, CKA_CHECK_VALUE);
    g_autoptr(GBytes) info = module_world_get(world, world->keys, object, CKA_PUBLIC_KEY_INFO);
    g_autofree char *id = module_world_get_text(world, world->keys, object, CKA_ID);

    g_assert_true(g_bytes_equal(value, der));
    sr_assert_bytes(g_bytes_get_data(serial, NULL), g_bytes_get_size(serial), "\x02\x01\x05",
                    (gsize)3);
    g_assert_cmpuint(g_bytes_get_size(subject), >, 10);
    g_assert_cmpuint(g_bytes_get_size(issuer), ==, 2);
    g_assert_cmpuint(g_bytes_get_size(check), ==, 3);
    g_assert_cmpuint(g_bytes_get_size(info), ==, 91);
    g_assert_cmpstr(id, ==, "id-p256");
    g_assert_false(module_world_get_bool(world, world->keys, object, CKA_TRUSTED));
    g_assert_false(module_world_get_bool(world, world->keys, object, CKA_PRIVATE));
    g_assert_cmpint(module_world_get_bool(world, world->keys, object, CKA_TOKEN), ==, is_token);
    g_assert_cmpuint(module_world_get_number(world, world->keys, object, CKA_CERTIFICATE_CATEGORY),
                     ==, 0);
    g_assert_cmpuint(module_world_get_number(world, world->keys, object, CKA_CERTIFICATE_TYPE), ==,
                     CKC_X_509);
}

static void test_certificates(void)
{
    g_autoptr(GBytes) der = make_certificate();
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    for (int token = 0; token < 2; token++) {
        Template template = certificate_template(der);

        template_add_bool(&template, CKA_TOKEN, token);
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
        check_certificate(&world, object, der, token);
        g_assert_cmphex(module_world_object(&world, world.keys, CKO_CERTIFICATE, "certificate"), ==,
                        object);
        g_assert_cmphex(world.f->C_DestroyObject(world.keys, object), ==, CKR_OK);
        g_assert_cmphex(module_world_try(&world, world.keys, object, CKA_VALUE), ==,
                        CKR_OBJECT_HANDLE_INVALID);
    }
    module_world_close(&world);
}

static Template plain_certificate_template(void)
{
    static GBytes *der;

    if (!der)
        der = make_certificate();
    return certificate_template(der);
}

static void test_certificate_rules(void)
{
    static const CK_BYTE bytes[8] = "20260101";
    static const CK_ULONG category = 2, wtls = CKC_WTLS;
    const TemplateRule rows[] = {
        {CKA_SUBJECT, bytes, 8, CKR_OK},
        {CKA_CERTIFICATE_CATEGORY, &category, sizeof category, CKR_OK},
        {CKA_CERTIFICATE_CATEGORY, bytes, 4, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_START_DATE, bytes, 8, CKR_OK},
        {CKA_START_DATE, bytes, 0, CKR_OK},
        {CKA_START_DATE, bytes, 7, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_TRUSTED, &no, 1, CKR_OK},
        {CKA_TRUSTED, &yes, 1, CKR_TEMPLATE_INCONSISTENT},
        {CKA_URL, bytes, 8, CKR_TEMPLATE_INCONSISTENT},
        {CKA_SIGN, &yes, 1, CKR_ATTRIBUTE_TYPE_INVALID},
        {CKA_CERTIFICATE_TYPE, &wtls, sizeof wtls, CKR_TEMPLATE_INCONSISTENT},
        {CKA_VENDOR_DEFINED | 0x4e534350, bytes, 8, CKR_OK}, /* NSS's own */
    };

    template_check_rules(rows, G_N_ELEMENTS(rows), plain_certificate_template);
}

static void test_certificates_that_are_none(void)
{
    g_autoptr(GBytes) der = make_certificate();
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(der, 0, g_bytes_get_size(der) - 1);
    Template template = certificate_template(cut);
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    template.attributes[2] = template.attributes[--template.count];
    g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==,
                    CKR_TEMPLATE_INCOMPLETE);
    module_world_close(&world);
}

static void test_attributes_of_other_vendors(void)
{
    Template template = plain_certificate_template();
    const CK_ATTRIBUTE_TYPE email = CKA_VENDOR_DEFINED | 0x4e534352;
    g_autofree char *text = NULL;
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    template_add_text(&template, email, "alice@example.org");
    g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
    text = module_world_get_text(&world, world.keys, object, email);
    g_assert_cmpstr(text, ==, "alice@example.org");
    g_assert_cmphex(module_world_try(&world, world.keys, object, email + 1), ==,
                    CKR_ATTRIBUTE_TYPE_INVALID);
    module_world_close(&world);
}

static void test_data(void)
{
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    for (int token = 0; token < 2; token++) {
        g_autofree char *value = NULL;
        g_autofree char *application = NULL;
        Template template = {0};

        template_add_number(&template, CKA_CLASS, CKO_DATA);
        template_add_bool(&template, CKA_TOKEN, token);
        template_add_bool(&template, CKA_PRIVATE, TRUE);
        template_add_text(&template, CKA_APPLICATION, "a program");
        template_add_text(&template, CKA_VALUE, "some data");
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
        value = module_world_get_text(&world, world.keys, object, CKA_VALUE);
        application = module_world_get_text(&world, world.keys, object, CKA_APPLICATION);
        g_assert_cmpstr(value, ==, "some data");
        g_assert_cmpstr(application, ==, "a program");
        g_assert_true(module_world_get_bool(&world, world.keys, object, CKA_PRIVATE));
        g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
        g_assert_cmphex(module_world_try(&world, world.keys, object, CKA_VALUE), ==,
                        CKR_OBJECT_HANDLE_INVALID);
        g_assert_cmphex(world.f->C_Login(world.keys, CKU_USER, NULL, 0), ==, CKR_OK);
    }
    module_world_close(&world);
}

static void test_other_classes(void)
{
    static const CK_ULONG classes[] = {CKO_SECRET_KEY, CKO_PROFILE, 77, CKO_VENDOR_DEFINED};
    CK_OBJECT_HANDLE object;
    ModuleWorld world;
    Template none = {0};

    module_world_open(&world);
    for (gsize i = 0; i < G_N_ELEMENTS(classes); i++) {
        Template template = {0};

        template_add_number(&template, CKA_CLASS, classes[i]);
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==,
                        CKR_ATTRIBUTE_VALUE_INVALID);
    }
    g_assert_cmphex(template_create(&none, &world, world.keys, &object), ==,
                    CKR_TEMPLATE_INCOMPLETE);
    g_assert_cmphex(world.f->C_CreateObject(world.keys, NULL, 0, &object), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(world.f->C_CreateObject(world.keys, none.attributes, 0, NULL), ==,
                    CKR_ARGUMENTS_BAD);
    module_world_close(&world);
}

/* --- changing and copying ----------------------------------------------------------------------
 */

static CK_RV set(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                 CK_ATTRIBUTE_TYPE type, const char *text)
{
    CK_ATTRIBUTE attribute = {type, (CK_VOID_PTR)(guintptr)text, strlen(text)};

    return world->f->C_SetAttributeValue(session, object, &attribute, 1);
}

static void assert_text(ModuleWorld *world, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                        const char *expected)
{
    g_autofree char *text = module_world_get_text(world, world->keys, object, type);

    g_assert_cmpstr(text, ==, expected);
}

static void test_change_key(void)
{
    CK_OBJECT_HANDLE private_key, public_key;
    CK_SESSION_HANDLE reader;
    ModuleWorld world;

    module_world_open(&world);
    reader = module_world_session(&world, SLOT_KEYS, 0);
    private_key = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "p256");
    public_key = module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "p256");
    g_assert_cmphex(set(&world, reader, private_key, CKA_LABEL, "x"), ==, CKR_SESSION_READ_ONLY);
    g_assert_cmphex(set(&world, world.keys, private_key, CKA_LABEL, "renamed"), ==, CKR_OK);
    g_assert_cmphex(set(&world, world.keys, public_key, CKA_ID, "new id"), ==, CKR_OK);
    assert_text(&world, private_key, CKA_ID, "new id");
    assert_text(&world, public_key, CKA_LABEL, "renamed");
    g_assert_cmphex(module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "renamed"), ==,
                    private_key);
    g_assert_cmphex(set(&world, world.keys, private_key, CKA_SUBJECT, "as NSS does"), ==, CKR_OK);
    g_assert_cmphex(set(&world, world.keys, private_key, CKA_EC_PARAMS, "x"), ==,
                    CKR_ATTRIBUTE_READ_ONLY);
    g_assert_cmphex(set(&world, world.keys, private_key, CKA_MODULUS, "x"), ==,
                    CKR_ATTRIBUTE_TYPE_INVALID);
    g_assert_cmphex(world.f->C_SetAttributeValue(world.keys, private_key, NULL, 0), ==,
                    CKR_ARGUMENTS_BAD);
    g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
    g_assert_cmphex(set(&world, world.keys, public_key, CKA_LABEL, "x"), ==,
                    CKR_USER_NOT_LOGGED_IN);
    module_world_close(&world);
}

static CK_OBJECT_HANDLE make_session_key(ModuleWorld *world)
{
    Template template = {0};
    CK_OBJECT_HANDLE object;

    template_add_number(&template, CKA_CLASS, CKO_PRIVATE_KEY);
    template_add_number(&template, CKA_KEY_TYPE, CKK_EC);
    template_add(&template, CKA_EC_PARAMS, params_p256, sizeof params_p256);
    template_add_text(&template, CKA_VALUE, "a");
    g_assert_cmphex(template_create(&template, world, world->keys, &object), ==, CKR_OK);
    return object;
}

static void test_change_others(void)
{
    g_autoptr(GBytes) der = make_certificate();
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    for (int token = 0; token < 2; token++) {
        Template template = certificate_template(der);

        template_add_bool(&template, CKA_TOKEN, token);
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
        g_assert_cmphex(set(&world, world.keys, object, CKA_LABEL, "new label"), ==, CKR_OK);
        g_assert_cmphex(set(&world, world.keys, object, CKA_VALUE, "x"), ==,
                        CKR_ATTRIBUTE_READ_ONLY);
        assert_text(&world, object, CKA_LABEL, "new label");
        assert_text(&world, object, CKA_ID, "id-p256");
    }
    object = make_session_key(&world);
    g_assert_cmphex(set(&world, world.keys, object, CKA_LABEL, "of the session"), ==, CKR_OK);
    assert_text(&world, object, CKA_LABEL, "of the session");
    module_world_close(&world);
}

static void test_copy(void)
{
    Template template = plain_certificate_template();
    CK_ATTRIBUTE changes[] = {ATTRIBUTE(CKA_TOKEN, yes), TEXT_ATTRIBUTE(CKA_LABEL, "the copy")};
    CK_ATTRIBUTE value = TEXT_ATTRIBUTE(CKA_VALUE, "x");
    CK_OBJECT_HANDLE object, copy, key;
    ModuleWorld world;

    module_world_open(&world);
    g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
    g_assert_cmphex(world.f->C_CopyObject(world.keys, object, changes, 2, &copy), ==, CKR_OK);
    assert_text(&world, copy, CKA_LABEL, "the copy");
    assert_text(&world, copy, CKA_ID, "id-p256");
    assert_text(&world, object, CKA_LABEL, "certificate");
    g_assert_true(module_world_get_bool(&world, world.keys, copy, CKA_TOKEN));
    g_assert_cmphex(world.f->C_CopyObject(world.keys, object, &value, 1, &copy), ==,
                    CKR_ATTRIBUTE_READ_ONLY);
    key = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "p256");
    g_assert_cmphex(world.f->C_CopyObject(world.keys, key, NULL, 0, &copy), ==,
                    CKR_ACTION_PROHIBITED);
    module_world_close(&world);
}

static void test_copy_public_half(void)
{
    CK_ATTRIBUTE changes[] = {ATTRIBUTE(CKA_TOKEN, no)};
    g_autoptr(GBytes) point = NULL;
    g_autoptr(GBytes) copied = NULL;
    CK_OBJECT_HANDLE half, copy;
    ModuleWorld world;

    module_world_open(&world);
    half = module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "p256");
    g_assert_cmphex(world.f->C_CopyObject(world.keys, half, changes, 1, &copy), ==, CKR_OK);
    point = module_world_get(&world, world.keys, half, CKA_EC_POINT);
    copied = module_world_get(&world, world.keys, copy, CKA_EC_POINT);
    g_assert_true(g_bytes_equal(point, copied));
    assert_text(&world, copy, CKA_LABEL, "p256");
    g_assert_false(module_world_get_bool(&world, world.keys, copy, CKA_TOKEN));
    module_world_close(&world);
}

/* --- destroying --------------------------------------------------------------------------------
 */

static void test_destroy(void)
{
    CK_OBJECT_HANDLE key, half;
    CK_SESSION_HANDLE reader;
    ModuleWorld world;

    module_world_open(&world);
    reader = module_world_session(&world, SLOT_KEYS, 0);
    key = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "p256");
    half = module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "p256");
    g_assert_cmphex(world.f->C_DestroyObject(reader, key), ==, CKR_SESSION_READ_ONLY);
    fake_agent_fail_with(world.agent, CKR_FUNCTION_REJECTED);
    fake_agent_set_fault(world.agent, SR_OPERATION_DESTROY, FAKE_FAILS, 1);
    g_assert_cmphex(world.f->C_DestroyObject(world.keys, key), ==, CKR_FUNCTION_REJECTED);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==, CKR_OK);
    g_assert_cmphex(world.f->C_DestroyObject(world.keys, key), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmphex(module_world_try(&world, world.keys, half, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/stored/certificates", test_certificates);
    g_test_add_func("/pkcs11/stored/rules-for-certificates", test_certificate_rules);
    g_test_add_func("/pkcs11/stored/certificates-that-are-none", test_certificates_that_are_none);
    g_test_add_func("/pkcs11/stored/attributes-of-other-vendors", test_attributes_of_other_vendors);
    g_test_add_func("/pkcs11/stored/data", test_data);
    g_test_add_func("/pkcs11/stored/other-classes", test_other_classes);
    g_test_add_func("/pkcs11/change/label-and-id-of-a-key", test_change_key);
    g_test_add_func("/pkcs11/change/other-objects", test_change_others);
    g_test_add_func("/pkcs11/copy/certificate", test_copy);
    g_test_add_func("/pkcs11/copy/public-half", test_copy_public_half);
    g_test_add_func("/pkcs11/destroy/key-pair", test_destroy);
    return g_test_run();
}
