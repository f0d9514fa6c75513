/*
 * The browsers of Linux: where each looks for native-messaging manifests, how it is recognised, and
 * in which way it was installed (docs/BROWSERS.md).
 */
#pragma once

#include "browsers/extension_id.h"

typedef struct {
    const char *name;  /* as on the command line */
    const char *title; /* as its makers call it */
    SrFamily family;
    const char *user;   /* folders as in place.h: of the user's manifests, … */
    const char *system; /* … of those for all users, or NULL, … */
    const char *system_64; /* … the same where a distribution has the folder above it, or NULL, … */
    const char *profiles[2]; /* … and folders that are in use when the browser is, or NULL */
    const char *programs[4]; /* names on the PATH */
    const char *snap;        /* names in the snap and Flatpak stores, or NULL */
    const char *flatpak;
    const char *policies;   /* folder of its enterprise policies, or NULL */
    gboolean snap_can_host; /* the snap reaches hosts through the desktop's portal */
    gboolean only_named;    /* never unless it is asked for by name */
} SrWebBrowser;

/* All of them; *ret_count says how many. Static. */
const SrWebBrowser *sr_web_browsers(gsize *ret_count);

/* The browser called @name, or NULL. */
const SrWebBrowser *sr_web_browser_find(const char *name);

#define SR_BROWSER_FOLDERS_MAX 2

/* The folders, as in place.h, where the browser looks for manifests of the user or (@system) of all
 * users on this computer, into @ret_folders (static texts); how many they are. */
gsize sr_web_browser_folders(const SrWebBrowser *browser, gboolean system,
                             const char *ret_folders[SR_BROWSER_FOLDERS_MAX]);

/* In which ways a browser is installed here; 0: not at all. */
typedef enum {
    SR_FLAVOUR_PACKAGE = 1, /* as a program like any other */
    SR_FLAVOUR_SNAP = 2,
    SR_FLAVOUR_FLATPAK = 4,
} SrFlavours;

/* Look for programs on the PATH, profiles, and what snap and Flatpak leave. */
SrFlavours sr_web_browser_flavours(const SrWebBrowser *browser);

/* "package", "snap" or "flatpak". Static text. */
const char *sr_flavour_name(SrFlavours flavour);

/* Whether the browser, installed as @flavour, starts hosts that its usual manifests name. */
gboolean sr_web_browser_can_host(const SrWebBrowser *browser, SrFlavours flavour);

/* Whether it is here in a way that starts such hosts. */
gboolean sr_web_browser_is_able(const SrWebBrowser *browser);

/* What is possible with a browser in a sandbox, for people; NULL when there is nothing to say.
 * Owned by the caller. */
char *sr_web_browser_note(const SrWebBrowser *browser, SrFlavours flavour);
