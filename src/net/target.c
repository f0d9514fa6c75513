#include "net/target.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* The part of the address; NULL when it has none. Owned by the caller, freed with curl_free. */
static char *get_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK ? text : NULL;
}

static gboolean part_is_one_of(CURLU *url, CURLUPart part, const char *const *texts)
{
    char *text = get_part(url, part);
    const gboolean is_one = text && g_strv_contains(texts, text);

    curl_free(text);
    return is_one;
}

static gboolean part_is(CURLU *url, CURLUPart part, const char *text)
{
    return part_is_one_of(url, part, (const char *const[]){text, NULL});
}

/* Whatever a hosts file or a server says of localhost. */
static char *pin_localhost(CURLU *url)
{
    char *port = part_is(url, CURLUPART_HOST, "localhost") ? get_part(url, CURLUPART_PORT) : NULL;
    char *pinned = port ? g_strdup_printf("localhost:%s:127.0.0.1,[::1]", port) : NULL;

    curl_free(port);
    return pinned;
}

SrTarget *sr_target_new(const char *url, gboolean loopback_http, const char **ret_problem)
{
    static const char *const loopback[] = {"127.0.0.1", "[::1]", "localhost", NULL};
    g_autoptr(SrTarget) target = g_new0(SrTarget, 1);

    target->url = curl_url();
    if (!target->url || curl_url_set(target->url, CURLUPART_URL, url,
                                     CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) != CURLUE_OK) {
        *ret_problem = "the address cannot be used";
        return NULL;
    }
    target->is_https = part_is(target->url, CURLUPART_SCHEME, "https");
    target->is_loopback = part_is_one_of(target->url, CURLUPART_HOST, loopback);
    if (!target->is_https &&
        !(loopback_http && target->is_loopback && part_is(target->url, CURLUPART_SCHEME, "http"))) {
        *ret_problem = "only https is used, and http on this machine where that is allowed";
        return NULL;
    }
    target->pinned = pin_localhost(target->url);
    return g_steal_pointer(&target);
}

void sr_target_free(SrTarget *target)
{
    if (!target)
        return;
    curl_url_cleanup(target->url);
    g_free(target->pinned);
    g_free(target);
}

gboolean sr_target_is_proxy(const char *url)
{
    static const char *const schemes[] = {"http", "https", "socks5", "socks5h", NULL};
    g_autoptr(CURLU) parts = curl_url();
    const guint flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME | CURLU_DISALLOW_USER;

    return parts && curl_url_set(parts, CURLUPART_URL, url, flags) == CURLUE_OK &&
           part_is_one_of(parts, CURLUPART_SCHEME, schemes);
}
