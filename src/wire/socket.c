#include "wire/socket.h"

#include "wire/clock.h"
#include "wire/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 64
#define RETRY_MS 2
#define START_LOCK "agent.start.lock"
#define FOLDER_MAX 4096

static int close_with(int fd, int result)
{
    close(fd);
    return result;
}

/* --- where ---------------------------------------------------------------------------------- */

static int join(char *ret_path, size_t size, const char *folder, const char *rest)
{
    const int length = snprintf(ret_path, size, "%s%s", folder, rest);

    return length >= 0 && (size_t)length < size ? 0 : -ENAMETOOLONG;
}

static const char *absolute_variable(const char *name)
{
    const char *value = secure_getenv(name);

    return value && value[0] == '/' ? value : NULL;
}

int sr_socket_folder(char *ret_path, size_t size)
{
    const char *folder = secure_getenv("SEALRING_RUNTIME_DIR");

    if (folder && folder[0])
        return folder[0] == '/' ? join(ret_path, size, folder, "") : -EINVAL;
    folder = absolute_variable("XDG_RUNTIME_DIR");
    if (folder)
        return join(ret_path, size, folder, "/sealring");
    folder = absolute_variable("XDG_STATE_HOME");
    if (folder)
        return join(ret_path, size, folder, "/sealring/run");
    folder = absolute_variable("HOME");
    return folder ? join(ret_path, size, folder, "/.local/state/sealring/run") : -ENOENT;
}

int sr_socket_path(const char *name, char *ret_path, size_t size)
{
    char folder[SR_PATH_MAX];
    const int result = sr_socket_folder(folder, sizeof(folder));

    if (result != 0)
        return result;
    if (strlen(folder) + 1 + strlen(name) >= SR_PATH_MAX)
        return -ENAMETOOLONG;
    return snprintf(ret_path, size, "%s/%s", folder, name) < (int)size ? 0 : -ENAMETOOLONG;
}

/* --- the folder ----------------------------------------------------------------------------- */

static int make_parents(const char *path)
{
    char parent[FOLDER_MAX];

    if (join(parent, sizeof(parent), path, "") != 0)
        return -ENAMETOOLONG;
    for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, 0700) != 0 && errno != EEXIST && access(parent, F_OK) != 0)
            return -errno;
        *slash = '/';
    }
    return 0;
}

static int check_folder(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return -errno;
    if (!S_ISDIR(status.st_mode))
        return -ENOTDIR;
    return status.st_uid == geteuid() && (status.st_mode & 077) == 0 ? 0 : -EPERM;
}

int sr_socket_make_folder(const char *path)
{
    int result;

    if (path[0] != '/')
        return -EINVAL;
    result = check_folder(path);
    if (result != -ENOENT)
        return result;
    result = make_parents(path);
    if (result != 0)
        return result;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    return check_folder(path);
}

int sr_socket_check_folder(const char *path)
{
    char folder[SR_PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!slash || (size_t)(slash - path) >= sizeof(folder))
        return -EINVAL;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return check_folder(folder);
}

/* --- connecting and listening --------------------------------------------------------------- */

/* A non-blocking socket and the address of @path. */
static int prepare(const char *path, struct sockaddr_un *ret_address)
{
    const size_t length = strlen(path);
    int fd;

    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length >= sizeof(ret_address->sun_path))
        return -ENAMETOOLONG;
    memcpy(ret_address->sun_path, path, length);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

int sr_socket_check_peer(int fd, pid_t *ret_pid)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return -errno;
    if (peer.uid != geteuid())
        return -EACCES;
    if (ret_pid)
        *ret_pid = peer.pid;
    return 0;
}

int sr_socket_connect(const char *path)
{
    struct sockaddr_un address;
    const int fd = prepare(path, &address);
    int result;

    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return close_with(fd, -errno);
    result = sr_socket_check_peer(fd, NULL);
    if (result != 0)
        return close_with(fd, result);
    return fcntl(fd, F_SETFL, 0) == 0 ? fd : close_with(fd, -errno);
}

/* Take away a socket nobody listens on; -EADDRINUSE for anything else. */
static int remove_dead_socket(const char *path)
{
    struct stat status;
    int fd;

    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EADDRINUSE;
    fd = sr_socket_connect(path);
    if (fd >= 0)
        return close_with(fd, -EADDRINUSE);
    if (fd != -ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(path) == 0 ? 0 : -errno;
}

/* Linux gives the new socket file the mode of the socket, so there is no moment of a wider one. */
static int bind_and_listen(const char *path)
{
    struct sockaddr_un address;
    const int fd = prepare(path, &address);

    if (fd < 0)
        return fd;
    if (fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0)
        return close_with(fd, -errno);
    return fd;
}

static int open_lock(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    return fd < 0 ? -errno : fd;
}

int sr_socket_listen(const char *path)
{
    char lock_path[SR_PATH_MAX + sizeof(".lock")];
    int lock;
    int result;

    if (join(lock_path, sizeof(lock_path), path, ".lock") != 0)
        return -ENAMETOOLONG;
    lock = open_lock(lock_path);
    if (lock < 0)
        return lock;
    while (flock(lock, LOCK_EX) != 0)
        if (errno != EINTR)
            return close_with(lock, -errno);
    result = remove_dead_socket(path);
    return close_with(lock, result == 0 ? bind_and_listen(path) : result);
}

/* --- starting the agent --------------------------------------------------------------------- */

static bool is_nobody_listening(int result)
{
    return result == -ENOENT || result == -ECONNREFUSED;
}

/* Whoever gets the lock starts the agent; everybody waits for it to accept. */
static int start_and_connect(const char *program, const char *path, int lock, int64_t deadline)
{
    bool locked = false;
    bool started = false;

    for (;;) {
        const int fd = sr_socket_connect(path);

        if (!is_nobody_listening(fd) && fd != -EAGAIN)
            return fd;
        if (sr_clock_ms() >= deadline)
            return -ETIMEDOUT;
        if (locked && !started && fd != -EAGAIN) {
            const int result = sr_daemon_start(program);

            if (result != 0)
                return result;
            started = true;
        } else if (!locked && flock(lock, LOCK_EX | LOCK_NB) == 0) {
            /* Somebody may have started one and let go in between: look again before starting. */
            locked = true;
            continue;
        }
        poll(NULL, 0, RETRY_MS);
    }
}

int sr_socket_connect_agent(const char *agent_program, int timeout_ms)
{
    char folder[SR_PATH_MAX];
    char path[SR_PATH_MAX];
    char lock_path[SR_PATH_MAX + sizeof(START_LOCK)];
    int lock;
    int result = sr_socket_folder(folder, sizeof(folder));

    if (result == 0)
        result = sr_socket_path(SR_SOCKET_AGENT, path, sizeof(path));
    if (result != 0)
        return result;
    result = sr_socket_connect(path);
    if (!agent_program || !(is_nobody_listening(result) || result == -EAGAIN))
        return result;
    result = sr_socket_make_folder(folder);
    if (result != 0)
        return result;
    snprintf(lock_path, sizeof(lock_path), "%s/%s", folder, START_LOCK);
    lock = open_lock(lock_path);
    if (lock < 0)
        return lock;
    result = start_and_connect(agent_program, path, lock, sr_clock_ms() + timeout_ms);
    return close_with(lock, result);
}

/* --- bytes and descriptors ------------------------------------------------------------------ */

/* Room for one passed descriptor, aligned as the kernel wants it. */
typedef union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
} Control;

static void attach_fd(struct msghdr *message, Control *control, int fd)
{
    struct cmsghdr *header = &control->header;

    *control = (Control){0};
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(sizeof(int));
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
}

int sr_socket_send(int fd, const void *bytes, size_t size, int passed_fd)
{
    /* sendmsg takes pointers to non-const, but does not write there. */
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    Control control;

    if (passed_fd >= 0)
        attach_fd(&message, &control, passed_fd);
    while (part.iov_len > 0) {
        const ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (sent < 0 && errno != EINTR) {
            return -errno;
        } else if (sent > 0) {
            part.iov_base = (char *)part.iov_base + sent;
            part.iov_len -= (size_t)sent;
            message.msg_control = NULL;
            message.msg_controllen = 0;
        }
    }
    return 0;
}

/* Keep the first descriptor that was passed (when wanted), close the others. */
static void take_fds(struct msghdr *message, int *ret_fd)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
         header = CMSG_NXTHDR(message, header)) {
        const size_t bytes = header->cmsg_len - CMSG_LEN(0);

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
            if (ret_fd && *ret_fd < 0)
                *ret_fd = fd;
            else
                close(fd);
        }
    }
}

ssize_t sr_socket_receive(int fd, void *buffer, size_t size, int *ret_fd)
{
    Control control;
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got;

    if (ret_fd)
        *ret_fd = -1;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    take_fds(&message, ret_fd);
    return got;
}
