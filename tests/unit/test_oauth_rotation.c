/* What the answer to a refresh makes of an account: when its refresh token is kept, and when the
 * person must sign in again. */
#include "base/error.h"
#include "oauth/rotation.h"
#include "support/secret_text.h"

#define NOW 1700000000

static SrAccount *make_account(void)
{
    SrAccount *account = sr_account_new();

    account->id = g_strdup("AAAAAAAAAAAAAAAAAAAAAA");
    account->name = g_strdup("ada at op.example");
    account->scope = g_strdup("openid offline_access");
    account->state = SR_ACCOUNT_IN_FLIGHT;
    account->generation = 7;
    account->received = NOW - 300;
    account->expires = NOW + 60;
    account->access_token = sr_test_secret("old-access");
    account->refresh_token = sr_test_secret("old-refresh");
    return account;
}

static SrTokens *make_tokens(const char *access, const char *refresh)
{
    SrTokens *tokens = g_new0(SrTokens, 1);

    tokens->access_token = access ? sr_test_secret(access) : NULL;
    tokens->refresh_token = refresh ? sr_test_secret(refresh) : NULL;
    tokens->expires_in = -1;
    return tokens;
}

/* What an account has come to. */
typedef struct {
    SrAccountState state;
    const char *access; /* NULL: none */
    const char *refresh;
    int error; /* -1: none */
    gboolean must_keep;
} Outcome;

static void assert_text(const SrSecret *secret, const char *text)
{
    g_assert_cmpstr(sr_test_secret_text(secret), ==, text);
}

/* Apply an answer to @account, with the error @code that judging it gave (-1: none). */
static void assert_apply(SrAccount *account, SrRotation rotation, SrTokens *tokens, int code,
                         Outcome expected)
{
    g_autoptr(GError) error = NULL;
    const gint64 generation = account->generation;

    rotation.now = NOW;
    if (code >= 0)
        sr_error_set(&error, (SrErrorCode)code, "the provider said so");
    g_assert_cmpint(sr_rotation_apply(account, &rotation, tokens, &error), ==, expected.must_keep);
    if (expected.error >= 0)
        g_assert_error(error, SR_ERROR, expected.error);
    else
        g_assert_no_error(error);
    g_assert_cmpint(account->state, ==, expected.state);
    g_assert_cmpint(account->generation, ==, generation + 1);
    assert_text(account->access_token, expected.access);
    assert_text(account->refresh_token, expected.refresh);
    g_assert_cmpint(account->cause != NULL, ==, expected.state == SR_ACCOUNT_NEEDS_LOGIN);
}

static void check(SrRotation rotation, SrTokens *owned_tokens, int code, Outcome expected)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrTokens) tokens = owned_tokens;

    assert_apply(account, rotation, tokens, code, expected);
}

static void test_new_tokens_replace_the_old_ones(void)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrTokens) tokens = make_tokens("new-access", "new-refresh");
    const Outcome expected = {SR_ACCOUNT_GOOD, "new-access", "new-refresh", -1, TRUE};

    tokens->expires_in = 120;
    tokens->scope = g_strdup("openid");
    assert_apply(account, (SrRotation){.verdict = SR_VERDICT_TOKENS}, tokens, -1, expected);
    g_assert_cmpint(account->received, ==, NOW);
    g_assert_cmpint(account->expires, ==, NOW + 120);
    g_assert_cmpstr(account->scope, ==, "openid");
}

static void test_what_an_answer_leaves_out_stays(void)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrTokens) tokens = make_tokens("new-access", NULL);
    const Outcome expected = {SR_ACCOUNT_GOOD, "new-access", "old-refresh", -1, TRUE};

    assert_apply(account, (SrRotation){.verdict = SR_VERDICT_TOKENS}, tokens, -1, expected);
    g_assert_cmpint(account->expires, ==, NOW + 300);
    g_assert_cmpstr(account->scope, ==, "openid offline_access");
}

static void test_another_type_of_token_is_not_shown(void)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrTokens) tokens = make_tokens("new-access", "new-refresh");
    g_autoptr(SrTokens) more = make_tokens("newer-access", "newer-refresh");
    const SrRotation rotation = {.verdict = SR_VERDICT_TOKENS};
    g_autoptr(SrSecret) line = NULL;
    g_autoptr(SrAccount) read = NULL;

    tokens->is_dpop = TRUE;
    assert_apply(account, rotation, tokens, -1,
                 (Outcome){SR_ACCOUNT_GOOD, NULL, "new-refresh", SR_ERROR_PROVIDER_ERROR, TRUE});
    line = sr_account_write(account, NULL);
    read = sr_account_read(account->id, line, NULL);
    g_assert_nonnull(read); /* one that is bound to a key that is not there could not be read */
    assert_apply(account, rotation, more, -1,
                 (Outcome){SR_ACCOUNT_GOOD, "newer-access", "newer-refresh", -1, TRUE});
}

static void test_a_refused_token_ends_the_session(void)
{
    const Outcome expected = {SR_ACCOUNT_NEEDS_LOGIN, NULL, NULL, SR_ERROR_LOGIN_REQUIRED, FALSE};
    const SrRotation once = {.verdict = SR_VERDICT_INVALID_GRANT};
    const SrRotation twice = {.verdict = SR_VERDICT_INVALID_GRANT, .was_sent = TRUE};
    g_autoptr(SrAccount) ended = make_account();
    g_autoptr(SrAccount) lost = make_account();

    assert_apply(ended, once, NULL, SR_ERROR_LOGIN_REQUIRED, expected);
    g_assert_cmpstr(ended->cause, ==, "the provider has ended the session");
    assert_apply(lost, twice, NULL, SR_ERROR_LOGIN_REQUIRED, expected);
    g_assert_cmpstr(lost->cause, ==, "the provider's answer to a refresh was lost");
}

static void test_a_lost_answer_is_uncertain_and_a_second_one_the_end(void)
{
    check((SrRotation){.verdict = SR_VERDICT_UNKNOWN, .is_lost = TRUE}, NULL,
          SR_ERROR_NETWORK_ERROR,
          (Outcome){SR_ACCOUNT_UNCERTAIN, "old-access", "old-refresh", SR_ERROR_NETWORK_ERROR,
                    FALSE});
    check((SrRotation){.verdict = SR_VERDICT_UNKNOWN, .is_lost = TRUE, .was_sent = TRUE}, NULL,
          SR_ERROR_NETWORK_ERROR,
          (Outcome){SR_ACCOUNT_NEEDS_LOGIN, NULL, NULL, SR_ERROR_LOGIN_REQUIRED, FALSE});
}

/* oauth.md 19: 408, 5xx and a page keep the credentials, however often they come. */
static void test_a_server_that_fails_again_and_again_ends_nothing(void)
{
    g_autoptr(SrAccount) account = make_account();

    for (gboolean again = FALSE; again <= TRUE; again++)
        assert_apply(account, (SrRotation){.verdict = SR_VERDICT_UNKNOWN, .was_sent = again}, NULL,
                     SR_ERROR_PROVIDER_ERROR,
                     (Outcome){SR_ACCOUNT_UNCERTAIN, "old-access", "old-refresh",
                               SR_ERROR_PROVIDER_ERROR, FALSE});
}

static void test_a_refresh_token_in_a_wrong_answer_is_kept(void)
{
    for (gboolean again = FALSE; again <= TRUE; again++)
        check(
            (SrRotation){.verdict = SR_VERDICT_UNKNOWN, .was_sent = again},
            make_tokens(NULL, "new-refresh"), SR_ERROR_PROVIDER_ERROR,
            (Outcome){SR_ACCOUNT_GOOD, "old-access", "new-refresh", SR_ERROR_PROVIDER_ERROR, TRUE});
}

static void test_what_was_not_used_up_is_as_before(void)
{
    static const SrVerdict verdicts[] = {SR_VERDICT_REFUSED, SR_VERDICT_BUSY, SR_VERDICT_DENIED,
                                         SR_VERDICT_DPOP_NONCE};

    for (gsize i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        check((SrRotation){.verdict = verdicts[i]}, NULL, SR_ERROR_PROVIDER_ERROR,
              (Outcome){SR_ACCOUNT_GOOD, "old-access", "old-refresh", SR_ERROR_PROVIDER_ERROR,
                        FALSE});
        check((SrRotation){.verdict = verdicts[i], .was_sent = TRUE}, NULL, SR_ERROR_PROVIDER_ERROR,
              (Outcome){SR_ACCOUNT_UNCERTAIN, "old-access", "old-refresh", SR_ERROR_PROVIDER_ERROR,
                        FALSE});
    }
}

static void test_what_is_left_of_a_token(void)
{
    g_autoptr(SrAccount) account = make_account();

    g_assert_cmpint(sr_account_left(account, NOW), ==, 60);
    g_assert_cmpint(sr_account_left(account, NOW + 60), ==, 0);
    g_assert_cmpint(sr_account_left(account, NOW - 300), ==, 360);
    g_assert_cmpint(sr_account_left(account, NOW - 301), ==, 0); /* the clock was set back */
    g_clear_pointer(&account->access_token, sr_secret_free);
    g_assert_cmpint(sr_account_left(account, NOW), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rotation/new-tokens-replace-the-old-ones",
                    test_new_tokens_replace_the_old_ones);
    g_test_add_func("/rotation/what-an-answer-leaves-out-stays",
                    test_what_an_answer_leaves_out_stays);
    g_test_add_func("/rotation/another-type-of-token-is-not-shown",
                    test_another_type_of_token_is_not_shown);
    g_test_add_func("/rotation/a-refused-token-ends-the-session",
                    test_a_refused_token_ends_the_session);
    g_test_add_func("/rotation/a-lost-answer-is-uncertain-and-a-second-one-the-end",
                    test_a_lost_answer_is_uncertain_and_a_second_one_the_end);
    g_test_add_func("/rotation/a-server-that-fails-again-and-again-ends-nothing",
                    test_a_server_that_fails_again_and_again_ends_nothing);
    g_test_add_func("/rotation/a-refresh-token-in-a-wrong-answer-is-kept",
                    test_a_refresh_token_in_a_wrong_answer_is_kept);
    g_test_add_func("/rotation/what-was-not-used-up-is-as-before",
                    test_what_was_not_used_up_is_as_before);
    g_test_add_func("/account/what-is-left-of-a-token", test_what_is_left_of_a_token);
    return g_test_run();
}
