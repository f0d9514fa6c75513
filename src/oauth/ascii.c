#include "oauth/ascii.h"

gboolean sr_ascii_is_printable(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isprint(text[i]))
            return FALSE;
    return length > 0;
}

gboolean sr_ascii_is_visible(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isgraph(text[i]))
            return FALSE;
    return length > 0;
}

gboolean sr_ascii_is_token(const SrSecret *secret, gsize max)
{
    const gsize size = sr_secret_size(secret);

    return size <= max && sr_ascii_is_visible((const char *)sr_secret_peek(secret), size);
}

gboolean sr_ascii_is_unquoted(const char *text, gsize length, gboolean spaces)
{
    for (gsize i = 0; i < length; i++) {
        const gboolean space = spaces && text[i] == ' ';

        if (text[i] == '"' || text[i] == '\\' || (!space && !g_ascii_isgraph(text[i])))
            return FALSE;
        /* A space is between two words, never at an end or beside another one. */
        if (space && (i == 0 || i == length - 1 || text[i - 1] == ' '))
            return FALSE;
    }
    return length > 0;
}
