#include "cli/browser_policy.h"

#include "base/json.h"
#include "cli/files.h"

#include <string.h>

#define FILE_MAX 1048576u

static void keep_first(char **inout_place, const char *path)
{
    if (!*inout_place)
        *inout_place = g_strdup(path);
}

/* Whether the list @name of @policies has @host, or everything. */
static gboolean lists(SrJson *policies, const char *name, const char *host)
{
    SrJson *list = NULL;

    if (!sr_json_array_optional(policies, name, &list, NULL) || !list)
        return FALSE;
    for (gsize i = 0; i < json_object_array_length(list); i++) {
        const char *entry = json_object_get_string(json_object_array_get_idx(list, i));

        if (g_strcmp0(entry, "*") == 0 || g_strcmp0(entry, host) == 0)
            return TRUE;
    }
    return FALSE;
}

/* An allowed host is allowed whatever is blocked: *inout_allowed says that some file allows it. */
static void read_file(SrBrowserPolicy *policy, const char *path, const char *host,
                      gboolean *inout_allowed)
{
    g_autoptr(GByteArray) text = sr_file_read(path, FILE_MAX, NULL);
    g_autoptr(SrJson) policies =
        text ? sr_json_parse((const char *)text->data, text->len, NULL) : NULL;
    gboolean user_level = TRUE;

    if (!policies || !json_object_is_type(policies, json_type_object)) {
        keep_first(&policy->unreadable, path);
        return;
    }
    *inout_allowed = *inout_allowed || lists(policies, "NativeMessagingAllowlist", host);
    if (lists(policies, "NativeMessagingBlocklist", host))
        keep_first(&policy->blocked_by, path);
    if (sr_json_boolean_optional(policies, "NativeMessagingUserLevelHosts", &user_level, NULL) &&
        !user_level)
        keep_first(&policy->user_level_by, path);
}

SrBrowserPolicy *sr_browser_policy_read(const char *folder, const char *host)
{
    SrBrowserPolicy *policy = g_new0(SrBrowserPolicy, 1);
    g_autoptr(GDir) files = folder ? g_dir_open(folder, 0, NULL) : NULL;
    gboolean allowed = FALSE;
    const char *name;

    while (files && (name = g_dir_read_name(files))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_str_has_suffix(name, ".json"))
            read_file(policy, path, host, &allowed);
    }
    if (allowed)
        g_clear_pointer(&policy->blocked_by, g_free);
    return policy;
}

void sr_browser_policy_free(SrBrowserPolicy *policy)
{
    if (!policy)
        return;
    g_free(policy->blocked_by);
    g_free(policy->user_level_by);
    g_free(policy->unreadable);
    g_free(policy);
}
