/* The OAuth accounts that the agent has at hand: finding them, how long their tokens last, and that
 * tokens are not in ordinary memory. */
#include "agent/accounts.h"
#include "base/error.h"
#include "support/secret_text.h"

#include <string.h>

#define TOKEN "access-token-of-the-test"

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* One whose token came @age seconds ago for @lifetime seconds. */
static SrAccount *make_account(const char *id, gint64 age, gint64 lifetime)
{
    SrAccount *account = sr_account_new();

    account->id = g_strdup(id);
    account->name = g_strdup("ada at op.example");
    account->issuer = g_strdup("https://op.example");
    account->client_id = g_strdup("ok_1");
    account->scope = g_strdup("openid");
    account->caller = g_strdup("cli");
    account->origin = g_strdup("cli");
    account->received = now() - age;
    account->expires = account->received + lifetime;
    account->access_token = sr_test_secret(TOKEN);
    return account;
}

static SrAccountInfo *make_info(SrAccounts *accounts, SrAccount *owned_account)
{
    g_autoptr(SrAccount) account = owned_account;
    g_autoptr(SrSecret) key = sr_accounts_key(accounts, NULL);
    SrAccountInfo *info = sr_account_info_new(account, key, NULL);

    g_assert_nonnull(info);
    return info;
}

static void test_found_until_forgotten(void)
{
    g_autoptr(SrAccounts) accounts = sr_accounts_new();
    g_autoptr(GPtrArray) infos = g_ptr_array_new();

    g_assert_false(sr_accounts_is_loaded(accounts));
    g_ptr_array_add(infos, make_info(accounts, make_account("one", 0, 300)));
    g_ptr_array_add(infos, make_info(accounts, make_account("two", 0, 300)));
    sr_accounts_load(accounts, infos);
    g_assert_true(sr_accounts_is_loaded(accounts));
    g_assert_cmpstr(sr_accounts_get(accounts, "two")->id, ==, "two");
    sr_accounts_remove(accounts, "two");
    g_assert_null(sr_accounts_get(accounts, "two"));
    sr_accounts_clear(accounts);
    g_assert_null(sr_accounts_get(accounts, "one"));
    g_assert_false(sr_accounts_is_loaded(accounts));
}

static void test_listed_by_age(void)
{
    static const struct {
        const char *id;
        gint64 created;
    } made[] = {{"a", 30}, {"d", 20}, {"c", 20}, {"b", 10}};
    g_autoptr(SrAccounts) accounts = sr_accounts_new();
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GString) order = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(made); i++) {
        SrAccount *account = make_account(made[i].id, 0, 300);

        account->created = made[i].created;
        sr_accounts_set(accounts, make_info(accounts, account));
    }
    list = sr_accounts_list(accounts);
    for (guint i = 0; i < list->len; i++)
        g_string_append(order, ((const SrAccountInfo *)list->pdata[i])->id);
    g_assert_cmpstr(order->str, ==, "bcda");
}

static gboolean has_text(const void *bytes, gsize size)
{
    return memmem(bytes, size, TOKEN, strlen(TOKEN)) != NULL;
}

static void test_tokens_are_sealed(void)
{
    g_autoptr(SrAccounts) accounts = sr_accounts_new();
    g_autoptr(SrAccounts) others = sr_accounts_new();
    g_autoptr(SrAccountInfo) info = make_info(accounts, make_account("one", 0, 300));
    g_autoptr(SrSecret) token = sr_accounts_token(accounts, info, NULL);
    g_autoptr(GError) error = NULL;

    sr_assert_secret(token, TOKEN);
    g_assert_false(has_text(info->sealed->data, info->sealed->len));
    g_assert_null(sr_accounts_token(others, info, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    /* That of one account is none of another. */
    g_free(info->id);
    info->id = g_strdup("two");
    g_clear_error(&error);
    g_assert_null(sr_accounts_token(accounts, info, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

static void test_the_time_that_is_left(void)
{
    static const struct {
        gint64 age;
        gint64 lifetime;
        gint64 left;
    } cases[] = {
        {0, 300, 300}, {100, 300, 200}, {300, 300, 0}, {4000, 300, 0}, {-1000, 300, 0}, {0, 0, 0},
    };
    g_autoptr(SrAccounts) accounts = sr_accounts_new();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SrAccountInfo) info =
            make_info(accounts, make_account("one", cases[i].age, cases[i].lifetime));
        const gint64 left = sr_account_info_remaining(info);

        g_assert_cmpint(left, <=, cases[i].left);
        g_assert_cmpint(left, >=, MAX(0, cases[i].left - 2));
        g_assert_cmpint(sr_account_info_has_token(info), ==, cases[i].left > 0);
    }
}

static void test_no_token_has_no_time(void)
{
    g_autoptr(SrAccounts) accounts = sr_accounts_new();
    SrAccount *account = make_account("one", 0, 300);
    g_autoptr(SrAccountInfo) info = NULL;

    g_clear_pointer(&account->access_token, sr_secret_free);
    info = make_info(accounts, account);
    g_assert_cmpint(sr_account_info_remaining(info), ==, 0);
    g_assert_false(sr_account_info_has_token(info));
}

/* The clock on the wall was set by an hour after the token had come; then its record is read again.
 */
static void test_a_token_keeps_its_end_when_the_clock_is_set(void)
{
    static const gint64 steps[] = {3600, -3600};

    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autoptr(SrAccounts) accounts = sr_accounts_new();
        SrAccountInfo *before = make_info(accounts, make_account("one", 0, 300));
        SrAccount *account = make_account("one", -steps[i], 300);
        const SrAccountInfo *info;

        before->expires = account->expires;
        sr_accounts_set(accounts, before);
        account->state = SR_ACCOUNT_UNCERTAIN;
        sr_accounts_set(accounts, make_info(accounts, account));
        info = sr_accounts_get(accounts, "one");
        g_assert_cmpint(info->state, ==, SR_ACCOUNT_UNCERTAIN);
        g_assert_cmpint(sr_account_info_remaining(info), >=, 298);
        g_assert_cmpint(sr_account_info_remaining(info), <=, 300);
        /* A new one is counted from when it came. */
        sr_accounts_set(accounts, make_info(accounts, make_account("one", 0, 60)));
        g_assert_cmpint(sr_account_info_remaining(sr_accounts_get(accounts, "one")), <=, 60);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accounts/found-until-forgotten", test_found_until_forgotten);
    g_test_add_func("/accounts/listed-by-age", test_listed_by_age);
    g_test_add_func("/accounts/tokens-are-sealed", test_tokens_are_sealed);
    g_test_add_func("/accounts/the-time-that-is-left", test_the_time_that_is_left);
    g_test_add_func("/accounts/no-token-has-no-time", test_no_token_has_no_time);
    g_test_add_func("/accounts/a-token-keeps-its-end-when-the-clock-is-set",
                    test_a_token_keeps_its_end_when_the_clock_is_set);
    return g_test_run();
}
