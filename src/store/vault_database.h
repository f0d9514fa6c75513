/*
 * The SQLite file of the vault: its tables, transactions and rows (docs/VAULT.md). Knows nothing of
 * keys; what it reads is not trusted until the seals are opened.
 *
 * A database is opened for one operation and closed after it, so that each operation sees the file
 * that is at the path now, and nothing is locked in between. Errors: SR_ERROR_STORE_UNAVAILABLE
 * (in use for too long, disk full, I/O), SR_ERROR_CORRUPT (not a vault, damaged, newer version).
 */
#pragma once

#include "store/vault_record.h"
#include "store/vault_slot.h"

typedef struct SrVaultDatabase SrVaultDatabase;

/* Open the existing file at @path. */
SrVaultDatabase *sr_vault_database_open(const char *path, GError **error);

/* Close; rolls back what was not committed. NULL is fine. */
void sr_vault_database_free(SrVaultDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrVaultDatabase, sr_vault_database_free)

/* Begin a transaction, one that is going to @write at once taking its place in the queue. */
gboolean sr_vault_database_begin(SrVaultDatabase *database, gboolean write, GError **error);

/* End it; what was done in it is durable when this returns TRUE. */
gboolean sr_vault_database_commit(SrVaultDatabase *database, GError **error);

/* Whether the vault in the file was set up (*ret_ready); SR_ERROR_CORRUPT for tables without a
 * slot, which set-up, being one transaction, never leaves. */
gboolean sr_vault_database_is_ready(SrVaultDatabase *database, gboolean *ret_ready, GError **error);

/* Make tables in an empty file. */
gboolean sr_vault_database_set_up(SrVaultDatabase *database,
                                  const guint8 vault_id[SR_VAULT_ID_SIZE], GError **error);

/* The id of the vault in this file. */
gboolean sr_vault_database_get_id(SrVaultDatabase *database, guint8 ret_id[SR_VAULT_ID_SIZE],
                                  GError **error);

/* All slots, elements SrVaultSlot *. */
GPtrArray *sr_vault_database_get_slots(SrVaultDatabase *database, GError **error);

/* Insert a slot. */
gboolean sr_vault_database_add_slot(SrVaultDatabase *database, const SrVaultSlot *slot,
                                    GError **error);

/* Count the generation up; *ret_generation was never used before in this file. */
gboolean sr_vault_database_next_generation(SrVaultDatabase *database, gint64 *ret_generation,
                                           GError **error);

/* Insert or replace. */
gboolean sr_vault_database_put(SrVaultDatabase *database, const SrVaultRow *row, GError **error);

/* The row of @kind with that @id: an array of one SrVaultRow *, or of none. */
GPtrArray *sr_vault_database_find(SrVaultDatabase *database, SrRecordKind kind, const char *id,
                                  GError **error);

/* The rows of @kind with ids that start with @prefix, in the order of their ids, with nothing in
 * their @sealed. Elements SrVaultRow *. */
GPtrArray *sr_vault_database_list(SrVaultDatabase *database, SrRecordKind kind, const char *prefix,
                                  GError **error);

/* Remove the row; TRUE also when there was none. */
gboolean sr_vault_database_remove(SrVaultDatabase *database, SrRecordKind kind, const char *id,
                                  GError **error);
