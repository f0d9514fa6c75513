#include "cli/manifest_report.h"

#include "cli/browser_view.h"
#include "cli/output.h"

void sr_manifest_report_add(SrJson *report, const SrBrowserTarget *target, SrManifestChange change,
                            const SrHostManifest *manifest, const GError *problem)
{
    static const char *const outcomes[] = {
        [SR_MANIFEST_UNCHANGED] = "unchanged",
        [SR_MANIFEST_WRITTEN] = "written",
        [SR_MANIFEST_REMOVED] = "removed",
    };
    g_autofree char *path = sr_place_path(target->place, SR_HOST_MANIFEST_FILE);
    SrJson *row = json_object_new_object();
    SrJson *names = json_object_new_array();

    for (guint i = 0; i + 1 < target->names->len; i++)
        json_object_array_add(names, json_object_new_string(g_ptr_array_index(target->names, i)));
    sr_json_add(row, "browsers", names);
    sr_json_add_string(row, "path", path);
    sr_json_add_string(row, "outcome", problem ? "refused" : outcomes[change]);
    sr_json_add(row, "extensions", sr_browser_view_ids(manifest));
    sr_json_add_string(row, "problem", problem ? problem->message : NULL);
    json_object_array_add(report, row);
}

void sr_manifest_report_print(SrJson *report)
{
    static const char *const headings[] = {"", "MANIFEST", "READ BY", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);

    for (gsize i = 0; i < json_object_array_length(report); i++) {
        SrJson *row = json_object_array_get_idx(report, i);
        g_autofree char *browsers = sr_browser_view_join(json_object_object_get(row, "browsers"));
        const char *cells[] = {sr_json_string(row, "outcome", NULL),
                               sr_json_string(row, "path", NULL), browsers};
        const char *problem = sr_json_string(row, "problem", NULL);
        g_autofree char *advice = problem ? g_strdup_printf("-> %s", problem) : NULL;
        const char *more[] = {"", advice, ""};

        sr_table_add(table, cells);
        if (advice)
            sr_table_add(table, more);
    }
    sr_table_print(table);
}

gboolean sr_manifest_report_has_refused(SrJson *report)
{
    for (gsize i = 0; i < json_object_array_length(report); i++)
        if (g_strcmp0(sr_json_string(json_object_array_get_idx(report, i), "outcome", NULL),
                      "refused") == 0)
            return TRUE;
    return FALSE;
}
