#include "support/module_world.h"

#define SLOT_ACCOUNTS 1u
#define SLOT_KEYS 2u

CK_SESSION_HANDLE module_world_session(ModuleWorld *world, CK_SLOT_ID slot, CK_FLAGS flags)
{
    CK_SESSION_HANDLE session;

    g_assert_cmphex(world->f->C_OpenSession(slot, flags | CKF_SERIAL_SESSION, NULL, NULL, &session),
                    ==, CKR_OK);
    return session;
}

void module_world_open(ModuleWorld *world)
{
    world->agent = fake_agent_new();
    fake_agent_set_flags(world->agent, CKF_LOGIN_REQUIRED | CKF_PROTECTED_AUTHENTICATION_PATH);
    world->objects = fake_objects_new(world->agent);
    world->account = fake_objects_add_key(world->objects, SR_TOKEN_ACCOUNTS, SR_CURVE_SECP256K1, 0,
                                          "account", "id-account");
    world->p256 = fake_objects_add_key(world->objects, SR_TOKEN_KEYS, SR_CURVE_P256, SR_ENTRY_LOCAL,
                                       "p256", "id-p256");
    world->ed25519 = fake_objects_add_key(world->objects, SR_TOKEN_KEYS, SR_CURVE_ED25519,
                                          SR_ENTRY_ALWAYS_AUTH, "ed25519", "id-ed25519");
    g_assert_cmphex(C_GetFunctionList(&world->f), ==, CKR_OK);
    g_assert_cmphex(world->f->C_Initialize(NULL), ==, CKR_OK);
    world->accounts = module_world_session(world, SLOT_ACCOUNTS, CKF_RW_SESSION);
    world->keys = module_world_session(world, SLOT_KEYS, CKF_RW_SESSION);
    g_assert_cmphex(world->f->C_Login(world->accounts, CKU_USER, NULL, 0), ==, CKR_OK);
    g_assert_cmphex(world->f->C_Login(world->keys, CKU_USER, NULL, 0), ==, CKR_OK);
}

void module_world_close(ModuleWorld *world)
{
    g_assert_cmphex(world->f->C_Finalize(NULL), ==, CKR_OK);
    fake_agent_stop(world->agent);
    fake_objects_free(world->objects);
    fake_agent_free(world->agent);
}

CK_ULONG module_world_find(ModuleWorld *world, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template,
                           CK_ULONG count, CK_OBJECT_HANDLE *ret_first)
{
    CK_OBJECT_HANDLE found[10];
    CK_ULONG total = 0;
    CK_ULONG some;

    g_assert_cmphex(world->f->C_FindObjectsInit(session, template, count), ==, CKR_OK);
    do {
        g_assert_cmphex(world->f->C_FindObjects(session, found, G_N_ELEMENTS(found), &some), ==,
                        CKR_OK);
        if (total == 0 && some > 0 && ret_first)
            *ret_first = found[0];
        total += some;
    } while (some > 0);
    g_assert_cmphex(world->f->C_FindObjectsFinal(session), ==, CKR_OK);
    return total;
}

CK_OBJECT_HANDLE module_world_object(ModuleWorld *world, CK_SESSION_HANDLE session,
                                     CK_OBJECT_CLASS class, const char *label)
{
    CK_ATTRIBUTE template[] = {
        ATTRIBUTE(CKA_CLASS, class),
        {CKA_LABEL, (CK_VOID_PTR)(guintptr)label, strlen(label)},
    };
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;

    g_assert_cmpuint(module_world_find(world, session, template, 2, &object), ==, 1);
    return object;
}

GBytes *module_world_get(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type)
{
    CK_ATTRIBUTE attribute = {type, NULL, 0};

    g_assert_cmphex(world->f->C_GetAttributeValue(session, object, &attribute, 1), ==, CKR_OK);
    attribute.pValue = g_malloc0(attribute.ulValueLen + 1);
    g_assert_cmphex(world->f->C_GetAttributeValue(session, object, &attribute, 1), ==, CKR_OK);
    return g_bytes_new_take(attribute.pValue, attribute.ulValueLen);
}

CK_ULONG module_world_get_number(ModuleWorld *world, CK_SESSION_HANDLE session,
                                 CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG number;
    CK_ATTRIBUTE attribute = ATTRIBUTE(type, number);

    g_assert_cmphex(world->f->C_GetAttributeValue(session, object, &attribute, 1), ==, CKR_OK);
    g_assert_cmpuint(attribute.ulValueLen, ==, sizeof number);
    return number;
}

gboolean module_world_get_bool(ModuleWorld *world, CK_SESSION_HANDLE session,
                               CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL flag;
    CK_ATTRIBUTE attribute = ATTRIBUTE(type, flag);

    g_assert_cmphex(world->f->C_GetAttributeValue(session, object, &attribute, 1), ==, CKR_OK);
    g_assert_cmpuint(attribute.ulValueLen, ==, sizeof flag);
    g_assert_cmpuint(flag, <=, CK_TRUE);
    return flag;
}

char *module_world_get_text(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE_TYPE type)
{
    g_autoptr(GBytes) bytes = module_world_get(world, session, object, type);

    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

CK_RV module_world_try(ModuleWorld *world, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                       CK_ATTRIBUTE_TYPE type)
{
    CK_BYTE room[2048];
    CK_ATTRIBUTE attribute = ATTRIBUTE(type, room);

    return world->f->C_GetAttributeValue(session, object, &attribute, 1);
}
