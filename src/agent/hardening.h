/* What the agent does to its own process before it holds a secret. */
#pragma once

#include <glib.h>

/*
 * No core dumps, not dumpable (no ptrace or /proc access for other processes of the user), no new
 * privileges, umask 077, working folder "/", SIGPIPE ignored, descriptors 0-2 open and all others
 * but @passed (from 3 on) closed. SR_ERROR_INTERNAL for root's setuid tricks (uid differs from
 * euid) or when a step fails.
 */
gboolean sr_hardening_apply(guint passed, GError **error);
