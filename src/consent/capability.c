#include "consent/capability.h"

#include <string.h>

#define TINYCLOUD_SPACE "tinycloud:pkh:eip155:"
#define TINYCLOUD_ENCRYPTION "urn:tinycloud:encryption:"

typedef struct {
    const char *ability; /* "namespace/name" */
    const char *verb;
    const char *object;
} Words;

/* What TinyCloud's services offer. */
static const Words abilities[] = {
    {"tinycloud.kv/get", "read", "entries"},
    {"tinycloud.kv/list", "list", "entries"},
    {"tinycloud.kv/metadata", "see details of", "entries"},
    {"tinycloud.kv/put", "write", "entries"},
    {"tinycloud.kv/del", "delete", "entries"},
    {"tinycloud.sql/read", "read", "the database"},
    {"tinycloud.sql/select", "query", "the database"},
    {"tinycloud.sql/write", "change", "the database"},
    {"tinycloud.sql/admin", "administer", "the database"},
    {"tinycloud.duckdb/read", "read", "the analytics database"},
    {"tinycloud.duckdb/write", "change", "the analytics database"},
    {"tinycloud.duckdb/admin", "administer", "the analytics database"},
    {"tinycloud.capabilities/read", "see", "who has access"},
    {"tinycloud.delegation/create", "give", "access to others"},
    {"tinycloud.delegation/list", "list", "access given to others"},
    {"tinycloud.delegation/revoke", "take back", "access given to others"},
    {"tinycloud.hooks/register", "be called", "when something changes"},
    {"tinycloud.hooks/subscribe", "be told", "when something changes"},
    {"tinycloud.hooks/list", "list", "what is called on changes"},
    {"tinycloud.space/host", "host", "all data"},
    {"tinycloud.space/info", "see", "details"},
    {"tinycloud.encryption/decrypt", "decrypt", "your encrypted data"},
    {"tinycloud.encryption/network.create", "create", "the encryption network"},
};

static const char *const services[][2] = {
    {"kv", "key-value store"},        {"sql", "database"},
    {"duckdb", "analytics database"}, {"capabilities", "access list"},
    {"delegation", "delegations"},    {"hooks", "change notices"},
};

static const Words *find_words(const char *ability)
{
    for (gsize i = 0; i < G_N_ELEMENTS(abilities); i++)
        if (strcmp(abilities[i].ability, ability) == 0)
            return &abilities[i];
    return NULL;
}

static const char *find_service(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(services); i++)
        if (strcmp(services[i][0], name) == 0)
            return services[i][1];
    return NULL;
}

static const Words *words_of(const SrRecapGroup *group, guint index)
{
    g_autofree char *ability = NULL;

    if (!group->names[index])
        return NULL;
    ability = g_strconcat(group->namespace, "/", group->names[index], NULL);
    return find_words(ability);
}

/* "Read, list and write entries": verbs of one object share it. Unknown abilities are quoted. */
static void append_abilities(GString *text, const SrRecapGroup *group)
{
    for (guint i = 0; group->names[i]; i++) {
        const Words *words = words_of(group, i);
        const Words *next = words_of(group, i + 1);
        const Words *after = group->names[i + 1] ? words_of(group, i + 2) : NULL;

        if (!words)
            g_string_append_printf(text, "use \"%s/%s\"", group->namespace, group->names[i]);
        else
            g_string_append(text, words->verb);
        if (words && next && words->object == next->object) {
            const gboolean last = !after || after->object != words->object;

            g_string_append(text, last ? " and " : ", ");
            continue;
        }
        if (words)
            g_string_append_printf(text, " %s", words->object);
        if (group->names[i + 1])
            g_string_append(text, ", ");
    }
    text->str[0] = g_ascii_toupper(text->str[0]);
}

/* Whose space: "your space" or the owner's address. @owner is "CHAIN:0x…". */
static void append_owner(GString *text, const char *owner, const char *address)
{
    const char *colon = strchr(owner, ':');

    if (colon && g_ascii_strcasecmp(colon + 1, address) == 0)
        g_string_append(text, "your space");
    else
        g_string_append_printf(text, "the space of %s:", colon ? colon + 1 : owner);
}

/* tinycloud:pkh:eip155:CHAIN:ADDRESS:SPACE/SERVICE[/PATH] */
static gboolean append_space(GString *text, const char *resource, const char *address)
{
    g_auto(GStrv) parts = NULL;
    g_auto(GStrv) path = NULL;
    g_autofree char *owner = NULL;
    const char *service;

    if (!g_str_has_prefix(resource, TINYCLOUD_SPACE))
        return FALSE;
    parts = g_strsplit(resource + strlen(TINYCLOUD_SPACE), ":", 3);
    if (g_strv_length(parts) != 3)
        return FALSE;
    path = g_strsplit(parts[2], "/", 3);
    owner = g_strconcat(parts[0], ":", parts[1], NULL);
    append_owner(text, owner, address);
    g_string_append_printf(text, " \"%s\"", path[0]);
    if (!path[1] || strcmp(path[1], "space") == 0)
        return TRUE;
    service = find_service(path[1]);
    if (service)
        g_string_append_printf(text, " (%s", service);
    else
        g_string_append_printf(text, " (service \"%s\"", path[1]);
    if (path[2] && *path[2])
        g_string_append_printf(text, ", below \"%s\"", path[2]);
    g_string_append_c(text, ')');
    return TRUE;
}

char *sr_capability_describe(const SrRecapGroup *group, const char *address)
{
    GString *text = g_string_new(NULL);

    append_abilities(text, group);
    g_string_append(text, " in ");
    if (!append_space(text, group->resource, address)) {
        const gboolean network = g_str_has_prefix(group->resource, TINYCLOUD_ENCRYPTION);

        g_string_append_printf(text, "%s\"%s\"", network ? "the encryption network " : "",
                               group->resource);
    }
    if (group->restrictions)
        g_string_append_printf(text, ", with conditions %s", group->restrictions);
    if (group->no_valid_use)
        g_string_append(text, " (as written, this cannot be used)");
    return g_string_free(text, FALSE);
}
