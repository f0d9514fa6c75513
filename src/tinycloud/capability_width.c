#include "tinycloud/capability_request.h"

#include <string.h>

static gboolean has_star(SrSlice text)
{
    return memchr(text.data, '*', text.length) != NULL;
}

/* Nothing but "*" and "/", and a "*" among them. */
static gboolean is_all(SrSlice path)
{
    for (gsize i = 0; i < path.length; i++)
        if (path.data[i] != '*' && path.data[i] != '/')
            return FALSE;
    return path.length > 0 && has_star(path);
}

/* What a "*" means in a resource that is not TinyCloud's, nobody here can know. */
static gboolean is_wide_resource(const char *uri)
{
    const SrSlice text = {uri, strlen(uri)};
    SrResource resource;

    if (!has_star(text))
        return FALSE;
    if (!sr_resource_parse(text, &resource, NULL))
        return TRUE;
    return has_star(resource.space.name) || has_star(resource.service) ||
           (resource.path.data && is_all(resource.path));
}

gboolean sr_recap_is_too_wide(const SrRecap *recap)
{
    for (guint i = 0; i < recap->groups->len; i++) {
        const SrRecapGroup *group = g_ptr_array_index(recap->groups, i);

        if (strchr(group->namespace, '*') || is_wide_resource(group->resource))
            return TRUE;
        for (gsize j = 0; group->names[j]; j++)
            if (strchr(group->names[j], '*'))
                return TRUE;
    }
    return FALSE;
}

static gboolean has_wide_ability(SrJson *abilities)
{
    json_object_object_foreach (abilities, ability, restrictions) {
        (void)restrictions;
        if (strchr(ability, '*'))
            return TRUE;
    }
    return FALSE;
}

gboolean sr_attenuations_are_too_wide(SrJson *attenuations)
{
    json_object_object_foreach (attenuations, uri, abilities)
        if (is_wide_resource(uri) || has_wide_ability(abilities))
            return TRUE;
    return FALSE;
}
