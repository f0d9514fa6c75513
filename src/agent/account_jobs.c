#include "agent/account_jobs.h"

#include "agent/accounts.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

#include <string.h>

#define JOURNAL_KEY_ID "oauth-journal"

/* --- accounts
 * ----------------------------------------------------------------------------------------- */

static SrAccount *get_account(SrStore *store, const char *id, GError **error)
{
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_ACCOUNT, id, error);

    return record ? sr_account_read(id, record->secret, error) : NULL;
}

gpointer sr_account_put_job(SrStore *store, gpointer data, GError **error)
{
    const SrAccount *account = data;
    SrSecret *line = sr_account_write(account, error);
    g_autofree char *label = g_strdup_printf("sealring account %s", account->name);
    g_autoptr(SrRecord) record =
        line ? sr_record_new(SR_RECORD_ACCOUNT, account->id, "oauth2", label, line) : NULL;

    return record && sr_store_put(store, record, error) ? store : NULL;
}

gpointer sr_account_remove_job(SrStore *store, gpointer data, GError **error)
{
    return sr_store_remove(store, SR_RECORD_ACCOUNT, data, error) ? store : NULL;
}

/* --- the journal's side
 * ---------------------------------------------------------------------------------- */

static SrSecret *read_journal_key(const SrRecord *record)
{
    g_autoptr(SrSecret) key = sr_base64url_decode_secret(
        (const char *)sr_secret_peek(record->secret), sr_secret_size(record->secret), NULL);

    return key && sr_secret_size(key) == SR_AEAD_KEY_SIZE ? g_steal_pointer(&key) : NULL;
}

/* What @line (may be NULL) has of @account, when it is newer and can be opened; else NULL. */
static SrAccount *read_journal(const SrJournalLine *line, const SrAccount *account,
                               const SrSecret *key)
{
    g_autoptr(SrSecret) text = NULL;
    gsize size;
    const guint8 *sealed;

    if (!line || line->generation <= account->generation)
        return NULL;
    sealed = g_bytes_get_data(line->sealed, &size);
    text = sr_aead_open(key, account->id, strlen(account->id), sealed, size, NULL);
    return text ? sr_account_read(account->id, text, NULL) : NULL;
}

/* --- listing
 * ----------------------------------------------------------------------------------------- */

void sr_account_listing_free(SrAccountListing *listing)
{
    if (!listing)
        return;
    sr_secret_free(listing->key);
    g_hash_table_unref(listing->journal);
    g_free(listing);
}

typedef struct {
    const SrAccountListing *listing;
    SrSecret *journal_key; /* NULL: there is none yet */
    GPtrArray *infos;
} Found;

static SrAccount *read_newest(const SrRecord *record, const Found *found)
{
    SrAccount *account = sr_account_read(record->id, record->secret, NULL);
    SrAccount *newer = NULL;

    if (account && found->journal_key)
        newer = read_journal(g_hash_table_lookup(found->listing->journal, record->id), account,
                             found->journal_key);
    if (!newer)
        return account;
    sr_account_free(account);
    return newer;
}

static gboolean add_info(const SrRecord *record, const GError *damage, gpointer data,
                         GError **error)
{
    const Found *found = data;
    g_autoptr(SrAccount) account = damage ? NULL : read_newest(record, found);
    SrAccountInfo *info;

    if (!account)
        return TRUE;
    info = sr_account_info_new(account, found->listing->key, error);
    if (!info)
        return FALSE;
    g_ptr_array_add(found->infos, info);
    return TRUE;
}

gpointer sr_account_list_job(SrStore *store, gpointer data, GError **error)
{
    g_autoptr(GPtrArray) infos =
        g_ptr_array_new_with_free_func((GDestroyNotify)sr_account_info_free);
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_RECORD, JOURNAL_KEY_ID, NULL);
    g_autoptr(SrSecret) journal_key = record ? read_journal_key(record) : NULL;
    Found found = {data, journal_key, infos};

    if (!sr_store_visit(store, SR_RECORD_ACCOUNT, "", add_info, &found, error))
        return NULL;
    return g_steal_pointer(&infos);
}

/* --- clients
 * ------------------------------------------------------------------------------------------ */

void sr_client_query_free(SrClientQuery *query)
{
    if (!query)
        return;
    g_free(query->issuer);
    g_free(query->client_id);
    g_free(query->redirect_uri);
    sr_client_free(query->client);
    g_free(query);
}

/*
 * "oauth-client-" and half of the hash of issuer and client, so that no attribute names them. The
 * registered client is no client's id: empty, or a line of its own with its redirect URI.
 */
static char *client_record_id(const SrClientQuery *query)
{
    const char *redirect_uri = query->redirect_uri ? query->redirect_uri : "";
    g_autofree char *text =
        query->client_id
            ? g_strconcat(query->issuer, "\n", query->client_id, NULL)
            : g_strconcat(query->issuer, "\n", *redirect_uri ? "\n" : "", redirect_uri, NULL);
    guint8 digest[SR_SHA256_SIZE];
    g_autofree char *hash = NULL;

    sr_sha256(text, strlen(text), digest);
    hash = sr_hex_encode(digest, sizeof digest / 2, FALSE);
    return g_strconcat("oauth-client-", hash, NULL);
}

/* "CLIENT.SECRET", both base64url; without a secret nothing follows the dot. */
static SrSecret *write_client(const SrClient *client, GError **error)
{
    g_autofree char *id = sr_base64url_encode((const guint8 *)client->id, strlen(client->id));
    g_autoptr(SrSecret) secret =
        client->secret ? sr_base64url_encode_secret(sr_secret_peek(client->secret),
                                                    sr_secret_size(client->secret), error)
                       : NULL;
    const gsize head = strlen(id) + 1;
    SrSecret *line;

    if (client->secret && !secret)
        return NULL;
    line = sr_secret_new(head + (secret ? sr_secret_size(secret) : 0), error);
    if (!line)
        return NULL;
    memcpy(sr_secret_data(line), id, head - 1);
    sr_secret_data(line)[head - 1] = '.';
    if (secret)
        memcpy(sr_secret_data(line) + head, sr_secret_peek(secret), sr_secret_size(secret));
    return line;
}

static SrClient *damaged_client(GError **error)
{
    sr_error_set(error, SR_ERROR_CORRUPT, "the stored OAuth client is damaged");
    return NULL;
}

static SrClient *read_client(const SrSecret *line, GError **error)
{
    const char *text = (const char *)sr_secret_peek(line);
    const gsize size = sr_secret_size(line);
    const char *dot = memchr(text, '.', size);
    const gsize head = dot ? (gsize)(dot - text) : 0;
    g_autoptr(GByteArray) id = head ? sr_base64url_decode(text, head, NULL) : NULL;
    g_autofree char *id_text = id ? g_strndup((const char *)id->data, id->len) : NULL;
    g_autoptr(SrSecret) secret = NULL;

    if (!id_text)
        return damaged_client(error);
    if (size > head + 1) {
        secret = sr_base64url_decode_secret(dot + 1, size - head - 1, NULL);
        if (!secret)
            return damaged_client(error);
    }
    return sr_client_new(id_text, g_steal_pointer(&secret));
}

/* One that has no record is a public client. */
static SrClient *get_client(SrStore *store, const SrClientQuery *query, GError **error)
{
    g_autofree char *id = client_record_id(query);
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_RECORD, id, &problem);

    if (record)
        return read_client(record->secret, error);
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return sr_client_new(query->client_id, NULL);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

gpointer sr_client_get_job(SrStore *store, gpointer data, GError **error)
{
    return get_client(store, data, error);
}

static gboolean put_client(SrStore *store, const SrClientQuery *query, GError **error)
{
    g_autofree char *id = client_record_id(query);
    SrSecret *line = write_client(query->client, error);
    g_autoptr(SrRecord) record =
        line ? sr_record_new(SR_RECORD_RECORD, id, NULL, "sealring OAuth client", line) : NULL;

    return record && sr_store_put(store, record, error);
}

gpointer sr_client_put_job(SrStore *store, gpointer data, GError **error)
{
    const SrClientQuery *query = data;
    SrClientQuery by_id = *query;

    by_id.client_id = query->client->id;
    if (!query->client_id && query->client->secret && !put_client(store, &by_id, error))
        return NULL;
    return put_client(store, query, error) ? store : NULL;
}

/* --- before a refresh
 * --------------------------------------------------------------------------------- */

void sr_preparation_free(SrPreparation *preparation)
{
    if (!preparation)
        return;
    g_free(preparation->id);
    sr_journal_line_free(preparation->journal);
    g_free(preparation);
}

void sr_prepared_free(SrPrepared *prepared)
{
    if (!prepared)
        return;
    sr_account_free(prepared->account);
    sr_client_free(prepared->client);
    sr_secret_free(prepared->journal_key);
    g_free(prepared);
}

static SrSecret *make_journal_key(SrStore *store, GError **error)
{
    g_autoptr(SrSecret) key = sr_random_secret(SR_AEAD_KEY_SIZE, error);
    SrSecret *line =
        key ? sr_base64url_encode_secret(sr_secret_peek(key), SR_AEAD_KEY_SIZE, error) : NULL;
    g_autoptr(SrRecord) record = line ? sr_record_new(SR_RECORD_RECORD, JOURNAL_KEY_ID, NULL,
                                                      "sealring key of the sign-in journal", line)
                                      : NULL;

    return record && sr_store_put(store, record, error) ? g_steal_pointer(&key) : NULL;
}

static SrSecret *get_journal_key(SrStore *store, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_RECORD, JOURNAL_KEY_ID, &problem);
    SrSecret *key = record ? read_journal_key(record) : NULL;

    if (key)
        return key;
    /* Of one that is damaged, what it sealed is lost, but later lines need not be. */
    if (record || g_error_matches(problem, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return make_journal_key(store, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static SrPrepared *collect(SrStore *store, const SrPreparation *preparation, GError **error)
{
    g_autoptr(SrPrepared) prepared = g_new0(SrPrepared, 1);
    SrClientQuery query = {NULL, NULL, NULL, NULL};
    SrAccount *newer;

    prepared->account = get_account(store, preparation->id, error);
    prepared->journal_key = prepared->account ? get_journal_key(store, error) : NULL;
    if (!prepared->journal_key)
        return NULL;
    newer = read_journal(preparation->journal, prepared->account, prepared->journal_key);
    if (newer) {
        sr_account_free(prepared->account);
        prepared->account = newer;
        prepared->is_from_journal = TRUE;
    }
    query.issuer = prepared->account->issuer;
    query.client_id = prepared->account->client_id;
    prepared->client = get_client(store, &query, error);
    return prepared->client ? g_steal_pointer(&prepared) : NULL;
}

gpointer sr_account_get_job(SrStore *store, gpointer data, GError **error)
{
    return collect(store, data, error);
}

/* Whether @prepared needs no request: somebody else has refreshed it, or a request cannot help. */
static gboolean is_enough(const SrPrepared *prepared, const SrPreparation *preparation)
{
    const SrAccount *account = prepared->account;
    const gint64 lifetime = account->expires - account->received;

    if (account->state == SR_ACCOUNT_NEEDS_LOGIN || !account->refresh_token)
        return TRUE;
    if (prepared->left == 0)
        return FALSE;
    /* A token whose fate is not known is not sent again before it must be. */
    if (prepared->was_sent)
        return TRUE;
    return account->generation > preparation->known &&
           prepared->left >= MIN(preparation->wanted, lifetime / 2);
}

gpointer sr_account_prepare_job(SrStore *store, gpointer data, GError **error)
{
    const SrPreparation *preparation = data;
    SrPrepared *prepared = collect(store, preparation, error);
    const SrAccount *account;

    if (!prepared)
        return NULL;
    account = prepared->account;
    /* It is our turn: who had written "in flight" is gone. */
    prepared->was_sent =
        account->state == SR_ACCOUNT_IN_FLIGHT || account->state == SR_ACCOUNT_UNCERTAIN;
    /* The clock on the wall may have been set since the token came. */
    prepared->left = account->generation == preparation->known
                         ? preparation->known_left
                         : sr_account_left(account, g_get_real_time() / G_USEC_PER_SEC);
    prepared->is_ready = is_enough(prepared, preparation);
    if (prepared->is_from_journal)
        sr_account_put_job(store, prepared->account, NULL); /* the journal keeps it if this fails */
    return prepared;
}
