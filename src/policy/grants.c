#include "policy/grants.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

/* How far the issue time of a message signed under a grant may be from now, in seconds. */
#define FRESH_SECONDS 600

struct SrGrants {
    SrDatabase *database;
    GHashTable *by_id; /* id → SrGrant, owned */
    guint revision;
};

static char *column_text(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

static SrGrant *grant_from_row(sqlite3_stmt *statement)
{
    SrGrant *grant = g_new0(SrGrant, 1);

    grant->id = column_text(statement, 0);
    grant->kind = sr_grant_kind_of((const char *)sqlite3_column_text(statement, 1));
    grant->caller = column_text(statement, 2);
    grant->origin = column_text(statement, 3);
    grant->key = column_text(statement, 4);
    grant->domain = column_text(statement, 5);
    grant->delegate = column_text(statement, 6);
    grant->capabilities = column_text(statement, 7);
    grant->scope = column_text(statement, 8);
    grant->maximum_seconds = sqlite3_column_int64(statement, 9);
    grant->created = sqlite3_column_int64(statement, 10);
    grant->expires = sqlite3_column_int64(statement, 11);
    return grant;
}

gboolean sr_grants_reload(SrGrants *grants, GError **error)
{
    sqlite3_stmt *statement = sr_database_statement(
        grants->database,
        "SELECT id, kind, caller, origin, key, domain, delegate, capabilities, scope,"
        " maximum_seconds, created, expires FROM permission",
        error);

    if (!statement)
        return FALSE;
    g_hash_table_remove_all(grants->by_id);
    grants->revision++;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        SrGrant *grant = grant_from_row(statement);

        g_hash_table_replace(grants->by_id, grant->id, grant);
    }
    sqlite3_reset(statement);
    return TRUE;
}

SrGrants *sr_grants_new(SrDatabase *database, GError **error)
{
    g_autoptr(SrGrants) grants = g_new0(SrGrants, 1);

    grants->database = database;
    grants->by_id =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sr_grant_free);
    return sr_grants_reload(grants, error) ? g_steal_pointer(&grants) : NULL;
}

void sr_grants_free(SrGrants *grants)
{
    if (!grants)
        return;
    g_hash_table_unref(grants->by_id);
    g_free(grants);
}

guint sr_grants_revision(const SrGrants *grants)
{
    return grants->revision;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

/* Write @grant (taken) and keep it. Returned borrowed. */
static const SrGrant *insert(SrGrants *grants, SrGrant *grant, GError **error)
{
    g_autoptr(SrGrant) owned = grant;
    sqlite3_stmt *statement;

    if (!sr_database_begin(grants->database, error))
        return NULL;
    statement = sr_database_statement(
        grants->database, "INSERT INTO permission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        error);
    if (!statement)
        return NULL;
    bind_text(statement, 1, grant->id);
    bind_text(statement, 2, sr_grant_kind_name(grant->kind));
    bind_text(statement, 3, grant->caller);
    bind_text(statement, 4, grant->origin);
    bind_text(statement, 5, grant->key);
    bind_text(statement, 6, grant->domain);
    bind_text(statement, 7, grant->delegate);
    bind_text(statement, 8, grant->capabilities);
    bind_text(statement, 9, grant->scope);
    sqlite3_bind_int64(statement, 10, grant->maximum_seconds);
    sqlite3_bind_int64(statement, 11, grant->created);
    sqlite3_bind_int64(statement, 12, grant->expires);
    sr_database_want_durable(grants->database);
    if (!sr_database_run(grants->database, statement, error))
        return NULL;
    g_hash_table_replace(grants->by_id, grant->id, g_steal_pointer(&owned));
    grants->revision++;
    return grant;
}

static gboolean is_for(const SrGrant *grant, SrGrantKind kind, const char *caller,
                       const char *origin, const char *key)
{
    return grant->kind == kind && strcmp(grant->key, key) == 0 &&
           strcmp(grant->caller, caller) == 0 && strcmp(grant->origin, origin) == 0;
}

static const SrGrant *find(const SrGrants *grants, SrGrantKind kind, const char *caller,
                           const char *origin, const char *key)
{
    GHashTableIter iterator;
    gpointer grant;

    g_hash_table_iter_init(&iterator, grants->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &grant))
        if (is_for(grant, kind, caller, origin, key))
            return grant;
    return NULL;
}

gboolean sr_grants_has(const SrGrants *grants, SrGrantKind kind, const char *caller,
                       const char *origin, const char *key)
{
    return find(grants, kind, caller, origin, key) != NULL;
}

gboolean sr_grants_give(SrGrants *grants, SrGrantKind kind, const char *caller, const char *origin,
                        const char *key, GError **error)
{
    SrGrant *grant;

    if (sr_grants_has(grants, kind, caller, origin, key))
        return TRUE;
    grant = sr_grant_new(kind, caller, origin, key, error);
    return grant && insert(grants, grant, error);
}

const SrGrant *sr_grants_connection(const SrGrants *grants, const char *caller, const char *origin,
                                    const char *key)
{
    return find(grants, SR_GRANT_ACCOUNTS, caller, origin, key);
}

gboolean sr_grants_is_connected(const SrGrants *grants, const char *caller, const char *origin,
                                const char *key)
{
    return sr_grants_connection(grants, caller, origin, key) != NULL;
}

gboolean sr_grants_knows_caller(const SrGrants *grants, const char *caller, const char *origin)
{
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, grants->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const SrGrant *grant = value;

        if (grant->kind == SR_GRANT_ACCOUNTS && strcmp(grant->caller, caller) == 0 &&
            strcmp(grant->origin, origin) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean sr_grants_connect(SrGrants *grants, const char *caller, const char *origin,
                           const char *key, GError **error)
{
    return sr_grants_give(grants, SR_GRANT_ACCOUNTS, caller, origin, key, error);
}

/* --- remembered sign-ins ---------------------------------------------------------------------- */

/* Length first, so that no two different lists of slices give the same bytes. */
static void add_slice(GByteArray *bytes, SrSlice slice)
{
    const guint64 length = slice.data ? slice.length : G_MAXUINT64;

    g_byte_array_append(bytes, (const guint8 *)&length, sizeof length);
    if (slice.data)
        g_byte_array_append(bytes, (const guint8 *)slice.data, (guint)slice.length);
}

/* SHA-256 over everything of @siwe but nonce, times, request id and the address (the key has it).
 */
static char *scope_of(const SrSiwe *siwe)
{
    g_autoptr(GByteArray) bytes = g_byte_array_sized_new(1024);
    guint8 digest[SR_SHA256_SIZE];

    add_slice(bytes, siwe->scheme);
    add_slice(bytes, siwe->domain);
    add_slice(bytes, siwe->statement);
    add_slice(bytes, siwe->uri);
    add_slice(bytes, siwe->chain_id);
    for (guint i = 0; i < siwe->n_resources; i++)
        add_slice(bytes, siwe->resources[i]);
    sr_sha256(bytes->data, bytes->len, digest);
    return sr_hex_encode(digest, sizeof digest, FALSE);
}

/* How long @siwe is valid in seconds, 0 when it has no end. */
static gint64 validity(const SrSiwe *siwe)
{
    if (!siwe->expiration_time.data)
        return 0;
    return MAX(1, siwe->expires.seconds - siwe->issued.seconds);
}

gboolean sr_grants_can_remember(const SrSiwe *siwe, gint64 now)
{
    return !siwe->request_id.data && !siwe->not_before.data &&
           ABS(siwe->issued.seconds - now) <= FRESH_SECONDS;
}

const SrGrant *sr_grants_remember(SrGrants *grants, const char *caller, const char *origin,
                                  const char *key, const SrSiwe *siwe, const char *capabilities,
                                  gint64 now, gint64 seconds, GError **error)
{
    SrGrant *grant;

    if (!sr_grants_can_remember(siwe, now)) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "message", -1,
                        "cannot be remembered: it must be issued now, without notBefore and "
                        "requestId");
        return NULL;
    }
    grant = sr_grant_new(SR_GRANT_SIWE, caller, origin, key, error);
    if (!grant)
        return NULL;
    grant->domain = g_strndup(siwe->domain.data, siwe->domain.length);
    grant->delegate = g_strndup(siwe->uri.data, siwe->uri.length);
    grant->capabilities = g_strdup(capabilities);
    grant->scope = scope_of(siwe);
    grant->maximum_seconds = validity(siwe);
    grant->expires = now + seconds;
    return insert(grants, grant, error);
}

static gboolean covers(const SrGrant *grant, const SrSiwe *siwe, gint64 now)
{
    const gint64 length = validity(siwe);

    if (grant->expires && now >= grant->expires)
        return FALSE;
    if (grant->maximum_seconds && (length == 0 || length > grant->maximum_seconds))
        return FALSE;
    return sr_grants_can_remember(siwe, now);
}

const SrGrant *sr_grants_find(const SrGrants *grants, const char *caller, const char *origin,
                              const char *key, const SrSiwe *siwe, gint64 now)
{
    g_autofree char *scope = NULL;
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, grants->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const SrGrant *grant = value;

        if (!is_for(grant, SR_GRANT_SIWE, caller, origin, key) || !covers(grant, siwe, now))
            continue;
        if (!scope)
            scope = scope_of(siwe);
        if (g_strcmp0(grant->scope, scope) == 0)
            return grant;
    }
    return NULL;
}

/* --- programs ----------------------------------------------------------------------------------
 */

const SrGrant *sr_grants_allow_program(SrGrants *grants, const char *program, const char *key,
                                       gint64 expires, GError **error)
{
    SrGrant *grant = sr_grant_new(SR_GRANT_PROGRAM, program, "", key, error);

    if (!grant)
        return NULL;
    grant->expires = expires;
    return insert(grants, grant, error);
}

/* Ids of keys are hexadecimal digits, names of tokens are not: they cannot be mistaken. */
static gboolean allows(const SrGrant *grant, const char *program, const char *token,
                       const char *key, gint64 now)
{
    return grant->kind == SR_GRANT_PROGRAM && strcmp(grant->caller, program) == 0 &&
           (!grant->expires || now < grant->expires) &&
           (strcmp(grant->key, token) == 0 || (key && strcmp(grant->key, key) == 0));
}

static gboolean lasts_longer(const SrGrant *grant, const SrGrant *other)
{
    return !other || !grant->expires || (other->expires && grant->expires > other->expires);
}

const SrGrant *sr_grants_find_program(const SrGrants *grants, const char *program,
                                      const char *token, const char *key, gint64 now)
{
    const SrGrant *best = NULL;
    GHashTableIter iterator;
    gpointer grant;

    g_hash_table_iter_init(&iterator, grants->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &grant))
        if (allows(grant, program, token, key, now) && lasts_longer(grant, best))
            best = grant;
    return best;
}

/* --- list, revoke ------------------------------------------------------------------------------
 */

static gint by_age(gconstpointer a, gconstpointer b)
{
    const SrGrant *left = *(const SrGrant *const *)a;
    const SrGrant *right = *(const SrGrant *const *)b;

    if (left->created != right->created)
        return left->created < right->created ? -1 : 1;
    return strcmp(left->id, right->id);
}

GPtrArray *sr_grants_list(const SrGrants *grants)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, grants->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const SrGrant *grant = value;

        if (!grant->expires || now < grant->expires)
            g_ptr_array_add(list, value);
    }
    g_ptr_array_sort(list, by_age);
    return list;
}

const SrGrant *sr_grants_get(const SrGrants *grants, const char *id)
{
    return g_hash_table_lookup(grants->by_id, id);
}

gboolean sr_grants_revoke(SrGrants *grants, const char *id, GError **error)
{
    sqlite3_stmt *statement;

    if (!g_hash_table_contains(grants->by_id, id)) {
        sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "id", -1, "there is no such grant");
        return FALSE;
    }
    if (!sr_database_begin(grants->database, error))
        return FALSE;
    statement =
        sr_database_statement(grants->database, "DELETE FROM permission WHERE id = ?", error);
    if (!statement)
        return FALSE;
    bind_text(statement, 1, id);
    sr_database_want_durable(grants->database);
    if (!sr_database_run(grants->database, statement, error))
        return FALSE;
    g_hash_table_remove(grants->by_id, id);
    grants->revision++;
    return TRUE;
}

static gboolean has_ended(gpointer id, gpointer grant, gpointer now)
{
    const gint64 expires = ((const SrGrant *)grant)->expires;

    (void)id;
    return expires && expires <= *(const gint64 *)now;
}

gboolean sr_grants_prune(SrGrants *grants, gint64 now, GError **error)
{
    sqlite3_stmt *statement;

    if (!sr_database_begin(grants->database, error))
        return FALSE;
    statement = sr_database_statement(grants->database,
                                      "DELETE FROM permission WHERE id IN (SELECT id FROM"
                                      " permission WHERE expires > 0 AND expires <= ? LIMIT 512)",
                                      error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, now);
    if (!sr_database_run(grants->database, statement, error))
        return FALSE;
    grants->revision += g_hash_table_foreach_remove(grants->by_id, has_ended, &now);
    return TRUE;
}

typedef gboolean (*Matches)(const SrGrant *grant, const char *a, const char *b);

static gboolean is_of_caller(const SrGrant *grant, const char *caller, const char *origin)
{
    return strcmp(grant->caller, caller) == 0 && strcmp(grant->origin, origin) == 0;
}

static gboolean is_of_key(const SrGrant *grant, const char *key, const char *unused)
{
    (void)unused;
    return strcmp(grant->key, key) == 0;
}

static gboolean revoke_matching(SrGrants *grants, Matches matches, const char *a, const char *b,
                                GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, grants->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        if (matches(value, a, b))
            g_ptr_array_add(ids, g_strdup(((const SrGrant *)value)->id));
    for (guint i = 0; i < ids->len; i++)
        if (!sr_grants_revoke(grants, ids->pdata[i], error))
            return FALSE;
    return TRUE;
}

gboolean sr_grants_revoke_caller(SrGrants *grants, const char *caller, const char *origin,
                                 GError **error)
{
    return revoke_matching(grants, is_of_caller, caller, origin, error);
}

gboolean sr_grants_revoke_key(SrGrants *grants, const char *key, GError **error)
{
    return revoke_matching(grants, is_of_key, key, NULL, error);
}
