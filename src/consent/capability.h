/* ReCap capabilities in plain words. */
#pragma once

#include "ethereum/recap.h"

/*
 * One sentence for @group: "Read and write entries in your space "default" (key-value store, below
 * "vault/")". @address ("0x…", the signer's) tells the own spaces from other people's. Abilities
 * and resources that are not known appear as they are written, in quotes. Owned by the caller.
 */
char *sr_capability_describe(const SrRecapGroup *group, const char *address);
