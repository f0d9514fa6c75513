#include "tinycloud/attenuation.h"

#include "base/encoding.h"
#include "base/error.h"
#include "ethereum/recap.h"
#include "tinycloud/space.h"

#include <string.h>

#define RECAP_PREFIX "urn:recap:"

/* Two names of one ability: an old one and the one that counts. */
static const struct {
    const char *old;
    const char *name;
} aliases[] = {
    {"tinycloud.kv/delete", "tinycloud.kv/del"},
    {"tinycloud.sql/select", "tinycloud.sql/read"},
    {"tinycloud.duckdb/select", "tinycloud.duckdb/read"},
};

/* Abilities that include others. To the node, "*" is a name like any other. */
static const struct {
    const char *parent;
    const char *child;
} inclusions[] = {
    {"tinycloud.sql/admin", "tinycloud.sql/schema"},
    {"tinycloud.sql/*", "tinycloud.sql/admin"},
    {"tinycloud.sql/*", "tinycloud.sql/read"},
    {"tinycloud.sql/*", "tinycloud.sql/schema"},
    {"tinycloud.sql/*", "tinycloud.sql/write"},
    {"tinycloud.duckdb/*", "tinycloud.duckdb/admin"},
    {"tinycloud.duckdb/*", "tinycloud.duckdb/export"},
    {"tinycloud.duckdb/*", "tinycloud.duckdb/import"},
    {"tinycloud.duckdb/*", "tinycloud.duckdb/read"},
    {"tinycloud.duckdb/*", "tinycloud.duckdb/write"},
};

SrJson *sr_attenuation_from_siwe(const SrSiwe *siwe)
{
    const SrSlice uri =
        siwe->n_resources > 0 ? siwe->resources[siwe->n_resources - 1] : (SrSlice){NULL, 0};
    const gsize skip = strlen(RECAP_PREFIX);
    g_autoptr(GByteArray) text = NULL;
    g_autoptr(SrJson) root = NULL;

    if (uri.length < skip || memcmp(uri.data, RECAP_PREFIX, skip) != 0)
        return NULL;
    text = sr_base64url_decode(uri.data + skip, uri.length - skip, NULL);
    root = text ? sr_json_parse((const char *)text->data, text->len, NULL) : NULL;
    return root ? json_object_get(json_object_object_get(root, "att")) : NULL;
}

gboolean sr_attenuation_is_valid(SrJson *value)
{
    g_autofree char *uri = NULL;

    if (!json_object_is_type(value, json_type_object) || json_object_object_length(value) == 0)
        return FALSE;
    uri = sr_recap_encode(value, NULL, NULL);
    return uri != NULL;
}

gboolean sr_attenuation_is_free(SrJson *restrictions)
{
    for (gsize i = 0; i < json_object_array_length(restrictions); i++)
        if (json_object_object_length(json_object_array_get_idx(restrictions, i)) == 0)
            return TRUE;
    return FALSE;
}

/* --- one within another --------------------------------------------------------------------- */

/* Resources that are not in a space (networks, "urn:cid:…") have nothing below them. */
static gboolean covers_resource(const char *parent, const char *child)
{
    SrResource above;
    SrResource below;

    if (strcmp(parent, child) == 0)
        return TRUE;
    return sr_resource_parse(sr_slice_of(parent), &above, NULL) &&
           sr_resource_parse(sr_slice_of(child), &below, NULL) &&
           sr_resource_covers(&above, &below);
}

static const char *without_alias(const char *ability)
{
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++)
        if (strcmp(ability, aliases[i].old) == 0)
            return aliases[i].name;
    return ability;
}

static gboolean includes_ability(const char *parent, const char *child)
{
    const char *held = without_alias(parent);
    const char *wanted = without_alias(child);

    if (strcmp(held, wanted) == 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(inclusions); i++)
        if (strcmp(held, inclusions[i].parent) == 0 && strcmp(wanted, inclusions[i].child) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_among(SrJson *restrictions, SrJson *one)
{
    for (gsize i = 0; i < json_object_array_length(restrictions); i++)
        if (json_object_equal(json_object_array_get_idx(restrictions, i), one))
            return TRUE;
    return FALSE;
}

/* Fewer ways to be used are narrower, none at all is no use. */
static gboolean covers_restrictions(SrJson *parent, SrJson *child)
{
    if (sr_attenuation_is_free(parent))
        return TRUE;
    for (gsize i = 0; i < json_object_array_length(child); i++)
        if (!is_among(parent, json_object_array_get_idx(child, i)))
            return FALSE;
    return json_object_array_length(child) > 0;
}

static gboolean covers(SrJson *parent, const char *resource, const char *ability,
                       SrJson *restrictions)
{
    json_object_object_foreach (parent, parent_resource, abilities) {
        if (!covers_resource(parent_resource, resource))
            continue;
        json_object_object_foreach (abilities, parent_ability, parent_restrictions) {
            if (includes_ability(parent_ability, ability) &&
                covers_restrictions(parent_restrictions, restrictions))
                return TRUE;
        }
    }
    return FALSE;
}

gboolean sr_attenuation_check(SrJson *parent, SrJson *child, GError **error)
{
    json_object_object_foreach (child, resource, abilities) {
        json_object_object_foreach (abilities, ability, restrictions) {
            if (covers(parent, resource, ability, restrictions))
                continue;
            sr_error_set(error, SR_ERROR_NOT_GRANTED, "the session does not give %s on %s", ability,
                         resource);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean is_space(const SrSpace *a, const SrSpace *b)
{
    return sr_space_owner_equal(&a->owner, &b->owner) && a->name.length == b->name.length &&
           memcmp(a->name.data, b->name.data, a->name.length) == 0;
}

gboolean sr_attenuation_has_space(SrJson *attenuation, const char *space_id)
{
    gboolean has_any = FALSE;
    SrResource found;
    SrSpace space;

    if (!sr_space_parse(sr_slice_of(space_id), &space, NULL))
        return FALSE;
    json_object_object_foreach (attenuation, resource, abilities) {
        (void)abilities;
        if (!sr_resource_parse(sr_slice_of(resource), &found, NULL))
            continue;
        if (is_space(&found.space, &space))
            return TRUE;
        has_any = TRUE;
    }
    return !has_any;
}

char *sr_attenuation_first_space(SrJson *attenuation)
{
    SrResource resource;

    json_object_object_foreach (attenuation, uri, abilities) {
        (void)abilities;
        if (sr_resource_parse(sr_slice_of(uri), &resource, NULL))
            return sr_space_text(&resource.space);
    }
    return NULL;
}
