/* C_CreateObject of keys, and where objects live; through the function list. */
#include "support/assert_bytes.h"
#include "support/template_builder.h"

#define SLOT_KEYS 2u
#define SCALAR_SIZE 32u

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* --- private keys ------------------------------------------------------------------------------
 */

static Template private_template(const CK_BYTE *scalar, gsize size)
{
    Template template = {0};

    template_add_number(&template, CKA_CLASS, CKO_PRIVATE_KEY);
    template_add_number(&template, CKA_KEY_TYPE, CKK_EC);
    template_add(&template, CKA_EC_PARAMS, params_p256, sizeof params_p256);
    template_add(&template, CKA_VALUE, scalar, size);
    return template;
}

static void check_import(ModuleWorld *world, const CK_BYTE *value, gsize size,
                         const CK_BYTE *expected)
{
    Template template = private_template(value, size);
    CK_OBJECT_HANDLE object;

    template_add_bool(&template, CKA_TOKEN, TRUE);
    g_assert_cmphex(template_create(&template, world, world->keys, &object), ==, CKR_OK);
    sr_assert_bytes(fake_objects_imported(world->objects), (gsize)SCALAR_SIZE, expected,
                    (gsize)SCALAR_SIZE);
}

/* Java and NSS leave zeros in front out, others write one more. */
static void test_scalar_forms(void)
{
    CK_BYTE full[34] = {0};
    CK_BYTE expected[SCALAR_SIZE] = {0};
    ModuleWorld world;

    memset(full + 2, 0xab, SCALAR_SIZE);
    module_world_open(&world);
    check_import(&world, full + 2, SCALAR_SIZE, full + 2);
    check_import(&world, full, SCALAR_SIZE + 2, full + 2);
    memset(expected + 20, 0xab, 12);
    check_import(&world, full + 2, 12, expected);
    module_world_close(&world);
}

static void test_bad_scalars(void)
{
    CK_BYTE value[33] = {0};
    Template empty = private_template(value, 0);
    Template zero = private_template(value, 32);
    Template longer = private_template(value, 33);
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    g_assert_cmphex(template_create(&empty, &world, world.keys, &object), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(template_create(&zero, &world, world.keys, &object), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    memset(value, 1, sizeof value);
    g_assert_cmphex(template_create(&longer, &world, world.keys, &object), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_IMPORT), ==, 0);
    module_world_close(&world);
}

static void test_edwards_scalars(void)
{
    CK_BYTE value[34] = {0x04, 0x20, 0x00, 0x07};
    ModuleWorld world;
    CK_OBJECT_HANDLE object;

    module_world_open(&world);
    for (guint wrapped = 0; wrapped < 2; wrapped++) {
        Template template = {0};

        template_add_number(&template, CKA_CLASS, CKO_PRIVATE_KEY);
        template_add_number(&template, CKA_KEY_TYPE, CKK_EC_EDWARDS);
        template_add(&template, CKA_EC_PARAMS, params_ed25519, sizeof params_ed25519);
        template_add(&template, CKA_VALUE, wrapped ? value : value + 2, wrapped ? 34 : 32);
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
        sr_assert_bytes(fake_objects_imported(world.objects), (gsize)32, value + 2, (gsize)32);
    }
    module_world_close(&world);
}

static Template plain_private_template(void)
{
    static const CK_BYTE scalar[] = {1, 2, 3};

    return private_template(scalar, sizeof scalar);
}

/* What may be added to the template of a private key of the session. */
static void test_private_rules(void)
{
    static const CK_ULONG class = CKO_PUBLIC_KEY, type = CKK_EC_EDWARDS;
    static const CK_BBOOL strange = 2;
    static const CK_BYTE bytes[4] = {1, 2, 3, 4};
    const TemplateRule rows[] = {
        {CKA_SENSITIVE, &yes, 1, CKR_OK},
        {CKA_SENSITIVE, &no, 1, CKR_OK},
        {CKA_EXTRACTABLE, &no, 1, CKR_OK},
        {CKA_EXTRACTABLE, &yes, 1, CKR_TEMPLATE_INCONSISTENT},
        {CKA_SIGN, &yes, 1, CKR_OK},
        {CKA_DERIVE, &yes, 1, CKR_OK},
        {CKA_DECRYPT, &yes, 1, CKR_OK},
        {CKA_SIGN, &strange, 1, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_SIGN, bytes, 4, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_SUBJECT, bytes, 4, CKR_OK},
        {CKA_LABEL, bytes, 4, CKR_OK},
        {CKA_MODIFIABLE, &yes, 1, CKR_OK},
        {CKA_MODIFIABLE, &no, 1, CKR_TEMPLATE_INCONSISTENT},
        {CKA_LOCAL, &yes, 1, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_NEVER_EXTRACTABLE, &yes, 1, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_UNIQUE_ID, bytes, 4, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_ALLOWED_MECHANISMS, bytes, 0, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_MODULUS, bytes, 4, CKR_ATTRIBUTE_TYPE_INVALID},
        {CKA_VENDOR_DEFINED | 7, bytes, 4, CKR_ATTRIBUTE_TYPE_INVALID},
        {CKA_CLASS, &class, sizeof class, CKR_TEMPLATE_INCONSISTENT},
        {CKA_KEY_TYPE, &type, sizeof type, CKR_TEMPLATE_INCONSISTENT},
        {CKA_ALWAYS_AUTHENTICATE, &yes, 1, CKR_TEMPLATE_INCONSISTENT}, /* not a private object */
    };

    template_check_rules(rows, G_N_ELEMENTS(rows), plain_private_template);
}

static void test_incomplete(void)
{
    static const CK_BYTE scalar[] = {1};
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < 4; i++) {
        Template template = private_template(scalar, sizeof scalar);

        template.attributes[i] = template.attributes[--template.count];
        g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==,
                        CKR_TEMPLATE_INCOMPLETE);
    }
    module_world_close(&world);
}

static void test_curves_of_tokens(void)
{
    static const CK_ULONG type = CKK_RSA;
    static const CK_BYTE scalar[] = {1};
    Template p256 = private_template(scalar, sizeof scalar);
    Template k256 = p256, p384 = p256, rsa = p256;
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    k256.attributes[2] = (CK_ATTRIBUTE){CKA_EC_PARAMS, (CK_VOID_PTR)(guintptr)params_secp256k1, 7};
    p384.attributes[2] = (CK_ATTRIBUTE){CKA_EC_PARAMS, (CK_VOID_PTR)(guintptr)params_p384, 7};
    rsa.attributes[1].pValue = (CK_VOID_PTR)(guintptr)&type;
    module_world_open(&world);
    g_assert_cmphex(template_create(&p256, &world, world.accounts, &object), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(template_create(&k256, &world, world.keys, &object), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(template_create(&p384, &world, world.keys, &object), ==,
                    CKR_CURVE_NOT_SUPPORTED);
    g_assert_cmphex(template_create(&rsa, &world, world.keys, &object), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmphex(template_create(&k256, &world, world.accounts, &object), ==, CKR_OK);
    g_assert_cmphex(template_create(&p256, &world, world.keys, &object), ==, CKR_OK);
    module_world_close(&world);
}

/* --- where objects may go ----------------------------------------------------------------------
 */

static void test_places(void)
{
    static const CK_BYTE scalar[] = {1};
    Template session_key = private_template(scalar, sizeof scalar);
    Template token_key = session_key, private_key = session_key, bare = session_key;
    CK_OBJECT_HANDLE object;
    CK_SESSION_HANDLE reader;
    ModuleWorld world;

    template_add_bool(&token_key, CKA_TOKEN, TRUE);
    template_add_bool(&private_key, CKA_PRIVATE, TRUE);
    template_add_bool(&bare, CKA_TOKEN, TRUE);
    template_add_bool(&bare, CKA_PRIVATE, FALSE);
    module_world_open(&world);
    reader = module_world_session(&world, SLOT_KEYS, 0);
    g_assert_cmphex(template_create(&token_key, &world, reader, &object), ==,
                    CKR_SESSION_READ_ONLY);
    g_assert_cmphex(template_create(&bare, &world, world.keys, &object), ==,
                    CKR_TEMPLATE_INCONSISTENT);
    g_assert_cmphex(template_create(&session_key, &world, reader, &object), ==, CKR_OK);
    g_assert_false(module_world_get_bool(&world, reader, object, CKA_PRIVATE));
    g_assert_false(module_world_get_bool(&world, reader, object, CKA_TOKEN));
    g_assert_cmphex(template_create(&private_key, &world, reader, &object), ==, CKR_OK);
    g_assert_true(module_world_get_bool(&world, reader, object, CKA_PRIVATE));
    g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
    g_assert_cmphex(template_create(&token_key, &world, world.keys, &object), ==,
                    CKR_USER_NOT_LOGGED_IN);
    g_assert_cmphex(template_create(&private_key, &world, reader, &object), ==,
                    CKR_USER_NOT_LOGGED_IN);
    g_assert_cmphex(template_create(&session_key, &world, reader, &object), ==, CKR_OK);
    module_world_close(&world);
}

static CK_OBJECT_HANDLE make_session_key(ModuleWorld *world, CK_SESSION_HANDLE session,
                                         gboolean is_private)
{
    static const CK_BYTE scalar[] = {1};
    Template template = private_template(scalar, sizeof scalar);
    CK_OBJECT_HANDLE object;

    template_add_bool(&template, CKA_PRIVATE, is_private);
    g_assert_cmphex(template_create(&template, world, session, &object), ==, CKR_OK);
    return object;
}

static void test_objects_die_with_their_session(void)
{
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key, data;
    Template template = {0};
    ModuleWorld world;

    template_add_number(&template, CKA_CLASS, CKO_DATA);
    module_world_open(&world);
    session = module_world_session(&world, SLOT_KEYS, 0);
    key = make_session_key(&world, session, FALSE);
    g_assert_cmphex(template_create(&template, &world, session, &data), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==, CKR_OK);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_SESSION), ==, 1);
    g_assert_cmphex(world.f->C_CloseSession(session), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmphex(module_world_try(&world, world.keys, data, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_SESSION), ==, 0);
    module_world_close(&world);
}

/* Closing waits for an agent that says nothing once, not once for each key. */
static void test_silent_agent(void)
{
    CK_SESSION_HANDLE session;
    ModuleWorld world;

    module_world_open(&world);
    session = module_world_session(&world, SLOT_KEYS, 0);
    for (guint i = 0; i < 5; i++)
        make_session_key(&world, session, FALSE);
    fake_agent_set_fault(world.agent, SR_OPERATION_DESTROY, FAKE_CLOSES, -1);
    g_assert_cmphex(world.f->C_CloseSession(session), ==, CKR_OK);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_DESTROY), <=, 2);
    module_world_close(&world);
}

static void test_private_ones_die_at_logout(void)
{
    CK_OBJECT_HANDLE private_key, key;
    ModuleWorld world;

    module_world_open(&world);
    private_key = make_session_key(&world, world.keys, TRUE);
    key = make_session_key(&world, world.keys, FALSE);
    g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
    g_assert_cmphex(world.f->C_Login(world.keys, CKU_USER, NULL, 0), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, world.keys, private_key, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==, CKR_OK);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_SESSION), ==, 1);
    module_world_close(&world);
}

/* The restarted agent may give the same number to another key. */
static void test_session_keys_die_with_the_agent(void)
{
    CK_OBJECT_HANDLE key, later, data;
    Template template = {0};
    ModuleWorld world;

    template_add_number(&template, CKA_CLASS, CKO_DATA);
    module_world_open(&world);
    key = make_session_key(&world, world.keys, FALSE);
    g_assert_cmphex(template_create(&template, &world, world.keys, &data), ==, CKR_OK);
    fake_agent_stop(world.agent);
    fake_agent_start_again(world.agent);
    later = make_session_key(&world, world.keys, FALSE);
    g_assert_cmphex(later, !=, key);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    g_assert_cmphex(module_world_try(&world, world.keys, later, CKA_LABEL), ==, CKR_OK);
    g_assert_cmphex(module_world_try(&world, world.keys, data, CKA_LABEL), ==, CKR_OK);
    module_world_close(&world);
}

/* --- public keys -------------------------------------------------------------------------------
 */

static Template public_template(const CK_BYTE *point, gsize size)
{
    Template template = {0};

    template_add_number(&template, CKA_CLASS, CKO_PUBLIC_KEY);
    template_add_number(&template, CKA_KEY_TYPE, CKK_EC);
    template_add(&template, CKA_EC_PARAMS, params_p256, sizeof params_p256);
    template_add(&template, CKA_EC_POINT, point, size);
    return template;
}

static void test_public_keys(void)
{
    CK_BYTE point[67] = {0x04, 0x41, 0x04};
    Template bare = public_template(point + 2, 65);
    Template wrapped = public_template(point, 67);
    Template wrong = public_template(point, 66);
    CK_OBJECT_HANDLE object;
    ModuleWorld world;

    module_world_open(&world);
    g_assert_cmphex(template_create(&wrong, &world, world.keys, &object), ==,
                    CKR_ATTRIBUTE_VALUE_INVALID);
    for (int token = 0; token < 2; token++)
        for (guint form = 0; form < 2; form++) {
            Template template = form ? bare : wrapped;
            g_autoptr(GBytes) read = NULL;

            template_add_bool(&template, CKA_TOKEN, token);
            g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
            read = module_world_get(&world, world.keys, object, CKA_EC_POINT);
            sr_assert_bytes(g_bytes_get_data(read, NULL), g_bytes_get_size(read), point,
                            sizeof point);
            g_assert_true(module_world_get_bool(&world, world.keys, object, CKA_DESTROYABLE));
            g_assert_cmpint(module_world_get_bool(&world, world.keys, object, CKA_TOKEN), ==,
                            token);
            g_assert_cmphex(world.f->C_DestroyObject(world.keys, object), ==, CKR_OK);
        }
    module_world_close(&world);
}

/* Programs store both halves one after the other; the second one is there already. */
static void test_public_half(void)
{
    CK_OBJECT_HANDLE half, object;
    g_autoptr(GBytes) point = NULL;
    ModuleWorld world;
    Template template, other;

    module_world_open(&world);
    half = module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "p256");
    point = module_world_get(&world, world.keys, half, CKA_EC_POINT);
    template = public_template(g_bytes_get_data(point, NULL), g_bytes_get_size(point));
    template_add_bool(&template, CKA_TOKEN, TRUE);
    other = template;
    g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
    g_assert_cmphex(object, ==, half);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_CREATE), ==, 0);
    template_add_text(&template, CKA_LABEL, "p256");
    template_add_text(&template, CKA_ID, "id-p256");
    g_assert_cmphex(template_create(&template, &world, world.keys, &object), ==, CKR_OK);
    g_assert_cmphex(object, ==, half);
    template_add_text(&other, CKA_LABEL, "another");
    g_assert_cmphex(template_create(&other, &world, world.keys, &object), ==, CKR_OK);
    g_assert_cmphex(object, !=, half);
    g_assert_cmphex(world.f->C_DestroyObject(world.keys, half), ==, CKR_ACTION_PROHIBITED);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/create/private-key-with-or-without-zeros", test_scalar_forms);
    g_test_add_func("/pkcs11/create/private-keys-that-are-none", test_bad_scalars);
    g_test_add_func("/pkcs11/create/ed25519-bare-or-wrapped", test_edwards_scalars);
    g_test_add_func("/pkcs11/create/rules-for-private-keys", test_private_rules);
    g_test_add_func("/pkcs11/create/incomplete-templates", test_incomplete);
    g_test_add_func("/pkcs11/create/curves-have-their-token", test_curves_of_tokens);
    g_test_add_func("/pkcs11/create/where-objects-may-go", test_places);
    g_test_add_func("/pkcs11/create/objects-die-with-their-session",
                    test_objects_die_with_their_session);
    g_test_add_func("/pkcs11/create/closing-asks-a-silent-agent-once", test_silent_agent);
    g_test_add_func("/pkcs11/create/private-ones-die-at-logout", test_private_ones_die_at_logout);
    g_test_add_func("/pkcs11/create/session-keys-die-with-the-agent",
                    test_session_keys_die_with_the_agent);
    g_test_add_func("/pkcs11/create/public-keys", test_public_keys);
    g_test_add_func("/pkcs11/create/public-half-is-there-already", test_public_half);
    return g_test_run();
}
