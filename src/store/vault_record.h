/*
 * A record of the vault in its sealed form (docs/VAULT.md): AES-256-GCM under the data key, the
 * associated data binding every other column, so that no column can be edited and no two rows
 * exchanged without notice.
 */
#pragma once

#include "store/store.h"

/* A row of the table "record". */
typedef struct {
    SrRecordKind kind;
    char *id;
    char *algorithm; /* or NULL */
    char *label;
    gint64 generation;
    GByteArray *sealed;
} SrVaultRow;

/* The row of @record, sealed under @data_key (32 bytes). Owned by the caller. */
SrVaultRow *sr_vault_row_seal(const SrSecret *data_key, const SrRecord *record, gint64 generation,
                              GError **error);

/* The record of @row; SR_ERROR_CORRUPT naming the id when the row was changed. */
SrRecord *sr_vault_row_open(const SrSecret *data_key, const SrVaultRow *row, GError **error);

/* NULL is fine. */
void sr_vault_row_free(SrVaultRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrVaultRow, sr_vault_row_free)

/* Append @text (NULL is not the same as "") to associated data, with its length in front. */
void sr_vault_aad_add_text(GByteArray *aad, const char *text);
