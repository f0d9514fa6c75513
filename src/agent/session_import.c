#include "agent/session_jobs.h"
#include "agent/session_saving.h"
#include "agent/session_use.h"
#include "agent/vault_setup.h"
#include "base/error.h"
#include "tinycloud/did.h"
#include "tinycloud/portable.h"

#include <string.h>

static void free_session(gpointer session)
{
    sr_session_free(session);
}

/* --- a key ------------------------------------------------------------------------------------ */

static void make_key(SrRequest *request)
{
    GError *error = NULL;
    SrSession *session =
        sr_session_generate(sr_request_owner(request), request->origin, g_get_real_time(), &error);

    if (!session) {
        sr_request_fail(request, error);
        return;
    }
    sr_session_save(request, session);
}

void sr_session_make_key(SrRequest *request)
{
    static const char *const names[] = {NULL};
    GError *error = NULL;

    if (request->params && !sr_json_only(request->params, names, &error))
        sr_request_fail(request, error);
    else
        sr_request_need_store(request, make_key);
}

/* --- a delegation to it ------------------------------------------------------------------------
 */

/* A search for the session key of a DID among those of an owner. */
typedef struct {
    char *prefix;
    char *did;
} Search;

static void search_free(gpointer data)
{
    Search *search = data;

    g_free(search->prefix);
    g_free(search->did);
    g_free(search);
}

typedef struct {
    const char *did;
    SrSession *found;
} Finding;

static gboolean visit(const SrRecord *record, const GError *damage, gpointer data, GError **error)
{
    Finding *finding = data;
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrSession) session =
        damage || finding->found ? NULL : sr_session_read(record->id, record->secret, &problem);

    if (problem && !g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (session && sr_did_equal((SrSlice){session->did, strlen(session->did)},
                                (SrSlice){finding->did, strlen(finding->did)}))
        finding->found = g_steal_pointer(&session);
    return TRUE;
}

static gpointer find_job(SrStore *store, gpointer data, GError **error)
{
    const Search *search = data;
    Finding finding = {search->did, NULL};

    if (!sr_store_visit(store, SR_RECORD_SESSION, search->prefix, visit, &finding, error)) {
        sr_session_free(finding.found);
        return NULL;
    }
    if (!finding.found)
        sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "delegation.delegateDID", -1,
                        "no session key has this DID; make one with session.key first");
    return finding.found;
}

/* Whether the session can be used, before it is kept. */
static gboolean check_session(const SrSession *session, GError **error)
{
    const char *problem;
    const SrSessionVerdict verdict = sr_session_check(session, g_get_real_time(), NULL, &problem);

    if (verdict == SR_SESSION_UNCHECKED)
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "%s", problem);
    else if (verdict == SR_SESSION_BROKEN)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "delegation", -1, "%s", problem);
    else
        return TRUE;
    return FALSE;
}

/* A session of its own with the same key, which @portable is to; @json is what that was read from.
 */
static SrSession *session_of(SrSession *holder, const SrPortable *portable, SrJson *json,
                             GError **error)
{
    g_autoptr(SrSession) session =
        sr_session_make(holder->caller, holder->origin, g_get_real_time(),
                        g_steal_pointer(&holder->private_key), error);

    if (!session)
        return NULL;
    session->kind = SR_SESSION_DELEGATED;
    session->header = g_strdup(
        sr_json_string(json_object_object_get(json, "delegationHeader"), "Authorization", NULL));
    session->cid = g_strdup(portable->delegation->cid);
    session->space_id = g_strdup(portable->space_id);
    session->expires_at = g_strdup(portable->expires_at);
    session->portable = json_object_get(json);
    return check_session(session, error) ? g_steal_pointer(&session) : NULL;
}

static SrJson *delegation_param(const SrRequest *request)
{
    return json_object_object_get(request->params, "delegation");
}

static void on_found(SrRequest *request)
{
    g_autoptr(SrSession) holder = g_steal_pointer(&request->result);
    GError *error = NULL;
    SrSession *session = session_of(holder, request->state, delegation_param(request), &error);

    if (session)
        sr_session_save(request, session);
    else
        sr_request_fail(request, error);
}

static void free_portable(gpointer portable)
{
    sr_portable_free(portable);
}

static void find_key(SrRequest *request)
{
    GError *error = NULL;
    g_autoptr(SrPortable) portable = sr_portable_read(delegation_param(request), &error);
    Search *search;

    if (portable && portable->delegation->expires &&
        portable->delegation->expires <= g_get_real_time() / G_USEC_PER_SEC)
        sr_error_set_at(&error, SR_ERROR_EXPIRED, "delegation.expiry", -1,
                        "the delegation has expired");
    if (!portable || error) {
        sr_request_fail(request, error);
        return;
    }
    search = g_new0(Search, 1);
    search->prefix = sr_session_id_prefix(sr_request_owner(request), request->origin);
    search->did = g_strdup(portable->delegation->audience);
    request->state = g_steal_pointer(&portable);
    request->free_state = free_portable;
    sr_request_on_store(request, find_job, search, search_free, free_session, SR_STORE_DEADLINE_MS,
                        on_found);
}

void sr_session_use_delegation(SrRequest *request)
{
    static const char *const names[] = {"delegation", NULL};
    GError *error = NULL;
    SrJson *delegation = NULL;

    if (!request->params || !sr_json_only(request->params, names, &error) ||
        !sr_json_object_optional(request->params, "delegation", &delegation, &error) ||
        !delegation) {
        if (!error)
            sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "delegation", -1, "is missing");
        sr_request_fail(request, error);
        return;
    }
    sr_request_need_store(request, find_key);
}
