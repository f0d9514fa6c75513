#include "agent/account_access.h"

#include "agent/account_jobs.h"
#include "agent/sign_in_grant.h"
#include "base/error.h"
#include "ethereum/siwe.h"

#include <string.h>

#define MANY 32u /* accounts; reading so many leaves gaps in memory */

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
    if (infos->len > MANY)
        sr_agent_trim(request->agent);
    request->after_accounts(request);
}

static void free_listing(gpointer listing)
{
    sr_account_listing_free(listing);
}

static void on_keys(SrRequest *request)
{
    const SrAgent *agent = request->agent;
    GError *error = NULL;
    SrSecret *key;
    SrAccountListing *listing;

    if (sr_accounts_is_loaded(agent->accounts)) {
        request->after_accounts(request);
        return;
    }
    key = sr_accounts_key(agent->accounts, &error);
    if (!key) {
        sr_request_fail(request, error);
        return;
    }
    listing = g_new0(SrAccountListing, 1);
    listing->key = key;
    listing->journal = sr_journal_read_all(agent->database);
    sr_request_on_store(request, sr_account_list_job, listing, free_listing, free_infos,
                        SR_STORE_DEADLINE_MS, on_listed);
}

void sr_request_need_accounts(SrRequest *request, gboolean ask, SrRequestStep next)
{
    request->after_accounts = next;
    request->needs_store = TRUE;
    if (sr_accounts_is_loaded(request->agent->accounts))
        next(request);
    else
        sr_request_need_keys(request, ask, on_keys);
}

/* --- choosing
 * ---------------------------------------------------------------------------------------- */

/* Whether the caller signed @info in. */
static gboolean is_own(const SrRequest *request, const SrAccountInfo *info)
{
    return strcmp(info->caller, sr_request_owner(request)) == 0 &&
           strcmp(info->origin, request->origin) == 0;
}

/* Whether the grant by which the caller signed @info in is still there, or another that would do.
 */
static gboolean may_sign_in(const SrRequest *request, const SrAccountInfo *info)
{
    const SrGrants *grants = request->agent->grants;

    return sr_request_is_cli(request) ||
           sr_sign_in_grant_covers(grants, info->caller, info->origin, info->issuer,
                                   info->client_id, NULL) ||
           sr_sign_in_grant_covers(grants, info->caller, info->origin, info->issuer, NULL, NULL);
}

gboolean sr_account_is_granted(const SrRequest *request, const SrAccountInfo *info)
{
    return (is_own(request, info) && may_sign_in(request, info)) ||
           sr_grants_has(request->agent->grants, SR_GRANT_TOKENS, sr_request_owner(request),
                         request->origin, info->id);
}

static gboolean is_other(const SrRequest *request, const SrAccountInfo *info)
{
    return !sr_account_is_granted(request, info);
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

typedef gboolean (*Fits)(const SrRequest *request, const SrAccountInfo *info);

/* The one account that is meant and @fits; *ret_count says how many there are. */
static const SrAccountInfo *find(const SrRequest *request, const Wish *wish, Fits fits,
                                 guint *ret_count)
{
    g_autoptr(GPtrArray) list = sr_accounts_list(request->agent->accounts);
    const SrAccountInfo *found = NULL;

    *ret_count = 0;
    for (guint i = 0; i < list->len; i++) {
        if (!is_meant(wish, list->pdata[i]) || !fits(request, list->pdata[i]))
            continue;
        found = list->pdata[i];
        (*ret_count)++;
    }
    return found;
}

static gboolean read_wish(SrRequest *request, Wish *wish, GError **error)
{
    return sr_json_string_optional(request->params, "account", &wish->account, error) &&
           sr_json_string_optional(request->params, "issuer", &wish->issuer, error);
}

/* @found when it is the only one. An extension is not told how many others have (@own FALSE). */
static const SrAccountInfo *only_one(const SrRequest *request, const SrAccountInfo *found,
                                     guint count, gboolean own, GError **error)
{
    const gboolean is_cli = sr_request_is_cli(request);

    if (count == 1)
        return found;
    if (count > 1 && (own || is_cli))
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "account", -1,
                        "%u accounts fit; name one by its id", count);
    else
        sr_error_set_at(error, is_cli ? SR_ERROR_KEY_NOT_FOUND : SR_ERROR_NOT_GRANTED, "account",
                        -1, "there is no such account; sign in first");
    return NULL;
}

const SrAccountInfo *sr_account_choose(SrRequest *request, GError **error)
{
    Wish wish = {NULL, NULL};
    const SrAccountInfo *found;
    guint count;

    if (!read_wish(request, &wish, error))
        return NULL;
    found = find(request, &wish, sr_account_is_granted, &count);
    /* Without a name nobody is asked for somebody else's account, but for the command line. */
    if (found || (!wish.account && !wish.issuer && !sr_request_is_cli(request)))
        return only_one(request, found, count, TRUE, error);
    found = find(request, &wish, is_other, &count);
    return only_one(request, found, count, FALSE, error);
}

/* The same among those only that @fit. */
static const SrAccountInfo *choose_among(SrRequest *request, Fits fits, GError **error)
{
    Wish wish = {NULL, NULL};
    const SrAccountInfo *found;
    guint count;

    if (!read_wish(request, &wish, error))
        return NULL;
    found = find(request, &wish, fits, &count);
    return only_one(request, found, count, TRUE, error);
}

static void set_account(SrRequest *request, const SrAccountInfo *info)
{
    sr_request_clear_state(request);
    request->state = g_strdup(info->id);
    request->free_state = g_free;
}

static gboolean allow(SrRequest *request, const char *account, GError **error)
{
    SrJson *more;

    if (!sr_accounts_get(request->agent->accounts, account)) {
        sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "account", -1, "is not there any more");
        return FALSE;
    }
    if (!sr_grants_give(request->agent->grants, SR_GRANT_TOKENS, sr_request_owner(request),
                        request->origin, account, error))
        return FALSE;
    more = json_object_new_object();
    sr_json_add_string(more, "account", account);
    return sr_request_record(request, "allow-account", more, error);
}

static void on_agreed(SrRequest *request)
{
    GError *error = NULL;

    if (allow(request, request->state, &error))
        request->after_accounts(request);
    else
        sr_request_fail(request, error);
}

/* "the sealring command", or the extension and its page. Owned by the caller. */
static char *describe_owner(const SrAccountInfo *info)
{
    if (strcmp(info->caller, SR_OWNER_CLI) == 0)
        return g_strdup("the sealring command");
    if (strcmp(info->caller, info->origin) == 0)
        return g_strdup(info->caller);
    return g_strdup_printf("%s, through %s", info->origin, info->caller);
}

static void ask(SrRequest *request, const SrAccountInfo *info)
{
    SrConsentModel *model = sr_request_consent(request, "Let it use your account %s?", info->name);
    g_autofree char *owner = describe_owner(info);

    sr_consent_model_add(model, SR_CONSENT_FACT, "Provider: %s", info->issuer);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Signed in by: %s", owner);
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

/* Go on with @info; without one, end with @error. */
static void go_on_with(SrRequest *request, const SrAccountInfo *info, GError *error,
                       SrRequestStep next)
{
    if (!info) {
        sr_request_fail(request, error);
        return;
    }
    set_account(request, info);
    next(request);
}

void sr_request_granted_account(SrRequest *request, SrRequestStep next)
{
    GError *error = NULL;
    const SrAccountInfo *info = choose_among(request, sr_account_is_granted, &error);

    go_on_with(request, info, error, next);
}

/* An account of another's may be used, when the user agreed, but not ended. */
void sr_request_own_account(SrRequest *request, SrRequestStep next)
{
    GError *error = NULL;
    const SrAccountInfo *info = sr_request_is_cli(request) ? sr_account_choose(request, &error)
                                                           : choose_among(request, is_own, &error);

    go_on_with(request, info, error, next);
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
