/* Profile objects (PKCS#11 3.0 §4.14): which promises of the standard's profiles a token keeps. */
#pragma once

#include "pkcs11/token_objects.h"

#define SR_PROFILES 2u /* on each token: baseline and extended provider */

/* Add them to @objects for @token; false when out of memory. */
bool sr_profile_add_all(SrTokenObjects *objects, SrToken token);
