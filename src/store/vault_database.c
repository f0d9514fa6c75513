#include "store/vault_database.h"

#include "base/error.h"
#include "store/vault_file.h"

#include <sqlite3.h>
#include <string.h>

/* "SEAL" in the file's head, for file(1) and for telling a vault from another database. */
#define APPLICATION_ID 0x5345414c
#define VERSION 1

/* Less than SR_STORE_DEADLINE_MS, so that who waits gets the reason. */
#define BUSY_MS 2000

/* The longest value that is read from a file: a secret of the largest size, sealed, and a margin.
 */
#define VALUE_MAX (SR_RECORD_SECRET_MAX + 4096)

struct SrVaultDatabase {
    sqlite3 *handle;
    char *path;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

static const char schema[] =
    "CREATE TABLE vault (id BLOB NOT NULL, generation INTEGER NOT NULL) STRICT;"
    "CREATE TABLE slot (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, parameters TEXT NOT NULL,"
    " wrapped BLOB NOT NULL) STRICT;"
    "CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, algorithm TEXT,"
    " label TEXT NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL,"
    " PRIMARY KEY (kind, id)) STRICT;"
    "PRAGMA application_id = 1397047628;"
    "PRAGMA user_version = 1;";

G_STATIC_ASSERT(APPLICATION_ID == 1397047628);

/* The rollback journal with EXTRA survives a power cut; nothing in a file may run code. */
static const char settings[] = "PRAGMA trusted_schema = OFF;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA journal_mode = DELETE;"
                               "PRAGMA synchronous = EXTRA;";

static gboolean fail(SrVaultDatabase *database, GError **error)
{
    const int code = sqlite3_errcode(database->handle) & 0xff;
    const char *message = sqlite3_errmsg(database->handle);

    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ||
        code == SQLITE_TOOBIG || code == SQLITE_SCHEMA)
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "the vault %s is damaged (%s): restore it from a backup", database->path,
                     message);
    else if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the vault %s is held by another program: try again", database->path);
    else
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the vault %s cannot be used: %s",
                     database->path, message);
    return FALSE;
}

static gboolean execute(SrVaultDatabase *database, const char *sql, GError **error)
{
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           fail(database, error);
}

static sqlite3_stmt *prepare(SrVaultDatabase *database, const char *sql, GError **error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        fail(database, error);
    return statement;
}

/* Run a statement that returns no row. */
static gboolean finish(SrVaultDatabase *database, sqlite3_stmt *statement, GError **error)
{
    return sqlite3_step(statement) == SQLITE_DONE || fail(database, error);
}

/* Prepare, and step to a row that must be there. */
static sqlite3_stmt *query_row(SrVaultDatabase *database, const char *sql, GError **error)
{
    g_autoptr(sqlite3_stmt) statement = prepare(database, sql, error);
    int result;

    if (!statement)
        return NULL;
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return g_steal_pointer(&statement);
    if (result == SQLITE_DONE)
        sr_error_set(error, SR_ERROR_CORRUPT, "the vault %s lacks its head row", database->path);
    else
        fail(database, error);
    return NULL;
}

static gboolean query_number(SrVaultDatabase *database, const char *sql, gint64 *ret_value,
                             GError **error)
{
    g_autoptr(sqlite3_stmt) statement = query_row(database, sql, error);

    if (!statement)
        return FALSE;
    *ret_value = sqlite3_column_int64(statement, 0);
    return TRUE;
}

/* Views and triggers in a doctored file must not run. */
static void harden(sqlite3 *handle)
{
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, BUSY_MS);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

SrVaultDatabase *sr_vault_database_open(const char *path, GError **error)
{
    g_autoptr(SrVaultDatabase) database = g_new0(SrVaultDatabase, 1);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

    database->path = sr_vault_file_resolve(path, error);
    if (!database->path)
        return NULL;
    if (sqlite3_open_v2(database->path, &database->handle, flags, NULL) != SQLITE_OK) {
        fail(database, error);
        return NULL;
    }
    harden(database->handle);
    return execute(database, settings, error) ? g_steal_pointer(&database) : NULL;
}

void sr_vault_database_free(SrVaultDatabase *database)
{
    if (!database)
        return;
    sqlite3_close(database->handle);
    g_free(database->path);
    g_free(database);
}

gboolean sr_vault_database_begin(SrVaultDatabase *database, gboolean write, GError **error)
{
    return execute(database, write ? "BEGIN IMMEDIATE" : "BEGIN", error);
}

gboolean sr_vault_database_commit(SrVaultDatabase *database, GError **error)
{
    return execute(database, "COMMIT", error);
}

static gboolean check_version(SrVaultDatabase *database, GError **error)
{
    gint64 application;
    gint64 version;

    if (!query_number(database, "PRAGMA application_id", &application, error) ||
        !query_number(database, "PRAGMA user_version", &version, error))
        return FALSE;
    if (application != APPLICATION_ID)
        sr_error_set(error, SR_ERROR_CORRUPT, "%s is not a sealring vault", database->path);
    else if (version != VERSION)
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "the vault %s has format %" G_GINT64_FORMAT ", known is %d: use the version "
                     "of sealring that made it",
                     database->path, version, VERSION);
    return application == APPLICATION_ID && version == VERSION;
}

gboolean sr_vault_database_is_ready(SrVaultDatabase *database, gboolean *ret_ready, GError **error)
{
    gint64 objects;
    gint64 slots = 0;

    *ret_ready = FALSE;
    if (!query_number(database, "SELECT count(*) FROM sqlite_master", &objects, error))
        return FALSE;
    if (objects == 0)
        return TRUE;
    if (!check_version(database, error) ||
        !query_number(database, "SELECT count(*) FROM slot", &slots, error))
        return FALSE;
    *ret_ready = slots > 0;
    if (slots == 0)
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "the vault %s lost its unlock slots: restore it from a backup",
                     database->path);
    return slots > 0;
}

gboolean sr_vault_database_set_up(SrVaultDatabase *database,
                                  const guint8 vault_id[SR_VAULT_ID_SIZE], GError **error)
{
    g_autoptr(sqlite3_stmt) statement = NULL;

    if (!execute(database, schema, error))
        return FALSE;
    statement = prepare(database, "INSERT INTO vault (id, generation) VALUES (?1, 0)", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_blob(statement, 1, vault_id, SR_VAULT_ID_SIZE, SQLITE_STATIC);
    return finish(database, statement, error);
}

gboolean sr_vault_database_get_id(SrVaultDatabase *database, guint8 ret_id[SR_VAULT_ID_SIZE],
                                  GError **error)
{
    g_autoptr(sqlite3_stmt) statement = query_row(database, "SELECT id FROM vault", error);
    const void *id;

    if (!statement)
        return FALSE;
    id = sqlite3_column_blob(statement, 0);
    if (!id || sqlite3_column_bytes(statement, 0) != SR_VAULT_ID_SIZE) {
        sr_error_set(error, SR_ERROR_CORRUPT, "the vault %s has no id", database->path);
        return FALSE;
    }
    memcpy(ret_id, id, SR_VAULT_ID_SIZE);
    return TRUE;
}

/* A copy of a text column, NULL for SQL NULL. */
static char *column_text(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

static GByteArray *column_bytes(sqlite3_stmt *statement, int column)
{
    GByteArray *bytes = g_byte_array_new();
    const guint8 *blob = sqlite3_column_blob(statement, column);

    if (blob)
        g_byte_array_append(bytes, blob, (guint)sqlite3_column_bytes(statement, column));
    return bytes;
}

typedef gpointer (*RowReader)(sqlite3_stmt *statement);

/* All rows of a prepared query. A column that is NULL where it must not be makes a row NULL. */
static GPtrArray *read_rows(SrVaultDatabase *database, sqlite3_stmt *statement, RowReader reader,
                            GDestroyNotify free_row, GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
    int result = sqlite3_step(statement);

    for (; result == SQLITE_ROW; result = sqlite3_step(statement)) {
        gpointer row = reader(statement);

        if (!row) {
            sr_error_set(error, SR_ERROR_CORRUPT, "the vault %s has a row without all its columns",
                         database->path);
            return NULL;
        }
        g_ptr_array_add(rows, row);
    }
    if (result == SQLITE_DONE)
        return g_steal_pointer(&rows);
    fail(database, error);
    return NULL;
}

static gpointer read_slot(sqlite3_stmt *statement)
{
    g_autoptr(SrVaultSlot) slot = g_new0(SrVaultSlot, 1);

    slot->kind = column_text(statement, 0);
    slot->parameters = column_text(statement, 1);
    slot->wrapped = column_bytes(statement, 2);
    return slot->kind && slot->parameters ? g_steal_pointer(&slot) : NULL;
}

static void free_slot(gpointer slot)
{
    sr_vault_slot_free(slot);
}

GPtrArray *sr_vault_database_get_slots(SrVaultDatabase *database, GError **error)
{
    g_autoptr(sqlite3_stmt) statement =
        prepare(database, "SELECT kind, parameters, wrapped FROM slot ORDER BY id LIMIT 16", error);

    return statement ? read_rows(database, statement, read_slot, free_slot, error) : NULL;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static void bind_bytes(sqlite3_stmt *statement, int index, const GByteArray *bytes)
{
    sqlite3_bind_blob(statement, index, bytes->data, (int)bytes->len, SQLITE_STATIC);
}

gboolean sr_vault_database_add_slot(SrVaultDatabase *database, const SrVaultSlot *slot,
                                    GError **error)
{
    g_autoptr(sqlite3_stmt) statement = prepare(
        database, "INSERT INTO slot (kind, parameters, wrapped) VALUES (?1, ?2, ?3)", error);

    if (!statement)
        return FALSE;
    bind_text(statement, 1, slot->kind);
    bind_text(statement, 2, slot->parameters);
    bind_bytes(statement, 3, slot->wrapped);
    return finish(database, statement, error);
}

gboolean sr_vault_database_next_generation(SrVaultDatabase *database, gint64 *ret_generation,
                                           GError **error)
{
    return execute(database, "UPDATE vault SET generation = generation + 1", error) &&
           query_number(database, "SELECT generation FROM vault", ret_generation, error);
}

gboolean sr_vault_database_put(SrVaultDatabase *database, const SrVaultRow *row, GError **error)
{
    g_autoptr(sqlite3_stmt) statement =
        prepare(database,
                "INSERT OR REPLACE INTO record (kind, id, algorithm, label, generation, sealed)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                error);

    if (!statement)
        return FALSE;
    bind_text(statement, 1, sr_record_kind_name(row->kind));
    bind_text(statement, 2, row->id);
    bind_text(statement, 3, row->algorithm);
    bind_text(statement, 4, row->label);
    sqlite3_bind_int64(statement, 5, row->generation);
    bind_bytes(statement, 6, row->sealed);
    return finish(database, statement, error);
}

static gpointer read_record(sqlite3_stmt *statement)
{
    g_autoptr(SrVaultRow) row = g_new0(SrVaultRow, 1);
    g_autofree char *kind = column_text(statement, 0);

    row->id = column_text(statement, 1);
    row->algorithm = column_text(statement, 2);
    row->label = column_text(statement, 3);
    row->generation = sqlite3_column_int64(statement, 4);
    row->sealed = column_bytes(statement, 5);
    if (!kind || !row->id || !row->label || !sr_record_kind_from_name(kind, &row->kind))
        return NULL;
    return g_steal_pointer(&row);
}

static void free_row(gpointer row)
{
    sr_vault_row_free(row);
}

static GPtrArray *query_records(SrVaultDatabase *database, const char *sql, SrRecordKind kind,
                                const char *id, GError **error)
{
    g_autoptr(sqlite3_stmt) statement = prepare(database, sql, error);

    if (!statement)
        return NULL;
    bind_text(statement, 1, sr_record_kind_name(kind));
    bind_text(statement, 2, id);
    return read_rows(database, statement, read_record, free_row, error);
}

GPtrArray *sr_vault_database_find(SrVaultDatabase *database, SrRecordKind kind, const char *id,
                                  GError **error)
{
    return query_records(database,
                         "SELECT kind, id, algorithm, label, generation, sealed FROM record"
                         " WHERE kind = ?1 AND id = ?2",
                         kind, id, error);
}

GPtrArray *sr_vault_database_list(SrVaultDatabase *database, SrRecordKind kind, const char *prefix,
                                  GError **error)
{
    /* '{' follows the last character that an id can have. */
    return query_records(database,
                         "SELECT kind, id, algorithm, label, generation, NULL FROM record"
                         " WHERE kind = ?1 AND id >= ?2 AND id < ?2 || '{' ORDER BY id",
                         kind, prefix, error);
}

gboolean sr_vault_database_remove(SrVaultDatabase *database, SrRecordKind kind, const char *id,
                                  GError **error)
{
    g_autoptr(sqlite3_stmt) statement =
        prepare(database, "DELETE FROM record WHERE kind = ?1 AND id = ?2", error);

    if (!statement)
        return FALSE;
    bind_text(statement, 1, sr_record_kind_name(kind));
    bind_text(statement, 2, id);
    return finish(database, statement, error);
}
