#include "consent/capability.h"

#include "tinycloud/space.h"

#include <string.h>

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
    {"tinycloud.kv/delete", "delete", "entries"},
    {"tinycloud.kv/*", "do anything with", "entries"},
    {"tinycloud.sql/read", "read", "the database"},
    {"tinycloud.sql/select", "query", "the database"},
    {"tinycloud.sql/write", "change", "the database"},
    {"tinycloud.sql/schema", "change the structure of", "the database"},
    {"tinycloud.sql/admin", "administer", "the database"},
    {"tinycloud.sql/export", "copy", "the database"},
    {"tinycloud.sql/execute", "run commands in", "the database"},
    {"tinycloud.sql/*", "do anything with", "the database"},
    {"tinycloud.duckdb/read", "read", "the analytics database"},
    {"tinycloud.duckdb/select", "query", "the analytics database"},
    {"tinycloud.duckdb/write", "change", "the analytics database"},
    {"tinycloud.duckdb/describe", "see the structure of", "the analytics database"},
    {"tinycloud.duckdb/admin", "administer", "the analytics database"},
    {"tinycloud.duckdb/export", "copy", "the analytics database"},
    {"tinycloud.duckdb/import", "replace", "the analytics database"},
    {"tinycloud.duckdb/execute", "run commands in", "the analytics database"},
    {"tinycloud.duckdb/*", "do anything with", "the analytics database"},
    {"tinycloud.capabilities/read", "see", "who has access"},
    {"tinycloud.delegation/create", "give", "access to others"},
    {"tinycloud.delegation/list", "list", "access given to others"},
    {"tinycloud.delegation/status", "check", "access given to others"},
    {"tinycloud.delegation/revoke", "take back", "access given to others"},
    {"tinycloud.hooks/register", "be called", "when something changes"},
    {"tinycloud.hooks/subscribe", "be told", "when something changes"},
    {"tinycloud.hooks/unregister", "end calls", "when something changes"},
    {"tinycloud.hooks/list", "list", "what is called on changes"},
    {"tinycloud.compute/execute", "run", "programs"},
    {"tinycloud.compute/deploy", "install", "programs"},
    {"tinycloud.compute/list", "list", "programs"},
    {"tinycloud.compute/*", "do anything with", "programs"},
    {"tinycloud.space/host", "host", "all data"},
    {"tinycloud.space/create", "create", "the space"},
    {"tinycloud.space/list", "list", "spaces"},
    {"tinycloud.space/info", "see", "details"},
    {"tinycloud.encryption/decrypt", "decrypt", "data"},
    {"tinycloud.encryption/network.create", "create", "the network"},
    {"tinycloud.encryption/network.revoke", "end", "the network"},
};

static const char *const services[][2] = {
    {"kv", "key-value store"},        {"sql", "database"},
    {"duckdb", "analytics database"}, {"capabilities", "access list"},
    {"delegation", "delegations"},    {"hooks", "change notices"},
    {"compute", "programs"},
};

/* What TinyCloud itself keeps in everybody's spaces. A path with "/" at its end: all below it. */
static const struct {
    const char *space;
    const char *service;
    const char *path;
    const char *what;
} places[] = {
    {"account", "kv", "applications/", "the list of your applications"},
    {"account", "kv", "spaces/", "the list of your spaces"},
    {"account", "kv", "system/bootstrap/complete", "whether your account is set up"},
    {"account", "sql", "account", "the index of your account"},
    {"secrets", "kv", "vault/secrets/", "your secrets, encrypted"},
};

static const Words *find_words(const char *ability)
{
    for (gsize i = 0; i < G_N_ELEMENTS(abilities); i++)
        if (strcmp(abilities[i].ability, ability) == 0)
            return &abilities[i];
    return NULL;
}

static gboolean is_text(SrSlice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

static const char *find_service(SrSlice name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(services); i++)
        if (is_text(name, services[i][0]))
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
        if (words && next && strcmp(words->object, next->object) == 0) {
            const gboolean last = !after || strcmp(after->object, words->object) != 0;

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

static gboolean is_own(const SrSpaceOwner *owner, const char *address)
{
    return g_ascii_strcasecmp(owner->address, address) == 0;
}

/* Chain 1 goes without saying. */
static void append_chain(GString *text, const SrSpaceOwner *owner)
{
    if (owner->chain_id != 1)
        g_string_append_printf(text, " on chain %" G_GINT64_FORMAT, owner->chain_id);
}

/* "your space "default"", or whose it is. */
static void append_space(GString *text, const SrSpace *space, const char *address)
{
    if (is_own(&space->owner, address))
        g_string_append(text, "your space");
    else
        g_string_append_printf(text, "the space of %s:", space->owner.address);
    g_string_append_printf(text, " \"%.*s\"", (int)space->name.length, space->name.data);
    append_chain(text, &space->owner);
}

/* Whether @path is @place, or lies below it when that ends in "/". */
static gboolean is_at(SrSlice path, const char *place)
{
    const gsize length = strlen(place);

    return path.length >= length && memcmp(path.data, place, length) == 0 &&
           (path.length == length || place[length - 1] == '/');
}

static const char *find_place(const SrResource *resource)
{
    for (gsize i = 0; resource->path.data && i < G_N_ELEMENTS(places); i++)
        if (is_text(resource->space.name, places[i].space) &&
            is_text(resource->service, places[i].service) && is_at(resource->path, places[i].path))
            return places[i].what;
    return NULL;
}

/* " (key-value store, below "vault/")". */
static void append_service(GString *text, const SrResource *resource, const char *address)
{
    const char *service = find_service(resource->service);
    const char *place = is_own(&resource->space.owner, address) ? find_place(resource) : NULL;

    if (service)
        g_string_append_printf(text, " (%s", service);
    else
        g_string_append_printf(text, " (service \"%.*s\"", (int)resource->service.length,
                               resource->service.data);
    if (resource->path.length > 0)
        g_string_append_printf(text, ", below \"%.*s\"", (int)resource->path.length,
                               resource->path.data);
    if (place)
        g_string_append_printf(text, ": %s", place);
    g_string_append_c(text, ')');
}

/* "your encryption network "default"", or whose it is. */
static void append_network(GString *text, const SrEncryptionNetwork *network, const char *address)
{
    const gboolean own = network->has_account && is_own(&network->owner, address);

    g_string_append_printf(text, "%s encryption network \"%.*s\"", own ? "your" : "the",
                           (int)network->name.length, network->name.data);
    if (!own)
        g_string_append_printf(text, " of %.*s", (int)network->owner_did.length,
                               network->owner_did.data);
    else
        append_chain(text, &network->owner);
}

static void append_resource(GString *text, const char *uri, const char *address)
{
    const SrSlice whole = {uri, strlen(uri)};
    SrResource resource;
    SrEncryptionNetwork network;
    SrSpace space;

    if (sr_resource_parse(whole, &resource, NULL)) {
        append_space(text, &resource.space, address);
        if (!is_text(resource.service, "space") || resource.path.length > 0)
            append_service(text, &resource, address);
    } else if (sr_space_parse(whole, &space, NULL)) {
        append_space(text, &space, address);
    } else if (sr_network_parse(whole, &network, NULL)) {
        append_network(text, &network, address);
    } else {
        g_string_append_printf(text, "\"%s\"", uri);
    }
}

char *sr_capability_describe(const SrRecapGroup *group, const char *address)
{
    GString *text = g_string_new(NULL);

    append_abilities(text, group);
    g_string_append(text, " in ");
    append_resource(text, group->resource, address);
    if (group->restrictions)
        g_string_append_printf(text, ", with conditions %s", group->restrictions);
    if (group->no_valid_use)
        g_string_append(text, " (as written, this cannot be used)");
    return g_string_free(text, FALSE);
}
