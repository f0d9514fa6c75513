#include "net/loopback_request.h"

#include <string.h>

#define LINE_END "\r\n"
#define HEAD_END "\r\n\r\n"

/* Text within the head; not terminated. */
typedef struct {
    const char *data;
    gsize length;
} Text;

static gboolean is_visible(char c)
{
    return c > 0x20 && c < 0x7f;
}

/* tchar of RFC 9110 §5.6.2. */
static gboolean is_token(Text text)
{
    for (gsize i = 0; i < text.length; i++)
        if (!g_ascii_isalnum(text.data[i]) &&
            (text.data[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", text.data[i])))
            return FALSE;
    return text.length > 0;
}

static gboolean equals(Text text, const char *other)
{
    return text.length == strlen(other) && memcmp(text.data, other, text.length) == 0;
}

/* The part of @rest up to @separator, which is left out; FALSE when there is none. */
static gboolean take(Text *rest, const char *separator, Text *ret_part)
{
    const char *end = memmem(rest->data, rest->length, separator, strlen(separator));
    gsize taken;

    if (!end)
        return FALSE;
    *ret_part = (Text){rest->data, (gsize)(end - rest->data)};
    taken = ret_part->length + strlen(separator);
    *rest = (Text){rest->data + taken, rest->length - taken};
    return TRUE;
}

static Text trimmed(Text text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (Text){text.data + 1, text.length - 1};
    while (text.length > 0 &&
           (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* Control characters end the patience with a connection before its head is complete. */
static gboolean is_plain(Text text)
{
    for (gsize i = 0; i < text.length; i++) {
        const char c = text.data[i];

        if (c == '\r' && (i + 1 == text.length || text.data[i + 1] == '\n'))
            i++;
        else if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7f)
            return FALSE;
    }
    return TRUE;
}

gboolean sr_loopback_path_is_valid(const char *path)
{
    const gsize length = strlen(path);

    for (gsize i = 0; i < length; i++)
        if (!is_visible(path[i]) || path[i] == '?' || path[i] == '#')
            return FALSE;
    return path[0] == '/' && length <= SR_LOOPBACK_PATH_MAX;
}

/* "/path?query" with both parts; the path is not compared yet. */
static gboolean is_request_target(Text text)
{
    for (gsize i = 0; i < text.length; i++)
        if (!is_visible(text.data[i]) || text.data[i] == '#')
            return FALSE;
    return text.length > 0 && text.data[0] == '/';
}

static SrLoopbackStatus read_request_line(Text line, Text *ret_request)
{
    Text method;

    if (!take(&line, " ", &method) || !is_token(method) || !take(&line, " ", ret_request) ||
        !is_request_target(*ret_request) ||
        (!equals(line, "HTTP/1.1") && !equals(line, "HTTP/1.0")))
        return SR_LOOPBACK_MALFORMED;
    return equals(method, "GET") ? SR_LOOPBACK_REDIRECT : SR_LOOPBACK_NOT_GET;
}

/* One header line; counts those that are the Host that is meant. */
static gboolean read_header(Text line, const char *host, guint *inout_hosts)
{
    Text name;

    if (!take(&line, ":", &name) || !is_token(name))
        return FALSE;
    if (name.length != strlen("Host") || g_ascii_strncasecmp(name.data, "Host", name.length) != 0)
        return TRUE;
    (*inout_hosts)++;
    return equals(trimmed(line), host);
}

static gboolean read_headers(Text lines, guint16 port)
{
    char host[sizeof "127.0.0.1:65535"];
    guint hosts = 0;
    Text line;

    g_snprintf(host, sizeof host, "127.0.0.1:%u", port);
    while (take(&lines, LINE_END, &line))
        if (!read_header(line, host, &hosts))
            return FALSE;
    return hosts == 1;
}

static SrLoopbackStatus judge_target(Text request, const char *path)
{
    Text own;

    if (!take(&request, "?", &own))
        return equals(request, path) ? SR_LOOPBACK_MALFORMED : SR_LOOPBACK_NOT_FOUND;
    if (!equals(own, path))
        return SR_LOOPBACK_NOT_FOUND;
    return request.length > 0 ? SR_LOOPBACK_REDIRECT : SR_LOOPBACK_MALFORMED;
}

/* @lines is the whole head but the empty line. */
static SrLoopbackStatus read_head(Text lines, const SrLoopbackTarget *target, Text *ret_request)
{
    Text line;
    SrLoopbackStatus status;

    if (!take(&lines, LINE_END, &line))
        return SR_LOOPBACK_MALFORMED;
    status = read_request_line(line, ret_request);
    if (status != SR_LOOPBACK_REDIRECT)
        return status;
    if (!read_headers(lines, target->port))
        return SR_LOOPBACK_MALFORMED;
    return judge_target(*ret_request, target->path);
}

SrLoopbackStatus sr_loopback_request_read(const char *head, gsize size,
                                          const SrLoopbackTarget *target, const char **ret_request,
                                          gsize *ret_length)
{
    const gsize limit = MIN(size, SR_LOOPBACK_HEAD_MAX);
    const char *end = size ? memmem(head, limit, HEAD_END, strlen(HEAD_END)) : NULL;
    const Text all = {head, end ? (gsize)(end - head) + strlen(LINE_END) : size};
    Text request = {NULL, 0};
    SrLoopbackStatus status;

    if (!is_plain(all))
        return SR_LOOPBACK_MALFORMED;
    if (!end)
        return size < SR_LOOPBACK_HEAD_MAX ? SR_LOOPBACK_MORE : SR_LOOPBACK_TOO_LONG;
    status = read_head(all, target, &request);
    if (status == SR_LOOPBACK_REDIRECT) {
        *ret_request = request.data;
        *ret_length = request.length;
    }
    return status;
}
