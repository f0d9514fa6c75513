/*
 * The head of one HTTP request to the loopback listener (RFC 9112): is it the redirect of a login?
 * Pure: bytes in, status out. Anybody on this machine, and any page, may send such requests, so
 * only the plain form that browsers send is taken; whether the answer belongs to a flow is for the
 * agent to say, by its state.
 */
#pragma once

#include <glib.h>

#define SR_LOOPBACK_HEAD_MAX 8192u /* bytes of a request's head, with the empty line */
#define SR_LOOPBACK_PATH_MAX 256u

/* Where the redirect must go. */
typedef struct {
    const char *path; /* "/callback" */
    guint16 port;     /* of 127.0.0.1 */
} SrLoopbackTarget;

/* What there is to answer; the values are those of HTTP. */
typedef enum {
    SR_LOOPBACK_MORE = 0, /* the head is not complete */
    SR_LOOPBACK_REDIRECT = 200,
    SR_LOOPBACK_MALFORMED = 400, /* also: another Host, no query */
    SR_LOOPBACK_NOT_FOUND = 404,
    SR_LOOPBACK_NOT_GET = 405,
    SR_LOOPBACK_TOO_LONG = 431,
} SrLoopbackStatus;

/* Whether @path can be a target's: "/…" of visible ASCII without "?" and "#", not too long. */
gboolean sr_loopback_path_is_valid(const char *path);

/*
 * Judge the first @size bytes of a connection. A redirect is GET, HTTP/1.0 or 1.1, has exactly the
 * path of @target, a query of visible ASCII without "#", and one Host, which is
 * 127.0.0.1:PORT: another name there is a page's that was made to point to this machine.
 * @ret_request (borrowed from @head, no NUL behind it) is then the path with its query.
 */
SrLoopbackStatus sr_loopback_request_read(const char *head, gsize size,
                                          const SrLoopbackTarget *target, const char **ret_request,
                                          gsize *ret_length);
