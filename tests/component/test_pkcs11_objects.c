/* Objects as programs see them: attributes, handles, finding; through the function list. */
#include "support/assert_bytes.h"
#include "support/module_world.h"

#define SLOT_KEYS 2u

/* --- attributes --------------------------------------------------------------------------------
 */

static CK_OBJECT_HANDLE private_key(ModuleWorld *world, CK_SESSION_HANDLE session,
                                    const char *label)
{
    return module_world_object(world, session, CKO_PRIVATE_KEY, label);
}

static CK_OBJECT_HANDLE public_key(ModuleWorld *world, CK_SESSION_HANDLE session, const char *label)
{
    return module_world_object(world, session, CKO_PUBLIC_KEY, label);
}

static void assert_halves_agree(ModuleWorld *world, CK_SESSION_HANDLE session, const char *label)
{
    static const CK_ATTRIBUTE_TYPE same[] = {
        CKA_ID,       CKA_LABEL,           CKA_KEY_TYPE, CKA_EC_PARAMS,
        CKA_EC_POINT, CKA_PUBLIC_KEY_INFO, CKA_LOCAL,    CKA_KEY_GEN_MECHANISM};
    const CK_OBJECT_HANDLE first = private_key(world, session, label);
    const CK_OBJECT_HANDLE second = public_key(world, session, label);

    for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(GBytes) a = module_world_get(world, session, first, same[i]);
        g_autoptr(GBytes) b = module_world_get(world, session, second, same[i]);

        g_assert_true(g_bytes_equal(a, b));
        g_assert_cmpuint(g_bytes_get_size(a), >, 0);
    }
    {
        g_autoptr(GBytes) a = module_world_get(world, session, first, CKA_UNIQUE_ID);
        g_autoptr(GBytes) b = module_world_get(world, session, second, CKA_UNIQUE_ID);

        g_assert_false(g_bytes_equal(a, b));
    }
}

static void test_halves(void)
{
    ModuleWorld world;

    module_world_open(&world);
    assert_halves_agree(&world, world.accounts, "account");
    assert_halves_agree(&world, world.keys, "p256");
    assert_halves_agree(&world, world.keys, "ed25519");
    module_world_close(&world);
}

typedef struct {
    CK_ATTRIBUTE_TYPE type;
    gboolean value;
} Flag;

static void assert_flags(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         const Flag *flags, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_test_message("attribute 0x%lx", flags[i].type);
        g_assert_cmpint(module_world_get_bool(world, session, object, flags[i].type), ==,
                        flags[i].value);
    }
}

/* What pkcs11-tool and others ask for; a missing one makes them complain. */
static void test_private_flags(void)
{
    static const Flag flags[] = {
        {CKA_TOKEN, TRUE},
        {CKA_PRIVATE, TRUE},
        {CKA_MODIFIABLE, TRUE},
        {CKA_COPYABLE, FALSE},
        {CKA_DESTROYABLE, TRUE},
        {CKA_DERIVE, TRUE},
        {CKA_LOCAL, TRUE},
        {CKA_SENSITIVE, TRUE},
        {CKA_EXTRACTABLE, FALSE},
        {CKA_ALWAYS_SENSITIVE, TRUE},
        {CKA_NEVER_EXTRACTABLE, TRUE},
        {CKA_SIGN, TRUE},
        {CKA_DECRYPT, FALSE},
        {CKA_UNWRAP, FALSE},
        {CKA_SIGN_RECOVER, FALSE},
        {CKA_WRAP_WITH_TRUSTED, FALSE},
        {CKA_ALWAYS_AUTHENTICATE, FALSE},
        {CKA_DECAPSULATE, FALSE},
    };
    static const Flag imported[] = {
        {CKA_LOCAL, FALSE},  {CKA_ALWAYS_SENSITIVE, FALSE},   {CKA_NEVER_EXTRACTABLE, FALSE},
        {CKA_DERIVE, FALSE}, {CKA_ALWAYS_AUTHENTICATE, TRUE}, {CKA_SENSITIVE, TRUE},
    };
    ModuleWorld world;

    module_world_open(&world);
    assert_flags(&world, world.keys, private_key(&world, world.keys, "p256"), flags,
                 G_N_ELEMENTS(flags));
    assert_flags(&world, world.keys, private_key(&world, world.keys, "ed25519"), imported,
                 G_N_ELEMENTS(imported));
    module_world_close(&world);
}

static void test_public_flags(void)
{
    static const Flag flags[] = {
        {CKA_TOKEN, TRUE},    {CKA_PRIVATE, FALSE},        {CKA_VERIFY, TRUE},
        {CKA_ENCRYPT, FALSE}, {CKA_VERIFY_RECOVER, FALSE}, {CKA_WRAP, FALSE},
        {CKA_TRUSTED, FALSE}, {CKA_COPYABLE, TRUE},        {CKA_DESTROYABLE, FALSE},
        {CKA_DERIVE, TRUE},   {CKA_ENCAPSULATE, FALSE},
    };
    ModuleWorld world;
    CK_OBJECT_HANDLE key;

    module_world_open(&world);
    key = public_key(&world, world.keys, "p256");
    assert_flags(&world, world.keys, key, flags, G_N_ELEMENTS(flags));
    g_assert_cmphex(module_world_get_number(&world, world.keys, key, CKA_CLASS), ==,
                    CKO_PUBLIC_KEY);
    g_assert_cmphex(module_world_get_number(&world, world.keys, key, CKA_KEY_GEN_MECHANISM), ==,
                    CKM_EC_KEY_PAIR_GEN);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_SENSITIVE), ==,
                    CKR_ATTRIBUTE_TYPE_INVALID);
    module_world_close(&world);
}

static void test_curve_encodings(void)
{
    ModuleWorld world;
    CK_OBJECT_HANDLE key;
    g_autoptr(GBytes) params = NULL;
    g_autoptr(GBytes) point = NULL;
    g_autoptr(GBytes) edwards_params = NULL;
    g_autoptr(GBytes) edwards_point = NULL;

    module_world_open(&world);
    key = public_key(&world, world.accounts, "account");
    params = module_world_get(&world, world.accounts, key, CKA_EC_PARAMS);
    point = module_world_get(&world, world.accounts, key, CKA_EC_POINT);
    sr_assert_bytes(g_bytes_get_data(params, NULL), g_bytes_get_size(params),
                    "\x06\x05\x2b\x81\x04\x00\x0a", (gsize)7);
    g_assert_cmpuint(g_bytes_get_size(point), ==, 67);
    g_assert_cmpint(memcmp(g_bytes_get_data(point, NULL), "\x04\x41\x04", 3), ==, 0);

    key = public_key(&world, world.keys, "ed25519");
    g_assert_cmphex(module_world_get_number(&world, world.keys, key, CKA_KEY_TYPE), ==,
                    CKK_EC_EDWARDS);
    edwards_params = module_world_get(&world, world.keys, key, CKA_EC_PARAMS);
    edwards_point = module_world_get(&world, world.keys, key, CKA_EC_POINT);
    sr_assert_bytes(g_bytes_get_data(edwards_params, NULL), g_bytes_get_size(edwards_params),
                    "\x13\x0c"
                    "edwards25519",
                    (gsize)14);
    g_assert_cmpuint(g_bytes_get_size(edwards_point), ==, 34);
    g_assert_cmpint(memcmp(g_bytes_get_data(edwards_point, NULL), "\x04\x20", 2), ==, 0);
    module_world_close(&world);
}

static void assert_mechanisms(ModuleWorld *world, CK_SESSION_HANDLE session,
                              CK_OBJECT_HANDLE object, const CK_MECHANISM_TYPE *types, gsize count)
{
    g_autoptr(GBytes) bytes = module_world_get(world, session, object, CKA_ALLOWED_MECHANISMS);

    sr_assert_bytes(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), types,
                    count * sizeof types[0]);
}

static void test_allowed_mechanisms(void)
{
    static const CK_MECHANISM_TYPE p256[] = {CKM_ECDSA,        CKM_ECDSA_SHA256,
                                             CKM_ECDSA_SHA384, CKM_ECDSA_SHA512,
                                             CKM_ECDH1_DERIVE, CKM_ECDH1_COFACTOR_DERIVE};
    static const CK_MECHANISM_TYPE ed25519[] = {CKM_EDDSA};
    static const CK_MECHANISM_TYPE account[] = {
        CKM_ECDSA,        CKM_ECDSA_SHA256,           CKM_ECDSA_SHA384,
        CKM_ECDSA_SHA512, CKM_SEALRING_PERSONAL_SIGN, CKM_SEALRING_SIWE};
    ModuleWorld world;

    module_world_open(&world);
    assert_mechanisms(&world, world.keys, private_key(&world, world.keys, "p256"), p256,
                      G_N_ELEMENTS(p256));
    assert_mechanisms(&world, world.keys, public_key(&world, world.keys, "p256"), p256, 4);
    assert_mechanisms(&world, world.keys, private_key(&world, world.keys, "ed25519"), ed25519, 1);
    assert_mechanisms(&world, world.accounts, private_key(&world, world.accounts, "account"),
                      account, G_N_ELEMENTS(account));
    module_world_close(&world);
}

/* §5.7.5: every attribute that can be answered is, whatever is wrong with the others. */
static void test_all_are_filled(void)
{
    CK_BYTE small[2], value[32], label[32];
    CK_ULONG class = 0;
    CK_ATTRIBUTE template[] = {
        ATTRIBUTE(CKA_VALUE, value),    ATTRIBUTE(CKA_CLASS, class), ATTRIBUTE(CKA_MODULUS, value),
        ATTRIBUTE(CKA_EC_POINT, small), {CKA_ID, NULL, 0},           ATTRIBUTE(CKA_LABEL, label),
    };
    CK_OBJECT_HANDLE key;
    ModuleWorld world;

    module_world_open(&world);
    key = private_key(&world, world.keys, "p256");
    g_assert_cmphex(world.f->C_GetAttributeValue(world.keys, key, template, G_N_ELEMENTS(template)),
                    ==, CKR_ATTRIBUTE_SENSITIVE);
    g_assert_cmphex(template[0].ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
    g_assert_cmphex(class, ==, CKO_PRIVATE_KEY);
    g_assert_cmphex(template[2].ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
    g_assert_cmphex(template[3].ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
    g_assert_cmpuint(template[4].ulValueLen, ==, strlen("id-p256"));
    sr_assert_bytes(label, template[5].ulValueLen, "p256", (gsize)4);
    g_assert_cmphex(world.f->C_GetAttributeValue(world.keys, key, template + 2, 1), ==,
                    CKR_ATTRIBUTE_TYPE_INVALID);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_VENDOR_DEFINED | 1), ==,
                    CKR_ATTRIBUTE_TYPE_INVALID);
    module_world_close(&world);
}

static void test_profiles(void)
{
    CK_OBJECT_CLASS class = CKO_PROFILE;
    CK_ULONG profile = CKP_EXTENDED_PROVIDER;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, class), ATTRIBUTE(CKA_PROFILE_ID, profile)};
    CK_OBJECT_HANDLE object = 0;
    ModuleWorld world;

    module_world_open(&world);
    g_assert_cmpuint(module_world_find(&world, world.keys, template, 1, NULL), ==, 2);
    g_assert_cmpuint(module_world_find(&world, world.accounts, template, 2, &object), ==, 1);
    g_assert_cmphex(world.f->C_DestroyObject(world.accounts, object), ==, CKR_ACTION_PROHIBITED);
    g_assert_cmphex(world.f->C_SetAttributeValue(world.accounts, object, template, 1), ==,
                    CKR_ACTION_PROHIBITED);
    module_world_close(&world);
}

/* --- who sees what -----------------------------------------------------------------------------
 */

static void test_before_login(void)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, class)};
    CK_OBJECT_HANDLE key;
    ModuleWorld world;

    module_world_open(&world);
    key = private_key(&world, world.keys, "p256");
    g_assert_cmphex(world.f->C_Logout(world.keys), ==, CKR_OK);
    g_assert_cmpuint(module_world_find(&world, world.keys, template, 1, NULL), ==, 0);
    g_assert_cmphex(module_world_try(&world, world.keys, key, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    public_key(&world, world.keys, "p256");
    g_assert_cmphex(world.f->C_Login(world.keys, CKU_USER, NULL, 0), ==, CKR_OK);
    g_assert_cmphex(private_key(&world, world.keys, "p256"), ==, key);
    module_world_close(&world);
}

static void test_other_token(void)
{
    CK_OBJECT_HANDLE key;
    ModuleWorld world;

    module_world_open(&world);
    key = public_key(&world, world.keys, "p256");
    g_assert_cmphex(module_world_try(&world, world.accounts, key, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    module_world_close(&world);
}

static void test_invalid_handles(void)
{
    static const CK_OBJECT_HANDLE handles[] = {0,
                                               1,
                                               2,
                                               3,
                                               6,
                                               7,
                                               1000,
                                               1ul << 31,
                                               CK_UNAVAILABLE_INFORMATION,
                                               CK_UNAVAILABLE_INFORMATION - 1};
    CK_ULONG size;
    ModuleWorld world;

    module_world_open(&world);
    public_key(&world, world.keys, "p256");
    for (gsize i = 0; i < G_N_ELEMENTS(handles); i++) {
        g_assert_cmphex(module_world_try(&world, world.keys, handles[i], CKA_LABEL), ==,
                        CKR_OBJECT_HANDLE_INVALID);
        g_assert_cmphex(world.f->C_DestroyObject(world.keys, handles[i]), ==,
                        CKR_OBJECT_HANDLE_INVALID);
        g_assert_cmphex(world.f->C_GetObjectSize(world.keys, handles[i], &size), ==,
                        CKR_OBJECT_HANDLE_INVALID);
    }
    module_world_close(&world);
}

/* --- handles -----------------------------------------------------------------------------------
 */

static void test_stable_handles(void)
{
    CK_OBJECT_HANDLE first, second;
    ModuleWorld world;

    module_world_open(&world);
    first = private_key(&world, world.keys, "p256");
    second = private_key(&world, world.keys, "ed25519");
    fake_objects_add_key(world.objects, SR_TOKEN_KEYS, SR_CURVE_P256, 0, "new", "new");
    g_assert_cmphex(private_key(&world, world.keys, "new"), !=, first);
    g_assert_cmphex(private_key(&world, world.keys, "p256"), ==, first);

    fake_objects_hide(world.objects, world.p256, TRUE);
    g_assert_cmphex(private_key(&world, world.keys, "ed25519"), ==, second);
    g_assert_cmphex(module_world_try(&world, world.keys, first, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    fake_objects_hide(world.objects, world.p256, FALSE);
    g_assert_cmphex(private_key(&world, world.keys, "p256"), ==, first);
    module_world_close(&world);
}

/* An object that goes is never succeeded by another one under its handle. */
static void test_handles_are_not_given_again(void)
{
    CK_OBJECT_HANDLE first;
    ModuleWorld world;

    module_world_open(&world);
    first = private_key(&world, world.keys, "p256");
    g_assert_cmphex(world.f->C_DestroyObject(world.keys, first), ==, CKR_OK);
    for (guint i = 0; i < 50; i++) {
        g_autofree char *label = g_strdup_printf("new %u", i);

        fake_objects_add_key(world.objects, SR_TOKEN_KEYS, SR_CURVE_P256, 0, label, label);
        g_assert_cmphex(private_key(&world, world.keys, label), !=, first);
    }
    g_assert_cmphex(module_world_try(&world, world.keys, first, CKA_LABEL), ==,
                    CKR_OBJECT_HANDLE_INVALID);
    module_world_close(&world);
}

/* --- finding -----------------------------------------------------------------------------------
 */

static void test_pages(void)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE template[] = {ATTRIBUTE(CKA_CLASS, class)};
    ModuleWorld world;

    module_world_open(&world);
    fake_objects_set_page(world.objects, 7);
    for (guint i = 0; i < 98; i++)
        fake_objects_add_key(world.objects, SR_TOKEN_KEYS, SR_CURVE_P256, 0, "same", "same");
    g_assert_cmpuint(module_world_find(&world, world.keys, template, 1, NULL), ==, 100);
    fake_objects_disturb(world.objects, 3); /* somebody changes objects between the pages */
    fake_objects_add_key(world.objects, SR_TOKEN_KEYS, SR_CURVE_P256, 0, "same", "same");
    g_assert_cmpuint(module_world_find(&world, world.keys, template, 1, NULL), ==, 101);
    module_world_close(&world);
}

static void test_listed_once(void)
{
    ModuleWorld world;
    guint listings;

    module_world_open(&world);
    public_key(&world, world.keys, "p256");
    listings = fake_objects_listings(world.objects);
    for (guint i = 0; i < 20; i++)
        public_key(&world, world.keys, "p256");
    g_assert_cmpuint(fake_objects_listings(world.objects), ==, listings);
    module_world_close(&world);
}

static void test_find_states(void)
{
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 99;
    ModuleWorld world;
    CK_FUNCTION_LIST *f;

    module_world_open(&world);
    f = world.f;
    g_assert_cmphex(f->C_FindObjects(world.keys, found, 2, &count), ==,
                    CKR_OPERATION_NOT_INITIALIZED);
    g_assert_cmphex(f->C_FindObjectsFinal(world.keys), ==, CKR_OPERATION_NOT_INITIALIZED);
    g_assert_cmphex(f->C_FindObjectsInit(world.keys, NULL, 1), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(f->C_FindObjectsInit(world.keys, NULL, 0), ==, CKR_OK);
    g_assert_cmphex(f->C_FindObjectsInit(world.keys, NULL, 0), ==, CKR_OPERATION_ACTIVE);
    g_assert_cmphex(f->C_FindObjects(world.keys, NULL, 2, &count), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(f->C_FindObjects(world.keys, found, 2, NULL), ==, CKR_ARGUMENTS_BAD);
    g_assert_cmphex(f->C_FindObjects(world.keys, NULL, 0, &count), ==, CKR_OK);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmphex(f->C_FindObjects(world.keys, found, 2, &count), ==, CKR_OK);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmphex(f->C_FindObjectsFinal(world.keys), ==, CKR_OK);
    module_world_close(&world);
}

/* An agent that sends anything else than a listing. */
static gboolean answer_wrongly(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                               SrPacketWriter *reply, guint32 *ret_code, gpointer data)
{
    const guint kind = *(const guint *)data;

    (void)agent;
    (void)request;
    (void)ret_code;
    if (operation != SR_OPERATION_LIST)
        return FALSE;
    sr_packet_put_u64(reply, 5);
    switch (kind) {
    case 0: /* unchanged, although the module knows nothing */
        sr_packet_put_u32(reply, 0);
        sr_packet_put_u32(reply, 0xffffffffu);
        return TRUE;
    case 1: /* more entries than there is room for */
        sr_packet_put_u32(reply, 0);
        sr_packet_put_u32(reply, 0xfffffffeu);
        return TRUE;
    case 2: /* pages without end */
        sr_packet_put_u32(reply, 1);
        sr_packet_put_u32(reply, 0);
        return TRUE;
    case 3: /* an entry of no kind */
        sr_packet_put_u32(reply, 0);
        sr_packet_put_u32(reply, 1);
        sr_packet_put_u8(reply, 9);
        sr_packet_put_bytes(reply, "12345678901234567890", 20);
        return TRUE;
    case 4: /* attributes that are none */
        sr_packet_put_u32(reply, 0);
        sr_packet_put_u32(reply, 1);
        sr_packet_put_u8(reply, SR_ENTRY_OBJECT);
        sr_packet_put_u64(reply, 1);
        sr_packet_put_u32(reply, CKO_DATA);
        sr_packet_put_bytes(reply, "\x01\x00\x00\x00\xff\xff\xff\xff", 8);
        return TRUE;
    default: /* a class that no agent stores */
        sr_packet_put_u32(reply, 0);
        sr_packet_put_u32(reply, 1);
        sr_packet_put_u8(reply, SR_ENTRY_OBJECT);
        sr_packet_put_u64(reply, 1);
        sr_packet_put_u32(reply, CKO_SECRET_KEY);
        sr_packet_put_bytes(reply, NULL, 0);
        return TRUE;
    }
}

static void test_wrong_listings(void)
{
    ModuleWorld world;

    module_world_open(&world);
    for (guint kind = 0; kind <= 5; kind++) {
        fake_agent_set_answer(world.agent, answer_wrongly, &kind);
        g_assert_cmphex(world.f->C_FindObjectsInit(world.keys, NULL, 0), ==, CKR_DEVICE_ERROR);
    }
    module_world_close(&world);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/objects/halves-of-a-key-agree", test_halves);
    g_test_add_func("/pkcs11/objects/private-key-flags", test_private_flags);
    g_test_add_func("/pkcs11/objects/public-key-flags", test_public_flags);
    g_test_add_func("/pkcs11/objects/curve-encodings", test_curve_encodings);
    g_test_add_func("/pkcs11/objects/allowed-mechanisms", test_allowed_mechanisms);
    g_test_add_func("/pkcs11/objects/all-attributes-are-filled", test_all_are_filled);
    g_test_add_func("/pkcs11/objects/profiles", test_profiles);
    g_test_add_func("/pkcs11/objects/private-ones-are-invisible-before-login", test_before_login);
    g_test_add_func("/pkcs11/objects/of-the-other-token-are-invisible", test_other_token);
    g_test_add_func("/pkcs11/objects/invalid-handles", test_invalid_handles);
    g_test_add_func("/pkcs11/objects/handles-stay", test_stable_handles);
    g_test_add_func("/pkcs11/objects/handles-are-not-given-again",
                    test_handles_are_not_given_again);
    g_test_add_func("/pkcs11/objects/listing-in-pages", test_pages);
    g_test_add_func("/pkcs11/objects/listed-once", test_listed_once);
    g_test_add_func("/pkcs11/objects/states-of-a-search", test_find_states);
    g_test_add_func("/pkcs11/objects/listings-that-are-none", test_wrong_listings);
    return g_test_run();
}
