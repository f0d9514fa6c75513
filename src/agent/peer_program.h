/*
 * Which program is at the other end of a socket, as the kernel tells it.
 *
 * The kernel's word is evidence, not proof of intent: a program of the same user can start another
 * one and act through it. It is what grants for programs are matched with, because nothing better
 * exists; and never what a program says of itself.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * The absolute path of the executable of process @pid, or NULL when the kernel does not tell (the
 * process is not dumpable, as OpenSSH's agent), when the file has been deleted or replaced since,
 * or when the path is another file for us than for the process (a mount namespace of its own, in
 * which anybody can put any file anywhere). Owned by the caller.
 */
char *sr_peer_program(pid_t pid);

/*
 * Whether @program (a path) is one of @names: base names, or absolute paths. For compatibility
 * rules, not for security.
 */
gboolean sr_peer_program_matches(const char *program, const char *const *names);
