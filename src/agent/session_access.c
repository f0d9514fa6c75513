#include "agent/session_access.h"

#include "agent/session_jobs.h"
#include "base/encoding.h"
#include "base/error.h"
#include "ethereum/address.h"
#include "ethereum/siwe.h"
#include "tinycloud/did.h"
#include "tinycloud/session_check.h"
#include "tinycloud/space.h"

#include <string.h>

#define RECORD_VERSION "1.0" /* of the SDK's persisted session */

gboolean sr_session_is_own(const SrRequest *request, const char *id)
{
    g_autofree char *prefix = sr_session_id_prefix(sr_request_owner(request), request->origin);

    return sr_request_is_cli(request) || g_str_has_prefix(id, prefix);
}

const char *sr_session_param(SrRequest *request, GError **error)
{
    const char *id = sr_request_string(request, "session", error);

    if (!id || (*id && sr_session_is_own(request, id)))
        return id;
    sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "session", -1,
                    "there is no such session; see session.list");
    return NULL;
}

/* --- getting one ----------------------------------------------------------------------------- */

static gboolean check_end(const SrOpenSession *open, GError **error)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    if (!open->delegation || !open->delegation->expires || now < open->delegation->expires)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_EXPIRED, "session", -1,
                    "the session has expired; sign in again");
    return FALSE;
}

/* Who took a page's connection back did not mean to leave it sessions, least of all the key's. */
static gboolean check_connection(const SrRequest *request, const SrOpenSession *open,
                                 GError **error)
{
    if (open->session->kind == SR_SESSION_SIGNED_IN
            ? sr_request_is_connected(request, open->session->key_id)
            : sr_request_is_known(request))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "session", -1,
                    "its key is not connected any more; call eth_requestAccounts");
    return FALSE;
}

static void go_on(SrRequest *request, const SrOpenSession *open)
{
    GError *error = NULL;

    if (!check_end(open, &error) || !check_connection(request, open, &error)) {
        sr_request_fail(request, error);
        return;
    }
    request->after_session(request);
}

static gboolean refuse(SrSessionVerdict verdict, const char *problem, GError **error)
{
    if (verdict == SR_SESSION_UNCHECKED)
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "%s", problem);
    else if (verdict == SR_SESSION_EXPIRED)
        sr_error_set_at(error, SR_ERROR_EXPIRED, "session", -1, "%s; sign in again", problem);
    else
        sr_error_set_at(error, SR_ERROR_CORRUPT, "session", -1, "%s; sign out and in again",
                        problem);
    return FALSE;
}

/* What the store had becomes a session in memory, if all of it holds. */
static SrOpenSession *open_session(SrRequest *request, SrSession *owned, GError **error)
{
    g_autoptr(SrSession) session = owned;
    g_autoptr(SrDelegation) delegation = NULL;
    const char *problem;
    const SrSessionVerdict verdict =
        sr_session_check(session, g_get_real_time(), &delegation, &problem);

    if (verdict != SR_SESSION_GOOD) {
        refuse(verdict, problem, error);
        return NULL;
    }
    return sr_sessions_keep(request->agent->sessions, g_steal_pointer(&session),
                            g_steal_pointer(&delegation), error);
}

static void on_read(SrRequest *request)
{
    GError *error = NULL;
    const SrOpenSession *open = open_session(request, g_steal_pointer(&request->result), &error);

    if (open)
        go_on(request, open);
    else
        sr_request_fail(request, error);
}

static void free_session(gpointer session)
{
    sr_session_free(session);
}

static void on_keys(SrRequest *request)
{
    sr_request_on_store(request, sr_session_get_job,
                        g_strdup(sr_json_string(request->params, "session", NULL)), g_free,
                        free_session, SR_STORE_DEADLINE_MS, on_read);
}

void sr_request_need_session(SrRequest *request, SrRequestStep next)
{
    GError *error = NULL;
    const char *id = sr_session_param(request, &error);
    const SrOpenSession *open = id ? sr_sessions_get(request->agent->sessions, id) : NULL;

    request->after_session = next;
    request->needs_store = TRUE;
    if (!id)
        sr_request_fail(request, error);
    else if (open)
        go_on(request, open);
    else
        sr_request_need_keys(request, TRUE, on_keys);
}

SrOpenSession *sr_request_session(const SrRequest *request)
{
    return sr_sessions_get(request->agent->sessions,
                           sr_json_string(request->params, "session", NULL));
}

/* --- what it is to its owner ----------------------------------------------------------------- */

/* Who signed the message; the space may be somebody else's. */
static gboolean read_signer(const SrSession *session, SrSpaceOwner *ret_account)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    if (!sr_siwe_parse(session->siwe, strlen(session->siwe), &siwe, &problem))
        return FALSE;
    sr_address_text(siwe.address_bytes, ret_account->address);
    ret_account->chain_id = g_ascii_strtoll(siwe.chain_id.data, NULL, 10);
    return TRUE;
}

gboolean sr_session_account(const SrSession *session, SrSpaceOwner *ret_account)
{
    SrSpace space;

    if (session->siwe)
        return read_signer(session, ret_account);
    if (!session->space_id || !sr_space_parse(sr_slice_of(session->space_id), &space, NULL))
        return FALSE;
    *ret_account = space.owner;
    return TRUE;
}

/* The public half of the session key (RFC 8037 §2). */
static SrJson *public_jwk(const SrSession *session)
{
    guint8 public_key[SR_ED25519_PUBLIC_SIZE] = {0};
    g_autofree char *x = NULL;
    SrJson *jwk = json_object_new_object();

    sr_did_read_ed25519((SrSlice){session->did, strlen(session->did)}, public_key);
    x = sr_base64url_encode(public_key, sizeof public_key);
    sr_json_add_string(jwk, "kty", "OKP");
    sr_json_add_string(jwk, "crv", "Ed25519");
    sr_json_add_string(jwk, "x", x);
    sr_json_add_string(jwk, "alg", "EdDSA");
    sr_json_add_string(jwk, "kid", "default");
    return jwk;
}

/* "tinycloudSession" of the SDK's persisted session. */
static SrJson *delegation_json(const SrSession *session)
{
    SrJson *json = json_object_new_object();
    SrJson *header = json_object_new_object();

    sr_json_add_string(header, "Authorization", session->header);
    sr_json_add(json, "delegationHeader", header);
    sr_json_add_string(json, "delegationCid", session->cid);
    sr_json_add_string(json, "spaceId", session->space_id);
    if (session->spaces && json_object_object_length(session->spaces) > 0)
        sr_json_add(json, "spaces", json_object_get(session->spaces));
    sr_json_add_string(json, "verificationMethod", session->did);
    return json;
}

SrJson *sr_session_json(const SrSession *session)
{
    g_autofree char *created = sr_siwe_time_text(session->created);
    SrJson *json = json_object_new_object();
    SrSpaceOwner account;

    sr_json_add_string(json, "session", session->id);
    sr_json_add_string(json, "kind", sr_session_kind_name(session->kind));
    sr_json_add_string(json, "did", session->did);
    sr_json_add(json, "jwk", public_jwk(session));
    sr_json_add_string(json, "createdAt", created);
    if (session->kind == SR_SESSION_KEY_ONLY)
        return json;
    if (sr_session_account(session, &account)) {
        sr_json_add_string(json, "address", account.address);
        sr_json_add_integer(json, "chainId", account.chain_id);
    }
    if (session->siwe) {
        sr_json_add_string(json, "siwe", session->siwe);
        sr_json_add_string(json, "signature", session->signature);
    }
    sr_json_add(json, "tinycloudSession", delegation_json(session));
    sr_json_add_string(json, "expiresAt", session->expires_at);
    sr_json_add_string(json, "version", RECORD_VERSION);
    return json;
}
