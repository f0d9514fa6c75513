#include "store/key_list.h"

#include "base/error.h"

/* What somebody with write access to the store can make arbitrarily odd. */
static char *fit_for_showing(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), SR_DAMAGED_NAME_MAX));
}

SrDamagedKey *sr_damaged_key_new(const char *id, const char *name, const char *problem)
{
    SrDamagedKey *key = g_new0(SrDamagedKey, 1);

    key->id = g_utf8_make_valid(id, -1);
    key->name = fit_for_showing(name);
    key->problem = g_utf8_make_valid(problem, -1);
    return key;
}

void sr_damaged_key_free(SrDamagedKey *key)
{
    if (!key)
        return;
    g_free(key->id);
    g_free(key->name);
    g_free(key->problem);
    g_free(key);
}

static void free_info(gpointer info)
{
    sr_key_info_free(info);
}

static void free_damaged(gpointer key)
{
    sr_damaged_key_free(key);
}

SrKeyList *sr_key_list_new(void)
{
    SrKeyList *list = g_new0(SrKeyList, 1);

    list->keys = g_ptr_array_new_with_free_func(free_info);
    list->damaged = g_ptr_array_new_with_free_func(free_damaged);
    return list;
}

void sr_key_list_free(SrKeyList *list)
{
    if (!list)
        return;
    g_ptr_array_unref(list->keys);
    g_ptr_array_unref(list->damaged);
    g_free(list);
}

static gboolean add_record(const SrRecord *record, const GError *damage, gpointer data,
                           GError **error)
{
    SrKeyList *list = data;
    g_autoptr(GError) failure = NULL;
    SrKeyInfo *info = damage ? NULL : sr_key_record_info(record, &failure);

    if (info) {
        g_ptr_array_add(list->keys, info);
        return TRUE;
    }
    if (failure && !g_error_matches(failure, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (!damage)
        damage = failure;
    g_ptr_array_add(list->damaged, sr_damaged_key_new(record->id, record->label,
                                                      damage ? damage->message : "is damaged"));
    return TRUE;
}

SrKeyList *sr_key_list_read(SrStore *store, GError **error)
{
    g_autoptr(SrKeyList) list = sr_key_list_new();

    return sr_store_visit(store, SR_RECORD_KEY, NULL, add_record, list, error)
               ? g_steal_pointer(&list)
               : NULL;
}
