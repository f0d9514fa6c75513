/* Which browser started the host, and for which extension: what argv says. */
#pragma once

#include "wire/extension_form.h"

#include <stdbool.h>

#define SR_BROWSER_EXTENSION_MAX (SR_EXTENSION_ID_MAX + 1) /* bytes with NUL */

typedef struct {
    const char *name;                         /* "chromium" or "firefox", static text */
    char extension[SR_BROWSER_EXTENSION_MAX]; /* "chrome-extension://ID", or the add-on's id */
} SrBrowser;

/*
 * Read the command line of a browser: Chromium gives "chrome-extension://ID/" (ID: 32 letters a to
 * p), Firefox the absolute path of the manifest and the add-on's id ("name@domain" or a UUID in
 * braces). False for everything else.
 */
bool sr_browser_read(int argc, char *const *argv, SrBrowser *ret_browser);
