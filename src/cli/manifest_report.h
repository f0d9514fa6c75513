/* What `sealring browser install` and `uninstall` did, folder by folder. */
#pragma once

#include "base/json.h"
#include "browsers/manifest_file.h"
#include "cli/browser_target.h"

/*
 * Add {"browsers":[…],"path","outcome","extensions":[…],"problem"} for @target to the array
 * @report.
 * @manifest is how the manifest is now (NULL: there is none); with @problem the outcome is
 * "refused".
 */
void sr_manifest_report_add(SrJson *report, const SrBrowserTarget *target, SrManifestChange change,
                            const SrHostManifest *manifest, const GError *problem);

/* Whether anything in @report was refused. */
gboolean sr_manifest_report_has_refused(SrJson *report);

/* Print @report as a table. */
void sr_manifest_report_print(SrJson *report);
