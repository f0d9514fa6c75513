#include "store/vault_record.h"

#include "base/error.h"
#include "crypto/aead.h"

#include <string.h>

#define PURPOSE "sealring vault record 1"

void sr_vault_aad_add_text(GByteArray *aad, const char *text)
{
    const guint32 length = text ? (guint32)strlen(text) : G_MAXUINT32;
    const guint32 big_endian = GUINT32_TO_BE(length);

    g_byte_array_append(aad, (const guint8 *)&big_endian, sizeof big_endian);
    if (text)
        g_byte_array_append(aad, (const guint8 *)text, length);
}

static GByteArray *associated_data(SrRecordKind kind, const char *id, const char *algorithm,
                                   const char *label, gint64 generation)
{
    GByteArray *aad = g_byte_array_new();
    const guint64 big_endian = GUINT64_TO_BE((guint64)generation);

    sr_vault_aad_add_text(aad, PURPOSE);
    sr_vault_aad_add_text(aad, sr_record_kind_name(kind));
    sr_vault_aad_add_text(aad, id);
    sr_vault_aad_add_text(aad, algorithm);
    sr_vault_aad_add_text(aad, label);
    g_byte_array_append(aad, (const guint8 *)&big_endian, sizeof big_endian);
    return aad;
}

SrVaultRow *sr_vault_row_seal(const SrSecret *data_key, const SrRecord *record, gint64 generation,
                              GError **error)
{
    g_autoptr(GByteArray) aad =
        associated_data(record->kind, record->id, record->algorithm, record->label, generation);
    GByteArray *sealed = sr_aead_seal(data_key, aad->data, aad->len, sr_secret_peek(record->secret),
                                      sr_secret_size(record->secret), error);
    SrVaultRow *row;

    if (!sealed)
        return NULL;
    row = g_new0(SrVaultRow, 1);
    row->kind = record->kind;
    row->id = g_strdup(record->id);
    row->algorithm = g_strdup(record->algorithm);
    row->label = g_strdup(record->label);
    row->generation = generation;
    row->sealed = sealed;
    return row;
}

SrRecord *sr_vault_row_open(const SrSecret *data_key, const SrVaultRow *row, GError **error)
{
    g_autoptr(GByteArray) aad =
        associated_data(row->kind, row->id, row->algorithm, row->label, row->generation);
    g_autoptr(GError) cause = NULL;
    SrSecret *secret =
        sr_aead_open(data_key, aad->data, aad->len, row->sealed->data, row->sealed->len, &cause);

    if (secret)
        return sr_record_new(row->kind, row->id, row->algorithm, row->label, secret);
    if (g_error_matches(cause, SR_ERROR, SR_ERROR_CORRUPT))
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "the vault's %s \"%s\" was damaged or changed: restore it from a backup",
                     sr_record_kind_name(row->kind), row->id);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

void sr_vault_row_free(SrVaultRow *row)
{
    if (!row)
        return;
    g_free(row->id);
    g_free(row->algorithm);
    g_free(row->label);
    if (row->sealed)
        g_byte_array_unref(row->sealed);
    g_free(row);
}
