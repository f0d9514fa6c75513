#include "agent/accounts.h"

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

#include <string.h>
#include <time.h>

struct SrAccounts {
    SrSecret *key;
    GHashTable *by_id; /* of SrAccountInfo */
    gboolean is_loaded;
};

/* Microseconds since the machine was started, the time it slept included. */
static gint64 boot_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void release(GRefString *text)
{
    if (text)
        g_ref_string_release(text);
}

void sr_account_info_free(SrAccountInfo *info)
{
    if (!info)
        return;
    g_free(info->id);
    g_free(info->name);
    g_free(info->subject);
    g_free(info->cause);
    release(info->issuer);
    release(info->client_id);
    release(info->scope);
    release(info->caller);
    release(info->origin);
    if (info->sealed)
        g_byte_array_unref(info->sealed);
    g_free(info);
}

/* What is left of the access token by the clock on the wall, microseconds. */
static gint64 left_usec(const SrAccount *account)
{
    const gint64 now = g_get_real_time();

    if (sr_account_left(account, now / G_USEC_PER_SEC) == 0)
        return 0;
    return account->expires * G_USEC_PER_SEC - now;
}

SrAccountInfo *sr_account_info_new(const SrAccount *account, const SrSecret *key, GError **error)
{
    g_autoptr(SrAccountInfo) info = g_new0(SrAccountInfo, 1);

    info->id = g_strdup(account->id);
    info->name = g_strdup(account->name);
    info->issuer = g_ref_string_new_intern(account->issuer);
    info->client_id = g_ref_string_new_intern(account->client_id);
    info->subject = g_strdup(account->subject);
    info->scope = g_ref_string_new_intern(account->scope);
    info->caller = g_ref_string_new_intern(account->caller);
    info->origin = g_ref_string_new_intern(account->origin);
    info->state = account->state;
    info->cause = g_strdup(account->cause);
    info->is_dpop = account->is_dpop;
    info->can_refresh = account->refresh_token != NULL;
    info->generation = account->generation;
    info->created = account->created;
    info->expires = account->expires;
    info->lifetime = MAX(0, account->expires - account->received);
    if (!account->access_token)
        return g_steal_pointer(&info);
    info->deadline = boot_time() + left_usec(account);
    info->sealed =
        sr_aead_seal(key, info->id, strlen(info->id), sr_secret_peek(account->access_token),
                     sr_secret_size(account->access_token), error);
    return info->sealed ? g_steal_pointer(&info) : NULL;
}

gint64 sr_account_info_remaining(const SrAccountInfo *info)
{
    if (!info->sealed)
        return 0;
    return MAX(0, (info->deadline - boot_time()) / G_USEC_PER_SEC);
}

gboolean sr_account_info_has_token(const SrAccountInfo *info)
{
    return info->sealed && info->deadline > boot_time();
}

SrAccounts *sr_accounts_new(void)
{
    SrAccounts *accounts = g_new0(SrAccounts, 1);

    accounts->by_id =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sr_account_info_free);
    return accounts;
}

void sr_accounts_free(SrAccounts *accounts)
{
    if (!accounts)
        return;
    g_hash_table_unref(accounts->by_id);
    sr_secret_free(accounts->key);
    g_free(accounts);
}

SrSecret *sr_accounts_key(SrAccounts *accounts, GError **error)
{
    if (!accounts->key)
        accounts->key = sr_random_secret(SR_AEAD_KEY_SIZE, error);
    if (!accounts->key)
        return NULL;
    return sr_secret_new_copy(sr_secret_peek(accounts->key), SR_AEAD_KEY_SIZE, error);
}

gboolean sr_accounts_is_loaded(const SrAccounts *accounts)
{
    return accounts->is_loaded;
}

void sr_accounts_load(SrAccounts *accounts, GPtrArray *infos)
{
    g_hash_table_remove_all(accounts->by_id);
    for (guint i = 0; i < infos->len; i++)
        sr_accounts_set(accounts, infos->pdata[i]);
    accounts->is_loaded = TRUE;
}

/* Whether both have the same access token; no two come to one account in one second. */
static gboolean is_same_token(const SrAccountInfo *info, const SrAccountInfo *before)
{
    return info->sealed && before->sealed && info->expires == before->expires &&
           info->lifetime == before->lifetime;
}

void sr_accounts_set(SrAccounts *accounts, SrAccountInfo *info)
{
    const SrAccountInfo *before = sr_accounts_get(accounts, info->id);

    if (before && is_same_token(info, before))
        info->deadline = before->deadline;
    g_hash_table_replace(accounts->by_id, info->id, info);
}

void sr_accounts_remove(SrAccounts *accounts, const char *id)
{
    g_hash_table_remove(accounts->by_id, id);
}

void sr_accounts_clear(SrAccounts *accounts)
{
    g_hash_table_remove_all(accounts->by_id);
    accounts->is_loaded = FALSE;
}

const SrAccountInfo *sr_accounts_get(const SrAccounts *accounts, const char *id)
{
    return g_hash_table_lookup(accounts->by_id, id);
}

static gint by_age(gconstpointer a, gconstpointer b)
{
    const SrAccountInfo *left = *(const SrAccountInfo *const *)a;
    const SrAccountInfo *right = *(const SrAccountInfo *const *)b;

    if (left->created != right->created)
        return left->created < right->created ? -1 : 1;
    return strcmp(left->id, right->id);
}

GPtrArray *sr_accounts_list(const SrAccounts *accounts)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer info;

    g_hash_table_iter_init(&iterator, accounts->by_id);
    while (g_hash_table_iter_next(&iterator, NULL, &info))
        g_ptr_array_add(list, info);
    g_ptr_array_sort(list, by_age);
    return list;
}

SrSecret *sr_accounts_token(const SrAccounts *accounts, const SrAccountInfo *info, GError **error)
{
    if (!accounts->key) {
        sr_error_set(error, SR_ERROR_CORRUPT, "the access token was sealed elsewhere");
        return NULL;
    }
    return sr_aead_open(accounts->key, info->id, strlen(info->id), info->sealed->data,
                        info->sealed->len, error);
}
