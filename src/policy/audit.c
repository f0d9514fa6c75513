#include "policy/audit.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "ethereum/siwe.h"

#include <string.h>

struct SrAudit {
    SrDatabase *database;
    gint64 seq;
    guint8 hash[SR_SHA256_SIZE];
};

static void chain_hash(const guint8 previous[SR_SHA256_SIZE], const char *entry, gsize length,
                       guint8 ret_hash[SR_SHA256_SIZE])
{
    g_autofree guint8 *bytes = g_malloc(SR_SHA256_SIZE + length);

    memcpy(bytes, previous, SR_SHA256_SIZE);
    memcpy(bytes + SR_SHA256_SIZE, entry, length);
    sr_sha256(bytes, SR_SHA256_SIZE + length, ret_hash);
}

static gboolean load_end(SrAudit *audit, GError **error)
{
    sqlite3_stmt *statement = sr_database_statement(
        audit->database, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", error);

    if (!statement)
        return FALSE;
    audit->seq = 0;
    memset(audit->hash, 0, sizeof audit->hash);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        audit->seq = sqlite3_column_int64(statement, 0);
        if (sqlite3_column_bytes(statement, 1) == SR_SHA256_SIZE)
            memcpy(audit->hash, sqlite3_column_blob(statement, 1), SR_SHA256_SIZE);
    }
    sqlite3_reset(statement);
    return TRUE;
}

SrAudit *sr_audit_new(SrDatabase *database, GError **error)
{
    g_autoptr(SrAudit) audit = g_new0(SrAudit, 1);

    audit->database = database;
    return load_end(audit, error) ? g_steal_pointer(&audit) : NULL;
}

void sr_audit_free(SrAudit *audit)
{
    g_free(audit);
}

void sr_audit_reset(SrAudit *audit)
{
    load_end(audit, NULL);
}

gint64 sr_audit_last(const SrAudit *audit)
{
    return audit->seq;
}

/* {"seq":…,"time":…, and the members of @entry}. */
static char *compose(const SrAudit *audit, SrJson *entry)
{
    g_autofree char *time = sr_siwe_time_text(g_get_real_time());
    g_autofree char *members = sr_json_text(entry);
    const gboolean empty = strcmp(members, "{}") == 0;

    return g_strdup_printf("{\"seq\":%" G_GINT64_FORMAT ",\"time\":\"%s\"%s%s", audit->seq + 1,
                           time, empty ? "" : ",", members + 1);
}

gboolean sr_audit_append(SrAudit *audit, SrJson *entry, GError **error)
{
    g_autofree char *text = compose(audit, entry);
    guint8 hash[SR_SHA256_SIZE];
    sqlite3_stmt *statement;

    if (!sr_database_begin_adding(audit->database, error))
        return FALSE;
    statement = sr_database_statement(audit->database, "INSERT INTO audit VALUES (?, ?, ?)", error);
    if (!statement)
        return FALSE;
    chain_hash(audit->hash, text, strlen(text), hash);
    sqlite3_bind_int64(statement, 1, audit->seq + 1);
    sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, hash, sizeof hash, SQLITE_STATIC);
    if (!sr_database_run(audit->database, statement, error))
        return FALSE;
    audit->seq++;
    memcpy(audit->hash, hash, sizeof hash);
    return TRUE;
}

/* The entry of the current row with its hash, NULL when the row is damaged. */
static SrJson *row_entry(sqlite3_stmt *statement)
{
    const char *text = (const char *)sqlite3_column_text(statement, 1);
    SrJson *entry = sr_json_parse(text, (gsize)sqlite3_column_bytes(statement, 1), NULL);
    g_autofree char *hash = sr_hex_encode(sqlite3_column_blob(statement, 2),
                                          (gsize)sqlite3_column_bytes(statement, 2), FALSE);

    if (entry)
        sr_json_add_string(entry, "hash", hash);
    return entry;
}

SrJson *sr_audit_list(SrAudit *audit, gint64 after, gint64 limit, GError **error)
{
    sqlite3_stmt *statement = sr_database_statement(
        audit->database, "SELECT seq, entry, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
        error);
    SrJson *entries;

    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, limit);
    entries = json_object_new_array();
    while (sqlite3_step(statement) == SQLITE_ROW) {
        SrJson *entry = row_entry(statement);

        if (entry)
            json_object_array_add(entries, entry);
    }
    sqlite3_reset(statement);
    return entries;
}

/* Whether the current row continues the chain at @seq; moves @hash on. */
static gboolean row_continues(sqlite3_stmt *statement, gint64 seq, guint8 hash[SR_SHA256_SIZE])
{
    guint8 expected[SR_SHA256_SIZE];

    chain_hash(hash, (const char *)sqlite3_column_text(statement, 1),
               (gsize)sqlite3_column_bytes(statement, 1), expected);
    memcpy(hash, expected, SR_SHA256_SIZE);
    return sqlite3_column_int64(statement, 0) == seq &&
           sqlite3_column_bytes(statement, 2) == SR_SHA256_SIZE &&
           memcmp(sqlite3_column_blob(statement, 2), expected, SR_SHA256_SIZE) == 0;
}

gboolean sr_audit_verify(SrAudit *audit, gint64 *ret_entries, gint64 *ret_broken_at, GError **error)
{
    sqlite3_stmt *statement = sr_database_statement(
        audit->database, "SELECT seq, entry, hash FROM audit ORDER BY seq", error);
    guint8 hash[SR_SHA256_SIZE] = {0};
    gint64 seq = 0;
    gint64 broken_at = 0;

    if (!statement)
        return FALSE;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        seq++;
        if (!row_continues(statement, seq, hash) && broken_at == 0)
            broken_at = seq;
    }
    sqlite3_reset(statement);
    /* Entries this process wrote must be there: an end that was cut off while it ran shows. */
    if (broken_at == 0 && seq < audit->seq)
        broken_at = seq + 1;
    *ret_entries = seq;
    *ret_broken_at = broken_at;
    return TRUE;
}
