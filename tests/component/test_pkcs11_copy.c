/* C_CopyObject of key pairs: a session's goes to the token, as Java stores it; a token's stays. */
#include "support/template_builder.h"

#define SLOT_KEYS 2u

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

typedef struct {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
} Pair;

/* A P-256 key pair of the session @session, with the label "of the session". */
static Pair make_pair(ModuleWorld *world, CK_SESSION_HANDLE session)
{
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE label = TEXT_ATTRIBUTE(CKA_LABEL, "of the session");
    Template public_key = {0};
    Pair pair;

    template_add(&public_key, CKA_EC_PARAMS, params_p256, sizeof params_p256);
    g_assert_cmphex(world->f->C_GenerateKeyPair(session, &mechanism, public_key.attributes,
                                                public_key.count, &label, 1, &pair.public_key,
                                                &pair.private_key),
                    ==, CKR_OK);
    return pair;
}

static CK_RV copy_with(ModuleWorld *world, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *changes,
                       CK_ULONG count, CK_OBJECT_HANDLE *ret_copy)
{
    return world->f->C_CopyObject(world->keys, object, changes, count, ret_copy);
}

static void assert_text(ModuleWorld *world, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                        const char *expected)
{
    g_autofree char *text = module_world_get_text(world, world->keys, object, type);

    g_assert_cmpstr(text, ==, expected);
}

static void assert_same_point(ModuleWorld *world, CK_OBJECT_HANDLE one, CK_OBJECT_HANDLE other)
{
    g_autoptr(GBytes) first = module_world_get(world, world->keys, one, CKA_EC_POINT);
    g_autoptr(GBytes) second = module_world_get(world, world->keys, other, CKA_EC_POINT);

    g_assert_true(g_bytes_equal(first, second));
}

static void assert_signs(ModuleWorld *world, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[32] = {1}, signature[64];
    CK_ULONG size = sizeof signature;

    g_assert_cmphex(world->f->C_SignInit(world->keys, &mechanism, key), ==, CKR_OK);
    g_assert_cmphex(world->f->C_Sign(world->keys, digest, sizeof digest, signature, &size), ==,
                    CKR_OK);
}

/* As P11KeyStore does it: a place, and the alias as CKA_ID. */
static void test_private_key_as_java(void)
{
    CK_ATTRIBUTE changes[] = {ATTRIBUTE(CKA_TOKEN, yes), TEXT_ATTRIBUTE(CKA_ID, "alias")};
    static const CK_ATTRIBUTE_TYPE flags[] = {CKA_TOKEN, CKA_PRIVATE, CKA_LOCAL,
                                              CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE};
    CK_OBJECT_HANDLE copy;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    pair = make_pair(&world, world.keys);
    g_assert_cmphex(copy_with(&world, pair.private_key, changes, 2, &copy), ==, CKR_OK);
    g_assert_cmphex(copy, !=, pair.private_key);
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        g_assert_true(module_world_get_bool(&world, world.keys, copy, flags[i]));
    assert_text(&world, copy, CKA_ID, "alias");
    assert_text(&world, copy, CKA_LABEL, "of the session");
    assert_same_point(&world, copy, pair.private_key);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_KEYS), ==, 3);
    /* The original stays, as it is. */
    g_assert_false(module_world_get_bool(&world, world.keys, pair.private_key, CKA_TOKEN));
    assert_signs(&world, pair.private_key);
    assert_signs(&world, copy);
    g_assert_cmphex(world.f->C_DestroyObject(world.keys, pair.private_key), ==, CKR_OK);
    assert_signs(&world, copy);
    module_world_close(&world);
}

static void test_private_key_within_the_session(void)
{
    CK_ATTRIBUTE label = TEXT_ATTRIBUTE(CKA_LABEL, "another");
    CK_OBJECT_HANDLE copy;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    pair = make_pair(&world, world.keys);
    g_assert_cmphex(copy_with(&world, pair.private_key, &label, 1, &copy), ==, CKR_OK);
    g_assert_false(module_world_get_bool(&world, world.keys, copy, CKA_TOKEN));
    g_assert_false(module_world_get_bool(&world, world.keys, copy, CKA_PRIVATE));
    assert_text(&world, copy, CKA_LABEL, "another");
    assert_same_point(&world, copy, pair.private_key);
    g_assert_cmphex(world.f->C_DestroyObject(world.keys, pair.private_key), ==, CKR_OK);
    assert_signs(&world, copy);
    g_assert_cmpuint(fake_objects_count(world.objects, SR_TOKEN_SESSION), ==, 1);
    module_world_close(&world);
}

static void test_stored_private_keys_stay_where_they_are(void)
{
    CK_ATTRIBUTE places[] = {ATTRIBUTE(CKA_TOKEN, yes), ATTRIBUTE(CKA_TOKEN, no)};
    CK_OBJECT_HANDLE key, copy;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    key = module_world_object(&world, world.keys, CKO_PRIVATE_KEY, "p256");
    pair = make_pair(&world, world.keys);
    for (guint i = 0; i < 2; i++)
        g_assert_cmphex(copy_with(&world, key, &places[i], 1, &copy), ==, CKR_ACTION_PROHIBITED);
    g_assert_false(module_world_get_bool(&world, world.keys, key, CKA_COPYABLE));
    g_assert_true(module_world_get_bool(&world, world.keys, pair.private_key, CKA_COPYABLE));
    g_assert_true(module_world_get_bool(&world, world.keys, pair.public_key, CKA_COPYABLE));
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_COPY), ==, 0);
    module_world_close(&world);
}

typedef struct {
    CK_ATTRIBUTE_TYPE type;
    gconstpointer value;
    gsize size;
    CK_RV result;
} Rule;

static void test_rules_for_private_keys(void)
{
    static const CK_BYTE bytes[256] = {1};
    static const CK_ULONG type = CKK_EC, private_class = CKO_PRIVATE_KEY, public_class = CKO_DATA;
    const Rule rules[] = {
        {CKA_PRIVATE, &no, 1, CKR_TEMPLATE_INCONSISTENT},
        {CKA_PRIVATE, &yes, 1, CKR_OK},
        {CKA_SENSITIVE, &no, 1, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_SENSITIVE, &yes, 1, CKR_OK},
        {CKA_EXTRACTABLE, &yes, 1, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_EXTRACTABLE, &no, 1, CKR_OK},
        {CKA_EXTRACTABLE, bytes, 0, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_KEY_TYPE, &type, sizeof type, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_CLASS, &private_class, sizeof private_class, CKR_OK},
        {CKA_CLASS, &public_class, sizeof public_class, CKR_TEMPLATE_INCONSISTENT},
        {CKA_ALWAYS_AUTHENTICATE, &yes, 1, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_LOCAL, &yes, 1, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_VALUE, bytes, 32, CKR_ATTRIBUTE_READ_ONLY},
        {CKA_MODULUS, bytes, 1, CKR_ATTRIBUTE_TYPE_INVALID},
        {CKA_LABEL, bytes, 255, CKR_OK},
        {CKA_LABEL, bytes, 256, CKR_ATTRIBUTE_VALUE_INVALID},
        {CKA_ID, bytes, 256, CKR_ATTRIBUTE_VALUE_INVALID},
    };
    CK_OBJECT_HANDLE copy;
    ModuleWorld world;

    module_world_open(&world);
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        Template changes = {0};

        g_test_message("rule %zu", i);
        template_add_bool(&changes, CKA_TOKEN, TRUE);
        template_add(&changes, rules[i].type, rules[i].value, rules[i].size);
        g_assert_cmphex(copy_with(&world, make_pair(&world, world.keys).private_key,
                                  changes.attributes, changes.count, &copy),
                        ==, rules[i].result);
    }
    module_world_close(&world);
}

static void test_where_and_when(void)
{
    CK_ATTRIBUTE token = ATTRIBUTE(CKA_TOKEN, yes);
    CK_SESSION_HANDLE reader;
    CK_OBJECT_HANDLE copy;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    reader = module_world_session(&world, SLOT_KEYS, 0);
    pair = make_pair(&world, world.keys);
    g_assert_cmphex(world.f->C_CopyObject(reader, pair.private_key, &token, 1, &copy), ==,
                    CKR_SESSION_READ_ONLY);
    g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
    g_assert_cmphex(copy_with(&world, pair.private_key, &token, 1, &copy), ==,
                    CKR_USER_NOT_LOGGED_IN);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_COPY), ==, 0);
    g_assert_cmphex(copy_with(&world, pair.private_key, NULL, 0, &copy), ==, CKR_OK);
    module_world_close(&world);
}

static void test_the_agents_refusal_is_passed_on(void)
{
    CK_ATTRIBUTE token = ATTRIBUTE(CKA_TOKEN, yes);
    CK_OBJECT_HANDLE copy;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    pair = make_pair(&world, world.keys);
    fake_agent_fail_with(world.agent, CKR_FUNCTION_REJECTED);
    fake_agent_set_fault(world.agent, SR_OPERATION_COPY, FAKE_FAILS, 1);
    g_assert_cmphex(copy_with(&world, pair.private_key, &token, 1, &copy), ==,
                    CKR_FUNCTION_REJECTED);
    assert_signs(&world, pair.private_key);
    g_assert_cmphex(copy_with(&world, pair.private_key, &token, 1, &copy), ==, CKR_OK);
    module_world_close(&world);
}

/* Whoever copies both halves gets one key pair, in either order of what can be found. */
static void test_public_key_of_a_pair_on_the_token(void)
{
    CK_ATTRIBUTE changes[] = {ATTRIBUTE(CKA_TOKEN, yes), TEXT_ATTRIBUTE(CKA_ID, "alias")};
    CK_ATTRIBUTE other[] = {ATTRIBUTE(CKA_TOKEN, yes), TEXT_ATTRIBUTE(CKA_ID, "another")};
    CK_OBJECT_HANDLE private_copy, public_copy;
    ModuleWorld world;
    Pair pair;

    module_world_open(&world);
    pair = make_pair(&world, world.keys);
    g_assert_cmphex(copy_with(&world, pair.private_key, changes, 2, &private_copy), ==, CKR_OK);
    g_assert_cmphex(copy_with(&world, pair.public_key, changes, 2, &public_copy), ==, CKR_OK);
    assert_text(&world, public_copy, CKA_ID, "alias");
    assert_same_point(&world, public_copy, pair.public_key);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_CREATE), ==, 0);
    /* Under another name it is another object. */
    g_assert_cmphex(copy_with(&world, pair.public_key, other, 2, &public_copy), ==, CKR_OK);
    assert_text(&world, public_copy, CKA_ID, "another");
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_CREATE), ==, 1);
    /* And so is the copy of a half that is on the token. */
    g_assert_cmphex(copy_with(&world,
                              module_world_object(&world, world.keys, CKO_PUBLIC_KEY, "p256"), NULL,
                              0, &public_copy),
                    ==, CKR_OK);
    g_assert_cmpuint(fake_agent_count(world.agent, SR_OPERATION_CREATE), ==, 2);
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/copy/private-key-as-java", test_private_key_as_java);
    g_test_add_func("/pkcs11/copy/private-key-within-the-session",
                    test_private_key_within_the_session);
    g_test_add_func("/pkcs11/copy/stored-private-keys-stay-where-they-are",
                    test_stored_private_keys_stay_where_they_are);
    g_test_add_func("/pkcs11/copy/rules-for-private-keys", test_rules_for_private_keys);
    g_test_add_func("/pkcs11/copy/where-and-when", test_where_and_when);
    g_test_add_func("/pkcs11/copy/the-agents-refusal-is-passed-on",
                    test_the_agents_refusal_is_passed_on);
    g_test_add_func("/pkcs11/copy/public-key-of-a-pair-on-the-token",
                    test_public_key_of_a_pair_on_the_token);
    return g_test_run();
}
