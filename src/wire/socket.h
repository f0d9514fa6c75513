/*
 * The agent's Unix socket, for both ends: where it is, how to reach and how to start it, and who
 * the peer is. libc only; nothing here allocates. Functions return 0 or a file descriptor, and
 * -errno on failure.
 */
#pragma once

#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The folder of the sockets: $SEALRING_RUNTIME_DIR, else $XDG_RUNTIME_DIR/sealring, else
 * $XDG_STATE_HOME/sealring/run (default ~/.local/state). Read with secure_getenv.
 */
int sr_socket_folder(char *ret_path, size_t size);

/* "<folder>/<name>". */
int sr_socket_path(const char *name, char *ret_path, size_t size);

/*
 * Make the folder (0700) with its parents. -EPERM when it belongs to someone else or is open to
 * others: such a folder is never used.
 */
int sr_socket_make_folder(const char *path);

/* Connect to the socket @path; -EACCES when the listening process runs under another uid. */
int sr_socket_connect(const char *path);

/* Listen at @path (0600, the caller holds the lock file); replaces a dead socket. */
int sr_socket_listen(const char *path);

/* Credentials of the peer (SO_PEERCRED); -EACCES when its uid is not ours. *ret_pid may be NULL. */
int sr_socket_check_peer(int fd, pid_t *ret_pid);

/*
 * Connect to the agent, starting @agent_program (absolute path) when nobody listens: under a lock
 * file, detached from the caller's session, waiting at most @timeout_ms for it to accept.
 * @agent_program NULL: do not start.
 */
int sr_socket_connect_agent(const char *agent_program, int timeout_ms);

/* Send all bytes, with @passed_fd (or -1) attached to the first one. Blocking, no SIGPIPE. */
int sr_socket_send(int fd, const void *bytes, size_t size, int passed_fd);

/*
 * Receive at most @size bytes; a passed descriptor goes to *ret_fd (-1: none; further ones are
 * closed), close-on-exec. Returns the count, 0 at the end, -errno.
 */
ssize_t sr_socket_receive(int fd, void *buffer, size_t size, int *ret_fd);
