/* The part of `sealring doctor` that looks at the user's systemd units. */
#pragma once

#include "cli/checkup.h"

/* Are they installed, enabled, active? Runs `systemctl --user` if it is there. */
void sr_unit_check(SrCheckup *checkup);
