#include "agent/session_use.h"

#include "agent/session_access.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "ethereum/siwe.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/cid.h"
#include "tinycloud/resource_list.h"
#include "tinycloud/ucan.h"

#include <string.h>

#define INVOCATION_SECONDS_DEFAULT 60 /* as TinyCloud's SDK has it */
#define INVOCATION_SECONDS_MAX 3600

SrJson *sr_session_read_wanted(SrRequest *request, const SrOpenSession *open, const char *name,
                               GError **error)
{
    const SrPlace place = sr_place_member(NULL, name);
    g_autoptr(SrJson) wanted = NULL;
    g_autoptr(GError) problem = NULL;

    if (!open->delegation) {
        sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "session", -1,
                        "it is only a key; nothing has been delegated to it");
        return NULL;
    }
    wanted = sr_resource_list_read(&place, json_object_object_get(request->params, name),
                                   open->session->space_id, error);
    if (!wanted)
        return NULL;
    if (sr_attenuation_check(open->delegation->attenuations, wanted, &problem))
        return g_steal_pointer(&wanted);
    sr_error_set_at(error, SR_ERROR_NOT_GRANTED, name, -1, "%s", problem->message);
    return NULL;
}

SrUcan *sr_session_ucan(const SrOpenSession *open, const char *audience, SrJson *wanted,
                        gint64 expires, GError **error)
{
    g_autoptr(SrUcan) ucan = sr_ucan_new();
    g_autofree char *uuid = sr_random_uuid(error);

    if (!uuid)
        return NULL;
    ucan->issuer = g_strdup(open->session->did);
    ucan->audience = g_strndup(audience, strcspn(audience, "#"));
    ucan->expires = expires;
    ucan->nonce = g_strconcat("urn:uuid:", uuid, NULL);
    ucan->attenuations = json_object_get(wanted);
    if (open->session->cid)
        g_ptr_array_add(ucan->proofs, g_strdup(open->session->cid));
    return g_steal_pointer(&ucan);
}

gboolean sr_session_record(SrRequest *request, const char *event, SrJson *wanted, GError **error)
{
    SrJson *more = json_object_new_object();

    sr_json_add_string(more, "session", sr_request_session(request)->session->id);
    sr_json_add(more, "capabilities", json_object_get(wanted));
    return sr_request_record(request, event, more, error);
}

/* --- invoke ----------------------------------------------------------------------------------- */

static SrJson *invocation_json(const SrUcan *ucan, const char *text)
{
    g_autofree char *cid = sr_cid_of(text, strlen(text));
    g_autofree char *expires = sr_siwe_time_text(ucan->expires * G_USEC_PER_SEC);
    SrJson *result = json_object_new_object();
    SrJson *headers = json_object_new_object();

    sr_json_add_string(headers, "Authorization", text);
    sr_json_add(result, "headers", headers);
    sr_json_add_string(result, "cid", cid);
    sr_json_add_string(result, "expiresAt", expires);
    return result;
}

static SrUcan *make_invocation(SrRequest *request, const SrOpenSession *open, GError **error)
{
    g_autoptr(SrJson) wanted = sr_session_read_wanted(request, open, "invocations", error);
    gint64 seconds = INVOCATION_SECONDS_DEFAULT;
    g_autoptr(SrUcan) ucan = NULL;
    SrJson *facts;

    if (!wanted ||
        !sr_json_integer_optional(request->params, "expirationSeconds", 1, INVOCATION_SECONDS_MAX,
                                  &seconds, error) ||
        !sr_json_array_optional(request->params, "facts", &facts, error))
        return NULL;
    ucan = sr_session_ucan(open, open->session->did, wanted,
                           g_get_real_time() / G_USEC_PER_SEC + seconds, error);
    if (ucan && facts)
        ucan->facts = json_object_get(facts);
    return g_steal_pointer(&ucan);
}

static void on_session_to_invoke(SrRequest *request)
{
    SrOpenSession *open = sr_request_session(request);
    GError *error = NULL;
    g_autoptr(SrUcan) ucan = make_invocation(request, open, &error);
    g_autofree char *text = ucan ? sr_ucan_sign(ucan, open->signer, &error) : NULL;

    if (text && sr_session_record(request, "invoke", ucan->attenuations, &error))
        sr_request_reply(request, invocation_json(ucan, text));
    else
        sr_request_fail(request, error);
}

void sr_session_invoke(SrRequest *request)
{
    static const char *const names[] = {"session", "invocations", "facts", "expirationSeconds",
                                        NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_session(request, on_session_to_invoke);
    else
        sr_request_fail(request, error);
}
