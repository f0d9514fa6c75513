/* The part of `sealring doctor` that looks at the browsers: manifests, sandboxes, policies. */
#pragma once

#include "cli/checkup.h"

/* @program is our host (NULL: there is none). The browsers that are here as an array of
 * sr_browser_view, a new reference. */
SrJson *sr_browser_check(SrCheckup *checkup, const char *program);
