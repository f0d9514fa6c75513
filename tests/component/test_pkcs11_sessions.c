/* Slots, tokens, sessions, logins and PINs: the rules of PKCS#11 §5.5 and §5.6. */
#include "support/assert_bytes.h"
#include "support/fake_agent.h"
#include "support/pkcs11_caller.h"

#include <string.h>

typedef struct {
    FakeAgent *agent;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->agent = fake_agent_new();
    caller_start();
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    caller_end();
    fake_agent_free(fixture->agent);
}

/* --- slots and tokens --------------------------------------------------------------------------
 */

static void assert_padded(const guint8 *text, gsize size, const char *expected)
{
    const gsize length = strlen(expected);

    sr_assert_bytes(text, length, expected, length);
    for (gsize i = length; i < size; i++)
        g_assert_cmpuint(text[i], ==, ' ');
}

static void test_slots(Fixture *fixture, gconstpointer data)
{
    CK_SLOT_ID slots[2] = {0};
    CK_ULONG count = 0;
    CK_SLOT_INFO info;

    (void)data;
    assert_rv(C_GetSlotList(CK_TRUE, NULL, &count), CKR_OK);
    g_assert_cmpuint(count, ==, 2);
    count = 1;
    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_BUFFER_TOO_SMALL);
    g_assert_cmpuint(count, ==, 2);
    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    g_assert_cmpuint(slots[0], ==, SLOT_ACCOUNTS);
    g_assert_cmpuint(slots[1], ==, SLOT_KEYS);
    assert_rv(C_GetSlotInfo(SLOT_KEYS, &info), CKR_OK);
    g_assert_cmphex(info.flags, ==, CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE);
    assert_padded(info.manufacturerID, sizeof info.manufacturerID, "sealring");
    assert_rv(C_GetSlotInfo(0, &info), CKR_SLOT_ID_INVALID);
    assert_rv(C_GetSlotInfo(3, &info), CKR_SLOT_ID_INVALID);
    assert_rv(C_GetSlotInfo(~0UL, &info), CKR_SLOT_ID_INVALID);
    g_assert_cmpuint(fake_agent_connections(fixture->agent), ==, 1);
}

static void test_token(Fixture *fixture, gconstpointer data)
{
    CK_TOKEN_INFO info;

    (void)data;
    fake_agent_set_flags(fixture->agent, CKF_LOGIN_REQUIRED | CKF_USER_PIN_LOCKED |
                                             CKF_WRITE_PROTECTED | 0x80000000);
    caller_open(SLOT_ACCOUNTS, READ_ONLY);
    caller_open(SLOT_ACCOUNTS, READ_WRITE);
    assert_rv(C_GetTokenInfo(SLOT_ACCOUNTS, &info), CKR_OK);
    g_assert_cmphex(info.flags, ==,
                    CKF_RNG | CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_LOCKED);
    assert_padded(info.label, sizeof info.label, "sealring accounts");
    assert_padded(info.manufacturerID, sizeof info.manufacturerID, "sealring");
    assert_padded(info.model, sizeof info.model, "sealring");
    assert_padded(info.serialNumber, sizeof info.serialNumber, "accounts");
    g_assert_cmpuint(info.ulSessionCount, ==, 2);
    g_assert_cmpuint(info.ulRwSessionCount, ==, 1);
    g_assert_cmpuint(info.ulMinPinLen, ==, 4);
    g_assert_cmpuint(info.ulMaxPinLen, ==, 255);
}

static void test_hidden_token(Fixture *fixture, gconstpointer data)
{
    CK_ULONG count = 2;
    CK_SLOT_ID slots[2];
    CK_TOKEN_INFO token;
    CK_SLOT_INFO slot;

    (void)data;
    fake_agent_set_tokens(fixture->agent, 1u << SR_TOKEN_KEYS);
    assert_rv(C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(slots[0], ==, SLOT_KEYS);
    assert_rv(C_GetTokenInfo(SLOT_ACCOUNTS, &token), CKR_TOKEN_NOT_PRESENT);
    assert_rv(C_GetSlotInfo(SLOT_ACCOUNTS, &slot), CKR_OK);
    g_assert_cmphex(slot.flags, ==, CKF_REMOVABLE_DEVICE);
    assert_rv(C_GetMechanismList(SLOT_ACCOUNTS, NULL, &count), CKR_TOKEN_NOT_PRESENT);
}

static void test_slot_events(Fixture *fixture, gconstpointer data)
{
    CK_SLOT_ID slot;

    (void)fixture;
    (void)data;
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    assert_rv(C_WaitForSlotEvent(0, &slot, NULL), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
}

/* --- sessions ----------------------------------------------------------------------------------
 */

static CK_STATE state_of(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info;

    assert_rv(C_GetSessionInfo(session, &info), CKR_OK);
    return info.state;
}

static void test_sessions(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE session;
    CK_SESSION_INFO info;
    CK_SESSION_HANDLE first;

    (void)fixture;
    (void)data;
    assert_rv(C_OpenSession(SLOT_KEYS, CKF_RW_SESSION, NULL, NULL, &session),
              CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    assert_rv(C_OpenSession(SLOT_KEYS, READ_ONLY | CKF_ASYNC_SESSION, NULL, NULL, &session),
              CKR_SESSION_ASYNC_NOT_SUPPORTED);
    assert_rv(C_OpenSession(7, READ_ONLY, NULL, NULL, &session), CKR_SLOT_ID_INVALID);
    first = caller_open(SLOT_KEYS, READ_ONLY);
    assert_rv(C_GetSessionInfo(first, &info), CKR_OK);
    g_assert_cmpuint(info.slotID, ==, SLOT_KEYS);
    g_assert_cmphex(info.flags, ==, READ_ONLY);
    g_assert_cmpuint(info.ulDeviceError, ==, 0);
    assert_rv(C_CloseSession(first), CKR_OK);
    assert_rv(C_CloseSession(first), CKR_SESSION_HANDLE_INVALID);
    session = caller_open(SLOT_KEYS, READ_ONLY);
    g_assert_cmpuint(session, !=, first);
    assert_rv(C_GetSessionInfo(first, &info), CKR_SESSION_HANDLE_INVALID);
    assert_rv(C_GetSessionInfo(0, &info), CKR_SESSION_HANDLE_INVALID);
    assert_rv(C_GetSessionInfo(~0UL, &info), CKR_SESSION_HANDLE_INVALID);
}

static void test_close_all(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE keys = caller_open(SLOT_KEYS, READ_ONLY);
    CK_SESSION_HANDLE account = caller_open(SLOT_ACCOUNTS, READ_ONLY);
    CK_SESSION_INFO info;

    (void)fixture;
    (void)data;
    caller_open(SLOT_KEYS, READ_WRITE);
    assert_rv(C_CloseAllSessions(9), CKR_SLOT_ID_INVALID);
    assert_rv(C_CloseAllSessions(SLOT_KEYS), CKR_OK);
    assert_rv(C_GetSessionInfo(keys, &info), CKR_SESSION_HANDLE_INVALID);
    assert_rv(C_GetSessionInfo(account, &info), CKR_OK);
    assert_rv(C_CloseAllSessions(SLOT_KEYS), CKR_OK);
}

#define MANY 10000

static void test_many_sessions(Fixture *fixture, gconstpointer data)
{
    g_autofree CK_SESSION_HANDLE *sessions = g_new(CK_SESSION_HANDLE, MANY);
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    CK_SESSION_INFO info;
    const gint64 start = g_get_monotonic_time();

    (void)data;
    for (guint i = 0; i < MANY; i++) {
        sessions[i] = caller_open(SLOT_KEYS, i % 2 ? READ_ONLY : READ_WRITE);
        g_assert_true(g_hash_table_add(seen, (gpointer)sessions[i]));
    }
    for (guint i = 0; i < MANY; i += 3)
        assert_rv(C_CloseSession(sessions[i]), CKR_OK);
    for (guint i = 0; i < MANY; i++)
        assert_rv(C_GetSessionInfo(sessions[i], &info),
                  i % 3 ? CKR_OK : CKR_SESSION_HANDLE_INVALID);
    assert_rv(C_CloseAllSessions(SLOT_KEYS), CKR_OK);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 60 * G_USEC_PER_SEC);
    g_assert_cmpuint(fake_agent_connections(fixture->agent), ==, 1);
}

/* --- logins ------------------------------------------------------------------------------------
 */

static void test_login(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE writing = caller_open(SLOT_KEYS, READ_WRITE);
    CK_SESSION_HANDLE reading = caller_open(SLOT_KEYS, READ_ONLY);
    CK_SESSION_HANDLE account = caller_open(SLOT_ACCOUNTS, READ_ONLY);
    guint8 name[] = "x";

    (void)data;
    assert_rv(C_Logout(reading), CKR_USER_NOT_LOGGED_IN);
    assert_rv(C_Login(reading, 3, NULL, 0), CKR_USER_TYPE_INVALID);
    assert_rv(C_Login(reading, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
    assert_rv(C_Login(reading, CKU_USER, NULL, 0), CKR_OK);
    g_assert_cmpuint(state_of(reading), ==, CKS_RO_USER_FUNCTIONS);
    g_assert_cmpuint(state_of(writing), ==, CKS_RW_USER_FUNCTIONS);
    g_assert_cmpuint(state_of(account), ==, CKS_RO_PUBLIC_SESSION);
    assert_rv(C_Login(writing, CKU_USER, NULL, 0), CKR_USER_ALREADY_LOGGED_IN);
    assert_rv(C_Login(writing, CKU_SO, NULL, 0), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_LOGIN), ==, 1);
    assert_rv(C_Logout(writing), CKR_OK);
    g_assert_cmpuint(state_of(reading), ==, CKS_RO_PUBLIC_SESSION);
    assert_rv(C_LoginUser(writing, CKU_USER, NULL, 0, name, 1), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(C_LoginUser(writing, CKU_USER, NULL, 0, NULL, 0), CKR_OK);
}

static void test_last_session_logs_out(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE first = caller_log_in(SLOT_KEYS);
    CK_SESSION_HANDLE second = caller_open(SLOT_KEYS, READ_ONLY);

    (void)data;
    assert_rv(C_CloseSession(first), CKR_OK);
    g_assert_cmpuint(state_of(second), ==, CKS_RO_USER_FUNCTIONS);
    assert_rv(C_CloseSession(second), CKR_OK);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_LOGOUT), ==, 1);
    g_assert_cmpuint(state_of(caller_open(SLOT_KEYS, READ_ONLY)), ==, CKS_RO_PUBLIC_SESSION);
}

static void test_security_officer(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE writing = caller_open(SLOT_KEYS, READ_WRITE);
    CK_SESSION_HANDLE reading = caller_open(SLOT_KEYS, READ_ONLY);
    CK_SESSION_HANDLE session;

    (void)fixture;
    (void)data;
    assert_rv(C_Login(writing, CKU_SO, NULL, 0), CKR_SESSION_READ_ONLY_EXISTS);
    assert_rv(C_CloseSession(reading), CKR_OK);
    assert_rv(C_Login(writing, CKU_SO, NULL, 0), CKR_OK);
    g_assert_cmpuint(state_of(writing), ==, CKS_RW_SO_FUNCTIONS);
    assert_rv(C_OpenSession(SLOT_KEYS, READ_ONLY, NULL, NULL, &session),
              CKR_SESSION_READ_WRITE_SO_EXISTS);
    caller_open(SLOT_KEYS, READ_WRITE);
    caller_open(SLOT_ACCOUNTS, READ_ONLY);
}

static void test_login_refused(Fixture *fixture, gconstpointer data)
{
    static const CK_RV codes[] = {CKR_FUNCTION_CANCELED, CKR_PIN_INCORRECT, CKR_PIN_LOCKED,
                                  CKR_USER_PIN_NOT_INITIALIZED};
    CK_SESSION_HANDLE session = caller_open(SLOT_KEYS, READ_ONLY);
    guint8 pin[300] = "1234";

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        fake_agent_fail_with(fixture->agent, (guint32)codes[i]);
        fake_agent_set_fault(fixture->agent, SR_OPERATION_LOGIN, FAKE_FAILS, 1);
        assert_rv(C_Login(session, CKU_USER, pin, 4), codes[i]);
        g_assert_cmpuint(state_of(session), ==, CKS_RO_PUBLIC_SESSION);
    }
    /* Never right, so the agent is not asked. An empty one it is asked about. */
    assert_rv(C_Login(session, CKU_USER, pin, sizeof pin), CKR_PIN_INCORRECT);
    assert_rv(C_Login(session, CKU_USER, pin, ~0UL), CKR_PIN_INCORRECT);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_LOGIN), ==, G_N_ELEMENTS(codes));
}

/* sealring was locked: the application may log in again instead of being told that it is. */
static void test_login_lost(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE session = caller_log_in(SLOT_KEYS);
    CK_OBJECT_HANDLE key = caller_find(session, CKO_PRIVATE_KEY, "p256");
    guint8 signature[64];

    (void)data;
    fake_agent_fail_with(fixture->agent, CKR_USER_NOT_LOGGED_IN);
    fake_agent_set_fault(fixture->agent, SR_OPERATION_SIGN, FAKE_FAILS, 1);
    assert_rv(caller_sign(session, key, 1, signature), CKR_USER_NOT_LOGGED_IN);
    g_assert_cmpuint(state_of(session), ==, CKS_RW_PUBLIC_SESSION);
    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_OK);
    caller_assert_signs(session, key, 2);
}

/* The same when it shows in another call: the application is not told for ever that it is. */
static void test_login_doubtful(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE session = caller_log_in(SLOT_KEYS);
    CK_OBJECT_HANDLE key = caller_find(session, CKO_PRIVATE_KEY, "p256");

    (void)data;
    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_USER_ALREADY_LOGGED_IN);
    fake_agent_fail_with(fixture->agent, CKR_USER_NOT_LOGGED_IN);
    fake_agent_set_fault(fixture->agent, SR_OPERATION_DESTROY, FAKE_FAILS, 1);
    assert_rv(C_DestroyObject(session, key), CKR_USER_NOT_LOGGED_IN);
    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_OK);
    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_USER_ALREADY_LOGGED_IN);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_LOGIN), ==, 2);
}

typedef CK_RV (*Use)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key);

static CK_RV derive(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    guint8 point[65] = {4};
    CK_ECDH1_DERIVE_PARAMS params = {
        .kdf = CKD_NULL, .ulPublicDataLen = sizeof point, .pPublicData = point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &params, sizeof params};
    CK_OBJECT_HANDLE secret;

    return C_DeriveKey(session, &mechanism, key, NULL, 0, &secret);
}

static CK_RV rename_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    char name[] = "new";
    CK_ATTRIBUTE label = {CKA_LABEL, name, strlen(name)};

    return C_SetAttributeValue(session, key, &label, 1);
}

static CK_RV make_data(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_TOKEN, &yes, sizeof yes}};

    return C_CreateObject(session, template, G_N_ELEMENTS(template), &key);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
    guint8 curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE params = {CKA_EC_PARAMS, curve, sizeof curve};
    CK_ATTRIBUTE token = {CKA_TOKEN, &yes, sizeof yes};
    CK_MECHANISM mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
    CK_OBJECT_HANDLE public_key;

    return C_GenerateKeyPair(session, &mechanism, &params, 1, &token, 1, &public_key, &key);
}

/* Whatever the application does first after sealring was locked. */
static void test_login_lost_elsewhere(Fixture *fixture, gconstpointer data)
{
    static const struct {
        guint32 operation;
        Use use;
    } rows[] = {
        {SR_OPERATION_DERIVE, derive},           {SR_OPERATION_CHANGE, rename_key},
        {SR_OPERATION_CREATE, make_data},        {SR_OPERATION_GENERATE, generate},
        {SR_OPERATION_DESTROY, C_DestroyObject},
    };
    CK_SESSION_HANDLE session = caller_log_in(SLOT_KEYS);
    CK_OBJECT_HANDLE key = caller_find(session, CKO_PRIVATE_KEY, "p256");

    (void)data;
    fake_agent_fail_with(fixture->agent, CKR_USER_NOT_LOGGED_IN);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        fake_agent_set_fault(fixture->agent, rows[i].operation, FAKE_FAILS, 1);
        assert_rv(rows[i].use(session, key), CKR_USER_NOT_LOGGED_IN);
        assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_OK);
    }
}

/* What no agent takes: the standard's word for it. */
static void test_too_long(Fixture *fixture, gconstpointer data)
{
    guint8 curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_SESSION_HANDLE session = caller_log_in(SLOT_KEYS);
    g_autofree char *bytes = g_strnfill(SR_ATTRIBUTES_MAX, 'x');
    CK_OBJECT_HANDLE key = caller_find(session, CKO_PRIVATE_KEY, "p256");
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE object[] = {{CKA_CLASS, &class, sizeof class},
                             {CKA_TOKEN, &yes, sizeof yes},
                             {CKA_VALUE, bytes, SR_ATTRIBUTES_MAX}};
    CK_ATTRIBUTE params = {CKA_EC_PARAMS, curve, sizeof curve};
    CK_ATTRIBUTE label = {CKA_LABEL, bytes, SR_LABEL_MAX + 1};
    CK_MECHANISM mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
    CK_OBJECT_HANDLE made;

    (void)data;
    assert_rv(C_CreateObject(session, object, G_N_ELEMENTS(object), &made), CKR_DEVICE_MEMORY);
    assert_rv(C_SetAttributeValue(session, key, &label, 1), CKR_ATTRIBUTE_VALUE_INVALID);
    assert_rv(C_GenerateKeyPair(session, &mechanism, &params, 1, &label, 1, &made, &made),
              CKR_ATTRIBUTE_VALUE_INVALID);
    label.type = CKA_ID;
    assert_rv(C_GenerateKeyPair(session, &mechanism, &params, 1, &label, 1, &made, &made),
              CKR_ATTRIBUTE_VALUE_INVALID);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_CREATE), ==, 0);
}

/* The first LOGIN is answered, with a wrong PIN, when *@data is set. */
static gboolean hold_login(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                           SrPacketWriter *reply, guint32 *ret_code, gpointer data)
{
    gint *go_on = data;

    (void)request;
    (void)reply;
    if (operation != SR_OPERATION_LOGIN || fake_agent_count(agent, SR_OPERATION_LOGIN) > 1)
        return FALSE;
    while (!g_atomic_int_get(go_on))
        g_usleep(1000);
    *ret_code = CKR_PIN_INCORRECT;
    return TRUE;
}

static gpointer log_in(gpointer data)
{
    return GSIZE_TO_POINTER(C_Login(*(CK_SESSION_HANDLE *)data, CKU_USER, NULL, 0));
}

/* A session that is closed while its login waits for another one logs nobody in. */
static void test_login_of_closed_session(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE first = caller_open(SLOT_KEYS, READ_ONLY);
    CK_SESSION_HANDLE second = caller_open(SLOT_KEYS, READ_ONLY);
    GThread *threads[2];
    gint go_on = 0;

    (void)data;
    fake_agent_set_answer(fixture->agent, hold_login, &go_on);
    threads[0] = g_thread_new("first", log_in, &first);
    fake_agent_await(fixture->agent, SR_OPERATION_LOGIN, 1);
    threads[1] = g_thread_new("second", log_in, &second);
    g_usleep(50000); /* it waits by now: if not, less is tested */
    assert_rv(C_CloseSession(second), CKR_OK);
    g_atomic_int_set(&go_on, 1);
    assert_rv(GPOINTER_TO_SIZE(g_thread_join(threads[0])), CKR_PIN_INCORRECT);
    assert_rv(GPOINTER_TO_SIZE(g_thread_join(threads[1])), CKR_SESSION_HANDLE_INVALID);
    g_assert_cmpuint(state_of(first), ==, CKS_RO_PUBLIC_SESSION);
}

static void test_context_login(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE session = caller_open(SLOT_KEYS, READ_ONLY);
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    CK_OBJECT_HANDLE key;

    (void)fixture;
    (void)data;
    assert_rv(C_Login(session, CKU_CONTEXT_SPECIFIC, NULL, 0), CKR_USER_NOT_LOGGED_IN);
    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_OK);
    assert_rv(C_Login(session, CKU_CONTEXT_SPECIFIC, NULL, 0), CKR_OPERATION_NOT_INITIALIZED);
    key = caller_find(session, CKO_PRIVATE_KEY, "p256");
    assert_rv(C_SignInit(session, &mechanism, key), CKR_OK);
    assert_rv(C_Login(session, CKU_CONTEXT_SPECIFIC, NULL, 0), CKR_OPERATION_NOT_INITIALIZED);
}

/* --- PINs --------------------------------------------------------------------------------------
 */

static void test_init_token(Fixture *fixture, gconstpointer data)
{
    guint8 pin[] = "12345678";
    guint8 label[32];
    CK_SESSION_HANDLE session = caller_open(SLOT_KEYS, READ_WRITE);

    (void)data;
    memset(label, ' ', sizeof label);
    assert_rv(C_InitToken(SLOT_KEYS, pin, 8, label), CKR_SESSION_EXISTS);
    assert_rv(C_CloseSession(session), CKR_OK);
    assert_rv(C_InitToken(SLOT_KEYS, NULL, 8, label), CKR_ARGUMENTS_BAD);
    assert_rv(C_InitToken(SLOT_KEYS, pin, 3, label), CKR_PIN_INCORRECT);
    assert_rv(C_InitToken(9, pin, 8, label), CKR_SLOT_ID_INVALID);
    assert_rv(C_InitToken(SLOT_ACCOUNTS, pin, 8, label), CKR_FUNCTION_NOT_SUPPORTED);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_INIT_TOKEN), ==, 0);
    assert_rv(C_InitToken(SLOT_KEYS, pin, 8, label), CKR_OK);
    assert_rv(C_InitToken(SLOT_KEYS, NULL, 0, label), CKR_OK);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_INIT_TOKEN), ==, 2);
}

static void test_pins(Fixture *fixture, gconstpointer data)
{
    guint8 pin[300] = "12345678";
    CK_SESSION_HANDLE session = caller_open(SLOT_KEYS, READ_WRITE);
    CK_SESSION_HANDLE account = caller_open(SLOT_ACCOUNTS, READ_WRITE);

    (void)data;
    assert_rv(C_InitPIN(session, pin, 8), CKR_USER_NOT_LOGGED_IN);
    assert_rv(C_Login(session, CKU_SO, pin, 8), CKR_OK);
    assert_rv(C_InitPIN(session, pin, 3), CKR_PIN_LEN_RANGE);
    assert_rv(C_InitPIN(session, pin, 256), CKR_PIN_LEN_RANGE);
    assert_rv(C_InitPIN(session, NULL, 8), CKR_ARGUMENTS_BAD);
    assert_rv(C_InitPIN(session, pin, 8), CKR_OK);
    assert_rv(C_InitPIN(session, NULL, 0), CKR_OK);
    assert_rv(C_InitPIN(account, pin, 8), CKR_FUNCTION_NOT_SUPPORTED);
    assert_rv(C_SetPIN(session, pin, 8, pin, 8), CKR_OK);
    assert_rv(C_SetPIN(session, NULL, 0, NULL, 0), CKR_OK);
    assert_rv(C_SetPIN(session, NULL, 0, pin, 8), CKR_ARGUMENTS_BAD);
    assert_rv(C_SetPIN(session, pin, 8, NULL, 0), CKR_ARGUMENTS_BAD);
    assert_rv(C_SetPIN(session, pin, 8, pin, 3), CKR_PIN_LEN_RANGE);
    assert_rv(C_SetPIN(session, pin, 0, pin, 8), CKR_PIN_INCORRECT);
    assert_rv(C_SetPIN(session, pin, ~0UL, pin, 8), CKR_PIN_INCORRECT);
    assert_rv(C_SetPIN(account, pin, 8, pin, 8), CKR_FUNCTION_NOT_SUPPORTED);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_SET_PIN), ==, 4);
    assert_rv(C_Logout(session), CKR_OK);
    assert_rv(C_SetPIN(caller_open(SLOT_KEYS, READ_ONLY), pin, 8, pin, 8), CKR_SESSION_READ_ONLY);
}

/* --- random numbers ----------------------------------------------------------------------------
 */

static void test_random(Fixture *fixture, gconstpointer data)
{
    CK_SESSION_HANDLE session = caller_open(SLOT_KEYS, READ_ONLY);
    guint8 bytes[1000] = {0};
    gsize zeros = 0;

    (void)data;
    fake_agent_stop(fixture->agent);
    assert_rv(C_GenerateRandom(session, bytes, sizeof bytes), CKR_OK);
    for (gsize i = 0; i < sizeof bytes; i++)
        zeros += bytes[i] == 0;
    g_assert_cmpuint(zeros, <, 50);
    assert_rv(C_GenerateRandom(session, bytes, 0), CKR_OK);
    assert_rv(C_SeedRandom(session, bytes, sizeof bytes), CKR_RANDOM_SEED_NOT_SUPPORTED);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/pkcs11/sessions/slots", test_slots},
        {"/pkcs11/sessions/token", test_token},
        {"/pkcs11/sessions/hidden-token", test_hidden_token},
        {"/pkcs11/sessions/slot-events", test_slot_events},
        {"/pkcs11/sessions/open-and-close", test_sessions},
        {"/pkcs11/sessions/close-all", test_close_all},
        {"/pkcs11/sessions/ten-thousand", test_many_sessions},
        {"/pkcs11/sessions/login", test_login},
        {"/pkcs11/sessions/last-session-logs-out", test_last_session_logs_out},
        {"/pkcs11/sessions/security-officer", test_security_officer},
        {"/pkcs11/sessions/login-refused", test_login_refused},
        {"/pkcs11/sessions/login-lost", test_login_lost},
        {"/pkcs11/sessions/login-doubtful", test_login_doubtful},
        {"/pkcs11/sessions/lost-login-is-noticed-everywhere", test_login_lost_elsewhere},
        {"/pkcs11/sessions/too-long-for-the-agent", test_too_long},
        {"/pkcs11/sessions/login-of-a-closed-session", test_login_of_closed_session},
        {"/pkcs11/sessions/context-specific-login", test_context_login},
        {"/pkcs11/sessions/init-token", test_init_token},
        {"/pkcs11/sessions/pins", test_pins},
        {"/pkcs11/sessions/random-without-agent", test_random},
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run();
}
