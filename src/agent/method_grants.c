/* grants.*: what the user let us remember. */
#include "agent/grant_view.h"
#include "agent/limits.h"
#include "agent/program_granting.h"
#include "agent/programs.h"
#include "agent/request.h"
#include "base/error.h"
#include "consent/siwe_view.h"
#include "ethereum/recap.h"

#include <string.h>

#define SECONDS_DEFAULT 2592000
#define SECONDS_MAX 31536000

/* The command line manages all of them, an extension its own and its pages'. */
static gboolean is_within_reach(const SrRequest *request, const SrGrant *grant)
{
    return sr_request_is_cli(request) ||
           (grant->kind != SR_GRANT_PROGRAM &&
            g_strcmp0(grant->caller, request->caller->extension) == 0);
}

static void handle_list(SrRequest *request)
{
    g_autoptr(GPtrArray) grants = sr_grants_list(request->agent->grants);
    SrJson *array = json_object_new_array();
    SrJson *result = json_object_new_object();

    for (guint i = 0; i < grants->len; i++)
        if (is_within_reach(request, grants->pdata[i]))
            json_object_array_add(array, sr_grant_view_json(grants->pdata[i]));
    sr_json_add(result, "grants", array);
    sr_request_reply(request, result);
}

static gboolean is_one(const SrRequest *request, const char *id, GError **error)
{
    const SrGrant *grant = sr_grants_get(request->agent->grants, id);

    if (grant && is_within_reach(request, grant))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "id", -1, "there is no such grant");
    return FALSE;
}

static void handle_revoke(SrRequest *request)
{
    GError *error = NULL;
    const char *id = sr_request_string(request, "id", &error);

    if (id && is_one(request, id, &error) && sr_grants_revoke(request->agent->grants, id, &error) &&
        sr_request_record(request, "revoke-grant", NULL, &error)) {
        sr_programs_grant_revoked(request->agent->programs, id);
        sr_request_reply(request, NULL);
    } else {
        sr_request_fail(request, error);
    }
}

/* --- add
 * --------------------------------------------------------------------------------------------------
 */

/* The slices of siwe point into message. */
typedef struct {
    const char *extension;
    const char *origin;
    const char *message; /* NULL: connect only */
    gint64 seconds;
    SrSiwe siwe;
    SrRecap *recap;
} Adding;

static void adding_free(gpointer data)
{
    Adding *adding = data;

    sr_recap_free(adding->recap);
    g_free(adding);
}

static void add_grant(SrRequest *request)
{
    const Adding *adding = request->state;
    SrGrants *grants = request->agent->grants;
    const SrGrant *grant = NULL;
    GError *error = NULL;
    SrJson *result;

    /* A sign-in without asking needs the connection as well. */
    if (sr_grants_connect(grants, adding->extension, adding->origin, request->key->id, &error)) {
        g_autofree char *summary =
            adding->message ? sr_siwe_view_summary(&adding->siwe, adding->recap) : NULL;

        grant =
            adding->message
                ? sr_grants_remember(grants, adding->extension, adding->origin, request->key->id,
                                     &adding->siwe, summary, g_get_real_time() / G_USEC_PER_SEC,
                                     adding->seconds, &error)
                : sr_grants_connection(grants, adding->extension, adding->origin, request->key->id);
    }
    if (!grant || !sr_request_record(request, "add-grant", NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add(result, "grant", sr_grant_view_json(grant));
    sr_request_reply(request, result);
}

static gboolean read_message(SrRequest *request, Adding *adding, GError **error)
{
    SrSiweProblem problem;

    adding->message = sr_request_string(request, "message", error);
    if (!adding->message)
        return FALSE;
    if (sr_siwe_parse(adding->message, strlen(adding->message), &adding->siwe, &problem))
        return sr_recap_from_siwe(&adding->siwe, adding->message, &adding->recap, error);
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, problem.field, (gint64)problem.offset, "%s",
                    problem.rule);
    return FALSE;
}

static gboolean read_adding(SrRequest *request, Adding *adding, GError **error)
{
    const SrOriginPolicy policy = sr_agent_origin_policy(request->agent);
    const char *kind = sr_request_string(request, "kind", error);

    adding->seconds = SECONDS_DEFAULT;
    adding->extension = kind ? sr_request_string(request, "extension", error) : NULL;
    if (!adding->extension ||
        !sr_json_string_optional(request->params, "origin", &adding->origin, error) ||
        !sr_json_integer_optional(request->params, "seconds", 1, SECONDS_MAX, &adding->seconds,
                                  error))
        return FALSE;
    if (adding->origin && !sr_origin_check(adding->origin, &policy, error))
        return FALSE;
    if (!adding->origin)
        adding->origin = adding->extension;
    if (strcmp(kind, "accounts") == 0)
        return TRUE;
    if (strcmp(kind, "siwe") == 0)
        return read_message(request, adding, error) &&
               sr_origin_binds(adding->origin, &adding->siwe, &policy, error);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "kind", -1,
                    "must be accounts, siwe or program");
    return FALSE;
}

static void ask_add(SrRequest *request, const Adding *adding)
{
    SrConsentModel *model =
        sr_request_consent(request, adding->message ? "Let sign-ins like this pass without asking?"
                                                    : "Connect a key to an extension?");
    g_autofree char *time = sr_duration_text(adding->seconds);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Extension: %s", adding->extension);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Page: %s", adding->origin);
    if (adding->message) {
        sr_consent_model_add(model, SR_CONSENT_FACT, "Without asking for: %s", time);
        sr_siwe_view_add(model, &adding->siwe, adding->recap, adding->message,
                         strlen(adding->message), g_get_real_time());
    } else {
        sr_consent_model_add(model, SR_CONSENT_ACTION, "Connect");
    }
    sr_request_ask(request, model, add_grant);
}

static void on_keys_to_add(SrRequest *request)
{
    GError *error = NULL;
    Adding *adding = g_new0(Adding, 1);
    const char *key = sr_request_string(request, "key", &error);

    request->state = adding;
    request->free_state = adding_free;
    if (key && sr_request_choose_key(request, key, &error) && read_adding(request, adding, &error))
        ask_add(request, adding);
    else
        sr_request_fail(request, error);
}

static void handle_add(SrRequest *request)
{
    static const char *const names[] = {"kind",    "extension", "origin", "key",
                                        "message", "seconds",   NULL};
    GError *error = NULL;
    const char *kind = sr_request_string(request, "kind", NULL);

    if (g_strcmp0(kind, sr_grant_kind_name(SR_GRANT_PROGRAM)) == 0)
        sr_program_granting_handle(request);
    else if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_keys(request, TRUE, on_keys_to_add);
    else
        sr_request_fail(request, error);
}

const SrMethod sr_methods_grants[] = {
    {"grants.list", SR_METHOD_NO_PAGE, handle_list},
    {"grants.add", SR_METHOD_CLI_ONLY, handle_add},
    {"grants.revoke", SR_METHOD_NO_PAGE, handle_revoke},
    {NULL, 0, NULL},
};
