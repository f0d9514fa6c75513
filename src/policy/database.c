#include "policy/database.h"

#include "base/error.h"

#include <fcntl.h>
#include <unistd.h>

#define APPLICATION_ID "0x5ea15e01"
#define SCHEMA_VERSION 1

struct SrDatabase {
    sqlite3 *handle;
    GHashTable *statements; /* literal address → sqlite3_stmt */
    gboolean pending;
    gboolean unsettled; /* a step is open: a savepoint in the pending transaction */
    gboolean lost;      /* SQLite has rolled back the pending transaction by itself */
    gboolean durable;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS permission (id TEXT PRIMARY KEY, kind TEXT NOT NULL,"
    " caller TEXT NOT NULL, origin TEXT NOT NULL, key TEXT NOT NULL, domain TEXT, delegate TEXT,"
    " capabilities TEXT, scope TEXT, maximum_seconds INTEGER NOT NULL, created INTEGER NOT NULL,"
    " expires INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS nonce (domain TEXT NOT NULL, nonce TEXT NOT NULL,"
    " digest BLOB NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (domain, nonce)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS nonce_time ON nonce (time);"
    "CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL,"
    " hash BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS rotation (account TEXT PRIMARY KEY, generation INTEGER NOT NULL,"
    " sealed BLOB NOT NULL) WITHOUT ROWID;";

static gboolean fail(SrDatabase *database, GError **error, const char *what)
{
    const int code = sqlite3_errcode(database->handle) & 0xff;

    sr_error_set(error,
                 code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? SR_ERROR_CORRUPT
                                                                 : SR_ERROR_STORE_UNAVAILABLE,
                 "cannot %s the agent's state: %s", what, sqlite3_errmsg(database->handle));
    return FALSE;
}

static gboolean execute(SrDatabase *database, const char *sql, const char *what, GError **error)
{
    if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(database, error, what);
    return TRUE;
}

static int read_pragma(SrDatabase *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int value = 0;

    if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* A newer program may have changed the tables; an older one must not write into them. */
static gboolean check_version(SrDatabase *database, const char *path, GError **error)
{
    const int version = read_pragma(database, "PRAGMA user_version");

    if (version <= SCHEMA_VERSION)
        return TRUE;
    sr_error_set(error, SR_ERROR_CORRUPT, "%s was written by a newer sealring (schema %d)", path,
                 version);
    return FALSE;
}

/* SQLite would create the file with the umask's mode; make it ours alone first. */
static gboolean make_private_file(const char *path, GError **error)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot open %s: %s", path,
                     g_strerror(errno));
        return FALSE;
    }
    close(fd);
    return TRUE;
}

SrDatabase *sr_database_open(const char *path, GError **error)
{
    g_autoptr(SrDatabase) database = g_new0(SrDatabase, 1);

    database->statements =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)(void (*)(void))sqlite3_finalize);
    if (!make_private_file(path, error))
        return NULL;
    if (sqlite3_open_v2(path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        fail(database, error, "open");
        return NULL;
    }
    sqlite3_busy_timeout(database->handle, 2000);
    if (!execute(database,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                 "PRAGMA application_id = " APPLICATION_ID ";",
                 "open", error) ||
        !check_version(database, path, error) || !execute(database, schema, "prepare", error) ||
        !execute(database, "PRAGMA user_version = " G_STRINGIFY(SCHEMA_VERSION), "prepare", error))
        return NULL;
    return g_steal_pointer(&database);
}

void sr_database_free(SrDatabase *database)
{
    if (!database)
        return;
    if (database->pending)
        sr_database_commit(database, NULL);
    g_hash_table_unref(database->statements);
    sqlite3_close(database->handle);
    g_free(database);
}

sqlite3_stmt *sr_database_statement(SrDatabase *database, const char *sql, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(database->statements, sql);

    if (statement) {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        return statement;
    }
    if (sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           NULL) != SQLITE_OK) {
        fail(database, error, "use");
        return NULL;
    }
    g_hash_table_insert(database->statements, (gpointer)(guintptr)sql, statement);
    return statement;
}

gboolean sr_database_run(SrDatabase *database, sqlite3_stmt *statement, GError **error)
{
    const gboolean done = sqlite3_step(statement) == SQLITE_DONE;

    if (!done)
        fail(database, error, "write");
    sqlite3_reset(statement);
    /* Some failures (disk full) end the whole transaction: what follows must not write alone. Nor
     * must it where no step keeps apart what failed. */
    if (database->pending &&
        (sqlite3_get_autocommit(database->handle) || (!done && !database->unsettled)))
        database->lost = TRUE;
    return done;
}

/* As sr_database_run for @sql, a literal without parameters. */
static gboolean run_literal(SrDatabase *database, const char *sql, GError **error)
{
    sqlite3_stmt *statement = sr_database_statement(database, sql, error);

    return statement && sr_database_run(database, statement, error);
}

gboolean sr_database_begin_adding(SrDatabase *database, GError **error)
{
    if (!database->pending) {
        database->pending = execute(database, "BEGIN IMMEDIATE", "write", error);
        database->lost = FALSE;
    }
    if (!database->pending)
        return FALSE;
    if (database->lost) {
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot write the agent's state");
        return FALSE;
    }
    return TRUE;
}

gboolean sr_database_begin(SrDatabase *database, GError **error)
{
    if (!sr_database_begin_adding(database, error))
        return FALSE;
    if (!database->unsettled)
        database->unsettled = run_literal(database, "SAVEPOINT step", error);
    return database->unsettled;
}

void sr_database_settle(SrDatabase *database)
{
    if (database->unsettled && !database->lost && !run_literal(database, "RELEASE step", NULL))
        database->lost = TRUE;
    database->unsettled = FALSE;
}

gboolean sr_database_undo(SrDatabase *database)
{
    const gboolean had = database->unsettled;

    if (had && !database->lost &&
        (!run_literal(database, "ROLLBACK TO step", NULL) ||
         !run_literal(database, "RELEASE step", NULL)))
        database->lost = TRUE;
    database->unsettled = FALSE;
    return had;
}

void sr_database_want_durable(SrDatabase *database)
{
    database->durable = TRUE;
}

/* What was committed is in the write-ahead log: one sync of it, where a checkpoint needs three. */
static void sync_log(SrDatabase *database)
{
    sqlite3_file *log = NULL;

    sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

gboolean sr_database_commit(SrDatabase *database, GError **error)
{
    const gboolean durable = database->durable;

    if (!database->pending)
        return TRUE;
    database->pending = FALSE;
    database->unsettled = FALSE;
    database->durable = FALSE;
    if (database->lost)
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot write the agent's state");
    if (database->lost || !execute(database, "COMMIT", "write", error)) {
        sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
        return FALSE;
    }
    if (durable)
        sync_log(database);
    return TRUE;
}

char *sr_database_setting(SrDatabase *database, const char *name)
{
    sqlite3_stmt *statement =
        sr_database_statement(database, "SELECT value FROM setting WHERE name = ?", NULL);
    char *value = NULL;

    if (!statement)
        return NULL;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = g_strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_reset(statement);
    return value;
}

gboolean sr_database_set_setting(SrDatabase *database, const char *name, const char *value,
                                 GError **error)
{
    sqlite3_stmt *statement;

    if (!sr_database_begin(database, error))
        return FALSE;
    statement = value
                    ? sr_database_statement(database,
                                            "INSERT OR REPLACE INTO setting VALUES (?1, ?2)", error)
                    : sr_database_statement(database, "DELETE FROM setting WHERE name = ?1", error);
    if (!statement)
        return FALSE;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (value)
        sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC);
    sr_database_want_durable(database);
    return sr_database_run(database, statement, error);
}
