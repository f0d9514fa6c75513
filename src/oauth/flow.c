#include "oauth/flow.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_take.h"
#include "crypto/digest.h"
#include "oauth/ascii.h"
#include "oauth/provider.h"

#include <string.h>

#define RANDOM_SIZE 32u /* bytes: state, nonce, verifier */
#define ID_SIZE 16u
#define SCOPE_MAX 4096u
#define REQUEST_URI_MAX 2048u
#define PARAMETERS 9u

/* --- a new flow ----------------------------------------------------------------------------- */

static char *random_text(gsize size, GError **error)
{
    guint8 bytes[RANDOM_SIZE];

    g_assert(size <= sizeof bytes);
    return sr_random_bytes(bytes, size, error) ? sr_base64url_encode(bytes, size) : NULL;
}

static SrSecret *random_verifier(GError **error)
{
    g_autoptr(SrSecret) bytes = sr_random_secret(RANDOM_SIZE, error);

    return bytes ? sr_base64url_encode_secret(sr_secret_peek(bytes), RANDOM_SIZE, error) : NULL;
}

gboolean sr_flow_check_scope(const char *scope, GError **error)
{
    if (strlen(scope) <= SCOPE_MAX && sr_ascii_is_unquoted(scope, strlen(scope), TRUE))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "scope", -1,
                    "must be words with one space between them (RFC 6749 3.3), such as "
                    "\"openid offline_access\"");
    return FALSE;
}

gboolean sr_flow_scope_covers(const char *granted, const char *scope)
{
    g_auto(GStrv) wide = g_strsplit(granted, " ", -1);
    g_auto(GStrv) words = g_strsplit(scope, " ", -1);

    for (char **word = words; *word; word++)
        if (**word && !g_strv_contains((const char *const *)wide, *word))
            return FALSE;
    return TRUE;
}

SrFlow *sr_flow_new(const char *issuer, const char *client_id, const char *redirect_uri,
                    const char *scope, GError **error)
{
    g_autoptr(SrFlow) flow = NULL;

    if (!sr_flow_check_scope(scope, error))
        return NULL;
    flow = g_new0(SrFlow, 1);
    flow->issuer = g_strdup(issuer);
    flow->client_id = g_strdup(client_id);
    flow->redirect_uri = g_strdup(redirect_uri);
    flow->scope = g_strdup(scope);
    flow->id = random_text(ID_SIZE, error);
    flow->state = flow->id ? random_text(RANDOM_SIZE, error) : NULL;
    flow->nonce = flow->state ? random_text(RANDOM_SIZE, error) : NULL;
    flow->verifier = flow->nonce ? random_verifier(error) : NULL;
    return flow->verifier ? g_steal_pointer(&flow) : NULL;
}

static void free_wiped(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    g_free(text);
}

void sr_flow_free(SrFlow *flow)
{
    if (!flow)
        return;
    g_free(flow->id);
    g_free(flow->issuer);
    g_free(flow->client_id);
    g_free(flow->redirect_uri);
    g_free(flow->scope);
    free_wiped(flow->state);
    free_wiped(flow->nonce);
    sr_secret_free(flow->verifier);
    g_free(flow);
}

char *sr_flow_challenge(const SrSecret *verifier)
{
    guint8 digest[SR_SHA256_SIZE];

    sr_sha256(sr_secret_peek(verifier), sr_secret_size(verifier), digest);
    return sr_base64url_encode(digest, sizeof digest);
}

/* --- the request ---------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const char *value;
} Parameter;

/* Fill @parameters with borrowed texts, a value of NULL for what is left out. */
static void list_parameters(const SrFlow *flow, const char *challenge, const char *login_hint,
                            gboolean asks_consent, Parameter parameters[PARAMETERS])
{
    const Parameter rows[PARAMETERS] = {
        {"response_type", "code"},
        {"redirect_uri", flow->redirect_uri},
        {"scope", flow->scope},
        {"state", flow->state},
        {"nonce", sr_flow_scope_covers(flow->scope, "openid") ? flow->nonce : NULL},
        {"code_challenge", challenge},
        {"code_challenge_method", "S256"},
        {"prompt",
         asks_consent && sr_flow_scope_covers(flow->scope, "offline_access") ? "consent" : NULL},
        {"login_hint", login_hint},
    };

    memcpy(parameters, rows, sizeof rows);
}

static void append(GString *url, const char *name, const char *value)
{
    g_autofree char *escaped = sr_form_escape(value);
    const char last = url->str[url->len - 1];

    if (last != '?' && last != '&')
        g_string_append_c(url, strchr(url->str, '?') ? '&' : '?');
    g_string_append_printf(url, "%s=%s", name, escaped);
}

char *sr_flow_url(const SrFlow *flow, const SrMetadata *metadata, const char *login_hint,
                  gboolean asks_consent)
{
    g_autofree char *challenge = sr_flow_challenge(flow->verifier);
    GString *url = g_string_new(metadata->authorization_endpoint);
    Parameter parameters[PARAMETERS];

    list_parameters(flow, challenge, login_hint, asks_consent, parameters);
    append(url, "client_id", flow->client_id);
    for (gsize i = 0; i < PARAMETERS; i++)
        if (parameters[i].value)
            append(url, parameters[i].name, parameters[i].value);
    return g_string_free(url, FALSE);
}

SrExchange *sr_flow_push(const SrFlow *flow, const SrMetadata *metadata, const SrClient *client,
                         const char *login_hint, gboolean asks_consent, GError **error)
{
    g_autofree char *challenge = sr_flow_challenge(flow->verifier);
    g_autoptr(SrForm) form = NULL;
    Parameter parameters[PARAMETERS];

    if (!metadata->pushed_authorization_endpoint) {
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "pushed_authorization_request_endpoint", -1,
                        "the provider takes no pushed requests");
        return NULL;
    }
    form = sr_form_new(error);
    if (!form)
        return NULL;
    list_parameters(flow, challenge, login_hint, asks_consent, parameters);
    for (gsize i = 0; i < PARAMETERS; i++)
        sr_form_add(form, parameters[i].name, parameters[i].value);
    /* Here client_id is a parameter of the request, which Basic does not replace. */
    if (client->secret && !metadata->takes_secret_in_body)
        sr_form_add(form, "client_id", flow->client_id);
    return sr_client_request(client, metadata, metadata->pushed_authorization_endpoint,
                             g_steal_pointer(&form), error);
}

static char *pushed_problem(SrSecret *body)
{
    g_autoptr(SrJson) answer =
        sr_json_parse((const char *)sr_secret_peek(body), sr_secret_size(body), NULL);

    return sr_provider_problem(answer, 0);
}

char *sr_flow_pushed_url(const SrFlow *flow, const SrMetadata *metadata, SrSecret *body,
                         GError **error)
{
    g_autoptr(SrSecret) request_uri = NULL;
    g_autofree char *problem = NULL;
    GString *url;

    if (!sr_json_take_string(body, NULL, "request_uri", &request_uri, error)) {
        sr_provider_blame(error);
        return NULL;
    }
    if (!request_uri || !sr_ascii_is_token(request_uri, REQUEST_URI_MAX)) {
        problem = pushed_problem(body);
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "request_uri", -1,
                        "the provider did not take the pushed request: %s", problem);
        return NULL;
    }
    url = g_string_new(metadata->authorization_endpoint);
    append(url, "client_id", flow->client_id);
    append(url, "request_uri", (const char *)sr_secret_peek(request_uri));
    return g_string_free(url, FALSE);
}
