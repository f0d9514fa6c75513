/* Browsers and their manifests as JSON, for `sealring browser list` and `sealring doctor`. */
#pragma once

#include "base/json.h"
#include "browsers/manifest_file.h"
#include "browsers/web_browser.h"

/* The ids of @manifest (NULL: none) as an array, a new reference. */
SrJson *sr_browser_view_ids(const SrHostManifest *manifest);

/* "chrome, brave" of an array of strings. Owned by the caller. */
char *sr_browser_view_join(SrJson *list);

/* What is to be said of @browser where it runs in a sandbox: an array of lines, a new reference. */
SrJson *sr_browser_view_notes(const SrWebBrowser *browser);

/* Print such lines. */
void sr_browser_view_print_notes(SrJson *notes);

/*
 * {"browser","title","flavours":[…],"manifests":[{"scope","path","state","extensions","host",
 * "problem"}],"notes":[…]}: everything about @browser; @program is our host (may be NULL: then a
 * manifest of ours is never "other host"). Its states are none, installed, other host, foreign,
 * damaged and not readable. A new reference.
 */
SrJson *sr_browser_view(const SrWebBrowser *browser, const char *program);

/* Whether @view of @browser shows one that is here, or a manifest that a browser left behind (told
 * of the first of those that share its folder). */
gboolean sr_browser_view_is_found(SrJson *view, const SrWebBrowser *browser);
