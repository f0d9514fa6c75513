/*
 * state.db: the agent's own memory of decisions: grants, seen nonces, the audit log, settings. It
 * holds no secrets but sealed ones (journal.h).
 *
 * Writes collect in one transaction until sr_database_commit: the agent commits once for all
 * requests it read together, and only then sends their replies, so nothing is answered that is not
 * recorded. WAL with synchronous=NORMAL: what was committed survives a killed process; a commit
 * marked durable survives a power loss too.
 */
#pragma once

#include <glib.h>
#include <sqlite3.h>

typedef struct SrDatabase SrDatabase;

/*
 * Open or create the file @path (0600). SR_ERROR_STORE_UNAVAILABLE when it cannot be opened,
 * SR_ERROR_CORRUPT when it is not ours or damaged. Owned by the caller.
 */
SrDatabase *sr_database_open(const char *path, GError **error);

/* Commits what is pending, then closes. NULL is fine. */
void sr_database_free(SrDatabase *database);

/*
 * The prepared statement for @sql, reset and with cleared bindings. @sql must be a string literal:
 * statements are kept by its address. Borrowed. NULL with SR_ERROR_INTERNAL when it does not
 * compile.
 */
sqlite3_stmt *sr_database_statement(SrDatabase *database, const char *sql, GError **error);

/*
 * Begin the pending transaction if none is open, and in it a step. Every writer calls this or the
 * next function first.
 * SR_ERROR_STORE_UNAVAILABLE when the disk is full or the pending transaction was lost.
 */
gboolean sr_database_begin(SrDatabase *database, GError **error);

/*
 * The same without a step, which costs more than a line of the log: for writers that only add rows.
 * When one of their writes fails outside a step, the pending transaction is lost as a whole.
 */
gboolean sr_database_begin_adding(SrDatabase *database, GError **error);

/* The step is complete (its line is in the log): it stays whatever happens to later ones. */
void sr_database_settle(SrDatabase *database);

/*
 * Undo what was written since the last sr_database_settle; TRUE when there was something, so that
 * what is held of it in memory must be read again.
 */
gboolean sr_database_undo(SrDatabase *database);

/* Run a write statement to its end; SR_ERROR_STORE_UNAVAILABLE when it fails (disk full). */
gboolean sr_database_run(SrDatabase *database, sqlite3_stmt *statement, GError **error);

/* Mark the pending transaction as one that must survive a power loss. */
void sr_database_want_durable(SrDatabase *database);

/* Commit what is pending. On failure everything pending is undone. */
gboolean sr_database_commit(SrDatabase *database, GError **error);

/* A setting by name (owned by the caller), NULL when it is not set; NULL as @value removes it. */
char *sr_database_setting(SrDatabase *database, const char *name);
gboolean sr_database_set_setting(SrDatabase *database, const char *name, const char *value,
                                 GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrDatabase, sr_database_free)
