#include "policy/nonces.h"

#include "base/error.h"

#include <string.h>

#define KEEP_SECONDS (24 * 60 * 60)

static void bind_slice(sqlite3_stmt *statement, int index, const char *text, gsize length)
{
    sqlite3_bind_text(statement, index, text, (int)length, SQLITE_STATIC);
}

gboolean sr_nonces_check(SrDatabase *database, const char *domain, gsize domain_length,
                         const char *nonce, gsize nonce_length, const guint8 digest[32],
                         GError **error)
{
    sqlite3_stmt *statement = sr_database_statement(
        database, "SELECT digest FROM nonce WHERE domain = ? AND nonce = ? AND time > ?", error);
    gboolean fresh = TRUE;

    if (!statement)
        return FALSE;
    bind_slice(statement, 1, domain, domain_length);
    bind_slice(statement, 2, nonce, nonce_length);
    sqlite3_bind_int64(statement, 3, g_get_real_time() / G_USEC_PER_SEC - KEEP_SECONDS);
    if (sqlite3_step(statement) == SQLITE_ROW)
        fresh = sqlite3_column_bytes(statement, 0) == 32 &&
                memcmp(sqlite3_column_blob(statement, 0), digest, 32) == 0;
    sqlite3_reset(statement);
    if (!fresh)
        sr_error_set_at(error, SR_ERROR_NONCE_REUSED, "nonce", -1,
                        "was signed for this domain in another message; use a new one");
    return fresh;
}

gboolean sr_nonces_prune(SrDatabase *database, gint64 now, GError **error)
{
    sqlite3_stmt *statement;

    if (!sr_database_begin(database, error))
        return FALSE;
    statement =
        sr_database_statement(database,
                              "DELETE FROM nonce WHERE (domain, nonce) IN"
                              " (SELECT domain, nonce FROM nonce WHERE time <= ? LIMIT 512)",
                              error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, now - KEEP_SECONDS);
    return sr_database_run(database, statement, error);
}

gboolean sr_nonces_use(SrDatabase *database, const char *domain, gsize domain_length,
                       const char *nonce, gsize nonce_length, const guint8 digest[32],
                       GError **error)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    sqlite3_stmt *statement;

    if (!sr_nonces_check(database, domain, domain_length, nonce, nonce_length, digest, error) ||
        !sr_database_begin_adding(database, error))
        return FALSE;
    statement =
        sr_database_statement(database, "INSERT OR REPLACE INTO nonce VALUES (?, ?, ?, ?)", error);
    if (!statement)
        return FALSE;
    bind_slice(statement, 1, domain, domain_length);
    bind_slice(statement, 2, nonce, nonce_length);
    sqlite3_bind_blob(statement, 3, digest, 32, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, now);
    return sr_database_run(database, statement, error);
}
