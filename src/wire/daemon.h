/* Starting a program that outlives its starter. libc only. */
#pragma once

/*
 * Start @program (absolute path, no arguments) detached: a session of its own and no relation to
 * the caller, working folder "/", standard streams on /dev/null, no other descriptor, default
 * signal handling, the caller's environment. Returns 0 once it runs, else -errno of what failed
 * (-ENOENT: there is no such program). It may be called from a process with threads.
 */
int sr_daemon_start(const char *program);
