/* grants.add of the kind "program": a program may use a key without asking. */
#pragma once

#include "agent/request.h"

/* Check the program and the key, ask the user, and reply {"grant":…}. */
void sr_program_granting_handle(SrRequest *request);
