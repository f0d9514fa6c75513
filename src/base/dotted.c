#include "base/dotted.h"

#include <string.h>

gboolean sr_dotted_split(const char *text, gsize length, SrSlice *ret_parts, guint count)
{
    const char *at = text;
    const char *end = text + length;

    for (guint i = 0; i < count; i++) {
        const char *dot = memchr(at, '.', (gsize)(end - at));

        if (!dot != (i == count - 1))
            return FALSE;
        ret_parts[i] = (SrSlice){at, (gsize)((dot ? dot : end) - at)};
        at = dot ? dot + 1 : end;
    }
    return TRUE;
}

SrSecret *sr_dotted_join(const SrSlice *parts, guint count, GError **error)
{
    gsize length = count - 1;
    SrSecret *text;
    char *at;

    for (guint i = 0; i < count; i++)
        length += parts[i].length;
    text = sr_secret_new(length, error);
    if (!text)
        return NULL;
    at = (char *)sr_secret_data(text);
    for (guint i = 0; i < count; i++) {
        if (i > 0)
            *at++ = '.';
        memcpy(at, parts[i].data, parts[i].length);
        at += parts[i].length;
    }
    return text;
}
