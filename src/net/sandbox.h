/*
 * How little the process of sealring-net may do: it reads what strangers send, so it is arranged
 * that a flaw in reading it gains them little. Call sr_sandbox_begin first, then one of the others
 * before anything comes from the network.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Ends with @parent (getppid() at the start of the program); not dumpable, no core dumps, no new
 * privileges, no regular file written (RLIMIT_FSIZE), an empty environment, descriptors 0-2 open
 * and all others closed, working folder "/", umask 077, SIGPIPE ignored. SR_ERROR_INTERNAL when a
 * step fails.
 */
gboolean sr_sandbox_begin(pid_t parent, GError **error);

/*
 * For an exchange: of the file system only the system's own files and those of @readable (paths,
 * NULL-terminated; those that do not exist are left out) can be read and nothing can be changed or
 * run (Landlock), and the calls of sr_call_filter_exchange. What the kernel does not have is left
 * out. SR_ERROR_INTERNAL when it has it and refuses.
 */
gboolean sr_sandbox_enter_exchange(const char *const *readable, GError **error);

/* For the redirect: no file at all, no new process, and the calls of sr_call_filter_listen. */
gboolean sr_sandbox_enter_listen(GError **error);
