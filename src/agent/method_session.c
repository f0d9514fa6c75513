/* session.*: TinyCloud sessions. */
#include "agent/request.h"
#include "agent/session_access.h"
#include "agent/session_jobs.h"
#include "agent/session_sign_in.h"
#include "agent/session_use.h"
#include "base/error.h"
#include "tinycloud/cid.h"
#include "tinycloud/did.h"

#include <string.h>

#define REVOKE "tinycloud.delegation/revoke"
#define REVOCATION_SECONDS 600

static const char *status_name(const SrListedSession *listed)
{
    static const char *const names[] = {
        [SR_SESSION_GOOD] = "valid",
        [SR_SESSION_EXPIRED] = "expired",
        [SR_SESSION_BROKEN] = "corrupt", /* unchecked ones are never listed */
    };

    return names[listed->verdict];
}

static void free_list(gpointer list)
{
    g_ptr_array_unref(list);
}

/* Read the sessions whose ids start with @prefix, or the one with @id, then @next. */
static void read_list(SrRequest *request, const char *prefix, const char *id, SrRequestStep next)
{
    sr_request_on_store(request, sr_session_list_job,
                        sr_session_query_new(prefix, id, g_get_real_time()), sr_session_query_free,
                        free_list, SR_STORE_DEADLINE_MS, next);
}

/* --- list ------------------------------------------------------------------------------------- */

/* What makes a reply long, and is there to be had from session.restore. */
static void drop_long_members(SrJson *json)
{
    SrJson *delegation = json_object_object_get(json, "tinycloudSession");

    json_object_object_del(json, "siwe");
    json_object_object_del(json, "signature");
    if (delegation)
        json_object_object_del(delegation, "delegationHeader");
}

static SrJson *listed_json(const SrRequest *request, const SrListedSession *listed)
{
    SrJson *json = listed->session ? sr_session_json(listed->session) : json_object_new_object();

    sr_json_add_string(json, "session", listed->id);
    sr_json_add_string(json, "status", status_name(listed));
    if (listed->problem)
        sr_json_add_string(json, "problem", listed->problem);
    drop_long_members(json);
    if (listed->session && sr_request_is_cli(request)) {
        sr_json_add_string(json, "caller", listed->session->caller);
        sr_json_add_string(json, "origin", listed->session->origin);
    }
    return json;
}

static void reply_list(SrRequest *request)
{
    g_autoptr(GPtrArray) list = g_steal_pointer(&request->result);
    SrJson *array = json_object_new_array();
    SrJson *result = json_object_new_object();

    for (guint i = 0; i < list->len; i++)
        json_object_array_add(array, listed_json(request, list->pdata[i]));
    sr_json_add(result, "sessions", array);
    sr_request_reply(request, result);
}

/* What all ids start with that the caller may see. Owned by the caller. */
static char *own_prefix(const SrRequest *request)
{
    return sr_request_is_cli(request)
               ? g_strdup("")
               : sr_session_id_prefix(sr_request_owner(request), request->origin);
}

static void list(SrRequest *request)
{
    g_autofree char *prefix = own_prefix(request);

    read_list(request, prefix, NULL, reply_list);
}

static void handle_list(SrRequest *request)
{
    static const char *const names[] = {NULL};
    GError *error = NULL;

    if (request->params && !sr_json_only(request->params, names, &error))
        sr_request_fail(request, error);
    else if (sr_request_check_known(request))
        sr_request_need_keys(request, TRUE, list);
}

/* --- restore ---------------------------------------------------------------------------------- */

static gboolean is_wanted(const SrRequest *request, const SrSession *session)
{
    const char *address = sr_json_string(request->params, "address", NULL);
    const char *space = sr_json_string(request->params, "spaceId", NULL);
    SrSpaceOwner account;

    return (!space || strcmp(space, session->space_id) == 0) &&
           (!address || (sr_session_account(session, &account) &&
                         g_ascii_strcasecmp(address, account.address) == 0));
}

/* The best of @list: the newest good one, else the newest expired one, else a broken one. */
static const SrListedSession *choose(const SrRequest *request, const GPtrArray *list)
{
    const SrListedSession *best = NULL;

    for (guint i = 0; i < list->len; i++) {
        const SrListedSession *listed = list->pdata[i];
        const gboolean acts =
            !listed->session || (listed->session->header && is_wanted(request, listed->session));

        if (acts && (!best || listed->verdict <= best->verdict))
            best = listed;
    }
    return best;
}

static SrJson *restored_json(const SrListedSession *listed)
{
    SrJson *result = json_object_new_object();

    if (!listed) {
        sr_json_add_string(result, "status", "missing");
    } else if (listed->verdict == SR_SESSION_GOOD) {
        sr_json_add_string(result, "status", "restored");
        sr_json_add(result, "session", sr_session_json(listed->session));
    } else {
        sr_json_add_string(result, "status", status_name(listed));
        sr_json_add_string(result, "problem", listed->problem);
        sr_json_add_string(result, "id", listed->id);
    }
    return result;
}

static void reply_restored(SrRequest *request)
{
    g_autoptr(GPtrArray) list = g_steal_pointer(&request->result);

    sr_request_reply(request, restored_json(choose(request, list)));
}

static void restore(SrRequest *request)
{
    const char *id = sr_json_string(request->params, "session", NULL);
    g_autofree char *prefix = sr_session_id_prefix(sr_request_owner(request), request->origin);

    read_list(request, prefix, id, reply_restored);
}

static gboolean check_restore(SrRequest *request, GError **error)
{
    static const char *const names[] = {"session", "address", "spaceId", NULL};

    for (gsize i = 0; names[i]; i++) {
        const char *text;

        if (!sr_json_string_optional(request->params, names[i], &text, error))
            return FALSE;
        if (i == 0 && text && !sr_session_param(request, error))
            return FALSE;
    }
    return sr_json_only(request->params, names, error);
}

static void handle_restore(SrRequest *request)
{
    GError *error = NULL;

    if (!request->params)
        request->params = json_object_new_object();
    if (!check_restore(request, &error))
        sr_request_fail(request, error);
    else if (sr_request_check_known(request))
        sr_request_need_keys(request, TRUE, restore);
}

/* --- sign out --------------------------------------------------------------------------------- */

/* A UCAN by which the session gives its own delegation back, ready to be posted. */
static SrJson *revocation_of(const SrOpenSession *open, GError **error)
{
    g_autoptr(SrJson) wanted = json_object_new_object();
    g_autofree char *target = g_strconcat("urn:cid:", open->session->cid, NULL);
    SrJson *abilities = json_object_new_object();
    SrJson *none = json_object_new_array();
    g_autoptr(SrUcan) ucan = NULL;
    g_autofree char *text = NULL;
    SrJson *result;
    SrJson *headers;

    json_object_array_add(none, json_object_new_object());
    sr_json_add(abilities, REVOKE, none);
    sr_json_add(wanted, target, abilities);
    ucan = sr_session_ucan(open, open->session->did, wanted,
                           g_get_real_time() / G_USEC_PER_SEC + REVOCATION_SECONDS, error);
    if (!ucan)
        return NULL;
    g_ptr_array_set_size(ucan->proofs, 0); /* who was delegated to may give back: no proof needed */
    text = sr_ucan_sign(ucan, open->signer, error);
    if (!text)
        return NULL;
    result = json_object_new_object();
    headers = json_object_new_object();
    sr_json_add_string(headers, "Authorization", text);
    sr_json_add(result, "headers", headers);
    sr_json_add_string(result, "delegationCid", open->session->cid);
    return result;
}

static void free_json(gpointer json)
{
    sr_json_free(json);
}

static void reply_signed_out(SrRequest *request)
{
    const char *id = sr_json_string(request->params, "session", NULL);
    SrJson *result = json_object_new_object();
    SrJson *more = json_object_new_object();
    GError *error = NULL;

    request->result = NULL;
    sr_sessions_remove(request->agent->sessions, id);
    sr_json_add_string(more, "session", id);
    if (request->state)
        sr_json_add(result, "revocation", json_object_get(request->state));
    if (sr_request_record(request, "session-ended", more, &error)) {
        sr_request_reply(request, result);
        return;
    }
    sr_json_free(result);
    sr_request_fail(request, error);
}

static void sign_out(SrRequest *request)
{
    sr_request_change_store(request, sr_session_remove_job,
                            g_strdup(sr_json_string(request->params, "session", NULL)), g_free,
                            SR_STORE_DEADLINE_MS, reply_signed_out);
}

static void on_session_to_revoke(SrRequest *request)
{
    const SrOpenSession *open = sr_request_session(request);
    GError *error = NULL;

    if (!open->delegation) {
        sign_out(request); /* only a key: nothing was given that could be given back */
        return;
    }
    request->state = revocation_of(open, &error);
    request->free_state = free_json;
    if (request->state)
        sign_out(request);
    else
        sr_request_fail(request, error);
}

static void handle_sign_out(SrRequest *request)
{
    static const char *const names[] = {"session", "revoke", NULL};
    gboolean revoke = FALSE;
    GError *error = NULL;

    if ((request->params && !sr_json_only(request->params, names, &error)) ||
        !sr_session_param(request, &error) ||
        !sr_json_boolean_optional(request->params, "revoke", &revoke, &error))
        sr_request_fail(request, error);
    else if (revoke)
        sr_request_need_session(request, on_session_to_revoke);
    else
        sr_request_need_keys(request, TRUE, sign_out);
}

/* --- the others ---------------------------------------------------------------------------------
 */

static void handle_key(SrRequest *request)
{
    if (sr_request_check_known(request))
        sr_session_make_key(request);
}

static void handle_use_delegation(SrRequest *request)
{
    if (sr_request_check_known(request))
        sr_session_use_delegation(request);
}

const SrMethod sr_methods_session[] = {
    {"session.signIn", SR_METHOD_SIGN, sr_session_sign_in},
    {"session.restore", SR_METHOD_OPEN, handle_restore},
    {"session.list", SR_METHOD_OPEN, handle_list},
    {"session.invoke", SR_METHOD_OPEN, sr_session_invoke},
    {"session.delegate", SR_METHOD_OPEN, sr_session_delegate},
    {"session.key", SR_METHOD_OPEN, handle_key},
    {"session.useDelegation", SR_METHOD_OPEN, handle_use_delegation},
    {"session.signOut", SR_METHOD_OPEN, handle_sign_out},
    {NULL, 0, NULL},
};
