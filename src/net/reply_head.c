#include "net/reply_head.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#define RETRY_AFTER_MAX 86400
#define INTERIM_BELOW 200u

void sr_reply_head_init(SrReplyHead *head)
{
    *head = (SrReplyHead){.retry_after = -1};
}

void sr_reply_head_clear(SrReplyHead *head)
{
    g_free(head->content_type);
    g_free(head->dpop_nonce);
    sr_reply_head_init(head);
}

/* What an interim reply has said is forgotten, but for how much it was. */
static void start(SrReplyHead *head, const char *line)
{
    const gsize size = head->size;
    const char *space = strchr(line, ' ');

    sr_reply_head_clear(head);
    head->size = size;
    head->status = space ? (guint)g_ascii_strtoull(space + 1, NULL, 10) : 0;
}

gint64 sr_reply_head_seconds(const char *text, gint64 now)
{
    guint64 seconds;
    time_t date;

    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &seconds, NULL))
        return (gint64)MIN(seconds, RETRY_AFTER_MAX);
    date = curl_getdate(text, NULL);
    return date < 0 ? -1 : CLAMP((gint64)date - now, 0, RETRY_AFTER_MAX);
}

static void keep(char **place, const char *value)
{
    if (!*place)
        *place = g_strdup(value);
}

static void take_header(SrReplyHead *head, const char *name, const char *value)
{
    if (g_ascii_strcasecmp(name, "Content-Type") == 0)
        keep(&head->content_type, value);
    else if (g_ascii_strcasecmp(name, "DPoP-Nonce") == 0)
        keep(&head->dpop_nonce, value);
    else if (g_ascii_strcasecmp(name, "Retry-After") == 0 && head->retry_after < 0)
        head->retry_after = sr_reply_head_seconds(value, (gint64)time(NULL));
}

gboolean sr_reply_head_take(SrReplyHead *head, const char *line, gsize length)
{
    g_autofree char *text = g_strndup(line, length);
    char *colon;

    head->size += length;
    if (head->size > SR_REPLY_HEAD_MAX)
        return FALSE;
    if (head->is_complete)
        return TRUE; /* a trailer */
    g_strchomp(text);
    if (*text == '\0')
        head->is_complete = head->status >= INTERIM_BELOW;
    else if (g_str_has_prefix(text, "HTTP/"))
        start(head, text);
    colon = strchr(text, ':');
    if (colon) {
        *colon = '\0';
        take_header(head, text, g_strchug(colon + 1));
    }
    return TRUE;
}
