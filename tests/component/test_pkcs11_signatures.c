/* Signing and verifying: order of calls, sizes, parts, and what the agent is sent (PKCS#11 §5.11,
 * §5.13). */
#include "support/fake_agent.h"
#include "support/pkcs11_caller.h"

#include <string.h>

/* What the agent got last. */
typedef struct {
    guint64 object;
    guint32 scheme;
    GBytes *data;
} Sent;

typedef struct {
    FakeAgent *agent;
    CK_SESSION_HANDLE keys;
    CK_SESSION_HANDLE accounts;
    CK_OBJECT_HANDLE p256;
    CK_OBJECT_HANDLE ed25519;
    CK_OBJECT_HANDLE account;
    Sent sent;
} Fixture;

static void keep(Sent *sent, guint64 object, guint32 scheme, const guint8 *data, gsize size)
{
    g_clear_pointer(&sent->data, g_bytes_unref);
    *sent = (Sent){object, scheme, g_bytes_new(data, size)};
}

static gboolean record(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                       SrPacketWriter *reply, guint32 *ret_code, gpointer data)
{
    SrPacketReader copy = *request;
    guint64 object = 0;
    guint32 scheme;
    const guint8 *bytes;
    gsize size;

    (void)agent;
    (void)reply;
    (void)ret_code;
    if (operation == SR_OPERATION_VERIFY) {
        sr_packet_get_u8(&copy);
        sr_packet_get_bytes(&copy, &size);
    } else if (operation == SR_OPERATION_SIGN) {
        object = sr_packet_get_u64(&copy);
    } else {
        return FALSE;
    }
    scheme = sr_packet_get_u32(&copy);
    bytes = sr_packet_get_bytes(&copy, &size);
    keep(data, object, scheme, bytes, size);
    return FALSE;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->agent = fake_agent_new();
    fake_agent_set_answer(fixture->agent, record, &fixture->sent);
    caller_start();
    fixture->keys = caller_log_in(SLOT_KEYS);
    fixture->accounts = caller_log_in(SLOT_ACCOUNTS);
    fixture->p256 = caller_find(fixture->keys, CKO_PRIVATE_KEY, "p256");
    fixture->ed25519 = caller_find(fixture->keys, CKO_PRIVATE_KEY, "ed25519");
    fixture->account = caller_find(fixture->accounts, CKO_PRIVATE_KEY, "account");
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    caller_end();
    fake_agent_free(fixture->agent);
    g_clear_pointer(&fixture->sent.data, g_bytes_unref);
}

static void begin(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key)
{
    CK_MECHANISM mechanism = {.mechanism = type};

    assert_rv(C_SignInit(session, &mechanism, key), CKR_OK);
}

/* C_SignInit and C_Sign. */
static CK_RV sign(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key,
                  gsize size)
{
    g_autofree guint8 *data = g_malloc0(size + 1);
    guint8 signature[65];
    CK_ULONG signature_size = sizeof signature;
    CK_RV result;

    begin(session, type, key);
    result = C_Sign(session, data, size, signature, &signature_size);
    if (result == CKR_OK)
        g_assert_cmpuint(signature_size, ==,
                         type == CKM_SEALRING_PERSONAL_SIGN || type == CKM_SEALRING_SIWE ? 65 : 64);
    return result;
}

static void assert_sent(const Fixture *fixture, guint64 object, guint32 scheme, gsize size)
{
    g_assert_cmpuint(fixture->sent.object, ==, object);
    g_assert_cmpuint(fixture->sent.scheme, ==, scheme);
    g_assert_cmpuint(g_bytes_get_size(fixture->sent.data), ==, size);
}

/* --- which mechanism, which key ----------------------------------------------------------------
 */

static void test_init(Fixture *fixture, gconstpointer data)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    const CK_SESSION_HANDLE session = fixture->keys;
    const CK_OBJECT_HANDLE public_key = caller_find(session, CKO_PUBLIC_KEY, "p256");

    (void)data;
    assert_rv(C_SignInit(session, NULL, fixture->p256), CKR_ARGUMENTS_BAD);
    assert_rv(C_SignInit(session, &mechanism, 0), CKR_KEY_HANDLE_INVALID);
    assert_rv(C_SignInit(session, &mechanism, ~0UL), CKR_KEY_HANDLE_INVALID);
    assert_rv(C_SignInit(session, &mechanism, public_key), CKR_KEY_HANDLE_INVALID);
    assert_rv(C_SignInit(session, &mechanism, fixture->account), CKR_KEY_HANDLE_INVALID);
    assert_rv(C_SignInit(session, &mechanism, fixture->ed25519), CKR_KEY_TYPE_INCONSISTENT);
    assert_rv(C_VerifyInit(session, &mechanism, fixture->p256), CKR_KEY_HANDLE_INVALID);
    mechanism.mechanism = CKM_ECDSA_SHA1;
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_MECHANISM_INVALID);
    mechanism.mechanism = CKM_ECDH1_DERIVE;
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_MECHANISM_INVALID);
    mechanism.mechanism = CKM_SHA256;
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_MECHANISM_INVALID);
    mechanism.mechanism = CKM_SEALRING_SIWE;
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_MECHANISM_INVALID);
    mechanism.mechanism = CKM_EDDSA;
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_KEY_TYPE_INCONSISTENT);
    mechanism.ulParameterLen = 1;
    assert_rv(C_SignInit(session, &mechanism, fixture->ed25519), CKR_MECHANISM_PARAM_INVALID);
}

static void test_not_logged_in(Fixture *fixture, gconstpointer data)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};

    (void)data;
    assert_rv(C_Logout(fixture->keys), CKR_OK);
    assert_rv(C_SignInit(fixture->keys, &mechanism, fixture->p256), CKR_KEY_HANDLE_INVALID);
    caller_find(fixture->keys, CKO_PUBLIC_KEY, "p256");
}

/* --- order of calls, sizes ---------------------------------------------------------------------
 */

static void test_active(Fixture *fixture, gconstpointer data)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    const CK_SESSION_HANDLE session = fixture->keys;
    guint8 bytes[64] = {0};
    CK_ULONG size = sizeof bytes;

    (void)data;
    assert_rv(C_Sign(session, bytes, 32, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_SignUpdate(session, bytes, 32), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_SignFinal(session, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
    begin(session, CKM_ECDSA, fixture->p256);
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_OPERATION_ACTIVE);
    assert_rv(C_GetOperationState(session, NULL, &size), CKR_STATE_UNSAVEABLE);
    assert_rv(C_SignInit(session, NULL, 0), CKR_OK);
    assert_rv(C_GetOperationState(session, NULL, &size), CKR_OPERATION_NOT_INITIALIZED);
    begin(session, CKM_ECDSA, fixture->p256);
    assert_rv(C_SessionCancel(session, CKF_VERIFY | CKF_ENCRYPT), CKR_OK);
    assert_rv(C_SignInit(session, &mechanism, fixture->p256), CKR_OPERATION_ACTIVE);
    assert_rv(C_SessionCancel(session, CKF_SIGN), CKR_OK);
    begin(session, CKM_ECDSA, fixture->p256);
    assert_rv(C_Sign(session, bytes, 32, bytes, &size), CKR_OK);
    assert_rv(C_Sign(session, bytes, 32, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
}

/* A question about the size, and too little room, leave the operation as it is; all else ends it.
 */
static void test_sizes(Fixture *fixture, gconstpointer data)
{
    const CK_SESSION_HANDLE session = fixture->keys;
    guint8 bytes[64] = {0};
    CK_ULONG size = 0;

    (void)data;
    begin(session, CKM_ECDSA_SHA256, fixture->p256);
    assert_rv(C_Sign(session, bytes, 5, NULL, &size), CKR_OK);
    g_assert_cmpuint(size, ==, 64);
    size = 63;
    assert_rv(C_Sign(session, bytes, 5, bytes, &size), CKR_BUFFER_TOO_SMALL);
    g_assert_cmpuint(size, ==, 64);
    g_assert_cmpuint(fake_agent_count(fixture->agent, SR_OPERATION_SIGN), ==, 0);
    assert_rv(C_Sign(session, bytes, 5, bytes, &size), CKR_OK);
    begin(session, CKM_ECDSA_SHA256, fixture->p256);
    assert_rv(C_SignUpdate(session, bytes, 5), CKR_OK);
    assert_rv(C_SignFinal(session, NULL, &size), CKR_OK);
    size = 1;
    assert_rv(C_SignFinal(session, bytes, &size), CKR_BUFFER_TOO_SMALL);
    assert_rv(C_SignFinal(session, bytes, &size), CKR_OK);
    begin(session, CKM_ECDSA, fixture->p256);
    assert_rv(C_Sign(session, NULL, 32, bytes, &size), CKR_ARGUMENTS_BAD);
    assert_rv(C_Sign(session, bytes, 32, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
    begin(session, CKM_ECDSA, fixture->p256);
    assert_rv(C_Sign(session, bytes, 32, bytes, NULL), CKR_ARGUMENTS_BAD);
    assert_rv(C_Sign(session, bytes, 32, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_parts_do_not_mix(Fixture *fixture, gconstpointer data)
{
    const CK_SESSION_HANDLE session = fixture->keys;
    guint8 bytes[64] = {0};
    CK_ULONG size = sizeof bytes;

    (void)data;
    begin(session, CKM_ECDSA_SHA256, fixture->p256);
    assert_rv(C_SignUpdate(session, bytes, 5), CKR_OK);
    assert_rv(C_Sign(session, bytes, 5, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_SignFinal(session, bytes, &size), CKR_OPERATION_NOT_INITIALIZED);
}

/* --- what the agent gets -----------------------------------------------------------------------
 */

static void test_limits(Fixture *fixture, gconstpointer data)
{
    const CK_SESSION_HANDLE keys = fixture->keys;
    const CK_SESSION_HANDLE accounts = fixture->accounts;

    (void)data;
    assert_rv(sign(keys, CKM_ECDSA, fixture->p256, 0), CKR_DATA_LEN_RANGE);
    assert_rv(sign(keys, CKM_ECDSA, fixture->p256, 65), CKR_DATA_LEN_RANGE);
    assert_rv(sign(keys, CKM_ECDSA, fixture->p256, 1), CKR_OK);
    assert_rv(sign(keys, CKM_ECDSA, fixture->p256, 64), CKR_OK);
    assert_sent(fixture, FAKE_KEY_P256, SR_SCHEME_DIGEST, 64);
    assert_rv(sign(keys, CKM_EDDSA, fixture->ed25519, 0), CKR_OK);
    assert_rv(sign(keys, CKM_EDDSA, fixture->ed25519, 1048576), CKR_OK);
    assert_sent(fixture, FAKE_KEY_ED25519, SR_SCHEME_EDDSA, 1048576);
    assert_rv(sign(keys, CKM_EDDSA, fixture->ed25519, 1048577), CKR_DATA_LEN_RANGE);
    assert_rv(sign(accounts, CKM_ECDSA_SHA256, fixture->account, 65536), CKR_OK);
    assert_sent(fixture, FAKE_KEY_ACCOUNT, SR_SCHEME_SHA256, 65536);
    assert_rv(sign(accounts, CKM_ECDSA_SHA256, fixture->account, 65537), CKR_DATA_LEN_RANGE);
    assert_rv(sign(accounts, CKM_SEALRING_PERSONAL_SIGN, fixture->account, 65537),
              CKR_DATA_LEN_RANGE);
}

/* The account's message itself, so that the user can be shown it; the keys' only as a digest. */
static void test_messages(Fixture *fixture, gconstpointer data)
{
    static const struct {
        CK_MECHANISM_TYPE type;
        guint32 scheme;
        gsize digest;
    } rows[] = {
        {CKM_ECDSA_SHA256, SR_SCHEME_SHA256, 32},
        {CKM_ECDSA_SHA384, SR_SCHEME_SHA384, 48},
        {CKM_ECDSA_SHA512, SR_SCHEME_SHA512, 64},
        {CKM_SEALRING_PERSONAL_SIGN, SR_SCHEME_PERSONAL, 0},
        {CKM_SEALRING_SIWE, SR_SCHEME_SIWE, 0},
    };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_rv(sign(fixture->accounts, rows[i].type, fixture->account, 1000), CKR_OK);
        assert_sent(fixture, FAKE_KEY_ACCOUNT, rows[i].scheme, 1000);
        if (rows[i].digest == 0)
            continue;
        assert_rv(sign(fixture->keys, rows[i].type, fixture->p256, 5000000), CKR_OK);
        assert_sent(fixture, FAKE_KEY_P256, SR_SCHEME_DIGEST, rows[i].digest);
    }
}

/* The same data in parts of any size comes to the same. */
static void test_parts(Fixture *fixture, gconstpointer data)
{
    static const CK_MECHANISM_TYPE types[] = {CKM_ECDSA_SHA256, CKM_ECDSA_SHA512, CKM_EDDSA};
    guint8 message[3000];
    guint8 signature[64];
    CK_ULONG size;

    (void)data;
    for (gsize i = 0; i < sizeof message; i++)
        message[i] = (guint8)(i * 7);
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        const CK_OBJECT_HANDLE key = types[t] == CKM_EDDSA ? fixture->ed25519 : fixture->p256;
        g_autoptr(GBytes) whole = NULL;

        begin(fixture->keys, types[t], key);
        size = sizeof signature;
        assert_rv(C_Sign(fixture->keys, message, sizeof message, signature, &size), CKR_OK);
        whole = g_bytes_ref(fixture->sent.data);
        begin(fixture->keys, types[t], key);
        for (gsize at = 0, part = 0; at < sizeof message; at += part) {
            part = MIN(sizeof message - at, at % 501);
            part += part == 0;
            assert_rv(C_SignUpdate(fixture->keys, message + at, part), CKR_OK);
            assert_rv(C_SignUpdate(fixture->keys, NULL, 0), CKR_OK);
        }
        assert_rv(C_SignFinal(fixture->keys, signature, &size), CKR_OK);
        g_assert_true(g_bytes_equal(whole, fixture->sent.data));
    }
}

static void test_parts_too_long(Fixture *fixture, gconstpointer data)
{
    g_autofree guint8 *part = g_malloc0(40000);
    guint8 signature[64];
    CK_ULONG size = sizeof signature;

    (void)data;
    begin(fixture->accounts, CKM_ECDSA_SHA256, fixture->account);
    assert_rv(C_SignUpdate(fixture->accounts, part, 40000), CKR_OK);
    assert_rv(C_SignUpdate(fixture->accounts, part, ~0UL), CKR_DATA_LEN_RANGE);
    assert_rv(C_SignFinal(fixture->accounts, signature, &size), CKR_OPERATION_NOT_INITIALIZED);
    begin(fixture->accounts, CKM_ECDSA_SHA256, fixture->account);
    assert_rv(C_Sign(fixture->accounts, part, ~0UL, signature, &size), CKR_DATA_LEN_RANGE);
}

/* --- verifying ---------------------------------------------------------------------------------
 */

static void begin_verify(const Fixture *fixture, CK_MECHANISM_TYPE type)
{
    CK_MECHANISM mechanism = {.mechanism = type};

    assert_rv(
        C_VerifyInit(fixture->keys, &mechanism, caller_find(fixture->keys, CKO_PUBLIC_KEY, "p256")),
        CKR_OK);
}

static void test_verify(Fixture *fixture, gconstpointer data)
{
    const CK_SESSION_HANDLE session = fixture->keys;
    guint8 digest[32] = {1, 2, 3};
    guint8 signature[64];

    (void)data;
    fake_agent_sign(digest, sizeof digest, signature, sizeof signature);
    begin_verify(fixture, CKM_ECDSA);
    assert_rv(C_Verify(session, digest, sizeof digest, signature, sizeof signature), CKR_OK);
    assert_rv(C_Verify(session, digest, sizeof digest, signature, sizeof signature),
              CKR_OPERATION_NOT_INITIALIZED);
    begin_verify(fixture, CKM_ECDSA);
    assert_rv(C_Verify(session, digest, sizeof digest, signature, 63), CKR_SIGNATURE_LEN_RANGE);
    begin_verify(fixture, CKM_ECDSA);
    assert_rv(C_Verify(session, digest, sizeof digest, NULL, 64), CKR_ARGUMENTS_BAD);
    signature[5] ^= 1;
    begin_verify(fixture, CKM_ECDSA);
    assert_rv(C_Verify(session, digest, sizeof digest, signature, sizeof signature),
              CKR_SIGNATURE_INVALID);
}

static void test_verify_parts(Fixture *fixture, gconstpointer data)
{
    const CK_SESSION_HANDLE session = fixture->keys;
    guint8 message[100] = {0};
    guint8 signature[64];
    CK_ULONG size = sizeof signature;

    (void)data;
    begin(session, CKM_ECDSA_SHA256, fixture->p256);
    assert_rv(C_Sign(session, message, sizeof message, signature, &size), CKR_OK);
    begin_verify(fixture, CKM_ECDSA_SHA256);
    assert_rv(C_VerifyUpdate(session, message, 60), CKR_OK);
    assert_rv(C_VerifyUpdate(session, message, 40), CKR_OK);
    assert_rv(C_VerifyFinal(session, signature, size), CKR_OK);
    begin_verify(fixture, CKM_ECDSA_SHA256);
    assert_rv(C_VerifyUpdate(session, message, 99), CKR_OK);
    assert_rv(C_Verify(session, message, 1, signature, size), CKR_OPERATION_NOT_INITIALIZED);
    begin_verify(fixture, CKM_ECDSA_SHA256);
    assert_rv(C_VerifyUpdate(session, message, 99), CKR_OK);
    assert_rv(C_VerifyFinal(session, signature, size), CKR_SIGNATURE_INVALID);
    assert_rv(C_VerifyFinal(session, signature, size), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_VerifyUpdate(session, message, 99), CKR_OPERATION_NOT_INITIALIZED);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(Fixture *fixture, gconstpointer data);
    } tests[] = {
        {"/pkcs11/signatures/init", test_init},
        {"/pkcs11/signatures/not-logged-in", test_not_logged_in},
        {"/pkcs11/signatures/active-operation", test_active},
        {"/pkcs11/signatures/sizes", test_sizes},
        {"/pkcs11/signatures/one-part-after-parts", test_parts_do_not_mix},
        {"/pkcs11/signatures/limits", test_limits},
        {"/pkcs11/signatures/message-or-digest", test_messages},
        {"/pkcs11/signatures/parts", test_parts},
        {"/pkcs11/signatures/parts-too-long", test_parts_too_long},
        {"/pkcs11/signatures/verify", test_verify},
        {"/pkcs11/signatures/verify-in-parts", test_verify_parts},
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
    return g_test_run();
}
