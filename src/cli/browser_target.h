/*
 * What `sealring browser` works on: the folders of manifests of the chosen browsers, each once,
 * with all the browsers that read it.
 */
#pragma once

#include "browsers/place.h"
#include "browsers/web_browser.h"
#include "cli/arguments.h"

typedef struct {
    const char *folder; /* as in place.h */
    SrPlace *place;
    SrFamily family;
    GPtrArray *names; /* of const char *: every browser that reads it, NULL-terminated; borrowed */
} SrBrowserTarget;

typedef enum {
    SR_CHOOSE_FOUND, /* those that are here and can start hosts */
    SR_CHOOSE_USUAL, /* all but those that are only_named */
    SR_CHOOSE_EVERY,
} SrBrowserChoice;

/*
 * The browsers that are named as operands of @arguments, else those of @otherwise: an array of
 * const SrWebBrowser *, owned by the caller. SR_USAGE_ERROR for a name that is none.
 */
GPtrArray *sr_browser_choose(const SrArguments *arguments, SrBrowserChoice otherwise,
                             GError **error);

/* The targets of @browsers, for the user or for all (@system): an array of SrBrowserTarget, owned
 * by the caller. SR_ERROR_INVALID_PARAMS as sr_place_new. */
GPtrArray *sr_browser_targets(const GPtrArray *browsers, gboolean system, GError **error);
