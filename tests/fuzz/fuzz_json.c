/*
 * The strict check against json-c, with the check as the stricter of the two: what it accepts,
 * json-c must accept and read the same, also after it was written again.
 */
#include "base/json.h"
#include "base/json_check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_accepted(const char *text, SrJson *value)
{
    g_autoptr(SrJson) other = json_tokener_parse(text);
    g_autoptr(SrJson) again = NULL;
    g_autofree char *written = sr_json_text(value);

    CHECK(other && json_object_equal(value, other));
    again = sr_json_parse(written, strlen(written), NULL);
    CHECK(again && json_object_equal(value, again));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(SrJson) value = NULL;
    g_autoptr(GError) error = NULL;
    const gboolean good = sr_json_check((const char *)data, size, &error);

    CHECK(good == !error);
    g_clear_error(&error);
    value = sr_json_parse((const char *)data, size, &error);
    CHECK(!value == !!error);
    CHECK(good || !value);
    if (value)
        check_accepted(text, value);
    else if (good) /* the one value that is no request */
        CHECK(strcmp(g_strstrip(text), "null") == 0);
    return 0;
}
