/* The part of `sealring doctor` that looks at the programs of this package and the configuration.
 */
#pragma once

#include "cli/checkup.h"

/* Are the programs there, does the agent like its configuration? */
void sr_program_check(SrCheckup *checkup);

/* Is sealring-host there, safe to name in manifests, and of this version?
 * {"path","mode","version"}, a new reference. */
SrJson *sr_program_check_host(SrCheckup *checkup);
