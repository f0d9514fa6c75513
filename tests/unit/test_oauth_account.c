#include "oauth/account.h"

#include "base/encoding.h"
#include "base/error.h"
#include "support/secret_text.h"

#define ID "AAAAAAAAAAAAAAAAAAAAAA"

static SrAccount *make_account(void)
{
    SrAccount *account = sr_account_new();
    guint8 key[32];

    memset(key, 7, sizeof key);
    account->id = g_strdup(ID);
    account->name = g_strdup("ada@example.org \xe2\x98\x83 \"op\".example");
    account->issuer = g_strdup("https://op.example/api/auth");
    account->client_id = g_strdup("ok_1");
    account->subject = g_strdup("248289761001");
    account->scope = g_strdup("openid offline_access");
    account->caller = g_strdup("cli");
    account->origin = g_strdup("https://app.example");
    account->state = SR_ACCOUNT_NEEDS_LOGIN;
    account->cause = g_strdup("invalid_grant");
    account->is_dpop = TRUE;
    account->generation = 12;
    account->created = 1700000000;
    account->received = 1700000100;
    account->expires = 1700000400;
    account->access_token = sr_test_secret("AcC.eS/s");
    account->refresh_token = sr_test_secret("ReFrEsH");
    account->dpop_key = sr_secret_new_copy(key, sizeof key, NULL);
    return account;
}

static void assert_equal(const SrAccount *a, const SrAccount *b)
{
    g_assert_cmpstr(a->id, ==, b->id);
    g_assert_cmpstr(a->name, ==, b->name);
    g_assert_cmpstr(a->issuer, ==, b->issuer);
    g_assert_cmpstr(a->client_id, ==, b->client_id);
    g_assert_cmpstr(a->subject, ==, b->subject);
    g_assert_cmpstr(a->scope, ==, b->scope);
    g_assert_cmpstr(a->caller, ==, b->caller);
    g_assert_cmpstr(a->origin, ==, b->origin);
    g_assert_cmpint(a->state, ==, b->state);
    g_assert_cmpstr(a->cause, ==, b->cause);
    g_assert_cmpint(a->is_dpop, ==, b->is_dpop);
    g_assert_cmpint(a->generation, ==, b->generation);
    g_assert_cmpint(a->created, ==, b->created);
    g_assert_cmpint(a->received, ==, b->received);
    g_assert_cmpint(a->expires, ==, b->expires);
}

static void test_there_and_back(void)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrSecret) line = sr_account_write(account, NULL);
    g_autoptr(SrAccount) read = NULL;
    g_autoptr(SrSecret) again = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(g_str_has_prefix(sr_test_secret_text(line), "1."));
    g_assert_cmpuint(strspn(sr_test_secret_text(line),
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
                     ==, sr_secret_size(line));
    read = sr_account_read(ID, line, &error);
    g_assert_no_error(error);
    assert_equal(account, read);
    sr_assert_secret(read->access_token, "AcC.eS/s");
    sr_assert_secret(read->refresh_token, "ReFrEsH");
    g_assert_true(sr_secret_equal(read->dpop_key, account->dpop_key));
    again = sr_account_write(read, NULL);
    g_assert_true(sr_secret_equal(line, again));
}

static void test_least(void)
{
    g_autoptr(SrAccount) account = sr_account_new();
    g_autoptr(SrSecret) line = sr_account_write(account, NULL);
    g_autoptr(SrAccount) read = sr_account_read(ID, line, NULL);

    g_assert_nonnull(read);
    g_assert_cmpstr(read->id, ==, ID);
    g_assert_cmpstr(read->name, ==, "");
    g_assert_null(read->subject);
    g_assert_null(read->cause);
    g_assert_null(read->access_token);
    g_assert_null(read->refresh_token);
    g_assert_null(read->dpop_key);
    g_assert_cmpint(read->state, ==, SR_ACCOUNT_GOOD);
    g_assert_true(g_str_has_suffix(sr_test_secret_text(line), "..."));
}

static void test_states(void)
{
    static const char *const names[] = {"good", "in-flight", "uncertain", "needs-login"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(SrAccount) account = make_account();
        g_autoptr(SrSecret) line = NULL;
        g_autoptr(SrAccount) read = NULL;

        account->state = (SrAccountState)i;
        g_assert_cmpstr(sr_account_state_name(account->state), ==, names[i]);
        line = sr_account_write(account, NULL);
        read = sr_account_read(ID, line, NULL);
        g_assert_cmpint(read->state, ==, account->state);
        /* A cause is of the last state only. */
        g_assert_cmpstr(read->cause, ==,
                        account->state == SR_ACCOUNT_NEEDS_LOGIN ? "invalid_grant" : NULL);
    }
}

static void test_times_out_of_range(void)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrSecret) line = NULL;
    g_autoptr(SrAccount) read = NULL;

    account->expires = G_MAXINT64;
    account->received = -5;
    line = sr_account_write(account, NULL);
    read = sr_account_read(ID, line, NULL);
    g_assert_nonnull(read);
    g_assert_cmpint(read->expires, ==, G_GINT64_CONSTANT(9007199254740991));
    g_assert_cmpint(read->received, ==, 0);
}

#define FACTS                                                                                      \
    "\"name\":\"n\",\"issuer\":\"i\",\"clientId\":\"c\",\"scope\":\"s\",\"caller\":\"cli\","       \
    "\"origin\":\"cli\",\"state\":\"good\""

/* "1.FACTS." and @rest. */
static SrSecret *line_of(const char *facts, const char *rest)
{
    g_autofree char *encoded = sr_base64url_encode((const guint8 *)facts, strlen(facts));
    g_autofree char *line = g_strconcat("1.", encoded, rest, NULL);

    return sr_test_secret(line);
}

static void test_newer_facts(void)
{
    g_autoptr(SrSecret) line = line_of("{" FACTS ",\"newer\":{\"a\":[1]}}", ".YQ.Yg.");
    g_autoptr(SrAccount) account = sr_account_read(ID, line, NULL);

    g_assert_nonnull(account);
    sr_assert_secret(account->refresh_token, "a");
    sr_assert_secret(account->access_token, "b");
}

static void assert_corrupt(const SrSecret *line)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_account_read(ID, line, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    g_assert_nonnull(strstr(error->message, ID));
}

static void test_corrupt_facts(void)
{
    static const char *const facts[] = {
        "",
        "[]",
        "null",
        "{}",
        "{" FACTS,
        "{" FACTS ",\"state\":\"good\"}",
        "{\"name\":\"n\",\"issuer\":\"i\",\"clientId\":\"c\",\"scope\":\"s\",\"caller\":\"cli\","
        "\"origin\":\"cli\",\"state\":\"better\"}",
        "{\"name\":\"n\",\"issuer\":\"i\",\"clientId\":\"c\",\"scope\":\"s\",\"caller\":\"cli\","
        "\"state\":\"good\"}",
        "{" FACTS ",\"subject\":5}",
        "{" FACTS ",\"dpop\":\"no\"}",
        "{" FACTS ",\"dpop\":true}",
        "{" FACTS ",\"expires\":-1}",
        "{" FACTS ",\"expires\":1.5}",
        "{" FACTS ",\"generation\":\"1\"}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
        g_autoptr(SrSecret) line = line_of(facts[i], "...");

        assert_corrupt(line);
    }
}

static void test_corrupt_parts(void)
{
    static const char *const rests[] = {
        "",     ".",     "..",        "....",   ".YQ=..", ".Y..",   ".YR..",   ".Y Q..",
        "..Y.", "...YQ", ".YQ.Yg.\n", ".ICA..", "..Cg.",  ".w6Q..", "...AAAA",
    };
    g_autoptr(SrSecret) nothing = sr_test_secret("");
    g_autoptr(SrSecret) other = sr_test_secret("2.e30...");
    g_autoptr(SrSecret) base64 = sr_test_secret("1.e30=...");

    for (gsize i = 0; i < G_N_ELEMENTS(rests); i++) {
        g_autoptr(SrSecret) line = line_of("{" FACTS "}", rests[i]);

        assert_corrupt(line);
    }
    assert_corrupt(nothing);
    assert_corrupt(other);
    assert_corrupt(base64);
}

static void test_every_cut(void)
{
    g_autoptr(SrAccount) account = make_account();
    g_autoptr(SrSecret) line = sr_account_write(account, NULL);
    gsize dots = 0;

    for (gsize size = 0; size < sr_secret_size(line); size++) {
        g_autoptr(SrSecret) part = sr_secret_new_copy(sr_secret_peek(line), size, NULL);

        dots += size > 0 && sr_secret_peek(line)[size - 1] == '.';
        /* Cut right behind the last dot it would be an account without its key: dpop says no. */
        assert_corrupt(part);
    }
    g_assert_cmpuint(dots, ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-account/there-and-back", test_there_and_back);
    g_test_add_func("/oauth-account/an-empty-one", test_least);
    g_test_add_func("/oauth-account/states-and-their-cause", test_states);
    g_test_add_func("/oauth-account/times-out-of-range-are-cut", test_times_out_of_range);
    g_test_add_func("/oauth-account/facts-of-a-newer-version", test_newer_facts);
    g_test_add_func("/oauth-account/damaged-facts", test_corrupt_facts);
    g_test_add_func("/oauth-account/damaged-parts", test_corrupt_parts);
    g_test_add_func("/oauth-account/cut-anywhere", test_every_cut);
    return g_test_run();
}
