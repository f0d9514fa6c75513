/* oauth.begin, .complete, .cancel, .login: signing in. */
#include "agent/account_access.h"
#include "agent/proof.h"
#include "agent/sign_in.h"
#include "agent/sign_in_grant.h"
#include "agent/sign_ins.h"
#include "agent/vault_setup.h"
#include "base/error.h"

#include <string.h>

#define SCOPE_DEFAULT "openid offline_access"
#define SCOPE_MAX 2048     /* bytes */
#define REDIRECT_MAX 1024  /* bytes */
#define LOGIN_HINT_MAX 256 /* bytes */
#define CLIENT_SECRET_MAX 1024

/* --- what is asked for
 * --------------------------------------------------------------------------------- */

static gboolean take_text(SrRequest *request, const char *name, gsize max, char **ret_text,
                          GError **error)
{
    const char *text = NULL;

    if (!sr_json_string_optional(request->params, name, &text, error))
        return FALSE;
    if (text && (strlen(text) > max || *text == '\0')) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "must be 1 to %zu bytes", max);
        return FALSE;
    }
    *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean read_common(SrRequest *request, SrSignIn *sign_in, GError **error)
{
    const gboolean loopback_http = request->agent->configuration->oauth_loopback_http;
    const char *issuer = sr_request_string(request, "issuer", error);

    if (!issuer || !sr_issuer_check(issuer, loopback_http, error) ||
        !take_text(request, "clientId", SR_CLIENT_ID_MAX, &sign_in->client_id, error) ||
        !take_text(request, "scope", SCOPE_MAX, &sign_in->scope, error) ||
        !take_text(request, "loginHint", LOGIN_HINT_MAX, &sign_in->login_hint, error) ||
        !sr_json_boolean_optional(request->params, "dpop", &sign_in->wants_dpop, error))
        return FALSE;
    if (sign_in->client_id && !sr_client_check_id(sign_in->client_id, error))
        return FALSE;
    sign_in->issuer = g_strdup(issuer);
    if (!sign_in->scope)
        sign_in->scope = g_strdup(SCOPE_DEFAULT);
    return sr_flow_check_scope(sign_in->scope, error);
}

/* The address that the browser keeps for this extension and gives to nobody else. */
static gboolean is_own_redirect(const char *extension, const char *url)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA1, extension, -1);
    const char *id = g_str_has_prefix(extension, "chrome-extension://") ? extension + 19 : NULL;
    g_autofree char *chromium = g_strdup_printf("https://%s.chromiumapp.org/", id ? id : "");
    g_autofree char *firefox = g_strdup_printf("https://%s.extensions.allizom.org/", hash);
    g_autofree char *local = g_strdup_printf("http://127.0.0.1/mozoauth2/%s", hash);

    if (id)
        return g_str_has_prefix(url, chromium);
    return g_str_has_prefix(url, firefox) || strcmp(url, local) == 0;
}

static gboolean check_redirect(const SrRequest *request, const char *url, GError **error)
{
    const char *extension = request->caller->extension;

    if (strlen(url) <= REDIRECT_MAX && !strpbrk(url, "?#") &&
        (extension ? is_own_redirect(extension, url)
                   : sr_endpoint_check(url, "redirectUri", TRUE, NULL)))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "redirectUri", -1,
                    "must be what identity.getRedirectURL() gives this extension");
    return FALSE;
}

/* --- may it?
 * ---------------------------------------------------------------------------------------- */

static void start(SrRequest *request)
{
    SrSignIn *sign_in = request->state;
    GError *error = NULL;

    if (sign_in->wants_dpop)
        sign_in->dpop_key = sr_proof_key_new(&error);
    if (error)
        sr_sign_in_fail(sign_in, error);
    else
        sr_sign_in_start(sign_in);
}

static gboolean allow(SrRequest *request, const SrSignIn *sign_in, GError **error)
{
    g_autofree char *provider =
        sr_sign_in_grant_name(sign_in->issuer, sign_in->client_id, sign_in->scope);
    SrJson *more;

    if (!sr_grants_give(request->agent->grants, SR_GRANT_SIGN_IN, sign_in->caller, sign_in->origin,
                        provider, error))
        return FALSE;
    more = json_object_new_object();
    sr_json_add_string(more, "provider", provider);
    return sr_request_record(request, "allow-sign-in", more, error);
}

static void on_agreed(SrRequest *request)
{
    GError *error = NULL;

    if (allow(request, request->state, &error))
        start(request);
    else
        sr_request_fail(request, error);
}

static void ask(SrRequest *request, const SrSignIn *sign_in)
{
    SrConsentModel *model =
        sr_request_consent(request, "Let it sign you in at %s?", sign_in->issuer);

    sr_consent_model_add(model, SR_CONSENT_FACT, "As client: %s",
                         sign_in->client_id ? sign_in->client_id : "registered by sealring");
    sr_consent_model_add(model, SR_CONSENT_FACT, "It asks for: %s", sign_in->scope);
    sr_consent_model_add(model, SR_CONSENT_GRANT,
                         "Open the provider's page, where you sign in or refuse");
    sr_consent_model_add(model, SR_CONSENT_GRANT,
                         "Get access tokens of the account; the refresh token stays in sealring");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: you revoke it (sealring grant)");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Go to the provider");
    sr_request_ask(request, model, on_agreed);
}

static void on_accounts(SrRequest *request)
{
    const SrSignIn *sign_in = request->state;

    if (sr_sign_in_is_allowed(sign_in))
        start(request);
    else
        ask(request, sign_in);
}

static void on_store(SrRequest *request)
{
    sr_request_need_accounts(request, TRUE, on_accounts);
}

/* --- begin, login
 * ----------------------------------------------------------------------------------- */

static void handle_begin(SrRequest *request)
{
    static const char *const names[] = {"issuer", "clientId",    "scope", "loginHint",
                                        "dpop",   "redirectUri", NULL};
    GError *error = NULL;
    SrSignIn *sign_in;

    if (!sr_sign_ins_has_room(request->agent->sign_ins, sr_request_owner(request), &error)) {
        sr_request_fail(request, error);
        return;
    }
    sign_in = sr_sign_in_new(request, SR_SIGN_IN_EXTENSION);
    if (sr_json_only(request->params, names, &error) && read_common(request, sign_in, &error) &&
        take_text(request, "redirectUri", REDIRECT_MAX, &sign_in->redirect_uri, &error) &&
        sr_request_string(request, "redirectUri", &error) &&
        check_redirect(request, sign_in->redirect_uri, &error))
        sr_request_need_store(request, on_store);
    else
        sr_request_fail(request, error);
}

/* The secret of a confidential client comes once; it stays in the store when it has proved right.
 */
static gboolean read_secret(SrRequest *request, SrSignIn *sign_in, gboolean passed, GError **error)
{
    if (!passed)
        return TRUE;
    if (!sign_in->client_id || !sr_request_is_cli(request)) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "clientSecret", -1,
                        "only the command line gives one, together with clientId");
        return FALSE;
    }
    sign_in->secret = sr_request_read_passed(request, CLIENT_SECRET_MAX, error);
    return sign_in->secret != NULL;
}

static void handle_login(SrRequest *request)
{
    static const char *const names[] = {"issuer", "clientId", "scope",        "loginHint",
                                        "dpop",   "device",   "clientSecret", NULL};
    gboolean device = FALSE;
    gboolean secret = FALSE;
    GError *error = NULL;
    SrSignIn *sign_in;

    if (!sr_sign_ins_has_room(request->agent->sign_ins, sr_request_owner(request), &error) ||
        !sr_json_only(request->params, names, &error) ||
        !sr_json_boolean_optional(request->params, "device", &device, &error) ||
        !sr_json_boolean_optional(request->params, "clientSecret", &secret, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sign_in = sr_sign_in_new(request, device ? SR_SIGN_IN_DEVICE : SR_SIGN_IN_LOOPBACK);
    if (read_common(request, sign_in, &error) && read_secret(request, sign_in, secret, &error))
        sr_request_need_store(request, on_store);
    else
        sr_request_fail(request, error);
}

/* --- complete, cancel
 * ------------------------------------------------------------------------------- */

static SrSignIn *find_flow(SrRequest *request, GError **error)
{
    const char *flow = sr_request_string(request, "flow", error);
    SrSignIn *sign_in = flow ? sr_sign_ins_find(request->agent->sign_ins, sr_request_owner(request),
                                                request->origin, flow)
                             : NULL;

    if (flow && (!sign_in || sign_in->way != SR_SIGN_IN_EXTENSION || sign_in->request ||
                 sign_in->is_saving)) {
        sr_error_set_at(error, SR_ERROR_STATE_MISMATCH, "flow", -1,
                        "there is no such sign-in (any more); begin again");
        return NULL;
    }
    return sign_in;
}

static void complete(SrRequest *request)
{
    GError *error = NULL;
    SrSignIn *sign_in = find_flow(request, &error);
    const char *url = sign_in ? sr_request_string(request, "url", &error) : NULL;

    if (!url) {
        sr_request_fail(request, error);
        return;
    }
    sr_sign_in_attach(sign_in, request);
    if (sr_sign_in_accept(sign_in, url, &error))
        return;
    sr_sign_in_detach(sign_in);
    sr_request_fail(request, error);
}

static void handle_complete(SrRequest *request)
{
    static const char *const names[] = {"flow", "url", NULL};
    GError *error = NULL;

    if (sr_json_only(request->params, names, &error))
        sr_request_need_accounts(request, TRUE, complete);
    else
        sr_request_fail(request, error);
}

static void handle_cancel(SrRequest *request)
{
    static const char *const names[] = {"flow", NULL};
    GError *error = NULL;
    SrSignIn *sign_in =
        sr_json_only(request->params, names, &error) ? find_flow(request, &error) : NULL;

    if (!sign_in) {
        sr_request_fail(request, error);
        return;
    }
    sr_sign_in_free(sign_in);
    sr_request_reply(request, NULL);
}

const SrMethod sr_methods_oauth[] = {
    {"oauth.begin", SR_METHOD_OPEN, handle_begin},
    {"oauth.complete", SR_METHOD_OPEN, handle_complete},
    {"oauth.cancel", SR_METHOD_OPEN, handle_cancel},
    {"oauth.login", SR_METHOD_FD, handle_login},
    {NULL, 0, NULL},
};
