/*
 * Where an exchange goes. The address is taken apart once, by libcurl, and libcurl is given the
 * parts: what was checked and what is connected to cannot differ.
 */
#pragma once

#include <curl/curl.h>
#include <glib.h>

typedef struct {
    CURLU *url;
    gboolean is_https;
    gboolean is_loopback; /* 127.0.0.1, [::1] or localhost */
    char *pinned;         /* for CURLOPT_RESOLVE: localhost is this machine; else NULL */
} SrTarget;

/*
 * The target of @url: https, or with @loopback_http also http when it is loopback; no user part.
 * NULL, with *@ret_problem (static text), for anything else. Owned by the caller.
 */
SrTarget *sr_target_new(const char *url, gboolean loopback_http, const char **ret_problem);

/* NULL is fine. */
void sr_target_free(SrTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTarget, sr_target_free)

/*
 * Whether @url can be a proxy: http, https, socks5 or socks5h (the proxy resolves names), without a
 * user part, since arguments can be read by everybody on the machine. "HOST:PORT" is http.
 */
gboolean sr_target_is_proxy(const char *url);
