#include "oauth/metadata.h"

#include "base/error.h"
#include "base/json.h"
#include "ethereum/uri.h"
#include "oauth/ascii.h"
#include "oauth/exchange.h"
#include "oauth/provider.h"

#include <string.h>

#define ISSUER_MAX 1024u /* bytes */
#define LIST_MAX 256u    /* strings in one list of the metadata */
#define PORT_MAX 65535u
#define HTTPS "https://"
#define HTTP "http://"

#define OAUTH_DOCUMENT "/.well-known/oauth-authorization-server"
#define OPENID_DOCUMENT "/.well-known/openid-configuration"

/* --- addresses ------------------------------------------------------------------------------ */

static gboolean refuse(GError **error, const char *field, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, field, -1, "%s", problem);
    return FALSE;
}

/* The part between "//" and the path, query or fragment of a URI with a scheme and "//". */
static SrSlice authority_of(const char *url)
{
    const char *start = strstr(url, "://") + 3;

    return (SrSlice){start, strcspn(start, "/?#")};
}

/* A name of letters, digits, "-", "." and "_", or an IP literal: nothing a resolver would decode.
 */
static gboolean is_host(SrSlice host)
{
    if (host.length > 0 && host.data[0] == '[')
        return TRUE;
    for (gsize i = 0; i < host.length; i++)
        if (!g_ascii_isalnum(host.data[i]) && !strchr("-._", host.data[i]))
            return FALSE;
    return host.length > 0;
}

static gboolean is_loopback(SrSlice host)
{
    return sr_slice_is(host, "127.0.0.1") || sr_slice_is(host, "[::1]") ||
           sr_slice_is(host, "localhost");
}

static gboolean is_port(SrSlice port)
{
    guint number = 0;

    if (port.length < 1 || port.length > 5)
        return FALSE;
    for (gsize i = 0; i < port.length; i++)
        number = number * 10 + (guint)(port.data[i] - '0');
    return number >= 1 && number <= PORT_MAX;
}

/* The rules of sr_endpoint_check for an address of at most @max bytes. */
static gboolean check_address(const char *url, const char *field, gsize max, gboolean loopback_http,
                              GError **error)
{
    const SrSlice text = {url, strnlen(url, max + 1)};
    const gboolean is_https = g_str_has_prefix(url, HTTPS);
    SrAuthority authority;

    if (text.length > max || (!is_https && !g_str_has_prefix(url, HTTP)))
        return refuse(error, field, "must be an https address of reasonable length");
    if (sr_uri_check(text).rule || sr_authority_check(authority_of(url), &authority).rule)
        return refuse(error, field, "is not an address (RFC 3986)");
    if (authority.user.data || strchr(url, '#'))
        return refuse(error, field, "must have no user part and no fragment");
    if (!is_host(authority.host) || (authority.port.data && !is_port(authority.port)))
        return refuse(error, field, "must have a host name or an IP address, and a usable port");
    if (!is_https && (!loopback_http || !is_loopback(authority.host)))
        return refuse(error, field, "must be https; http is for loopback addresses in tests");
    return TRUE;
}

gboolean sr_endpoint_check(const char *url, const char *field, gboolean loopback_http,
                           GError **error)
{
    return check_address(url, field, SR_EXCHANGE_URL_MAX, loopback_http, error);
}

gboolean sr_issuer_check(const char *issuer, gboolean loopback_http, GError **error)
{
    if (!check_address(issuer, "issuer", ISSUER_MAX, loopback_http, error))
        return FALSE;
    return !strchr(issuer, '?') || refuse(error, "issuer", "must have no query (RFC 8414)");
}

char **sr_metadata_addresses(const char *issuer)
{
    const SrSlice authority = authority_of(issuer);
    const char *end = authority.data + authority.length;
    g_autofree char *origin = g_strndup(issuer, (gsize)(end - issuer));
    g_autofree char *path = g_strdup(end);
    GPtrArray *addresses = g_ptr_array_new();

    if (g_str_has_suffix(path, "/"))
        path[strlen(path) - 1] = '\0';
    g_ptr_array_add(addresses, g_strconcat(origin, OAUTH_DOCUMENT, path, NULL));
    g_ptr_array_add(addresses, g_strconcat(origin, path, OPENID_DOCUMENT, NULL));
    if (*path)
        g_ptr_array_add(addresses, g_strconcat(origin, OPENID_DOCUMENT, path, NULL));
    g_ptr_array_add(addresses, NULL);
    return (char **)g_ptr_array_free(addresses, FALSE);
}

/* --- the document --------------------------------------------------------------------------- */

/* The address @name, NULL there when it is absent. */
static gboolean read_endpoint(SrJson *document, const char *name, gboolean loopback_http,
                              char **ret_url, GError **error)
{
    const char *url;

    if (!sr_json_string_optional(document, name, &url, error))
        return FALSE;
    if (url && !sr_endpoint_check(url, name, loopback_http, error))
        return FALSE;
    *ret_url = g_strdup(url);
    return TRUE;
}

static gboolean read_endpoints(SrMetadata *metadata, SrJson *document, gboolean loopback_http,
                               GError **error)
{
    const struct {
        const char *name;
        char **url;
        gboolean is_required;
    } rows[] = {
        {"authorization_endpoint", &metadata->authorization_endpoint, TRUE},
        {"token_endpoint", &metadata->token_endpoint, TRUE},
        {"jwks_uri", &metadata->jwks_uri, FALSE},
        {"userinfo_endpoint", &metadata->userinfo_endpoint, FALSE},
        {"revocation_endpoint", &metadata->revocation_endpoint, FALSE},
        {"registration_endpoint", &metadata->registration_endpoint, FALSE},
        {"device_authorization_endpoint", &metadata->device_authorization_endpoint, FALSE},
        {"pushed_authorization_request_endpoint", &metadata->pushed_authorization_endpoint, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!read_endpoint(document, rows[i].name, loopback_http, rows[i].url, error))
            return FALSE;
        if (rows[i].is_required && !*rows[i].url)
            return refuse(error, rows[i].name, "is missing");
    }
    return TRUE;
}

/* The list of strings @name in *ret_list, empty when it is absent; *ret_is_there says which. */
static gboolean read_list(SrJson *document, const char *name, char ***ret_list,
                          gboolean *ret_is_there, GError **error)
{
    SrJson *array;
    gsize length;

    if (!sr_json_array_optional(document, name, &array, error))
        return FALSE;
    length = array ? json_object_array_length(array) : 0;
    if (length > LIST_MAX)
        return refuse(error, name, "is too long");
    *ret_is_there = array != NULL;
    *ret_list = g_new0(char *, length + 1);
    for (gsize i = 0; i < length; i++) {
        SrJson *item = json_object_array_get_idx(array, i);
        const char *text =
            json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";

        if (!sr_ascii_is_visible(text, strlen(text)))
            return refuse(error, name, "must be a list of words");
        (*ret_list)[i] = g_strdup(text);
    }
    return TRUE;
}

static gboolean read_lists(SrMetadata *metadata, SrJson *document, GError **error)
{
    g_auto(GStrv) methods = NULL;
    const char *const *all = NULL;
    gboolean is_there;

    if (!read_list(document, "dpop_signing_alg_values_supported", &metadata->dpop_algorithms,
                   &is_there, error) ||
        !read_list(document, "scopes_supported", &metadata->scopes, &is_there, error) ||
        !read_list(document, "token_endpoint_auth_methods_supported", &methods, &is_there, error))
        return FALSE;
    all = (const char *const *)methods;
    metadata->takes_secret_in_body =
        g_strv_contains(all, "client_secret_post") && !g_strv_contains(all, "client_secret_basic");
    if (!read_list(document, "id_token_signing_alg_values_supported",
                   &metadata->id_token_algorithms, &is_there, error))
        return FALSE;
    if (!is_there) {
        g_strfreev(metadata->id_token_algorithms);
        metadata->id_token_algorithms = g_strsplit("RS256", " ", -1);
    }
    return TRUE;
}

static gboolean read_issuer(SrMetadata *metadata, SrJson *document, const char *issuer,
                            GError **error)
{
    const char *said = sr_json_string(document, "issuer", error);

    if (!said)
        return FALSE;
    /* Character by character: RFC 8414 §3.3, §4. */
    if (strcmp(said, issuer) != 0) {
        g_autofree char *text = sr_provider_text(said);

        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "issuer", -1,
                        "the metadata is of \"%s\", not of the configured issuer; use exactly the "
                        "issuer that the provider names, if you trust it",
                        text);
        return FALSE;
    }
    metadata->issuer = g_strdup(said);
    return TRUE;
}

static gboolean read_document(SrMetadata *metadata, const char *text, gsize length,
                              const char *issuer, gboolean loopback_http, GError **error)
{
    g_autoptr(SrJson) document = sr_json_parse(text, length, error);

    return document && read_issuer(metadata, document, issuer, error) &&
           read_endpoints(metadata, document, loopback_http, error) &&
           read_lists(metadata, document, error) &&
           sr_json_boolean_optional(document, "require_pushed_authorization_requests",
                                    &metadata->requires_pushed, error) &&
           sr_json_boolean_optional(document, "authorization_response_iss_parameter_supported",
                                    &metadata->returns_issuer, error);
}

SrMetadata *sr_metadata_parse(const char *text, gsize length, const char *issuer,
                              gboolean loopback_http, GError **error)
{
    g_autoptr(SrMetadata) metadata = g_atomic_rc_box_new0(SrMetadata);

    if (read_document(metadata, text, length, issuer, loopback_http, error))
        return g_steal_pointer(&metadata);
    sr_provider_blame(error);
    return NULL;
}

static void clear(gpointer data)
{
    SrMetadata *metadata = data;

    g_free(metadata->issuer);
    g_free(metadata->authorization_endpoint);
    g_free(metadata->token_endpoint);
    g_free(metadata->jwks_uri);
    g_free(metadata->userinfo_endpoint);
    g_free(metadata->revocation_endpoint);
    g_free(metadata->registration_endpoint);
    g_free(metadata->device_authorization_endpoint);
    g_free(metadata->pushed_authorization_endpoint);
    g_strfreev(metadata->id_token_algorithms);
    g_strfreev(metadata->dpop_algorithms);
    g_strfreev(metadata->scopes);
}

SrMetadata *sr_metadata_ref(SrMetadata *metadata)
{
    return g_atomic_rc_box_acquire(metadata);
}

void sr_metadata_free(SrMetadata *metadata)
{
    if (metadata)
        g_atomic_rc_box_release_full(metadata, clear);
}
