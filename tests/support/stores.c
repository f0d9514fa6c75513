#include "support/stores.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <string.h>

SrSecret *secret_from_text(const char *text)
{
    g_autoptr(GError) error = NULL;
    SrSecret *secret = sr_secret_new_copy(text, strlen(text), &error);

    g_assert_no_error(error);
    return secret;
}

SrRecord *record_from_text(SrRecordKind kind, const char *id, const char *algorithm,
                           const char *label, const char *text)
{
    return sr_record_new(kind, id, algorithm, label, secret_from_text(text));
}

void assert_put(SrStore *store, SrRecordKind kind, const char *id, const char *text)
{
    g_autoptr(SrRecord) record = record_from_text(kind, id, "secp256k1", id, text);
    g_autoptr(GError) error = NULL;

    sr_store_put(store, record, &error);
    g_assert_no_error(error);
}

void assert_holds(SrStore *store, SrRecordKind kind, const char *id, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, kind, id, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(record->id, ==, id);
    g_assert_cmpstr((const char *)sr_secret_peek(record->secret), ==, text);
}

void assert_missing(SrStore *store, SrRecordKind kind, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, kind, id, &error);

    g_assert_null(record);
    g_assert_error(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND);
}

guint assert_count(SrStore *store, SrRecordKind kind, const char *prefix)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = sr_store_list_entries(store, kind, prefix, &error);

    g_assert_no_error(error);
    return entries->len;
}

static gboolean add_copy(const SrRecord *record, const GError *damage, gpointer data,
                         GError **error)
{
    (void)error;
    g_assert_no_error(damage);
    g_ptr_array_add(data,
                    record_from_text(record->kind, record->id, record->algorithm, record->label,
                                     (const char *)sr_secret_peek(record->secret)));
    return TRUE;
}

GPtrArray *assert_read_all(SrStore *store, SrRecordKind kind, const char *prefix)
{
    GPtrArray *records = g_ptr_array_new_with_free_func((GDestroyNotify)sr_record_free);
    g_autoptr(GError) error = NULL;

    sr_store_visit(store, kind, prefix, add_copy, records, &error);
    g_assert_no_error(error);
    return records;
}

static gboolean add_id(const SrRecord *record, const GError *damage, gpointer data, GError **error)
{
    GString *ids = data;

    (void)error;
    g_assert_true((damage == NULL) == (record->secret != NULL));
    g_assert_true(!damage || g_error_matches(damage, SR_ERROR, SR_ERROR_CORRUPT));
    g_string_append_printf(ids, "%s%s%s", ids->len > 0 ? " " : "", record->id, damage ? "!" : "");
    return TRUE;
}

char *assert_visit(SrStore *store, SrRecordKind kind, const char *prefix)
{
    GString *ids = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    sr_store_visit(store, kind, prefix, add_id, ids, &error);
    g_assert_no_error(error);
    return g_string_free(ids, FALSE);
}

SrStore *open_vault(const char *path)
{
    g_autoptr(SrSecret) passphrase = secret_from_text(PASSPHRASE);
    g_autoptr(GError) error = NULL;
    SrStore *vault = sr_vault_new(path, CHEAP);

    sr_store_unlock(vault, passphrase, &error);
    g_assert_no_error(error);
    return vault;
}

char *make_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("sealring-XXXXXX", &error);

    g_assert_no_error(error);
    return folder;
}

void remove_folder(const char *folder)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    const char *name;

    while (entries && (name = g_dir_read_name(entries))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            remove_folder(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}
