/* The part of `sealring doctor` that looks at what programs find when they start: the folder of the
 * sockets, memory that can be locked, the session bus. */
#pragma once

#include "cli/checkup.h"

/* Look at all three. */
void sr_environment_check(SrCheckup *checkup);
