/* What is done with OAuth accounts on the store's thread, in a vault and in a real gnome-keyring:
 * reading them anew before a refresh, with the journal beside them. */
#include "agent/account_jobs.h"
#include "agent/accounts.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "store/secret_service.h"
#include "support/keyring_process.h"
#include "support/secret_text.h"
#include "support/stores.h"

#include <string.h>

#define ID "AAAAAAAAAAAAAAAAAAAAAA"
#define LIFETIME 300

typedef struct {
    SrStore *store; /* with nothing in it */
} World;

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* The account, its access token good for @left more seconds, its refresh token
 * "refresh-GENERATION". */
static SrAccount *make_account(gint64 generation, gint64 left)
{
    SrAccount *account = sr_account_new();
    g_autofree char *refresh = g_strdup_printf("refresh-%d", (int)generation);

    account->id = g_strdup(ID);
    account->name = g_strdup("ada at op.example");
    account->issuer = g_strdup("https://op.example");
    account->client_id = g_strdup("ok_1");
    account->scope = g_strdup("openid");
    account->caller = g_strdup("cli");
    account->origin = g_strdup("cli");
    account->generation = generation;
    account->expires = now() + left;
    account->received = account->expires - LIFETIME;
    account->access_token = sr_test_secret("access");
    account->refresh_token = sr_test_secret(refresh);
    return account;
}

static void put(World *world, const SrAccount *account)
{
    GError *error = NULL;

    sr_account_put_job(world->store, (gpointer)(guintptr)account, &error);
    g_assert_no_error(error);
}

/* In the store: generation 4, with @left seconds and in @state. */
static void put_state(World *world, gint64 left, SrAccountState state)
{
    g_autoptr(SrAccount) account = make_account(4, left);

    account->state = state;
    put(world, account);
}

static SrPreparation *make_preparation(void)
{
    SrPreparation *preparation = g_new0(SrPreparation, 1);

    preparation->id = g_strdup(ID);
    preparation->known = 3;
    preparation->wanted = 30;
    return preparation;
}

static SrPrepared *prepare(World *world, const SrPreparation *preparation)
{
    GError *error = NULL;
    SrPrepared *prepared =
        sr_account_prepare_job(world->store, (gpointer)(guintptr)preparation, &error);

    g_assert_no_error(error);
    return prepared;
}

/* Whether nothing is to be sent, and whether the token was sent before. */
static void assert_ready(World *world, const SrPreparation *preparation, gboolean ready,
                         gboolean was_sent)
{
    g_autoptr(SrPrepared) prepared = prepare(world, preparation);

    g_assert_cmpint(prepared->is_ready, ==, ready);
    g_assert_cmpint(prepared->was_sent, ==, was_sent);
}

/* The line of the journal that has @account, sealed under the key that is in the store. */
static SrJournalLine *make_line(World *world, const SrAccount *account)
{
    g_autoptr(SrPreparation) preparation = make_preparation();
    g_autoptr(SrPrepared) prepared =
        sr_account_get_job(world->store, preparation, NULL); /* makes the key */
    g_autoptr(SrSecret) text = sr_account_write(account, NULL);
    SrJournalLine *line = g_new0(SrJournalLine, 1);
    GByteArray *sealed = sr_aead_seal(prepared->journal_key, ID, strlen(ID), sr_secret_peek(text),
                                      sr_secret_size(text), NULL);

    line->generation = account->generation;
    line->sealed = g_byte_array_free_to_bytes(sealed);
    return line;
}

/* --- before a refresh
 * --------------------------------------------------------------------------------- */

static void test_what_another_refreshed_is_enough(World *world)
{
    g_autoptr(SrPreparation) preparation = make_preparation();

    put_state(world, 200, SR_ACCOUNT_GOOD);
    assert_ready(world, preparation, TRUE, FALSE);
    preparation->wanted = 100;
    assert_ready(world, preparation, TRUE, FALSE);
    preparation->known = 4; /* it is what this agent has */
    preparation->known_left = 200;
    assert_ready(world, preparation, FALSE, FALSE);
    preparation->known = 3;
    put_state(world, 90, SR_ACCOUNT_GOOD);
    assert_ready(world, preparation, FALSE, FALSE); /* it is newer, but not good for 100 s */
    preparation->wanted = 3600;
    put_state(world, 160, SR_ACCOUNT_GOOD);
    assert_ready(world, preparation, TRUE, FALSE); /* nothing would be good for longer than this */
}

static void test_a_token_that_was_sent_waits_for_the_end_of_the_other(World *world)
{
    static const SrAccountState states[] = {SR_ACCOUNT_IN_FLIGHT, SR_ACCOUNT_UNCERTAIN};
    g_autoptr(SrPreparation) preparation = make_preparation();

    preparation->known = 4;
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        put_state(world, 60, states[i]);
        preparation->known_left = 60;
        assert_ready(world, preparation, TRUE, TRUE);
        put_state(world, -1, states[i]);
        preparation->known_left = 0;
        assert_ready(world, preparation, FALSE, TRUE);
    }
}

static void test_the_clock_that_nobody_sets_counts_for_what_is_known(World *world)
{
    g_autoptr(SrPreparation) preparation = make_preparation();

    preparation->known = 4;
    preparation->known_left = 100;
    put_state(world, -4000, SR_ACCOUNT_UNCERTAIN); /* set forward by an hour */
    assert_ready(world, preparation, TRUE, TRUE);
    put_state(world, 4000, SR_ACCOUNT_UNCERTAIN); /* set back */
    assert_ready(world, preparation, TRUE, TRUE);
    preparation->known_left = 0;
    assert_ready(world, preparation, FALSE, TRUE);
    preparation->known = 3; /* what is not known is not trusted when it came in the future */
    assert_ready(world, preparation, FALSE, TRUE);
}

static void test_nothing_is_sent_that_cannot_help(World *world)
{
    g_autoptr(SrPreparation) preparation = make_preparation();
    g_autoptr(SrAccount) account = make_account(4, -1);
    g_autoptr(SrPrepared) prepared = NULL;

    put_state(world, -1, SR_ACCOUNT_NEEDS_LOGIN);
    assert_ready(world, preparation, TRUE, FALSE);
    g_clear_pointer(&account->refresh_token, sr_secret_free);
    put(world, account);
    prepared = prepare(world, preparation);
    g_assert_true(prepared->is_ready);
    g_assert_cmpint(prepared->left, ==, 0);
}

static void test_an_account_that_is_gone_is_told(World *world)
{
    g_autoptr(SrPreparation) preparation = make_preparation();
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_account_prepare_job(world->store, preparation, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND);
}

/* --- the journal
 * -------------------------------------------------------------------------------------- */

static void assert_stored(World *world, const char *refresh)
{
    g_autoptr(SrPreparation) preparation = make_preparation();
    g_autoptr(SrPrepared) prepared = sr_account_get_job(world->store, preparation, NULL);

    sr_assert_secret(prepared->account->refresh_token, refresh);
}

/* As when the keyring was killed before what it had acknowledged was on disk. */
static void test_a_newer_line_of_the_journal_wins_and_is_written_back(World *world)
{
    g_autoptr(SrPreparation) preparation = make_preparation();
    g_autoptr(SrAccount) newer = make_account(6, 250);
    g_autoptr(SrPrepared) prepared = NULL;

    put_state(world, -1, SR_ACCOUNT_IN_FLIGHT);
    preparation->journal = make_line(world, newer);
    prepared = prepare(world, preparation);
    g_assert_true(prepared->is_ready);
    g_assert_false(prepared->was_sent);
    g_assert_true(prepared->is_from_journal);
    sr_assert_secret(prepared->account->refresh_token, "refresh-6");
    assert_stored(world, "refresh-6");
}

static void test_an_older_line_or_one_that_cannot_be_opened_is_ignored(World *world)
{
    g_autoptr(SrAccount) newer = make_account(6, 250);

    put_state(world, 200, SR_ACCOUNT_GOOD);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(SrPreparation) preparation = make_preparation();
        g_autoptr(SrPrepared) prepared = NULL;

        preparation->journal = make_line(world, newer);
        if (i == 0) {
            preparation->journal->generation = 4; /* the store has that too */
        } else if (i == 1) {
            g_bytes_unref(preparation->journal->sealed);
            preparation->journal->sealed = g_bytes_new_static("damaged", 7);
        } else {
            sr_store_remove(world->store, SR_RECORD_RECORD, "oauth-journal", NULL);
        }
        prepared = prepare(world, preparation);
        g_assert_false(prepared->is_from_journal);
        sr_assert_secret(prepared->account->refresh_token, "refresh-4");
        g_assert_nonnull(prepared->journal_key);
    }
}

static void free_line(gpointer line)
{
    sr_journal_line_free(line);
}

static void test_the_list_has_the_newest_of_each(World *world)
{
    g_autoptr(SrAccounts) accounts = sr_accounts_new();
    SrAccountListing *listing = g_new0(SrAccountListing, 1);
    g_autoptr(SrAccount) newer = make_account(6, 250);
    GPtrArray *infos;

    listing->key = sr_accounts_key(accounts, NULL);
    listing->journal = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_line);
    put_state(world, -1, SR_ACCOUNT_IN_FLIGHT);
    for (guint i = 0; i < 2; i++) {
        const SrAccountInfo *info;

        infos = sr_account_list_job(world->store, listing, NULL);
        g_assert_cmpuint(infos->len, ==, 1);
        info = infos->pdata[0];
        g_assert_cmpint(info->state, ==, i == 0 ? SR_ACCOUNT_IN_FLIGHT : SR_ACCOUNT_GOOD);
        g_assert_cmpint(info->generation, ==, i == 0 ? 4 : 6);
        g_assert_cmpint(sr_account_info_has_token(info), ==, i == 1);
        g_ptr_array_unref(infos);
        g_hash_table_insert(listing->journal, g_strdup(ID), make_line(world, newer));
    }
    assert_stored(world, "refresh-4"); /* it is not our turn: nothing was written */
    sr_account_listing_free(listing);
}

/* --- both stores
 * -------------------------------------------------------------------------------------- */

typedef struct {
    const char *address; /* of the keyring; NULL with a reason: there is none */
    const char *reason;
    gboolean vault;
    void (*run)(World *world);
} Case;

static void empty(SrStore *store)
{
    sr_store_remove(store, SR_RECORD_ACCOUNT, ID, NULL);
    sr_store_remove(store, SR_RECORD_RECORD, "oauth-journal", NULL);
}

static void run_case(gconstpointer data)
{
    const Case *run = data;
    g_autofree char *folder = NULL;
    g_autofree char *path = NULL;
    World world;

    if (!run->vault && !run->address) {
        g_test_skip(run->reason);
        return;
    }
    folder = make_folder();
    path = g_build_filename(folder, "vault.db", NULL);
    world.store = run->vault ? open_vault(path) : sr_secret_service_new(run->address);
    run->run(&world);
    empty(world.store);
    sr_store_free(world.store);
    remove_folder(folder);
}

static const struct {
    const char *name;
    void (*run)(World *world);
} cases[] = {
    {"what-another-refreshed-is-enough", test_what_another_refreshed_is_enough},
    {"a-token-that-was-sent-waits-for-the-end-of-the-other",
     test_a_token_that_was_sent_waits_for_the_end_of_the_other},
    {"the-clock-that-nobody-sets-counts-for-what-is-known",
     test_the_clock_that_nobody_sets_counts_for_what_is_known},
    {"nothing-is-sent-that-cannot-help", test_nothing_is_sent_that_cannot_help},
    {"an-account-that-is-gone-is-told", test_an_account_that_is_gone_is_told},
    {"a-newer-line-of-the-journal-wins-and-is-written-back",
     test_a_newer_line_of_the_journal_wins_and_is_written_back},
    {"an-older-line-or-one-that-cannot-be-opened-is-ignored",
     test_an_older_line_or_one_that_cannot_be_opened_is_ignored},
    {"the-list-has-the-newest-of-each", test_the_list_has_the_newest_of_each},
};

static void add_case(const char *store, const char *name, const Case *given)
{
    g_autofree char *path = g_strdup_printf("/account-jobs/%s/%s", store, name);

    g_test_add_data_func_full(path, g_memdup2(given, sizeof *given), run_case, g_free);
}

int main(int argc, char **argv)
{
    g_autofree char *reason = NULL;
    KeyringProcess *keyring;
    int status;

    g_test_init(&argc, &argv, NULL);
    keyring = keyring_process_new(&reason);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *address = keyring ? keyring_process_address(keyring) : NULL;

        add_case("vault", cases[i].name, &(Case){address, reason, TRUE, cases[i].run});
        add_case("secret-service", cases[i].name, &(Case){address, reason, FALSE, cases[i].run});
    }
    status = g_test_run();
    keyring_process_free(keyring);
    return status;
}
