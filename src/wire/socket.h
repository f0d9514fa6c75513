/*
 * The agent's Unix socket, for both ends: where it is, how to reach and how to start it, and who
 * the peer is. libc only; nothing here allocates. Functions return 0 or a file descriptor
 * (close-on-exec), and -errno on failure.
 */
#pragma once

#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The socket of the JSON-RPC frames, in the folder below. */
#define SR_SOCKET_AGENT "agent.sock"

/* How long who starts the agent waits for it, in milliseconds: some machines are slow, or busy. */
#define SR_SOCKET_START_MS 5000

/*
 * The folder of the sockets: $SEALRING_RUNTIME_DIR, else $XDG_RUNTIME_DIR/sealring, else
 * $XDG_STATE_HOME/sealring/run (default ~/.local/state). Read with secure_getenv. XDG variables
 * that are not absolute paths are ignored (XDG Base Directory Specification); SEALRING_RUNTIME_DIR
 * must be one, else -EINVAL. -ENOENT when even HOME is missing, -ENAMETOOLONG.
 */
int sr_socket_folder(char *ret_path, size_t size);

/* "<folder>/<name>"; -ENAMETOOLONG also when it would not fit into a socket address. */
int sr_socket_path(const char *name, char *ret_path, size_t size);

/*
 * Make the folder (0700) with its parents. -EPERM when it belongs to someone else or is open to
 * others, -ENOTDIR when it is a symbolic link or no folder: such a folder is never used.
 */
int sr_socket_make_folder(const char *path);

/* Whether the folder of the socket @path is such a folder, without making it: 0, or -errno as
 * above, -ENOENT when there is none. */
int sr_socket_check_folder(const char *path);

/*
 * Connect to the socket @path; returns a blocking descriptor. -EACCES when the listening process
 * runs under another uid, -ENOENT or -ECONNREFUSED when nobody listens, -EAGAIN when its queue is
 * full. Never waits.
 */
int sr_socket_connect(const char *path);

/*
 * Listen at @path (0600) and return a non-blocking descriptor; replaces a dead socket.
 * -EADDRINUSE when a live process listens there already, or when @path is no socket. Takes the lock
 * file "<path>.lock" for the moment, so that two processes that start at once cannot unlink each
 * other's socket; the caller needs no lock.
 */
int sr_socket_listen(const char *path);

/* Credentials of the peer (SO_PEERCRED); -EACCES when its uid is not ours. *ret_pid may be NULL. */
int sr_socket_check_peer(int fd, pid_t *ret_pid);

/*
 * Connect to the agent, starting @agent_program (absolute path) when nobody listens: detached from
 * the caller's session, working folder "/", standard streams on /dev/null, no other descriptor,
 * default signal handling, environment as it is; waiting at most @timeout_ms for it to accept.
 * Starters hold the lock file "<folder>/agent.start.lock" meanwhile (the agent must not take it),
 * so that one agent is started however many clients call. @agent_program NULL: do not start.
 *
 * Returns a blocking descriptor, or what exec, sr_socket_make_folder or sr_socket_connect said;
 * -ETIMEDOUT when the started agent did not accept in time.
 */
int sr_socket_connect_agent(const char *agent_program, int timeout_ms);

/* Send all bytes, with @passed_fd (or -1) attached to the first one. Blocking, no SIGPIPE. */
int sr_socket_send(int fd, const void *bytes, size_t size, int passed_fd);

/*
 * Receive at most @size bytes; a passed descriptor goes to *ret_fd (-1: none; further ones are
 * closed), close-on-exec. @ret_fd NULL: close all. Returns the count, 0 at the end, -errno.
 */
ssize_t sr_socket_receive(int fd, void *buffer, size_t size, int *ret_fd);
