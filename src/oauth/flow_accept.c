#include "base/error.h"
#include "oauth/ascii.h"
#include "oauth/flow.h"
#include "oauth/form.h"
#include "oauth/provider.h"
#include "oauth/token_response.h"

#include <string.h>

static gboolean refuse_url(GError **error, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "url", -1, "%s", problem);
    return FALSE;
}

/* Where the fragment of @url begins, or its end; FALSE when it has one that means something. */
static gboolean find_end(const char *url, gsize *ret_length, GError **error)
{
    const char *fragment = strchr(url, '#');

    *ret_length = fragment ? (gsize)(fragment - url) : strlen(url);
    /* "#_=_" is what one well-known provider appends. */
    return !fragment || !fragment[1] || strcmp(fragment, "#_=_") == 0 ||
           refuse_url(error, "must have no fragment; the answer is in the query");
}

/* The parameters in @url, which must be the redirect URI with more in its query. */
static GHashTable *read_redirect(const SrFlow *flow, const char *url, GError **error)
{
    const gsize prefix = strlen(flow->redirect_uri);
    const char separator = strchr(flow->redirect_uri, '?') ? '&' : '?';
    const char *query;
    gsize length;

    if (!find_end(url, &length, error))
        return NULL;
    if (!sr_ascii_is_visible(url, length) || strncmp(url, flow->redirect_uri, prefix) != 0 ||
        (length > prefix && url[prefix] != separator)) {
        refuse_url(error, "must be the redirect URI of this sign-in with an answer in its query");
        return NULL;
    }
    query = memchr(url, '?', length);
    return sr_form_parse_query(query ? query + 1 : "",
                               query ? length - (gsize)(query + 1 - url) : 0, error);
}

static gboolean check_state(const SrFlow *flow, GHashTable *query, GError **error)
{
    const char *state = g_hash_table_lookup(query, "state");
    const gsize size = strlen(flow->state);

    if (!flow->finished && state && strlen(state) == size &&
        sr_memory_equal(state, flow->state, size))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_STATE_MISMATCH, "state", -1,
                    flow->finished ? "this sign-in has had its answer; start another one"
                                   : "this answer is not of this sign-in");
    return FALSE;
}

/* RFC 9207 §2.4: against a provider that passes on the answers of another one. */
static gboolean check_issuer(const SrFlow *flow, const SrMetadata *metadata, GHashTable *query,
                             GError **error)
{
    const char *issuer = g_hash_table_lookup(query, "iss");

    if (issuer ? strcmp(issuer, flow->issuer) == 0 : !metadata->returns_issuer)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_STATE_MISMATCH, "iss", -1,
                    issuer ? "the answer is of another provider; start again"
                           : "the provider did not say that the answer is its own; start again");
    return FALSE;
}

static gboolean check_problem(GHashTable *query, GError **error)
{
    const char *problem = g_hash_table_lookup(query, "error");
    const char *description = g_hash_table_lookup(query, "error_description");
    const gboolean has_description = description && *description;
    g_autofree char *raw = NULL;
    g_autofree char *text = NULL;

    if (!problem)
        return TRUE;
    raw = g_strconcat(problem, has_description ? " (" : "", has_description ? description : "",
                      has_description ? ")" : "", NULL);
    text = sr_provider_text(raw);
    if (strcmp(problem, "access_denied") == 0)
        sr_error_set(error, SR_ERROR_USER_REJECTED, "the sign-in was denied at the provider: %s",
                     text);
    else
        sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "the provider refused the sign-in: %s", text);
    return FALSE;
}

static SrSecret *take_code(GHashTable *query, GError **error)
{
    const char *code = g_hash_table_lookup(query, "code");

    if (code && strlen(code) <= SR_TOKEN_MAX && sr_ascii_is_printable(code, strlen(code)))
        return sr_secret_new_copy(code, strlen(code), error);
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "code", -1,
                    "the provider's answer has no usable code; start again");
    return NULL;
}

SrSecret *sr_flow_accept(SrFlow *flow, const SrMetadata *metadata, const char *url, GError **error)
{
    g_autoptr(GHashTable) query = read_redirect(flow, url, error);

    if (!query || !check_state(flow, query, error))
        return NULL;
    flow->finished = TRUE;
    if (!check_issuer(flow, metadata, query, error) || !check_problem(query, error))
        return NULL;
    return take_code(query, error);
}
