#include "policy/journal.h"

static void bind_text(sqlite3_stmt *statement, const char *text)
{
    sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
}

gboolean sr_journal_write(SrDatabase *database, const char *account, gint64 generation,
                          GByteArray *sealed, GError **error)
{
    sqlite3_stmt *statement;

    if (!sr_database_begin(database, error))
        return FALSE;
    statement =
        sr_database_statement(database, "INSERT OR REPLACE INTO rotation VALUES (?, ?, ?)", error);
    if (!statement)
        return FALSE;
    bind_text(statement, account);
    sqlite3_bind_int64(statement, 2, generation);
    sqlite3_bind_blob(statement, 3, sealed->data, (int)sealed->len, SQLITE_STATIC);
    sr_database_want_durable(database);
    if (!sr_database_run(database, statement, error))
        return FALSE;
    sr_database_settle(database);
    return TRUE;
}

GBytes *sr_journal_read(SrDatabase *database, const char *account, gint64 *ret_generation)
{
    sqlite3_stmt *statement = sr_database_statement(
        database, "SELECT generation, sealed FROM rotation WHERE account = ?", NULL);
    GBytes *sealed = NULL;

    if (!statement)
        return NULL;
    bind_text(statement, account);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        *ret_generation = sqlite3_column_int64(statement, 0);
        sealed = g_bytes_new(sqlite3_column_blob(statement, 1),
                             (gsize)sqlite3_column_bytes(statement, 1));
    }
    sqlite3_reset(statement);
    return sealed;
}

gboolean sr_journal_remove(SrDatabase *database, const char *account, GError **error)
{
    sqlite3_stmt *statement;

    if (!sr_database_begin(database, error))
        return FALSE;
    statement = sr_database_statement(database, "DELETE FROM rotation WHERE account = ?", error);
    if (!statement)
        return FALSE;
    bind_text(statement, account);
    if (!sr_database_run(database, statement, error))
        return FALSE;
    sr_database_settle(database);
    return TRUE;
}
