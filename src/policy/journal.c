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

void sr_journal_line_free(SrJournalLine *line)
{
    if (!line)
        return;
    g_bytes_unref(line->sealed);
    g_free(line);
}

/* The line in the columns @column (generation) and the next one of the current row. */
static SrJournalLine *read_line(sqlite3_stmt *statement, int column)
{
    SrJournalLine *line = g_new0(SrJournalLine, 1);

    line->generation = sqlite3_column_int64(statement, column);
    line->sealed = g_bytes_new(sqlite3_column_blob(statement, column + 1),
                               (gsize)sqlite3_column_bytes(statement, column + 1));
    return line;
}

SrJournalLine *sr_journal_read(SrDatabase *database, const char *account)
{
    sqlite3_stmt *statement = sr_database_statement(
        database, "SELECT generation, sealed FROM rotation WHERE account = ?", NULL);
    SrJournalLine *line = NULL;

    if (!statement)
        return NULL;
    bind_text(statement, account);
    if (sqlite3_step(statement) == SQLITE_ROW)
        line = read_line(statement, 0);
    sqlite3_reset(statement);
    return line;
}

static void free_line(gpointer line)
{
    sr_journal_line_free(line);
}

GHashTable *sr_journal_read_all(SrDatabase *database)
{
    GHashTable *lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_line);
    sqlite3_stmt *statement =
        sr_database_statement(database, "SELECT account, generation, sealed FROM rotation", NULL);

    while (statement && sqlite3_step(statement) == SQLITE_ROW)
        g_hash_table_insert(lines, g_strdup((const char *)sqlite3_column_text(statement, 0)),
                            read_line(statement, 1));
    if (statement)
        sqlite3_reset(statement);
    return lines;
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
