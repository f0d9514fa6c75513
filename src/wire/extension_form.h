/* The forms of the ids that browsers give extensions. */
#pragma once

#include <stdbool.h>

/* The longest id, in bytes. */
#define SR_EXTENSION_ID_MAX 255u

/* The companion extension of this package (extension/manifest.json). */
#define SR_COMPANION_CHROMIUM "dejmjgfpcmgkfnoekcfibcccgifpmjci"
#define SR_COMPANION_FIREFOX "companion@sealring.org"

/* 32 letters a to p. */
bool sr_extension_form_is_chromium(const char *id);

/* "name@domain", where the name may be empty (Firefox's rule), or "{8-4-4-4-12}" hexadecimal
 * digits; at most SR_EXTENSION_ID_MAX bytes. */
bool sr_extension_form_is_firefox(const char *id);
