/* EIP-712 requests: parsed, hashed twice, and each value has a line. */
#include "ethereum/typed_data.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const SrTypedData *typed)
{
    g_assert(typed->lines->len <= SR_TYPED_DATA_LINES_MAX);
    for (guint i = 0; i < typed->lines->len; i++) {
        const char *line = g_ptr_array_index(typed->lines, i);

        g_assert(g_str_has_prefix(line, "domain.") || g_str_has_prefix(line, "message."));
        g_assert(strstr(line, " = ") != NULL);
        g_assert(g_utf8_validate(line, -1, NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) json = sr_json_parse((const char *)data, size, NULL);
    g_autoptr(SrTypedData) typed = NULL;
    g_autoptr(SrTypedData) again = NULL;

    if (!json)
        return 0;
    typed = sr_typed_data_new(json, &error);
    g_assert((typed != NULL) == (error == NULL));
    if (!typed)
        return 0;
    check_lines(typed);
    again = sr_typed_data_new(json, NULL);
    g_assert(again && memcmp(again->digest, typed->digest, sizeof typed->digest) == 0);
    return 0;
}
