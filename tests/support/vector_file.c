#include "support/vector_file.h"

#include "base/encoding.h"

#include <string.h>

char *sr_test_vector_text(const char *path, gsize *ret_length)
{
    const char *folder = g_getenv("VECTORS");
    g_autofree char *file = folder ? g_build_filename(folder, path, NULL) : NULL;
    char *text = NULL;

    if (!file || !g_file_get_contents(file, &text, ret_length, NULL)) {
        g_autofree char *reason = g_strdup_printf("%s is not in the folder named by VECTORS (%s)",
                                                  path, folder ? folder : "not set");

        g_test_skip(reason);
        return NULL;
    }
    return text;
}

SrJson *sr_test_vector_json(const char *path)
{
    g_autofree char *text = sr_test_vector_text(path, NULL);
    SrJson *json = text ? json_tokener_parse(text) : NULL;

    if (text && !json)
        g_error("%s is not JSON", path);
    return json;
}

SrJson *sr_test_own_json(const char *path)
{
    g_autofree char *file = g_build_filename("tests", "vectors", path, NULL);
    g_autofree char *text = NULL;
    SrJson *json;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        g_error("%s is missing; tests run in the top folder of the project", file);
    json = json_tokener_parse(text);
    if (!json)
        g_error("%s is not JSON", file);
    return json;
}

SrJson *sr_test_member(SrJson *object, const char *name)
{
    SrJson *member = NULL;

    if (!json_object_object_get_ex(object, name, &member))
        g_error("a test vector has no member %s", name);
    return member;
}

const char *sr_test_string(SrJson *object, const char *name)
{
    return json_object_get_string(sr_test_member(object, name));
}

GByteArray *sr_test_hex(SrJson *object, const char *name)
{
    const char *text = sr_test_string(object, name);
    GByteArray *bytes = sr_hex_decode(text, strlen(text));

    if (!bytes)
        g_error("member %s of a test vector is not hexadecimal: %s", name, text);
    return bytes;
}
