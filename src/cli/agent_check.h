/* The part of `sealring doctor` that asks the agent: its version, where the keys are and whether
 * they are locked, who can ask the user. */
#pragma once

#include "cli/checkup.h"
#include "cli/cli.h"

/* FALSE when no agent answers: no fault (commands start it), but then nothing is known of it. */
gboolean sr_agent_check(SrCli *cli, SrCheckup *checkup);
