/* Whether a stored session still is what was signed: sessions with real keys, one thing changed. */
#include "tinycloud/session_check.h"

#include "support/sanitizer.h"
#include "support/session_maker.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT(seconds) ((seconds)*G_USEC_PER_SEC)

static void assert_verdict(const SrSession *session, gint64 now, SrSessionVerdict verdict,
                           const char *problem)
{
    SrDelegation *delegation = (SrDelegation *)&delegation; /* must be set in any case */
    const char *found;

    g_assert_cmpint(sr_session_check(session, now, &delegation, &found), ==, verdict);
    g_assert_cmpstr(found, ==, problem);
    g_assert_cmpint(delegation != NULL, ==,
                    verdict == SR_SESSION_GOOD && session->kind != SR_SESSION_KEY_ONLY);
    sr_delegation_free(delegation);
    g_assert_cmpint(sr_session_check(session, now, NULL, &found), ==, verdict);
}

static void assert_good(const SrSession *session, gint64 now)
{
    assert_verdict(session, now, SR_SESSION_GOOD, NULL);
}

static void assert_broken(const SrSession *session, const char *problem)
{
    assert_verdict(session, AT(TEST_START), SR_SESSION_BROKEN, problem);
}

static void test_good(void)
{
    g_autoptr(SrSession) signed_in = test_session(&(TestSignIn){0});
    g_autoptr(SrSession) delegated = test_delegated_session();
    SrDelegation *delegation;
    const char *problem;

    assert_good(signed_in, AT(TEST_START));
    assert_good(delegated, AT(TEST_START));
    g_assert_cmpint(sr_session_check(signed_in, AT(TEST_START), &delegation, &problem), ==,
                    SR_SESSION_GOOD);
    g_assert_cmpstr(delegation->cid, ==, signed_in->cid);
    g_assert_cmpint(delegation->expires, ==, TEST_END);
    sr_delegation_free(delegation);
}

static void test_key_only(void)
{
    g_autoptr(SrSession) session = sr_session_generate("cli", "cli", 0, NULL);
    g_autoptr(SrSession) signed_in = test_session(&(TestSignIn){0});

    assert_good(session, 0);
    assert_good(session, G_MAXINT64);
    /* A delegation that it must not have gives nothing. */
    session->header = g_strdup(signed_in->header);
    assert_good(session, AT(TEST_START));
    sr_secret_data(session->private_key)[0] ^= 1;
    assert_broken(session, "the session key is not the one of its DID");
}

static void test_end(void)
{
    g_autoptr(SrSession) whole = test_session(&(TestSignIn){0});
    g_autoptr(SrSession) part =
        test_session(&(TestSignIn){.expiration = "2026-06-22T12:00:00.900Z"});
    g_autoptr(SrSession) east =
        test_session(&(TestSignIn){.expiration = "2026-06-22T14:00:00+02:00"});
    g_autoptr(SrSession) delegated = test_delegated_session();
    const SrSession *const sessions[] = {whole, part, east, delegated};

    for (gsize i = 0; i < G_N_ELEMENTS(sessions); i++) {
        assert_good(sessions[i], AT(TEST_END) - 1);
        assert_verdict(sessions[i], AT(TEST_END), SR_SESSION_EXPIRED, "the session has expired");
        assert_verdict(sessions[i], G_MAXINT64, SR_SESSION_EXPIRED, "the session has expired");
    }
}

static void test_start(void)
{
    g_autoptr(SrSession) whole =
        test_session(&(TestSignIn){.not_before = "2026-06-21T13:00:00.000Z"});
    g_autoptr(SrSession) part =
        test_session(&(TestSignIn){.not_before = "2026-06-21T12:59:59.001Z"});
    const SrSession *const sessions[] = {whole, part};

    for (gsize i = 0; i < G_N_ELEMENTS(sessions); i++) {
        assert_verdict(sessions[i], AT(TEST_START + 3600) - 1, SR_SESSION_EXPIRED,
                       "the session is not valid yet");
        assert_good(sessions[i], AT(TEST_START + 3600));
    }
}

/* No end is an end that no session may have, however its own end is written. */
static void test_no_end(void)
{
    g_autoptr(SrSession) endless = test_session(&(TestSignIn){.expiration = ""});
    g_autoptr(SrSession) epoch =
        test_session(&(TestSignIn){.expiration = "1970-01-01T00:00:00.000Z"});

    g_free(endless->expires_at);
    endless->expires_at = g_strdup("1970-01-01T00:00:00.000Z");
    assert_broken(endless, "the session's end is not the signed one");
    assert_broken(epoch, "the delegation does not verify");
}

/* --- members of another session ------------------------------------------------------------- */

typedef struct {
    const char *name;
    gsize offset;
    const char *problem;
} Exchange;

#define MEMBER(name, problem)                                                                      \
    {                                                                                              \
#name, G_STRUCT_OFFSET(SrSession, name), problem                                           \
    }

static const Exchange exchanges[] = {
    MEMBER(did, "the session key is not the one of its DID"),
    MEMBER(private_key, "the session key is not the one of its DID"),
    MEMBER(siwe, "the delegation is not made of its message and signature"),
    MEMBER(signature, "the delegation is not made of its message and signature"),
    MEMBER(header, "the delegation has another CID"),
    MEMBER(cid, "the delegation has another CID"),
    MEMBER(space_id, "the capabilities do not cover the session's space"),
    MEMBER(expires_at, "the session's end is not the signed one"),
};

static void exchange(SrSession *a, SrSession *b, gsize offset)
{
    gpointer *first = G_STRUCT_MEMBER_P(a, offset);
    gpointer *second = G_STRUCT_MEMBER_P(b, offset);
    gpointer kept = *first;

    *first = *second;
    *second = kept;
}

static void test_exchange(gconstpointer data)
{
    const Exchange *member = data;
    g_autoptr(SrSession) session = test_session(&(TestSignIn){0});
    g_autoptr(SrSession) other = test_session(&(TestSignIn){
        .wallet = 2,
        .session_seed = 0x44,
        .attenuations =
            "{\"tinycloud:pkh:eip155:1:0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF:default/kv\":"
            "{\"tinycloud.kv/get\":[{}]}}",
        .expiration = "2026-06-23T12:00:00.000Z",
        .nonce = "anothernonce",
    });

    assert_good(other, AT(TEST_START));
    exchange(session, other, member->offset);
    assert_broken(session, member->problem);
    assert_broken(other, member->problem);
    exchange(session, other, member->offset);
    assert_good(session, AT(TEST_START));
}

/* The delegation of somebody else's key, with its CID, message and signature. */
static void test_other_audience(void)
{
    g_autoptr(SrSession) session = test_session(&(TestSignIn){0});
    g_autoptr(SrSession) other = test_session(&(TestSignIn){.session_seed = 0x44});

    exchange(session, other, G_STRUCT_OFFSET(SrSession, did));
    exchange(session, other, G_STRUCT_OFFSET(SrSession, private_key));
    assert_broken(session, "the delegation is to another key");
}

static void test_other_portable(void)
{
    g_autoptr(SrSession) session = test_delegated_session();
    SrJson *header = json_object_object_get(session->portable, "delegationHeader");

    sr_json_add_string(header, "Authorization", "x");
    assert_broken(session, "the portable delegation holds another one");
    json_object_object_del(session->portable, "delegationHeader");
    assert_broken(session, "the portable delegation holds another one");
}

/* What no record can lack, should somebody make one by hand. */
static void test_not_there(void)
{
    g_autoptr(SrSession) session = test_session(&(TestSignIn){0});

    g_clear_pointer(&session->header, g_free);
    assert_broken(session, "the delegation does not verify");
}

/* Characters all over header, signature and message count. */
static void test_changed(void)
{
    g_autoptr(SrSession) session = test_session(&(TestSignIn){0});
    char *const texts[] = {session->header, session->signature, session->siwe};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        const gsize length = strlen(texts[i]);

        for (gsize at = 2; at < length; at += 7) {
            const char kept = texts[i][at];
            const char *problem;

            texts[i][at] = kept == '1' ? '2' : '1';
            g_assert_cmpint(sr_session_check(session, AT(TEST_START), NULL, &problem), ==,
                            SR_SESSION_BROKEN);
            texts[i][at] = kept;
        }
    }
}

/* The signature with the other v is good for an address, but it is not what was made here. */
static void test_other_v(void)
{
    g_autoptr(SrSession) session = test_session(&(TestSignIn){0});
    const gsize last = strlen(session->signature) - 1;

    g_assert_true(g_str_has_suffix(session->signature, "1b") ||
                  g_str_has_suffix(session->signature, "1c"));
    session->signature[last] = session->signature[last] == 'b' ? '0' : '1';
    session->signature[last - 1] = '0';
    assert_broken(session, "the delegation is not made of its message and signature");
    g_free(session->header);
    session->header = test_cacao_header(1, session->siwe, 27);
    assert_broken(session, "the delegation has another CID");
}

/* It must not be called broken, and signed out, because memory is short for a moment. In a child,
 * for the limit cannot be raised again. */
static void test_no_lockable_memory(void)
{
    const struct rlimit none = {0};
    g_autoptr(SrSession) session = test_session(&(TestSignIn){0});
    pid_t child;
    int status;

    if (UNDER_ASAN) {
        g_test_skip("the sanitizer does not lock memory");
        return;
    }
    child = fork();
    if (child == 0) {
        const char *problem;

        /* Root may lock without limit. */
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        setrlimit(RLIMIT_MEMLOCK, &none);
        _exit(sr_session_check(session, AT(TEST_START), NULL, &problem) == SR_SESSION_UNCHECKED
                  ? 0
                  : 3);
    }
    waitpid(child, &status, 0);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session-check/what-was-signed-is-good", test_good);
    g_test_add_func("/session-check/a-key-alone-is-good-and-gives-nothing", test_key_only);
    g_test_add_func("/session-check/it-is-over-at-the-second-of-its-end", test_end);
    g_test_add_func("/session-check/it-is-not-valid-before-its-start", test_start);
    g_test_add_func("/session-check/it-must-have-an-end", test_no_end);
    g_test_add_func("/session-check/without-memory-to-lock-nothing-is-said",
                    test_no_lockable_memory);
    for (gsize i = 0; i < G_N_ELEMENTS(exchanges); i++) {
        g_autofree char *path = g_strconcat("/session-check/exchanged/", exchanges[i].name, NULL);

        g_test_add_data_func(path, &exchanges[i], test_exchange);
    }
    g_test_add_func("/session-check/the-delegation-is-to-its-key", test_other_audience);
    g_test_add_func("/session-check/the-portable-delegation-is-its-own", test_other_portable);
    g_test_add_func("/session-check/without-a-delegation-it-is-broken", test_not_there);
    g_test_add_func("/session-check/changed-texts-are-found", test_changed);
    g_test_add_func("/session-check/a-signature-with-another-v-is-another-one", test_other_v);
    return g_test_run();
}
