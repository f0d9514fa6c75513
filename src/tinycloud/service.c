#include "tinycloud/service.h"

#include <string.h>

static const char *const names[][2] = {
    {"tinycloud.space", "space"},
    {"tinycloud.kv", "kv"},
    {"tinycloud.sql", "sql"},
    {"tinycloud.duckdb", "duckdb"},
    {"tinycloud.capabilities", "capabilities"},
    {"tinycloud.delegation", "delegation"},
    {"tinycloud.hooks", "hooks"},
};

const char *sr_service_short_name(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    return NULL;
}
