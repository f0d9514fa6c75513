/*
 * `sealring token` in the usual case: the agent runs and has a token in its memory. Then there is
 * nothing to ask, to start or to explain, and libc is enough.
 */
#pragma once

#include <stdbool.h>

#define SR_TOKEN_AT_HAND_MAX 16384u /* bytes of a token */

/*
 * Print the access token of the account with the id @account (NULL: the only account) and a line
 * feed on standard output. FALSE, with nothing printed, when it is not at hand, the account is not
 * named by its id, or anything else is not as usual.
 */
bool sr_token_at_hand_print(const char *account);
