/* The status and headers of a server's reply, line by line as libcurl finds them. */
#pragma once

#include <glib.h>

#define SR_REPLY_HEAD_MAX (32u * 1024u) /* bytes of all header lines */

typedef struct {
    gboolean is_complete; /* the empty line behind the headers of the final reply came */
    guint status;         /* of the latest status line, 0: none */
    gsize size;           /* bytes seen */
    char *content_type;   /* or NULL */
    char *dpop_nonce;     /* or NULL */
    gint64 retry_after;   /* seconds; -1: none */
} SrReplyHead;

/* No line seen yet. Release with sr_reply_head_clear. */
void sr_reply_head_init(SrReplyHead *head);

/* Release what the head holds. */
void sr_reply_head_clear(SrReplyHead *head);

/*
 * Take one line with its line break. Interim replies (1xx) and trailers leave nothing behind; of a
 * header that comes twice the first counts. FALSE when the head is over SR_REPLY_HEAD_MAX.
 */
gboolean sr_reply_head_take(SrReplyHead *head, const char *line, gsize length);

/*
 * Seconds from @now (Unix time) that a Retry-After of RFC 9110 §10.2.3 asks for, a number or a
 * date: 0 to a day, -1 when it is neither.
 */
gint64 sr_reply_head_seconds(const char *text, gint64 now);
