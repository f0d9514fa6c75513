#include "support/vector_lines.h"

#include "support/vector_file.h"

#include <string.h>

guint sr_test_vector_lines(const char *path, SrTestLineFunc check, gpointer data)
{
    gsize size = 0;
    g_autofree char *text = sr_test_vector_text(path, &size);
    const char *end = text ? text + size : NULL;
    guint lines = 0;

    for (char *line = text, *next; line && line < end; line = next) {
        g_autoptr(SrJson) value = NULL;

        /* Not strchr: a sanitizer would go through all the rest of the file for each line. */
        next = memchr(line, '\n', (gsize)(end - line));
        if (next)
            *next++ = '\0';
        value = json_tokener_parse(line);
        if (!value)
            g_error("line %u of %s is not JSON", lines + 1, path);
        check(value, data);
        lines++;
    }
    return lines;
}

SrJson *sr_test_member_optional(SrJson *object, const char *name)
{
    SrJson *member = NULL;

    json_object_object_get_ex(object, name, &member);
    return member;
}
