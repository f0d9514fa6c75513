/*
 * Enterprise policies of Chromium and its relatives that decide over native-messaging hosts: the
 * JSON files of /etc/…/policies/managed.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *blocked_by;    /* the file that blocks the host, or NULL */
    char *user_level_by; /* the file that makes manifests of users count for nothing, or NULL */
    char *unreadable;    /* a file that could not be read, or NULL */
} SrBrowserPolicy;

/* What the files in @folder say about @host. Owned by the caller. */
SrBrowserPolicy *sr_browser_policy_read(const char *folder, const char *host);

void sr_browser_policy_free(SrBrowserPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrBrowserPolicy, sr_browser_policy_free)
