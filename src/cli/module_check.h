/* The part of `sealring doctor` that looks at the PKCS#11 module and the programs that load it. */
#pragma once

#include "cli/checkup.h"

/* Is the module installed, may ssh-agent load it, does p11-kit know it? Runs p11-kit if it is
 * there. */
void sr_module_check_installation(SrCheckup *checkup);

/* Does the agent, which is running, listen for the module? */
void sr_module_check_socket(SrCheckup *checkup);
