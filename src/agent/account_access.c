#include "agent/account_access.h"

#include "agent/account_jobs.h"
#include "base/error.h"
#include "ethereum/siwe.h"

#include <string.h>

/* --- knowing them
 * ------------------------------------------------------------------------------------ */

static void free_infos(gpointer infos)
{
    g_ptr_array_unref(infos);
}

static void on_listed(SrRequest *request)
{
    g_autoptr(GPtrArray) infos = g_steal_pointer(&request->result);

    g_ptr_array_set_free_func(infos, NULL);
    sr_accounts_load(request->agent->accounts, infos);
    request->after_accounts(request);
}

static void free_key(gpointer key)
{
    sr_secret_free(key);
}

static void on_keys(SrRequest *request)
{
    GError *error = NULL;
    SrSecret *key;

    if (sr_accounts_is_loaded(request->agent->accounts)) {
        request->after_accounts(request);
        return;
    }
    key = sr_accounts_key(request->agent->accounts, &error);
    if (key)
        sr_request_on_store(request, sr_account_list_job, key, free_key, free_infos,
                            SR_STORE_DEADLINE_MS, on_listed);
    else
        sr_request_fail(request, error);
}

void sr_request_need_accounts(SrRequest *request, gboolean ask, SrRequestStep next)
{
    request->after_accounts = next;
    if (sr_accounts_is_loaded(request->agent->accounts))
        next(request);
    else
        sr_request_need_keys(request, ask, on_keys);
}

/* --- choosing
 * ---------------------------------------------------------------------------------------- */

const char *sr_account_caller(const SrRequest *request)
{
    return request->caller->extension ? request->caller->extension : "cli";
}

gboolean sr_account_is_granted(const SrRequest *request, const SrAccountInfo *info)
{
    const char *caller = sr_account_caller(request);

    return (strcmp(info->caller, caller) == 0 && strcmp(info->origin, request->origin) == 0) ||
           sr_grants_has(request->agent->grants, SR_GRANT_TOKENS, caller, request->origin,
                         info->id);
}

typedef struct {
    const char *account; /* both may be NULL */
    const char *issuer;
} Wish;

static gboolean is_meant(const Wish *wish, const SrAccountInfo *info)
{
    return (!wish->issuer || strcmp(wish->issuer, info->issuer) == 0) &&
           (!wish->account || strcmp(wish->account, info->id) == 0 ||
            strcmp(wish->account, info->name) == 0);
}

/* The one account that is meant and granted or not; *ret_count says how many there are. */
static const SrAccountInfo *find(const SrRequest *request, const Wish *wish, gboolean granted,
                                 guint *ret_count)
{
    g_autoptr(GPtrArray) list = sr_accounts_list(request->agent->accounts);
    const SrAccountInfo *found = NULL;

    *ret_count = 0;
    for (guint i = 0; i < list->len; i++) {
        if (!is_meant(wish, list->pdata[i]) ||
            sr_account_is_granted(request, list->pdata[i]) != granted)
            continue;
        found = list->pdata[i];
        (*ret_count)++;
    }
    return found;
}

const SrAccountInfo *sr_account_choose(SrRequest *request, GError **error)
{
    Wish wish = {NULL, NULL};
    const SrAccountInfo *found;
    guint count;

    if (!sr_json_string_optional(request->params, "account", &wish.account, error) ||
        !sr_json_string_optional(request->params, "issuer", &wish.issuer, error))
        return NULL;
    found = find(request, &wish, TRUE, &count);
    /* Without a name nobody is asked for somebody else's account, but for the command line. */
    if (!found && (wish.account || wish.issuer || sr_request_is_cli(request)))
        found = find(request, &wish, FALSE, &count);
    if (count == 1)
        return found;
    if (count > 1)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "account", -1,
                        "%u accounts fit; name one by its id", count);
    else
        sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "account", -1,
                        "there is no such account; sign in first");
    return NULL;
}

static void set_account(SrRequest *request, const SrAccountInfo *info)
{
    sr_request_clear_state(request);
    request->state = g_strdup(info->id);
    request->free_state = g_free;
}

static void on_agreed(SrRequest *request)
{
    GError *error = NULL;
    SrJson *more = json_object_new_object();

    sr_json_add_string(more, "account", request->state);
    if (!sr_accounts_get(request->agent->accounts, request->state)) {
        sr_json_free(more);
        sr_error_set_at(&error, SR_ERROR_NOT_GRANTED, "account", -1, "is not there any more");
        sr_request_fail(request, error);
        return;
    }
    if (sr_grants_give(request->agent->grants, SR_GRANT_TOKENS, sr_account_caller(request),
                       request->origin, request->state, &error) &&
        sr_request_record(request, "allow-account", more, &error))
        request->after_accounts(request);
    else
        sr_request_fail(request, error);
}

static void ask(SrRequest *request, const SrAccountInfo *info)
{
    SrConsentModel *model = sr_request_consent(request, "Let it use your account %s?", info->name);

    sr_consent_model_add(model, SR_CONSENT_FACT, "Provider: %s", info->issuer);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Signed in by: %s",
                         strcmp(info->caller, "cli") == 0 ? "the sealring command" : info->caller);
    sr_consent_model_add(model, SR_CONSENT_GRANT, "Act as you there, with: %s", info->scope);
    sr_consent_model_add(model, SR_CONSENT_GRANT, "Get access tokens whenever it asks");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: you revoke it (sealring grant)");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    sr_request_ask(request, model, on_agreed);
}

void sr_request_need_account(SrRequest *request, SrRequestStep next)
{
    GError *error = NULL;
    const SrAccountInfo *info = sr_account_choose(request, &error);

    if (!info) {
        sr_request_fail(request, error);
        return;
    }
    set_account(request, info);
    request->after_accounts = next;
    if (sr_account_is_granted(request, info))
        next(request);
    else
        ask(request, info);
}

void sr_request_own_account(SrRequest *request, SrRequestStep next)
{
    GError *error = NULL;
    const SrAccountInfo *info = sr_account_choose(request, &error);

    if (info && !sr_account_is_granted(request, info) && !sr_request_is_cli(request)) {
        sr_error_set_at(&error, SR_ERROR_NOT_GRANTED, "account", -1,
                        "there is no such account; sign in first");
        info = NULL;
    }
    if (!info) {
        sr_request_fail(request, error);
        return;
    }
    set_account(request, info);
    next(request);
}

/* --- showing
 * ----------------------------------------------------------------------------------------- */

SrJson *sr_account_json(const SrRequest *request, const SrAccountInfo *info)
{
    SrJson *json = json_object_new_object();
    g_autofree char *created = sr_siwe_time_text(info->created * G_USEC_PER_SEC);

    sr_json_add_string(json, "id", info->id);
    sr_json_add_string(json, "name", info->name);
    sr_json_add_string(json, "issuer", info->issuer);
    sr_json_add_string(json, "clientId", info->client_id);
    if (info->subject)
        sr_json_add_string(json, "subject", info->subject);
    sr_json_add_string(json, "scope", info->scope);
    sr_json_add_string(json, "state", sr_account_state_name(info->state));
    if (info->cause)
        sr_json_add_string(json, "cause", info->cause);
    sr_json_add_string(json, "created", created);
    if (sr_request_is_cli(request)) {
        sr_json_add_string(json, "caller", info->caller);
        sr_json_add_string(json, "origin", info->origin);
    }
    return json;
}
