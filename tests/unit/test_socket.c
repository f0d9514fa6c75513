#include "wire/daemon.h"
#include "wire/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A private folder, and the environment pointed at it. */
typedef struct {
    char *top;    /* made by the test */
    char *folder; /* SEALRING_RUNTIME_DIR, not there yet */
    char *path;   /* agent.sock in it */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->top = g_dir_make_tmp("sealring-socket-XXXXXX", NULL);
    fixture->folder = g_build_filename(fixture->top, "run", NULL);
    fixture->path = g_build_filename(fixture->folder, SR_SOCKET_AGENT, NULL);
    g_setenv("SEALRING_RUNTIME_DIR", fixture->folder, TRUE);
}

static void remove_tree(const char *path)
{
    const char *argv[] = {"rm", "-rf", path, NULL};

    g_spawn_sync(NULL, (char **)(guintptr)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                 NULL, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    remove_tree(fixture->top);
    g_free(fixture->top);
    g_free(fixture->folder);
    g_free(fixture->path);
}

static int listen_there(Fixture *fixture)
{
    g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, 0);
    return sr_socket_listen(fixture->path);
}

static guint mode_of(const char *path)
{
    struct stat status;

    g_assert_cmpint(lstat(path, &status), ==, 0);
    return status.st_mode & 07777;
}

/* --- paths ---------------------------------------------------------------------------------- */

static void test_folder_rules(void)
{
    static const struct {
        const char *override;
        const char *runtime;
        const char *state;
        const char *home;
        int result;
        const char *folder;
    } rows[] = {
        {"/o", "/r", "/s", "/h", 0, "/o"},
        {NULL, "/r", "/s", "/h", 0, "/r/sealring"},
        {"", "/r", "/s", "/h", 0, "/r/sealring"},
        {NULL, "", "/s", "/h", 0, "/s/sealring/run"},
        {NULL, "relative", "/s", "/h", 0, "/s/sealring/run"},
        {NULL, NULL, NULL, "/h", 0, "/h/.local/state/sealring/run"},
        {NULL, NULL, "relative", "/h", 0, "/h/.local/state/sealring/run"},
        {"relative", "/r", "/s", "/h", -EINVAL, NULL},
        {NULL, NULL, NULL, NULL, -ENOENT, NULL},
        {NULL, NULL, NULL, "relative", -ENOENT, NULL},
    };
    static const char *const names[] = {"SEALRING_RUNTIME_DIR", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
                                        "HOME"};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *values[] = {rows[i].override, rows[i].runtime, rows[i].state, rows[i].home};
        char folder[SR_PATH_MAX];

        for (gsize v = 0; v < G_N_ELEMENTS(values); v++) {
            if (values[v])
                g_setenv(names[v], values[v], TRUE);
            else
                g_unsetenv(names[v]);
        }
        g_assert_cmpint(sr_socket_folder(folder, sizeof(folder)), ==, rows[i].result);
        if (rows[i].folder)
            g_assert_cmpstr(folder, ==, rows[i].folder);
    }
}

static void test_path_too_long(void)
{
    char path[SR_PATH_MAX];
    g_autofree char *fits = g_strnfill(SR_PATH_MAX - 1 - strlen("/" SR_SOCKET_AGENT), 'a');
    g_autofree char *over = g_strnfill(SR_PATH_MAX - strlen("/" SR_SOCKET_AGENT), 'a');

    fits[0] = over[0] = '/';
    g_setenv("SEALRING_RUNTIME_DIR", fits, TRUE);
    g_assert_cmpint(sr_socket_path(SR_SOCKET_AGENT, path, sizeof(path)), ==, 0);
    g_assert_cmpuint(strlen(path), ==, SR_PATH_MAX - 1);
    g_assert_cmpint(sr_socket_path(SR_SOCKET_AGENT, path, sizeof(path) - 1), ==, -ENAMETOOLONG);
    g_setenv("SEALRING_RUNTIME_DIR", over, TRUE);
    g_assert_cmpint(sr_socket_path(SR_SOCKET_AGENT, path, sizeof(path)), ==, -ENAMETOOLONG);
}

/* --- the folder ----------------------------------------------------------------------------- */

static void test_folder_is_made_private(Fixture *fixture, gconstpointer data)
{
    g_autofree char *deep = g_build_filename(fixture->top, "a", "b", "c", NULL);
    g_autofree char *parent = g_path_get_dirname(deep);

    (void)data;
    g_assert_cmpint(sr_socket_make_folder(deep), ==, 0);
    g_assert_cmpuint(mode_of(deep), ==, 0700);
    g_assert_cmpuint(mode_of(parent), ==, 0700);
    g_assert_cmpint(sr_socket_make_folder(deep), ==, 0);
    g_assert_cmpint(sr_socket_make_folder("relative"), ==, -EINVAL);
}

static void test_open_folder_is_refused(Fixture *fixture, gconstpointer data)
{
    static const mode_t modes[] = {0701, 0710, 0720, 0704, 0777};

    (void)data;
    g_assert_cmpint(mkdir(fixture->folder, 0700), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_assert_cmpint(chmod(fixture->folder, modes[i]), ==, 0);
        g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, -EPERM);
    }
}

static void test_foreign_folder_is_refused(Fixture *fixture, gconstpointer data)
{
    (void)data;
    if (geteuid() != 0) {
        g_assert_cmpint(sr_socket_make_folder("/root"), !=, 0);
        return;
    }
    g_assert_cmpint(mkdir(fixture->folder, 0700), ==, 0);
    g_assert_cmpint(chown(fixture->folder, 65534, 65534), ==, 0);
    g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, -EPERM);
}

static void test_link_or_file_is_no_folder(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(symlink(fixture->top, fixture->folder), ==, 0);
    g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, -ENOTDIR);
    g_assert_cmpint(unlink(fixture->folder), ==, 0);
    g_assert_true(g_file_set_contents(fixture->folder, "", 0, NULL));
    g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, -ENOTDIR);
}

/* --- listening and connecting --------------------------------------------------------------- */

static void test_listen_and_connect(Fixture *fixture, gconstpointer data)
{
    const int listener = listen_there(fixture);
    const int client = sr_socket_connect(fixture->path);
    pid_t pid = 0;

    (void)data;
    g_assert_cmpint(listener, >=, 0);
    g_assert_cmpint(client, >=, 0);
    g_assert_cmpuint(mode_of(fixture->path), ==, 0600);
    g_assert_cmpint(fcntl(listener, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    g_assert_cmpint(fcntl(client, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    g_assert_cmpint(fcntl(client, F_GETFL) & O_NONBLOCK, ==, 0);
    g_assert_cmpint(sr_socket_check_peer(client, &pid), ==, 0);
    g_assert_cmpint(pid, ==, getpid());
    close(client);
    close(listener);
}

static void test_socket_mode_despite_umask(Fixture *fixture, gconstpointer data)
{
    const mode_t before = umask(0);
    const int listener = listen_there(fixture);

    (void)data;
    umask(before);
    g_assert_cmpint(listener, >=, 0);
    g_assert_cmpuint(mode_of(fixture->path), ==, 0600);
    close(listener);
}

static void test_live_socket_is_not_replaced(Fixture *fixture, gconstpointer data)
{
    const int listener = listen_there(fixture);
    int client;

    (void)data;
    g_assert_cmpint(sr_socket_listen(fixture->path), ==, -EADDRINUSE);
    client = sr_socket_connect(fixture->path);
    g_assert_cmpint(client, >=, 0);
    close(client);
    close(listener);
}

static void test_dead_socket_is_replaced(Fixture *fixture, gconstpointer data)
{
    int listener = listen_there(fixture);

    (void)data;
    close(listener);
    g_assert_cmpint(sr_socket_connect(fixture->path), ==, -ECONNREFUSED);
    listener = sr_socket_listen(fixture->path);
    g_assert_cmpint(listener, >=, 0);
    close(listener);
}

static void test_other_files_are_not_replaced(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, 0);
    g_assert_true(g_file_set_contents(fixture->path, "precious", -1, NULL));
    g_assert_cmpint(sr_socket_listen(fixture->path), ==, -EADDRINUSE);
    g_assert_true(g_file_test(fixture->path, G_FILE_TEST_IS_REGULAR));
}

static void test_nobody_listens(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(sr_socket_connect(fixture->path), ==, -ENOENT);
    g_assert_cmpint(sr_socket_connect_agent(NULL, 100), ==, -ENOENT);
    g_assert_false(g_file_test(fixture->folder, G_FILE_TEST_EXISTS));
}

/* A full queue is reported at once; connect would wait for ever. */
static void test_full_queue_does_not_block(Fixture *fixture, gconstpointer data)
{
    const int listener = listen_there(fixture);
    const gint64 begin = g_get_monotonic_time();
    g_autoptr(GArray) clients = g_array_new(FALSE, FALSE, sizeof(int));
    int fd;

    (void)data;
    while ((fd = sr_socket_connect(fixture->path)) >= 0 && clients->len < 1000)
        g_array_append_val(clients, fd);
    g_assert_cmpint(fd, ==, -EAGAIN);
    g_assert_cmpint(sr_socket_connect_agent("/nonexistent", 50), ==, -ETIMEDOUT);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
    for (guint i = 0; i < clients->len; i++)
        close(g_array_index(clients, int, i));
    close(listener);
}

/* Another user listens: only root can play both. */
static void test_foreign_listener_is_refused(Fixture *fixture, gconstpointer data)
{
    int ready[2];
    char byte;
    pid_t child;

    (void)data;
    if (geteuid() != 0) {
        g_test_skip("needs root to run a listener of another user");
        return;
    }
    g_assert_cmpint(sr_socket_make_folder(fixture->folder), ==, 0);
    g_assert_cmpint(pipe(ready), ==, 0);
    chmod(fixture->top, 0777);
    chmod(fixture->folder, 0777);
    child = fork();
    if (child == 0) {
        close(ready[0]);
        if (setuid(65534) == 0 && sr_socket_listen(fixture->path) >= 0 &&
            write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    g_assert_cmpint(sr_socket_connect(fixture->path), ==, -EACCES);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
}

/* --- starting ------------------------------------------------------------------------------- */

/* A script that stands in for the agent. */
static char *write_agent(Fixture *fixture, const char *script)
{
    char *path = g_build_filename(fixture->top, "agent", NULL);

    g_assert_true(g_file_set_contents(path, script, -1, NULL));
    g_assert_cmpint(chmod(path, 0700), ==, 0);
    return path;
}

static void test_missing_program(Fixture *fixture, gconstpointer data)
{
    g_autofree char *plain = g_build_filename(fixture->top, "plain", NULL);

    (void)data;
    g_assert_true(g_file_set_contents(plain, "", 0, NULL));
    g_assert_cmpint(sr_daemon_start("/nonexistent/agent"), ==, -ENOENT);
    g_assert_cmpint(sr_daemon_start(plain), ==, -EACCES);
    g_assert_cmpint(sr_socket_connect_agent("/nonexistent/agent", 500), ==, -ENOENT);
}

static void test_program_that_never_listens(Fixture *fixture, gconstpointer data)
{
    g_autofree char *program = write_agent(fixture, "#!/bin/sh\nexit 1\n");
    const gint64 begin = g_get_monotonic_time();
    gint64 took;

    (void)data;
    g_assert_cmpint(sr_socket_connect_agent(program, 200), ==, -ETIMEDOUT);
    took = g_get_monotonic_time() - begin;
    g_assert_cmpint(took, >=, 190 * 1000);
    g_assert_cmpint(took, <, 20 * G_USEC_PER_SEC);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

static char *wait_for_file(const char *path)
{
    char *text = NULL;

    for (guint i = 0; i < 6000 && !text; i++) {
        if (!g_file_get_contents(path, &text, NULL, NULL))
            g_usleep(10000);
    }
    g_assert_nonnull(text);
    return text;
}

/* Prints what it was given, one line each, to the file next to it. */
static const char observer_script[] =
    "#!/usr/bin/env python3\n"
    "import os, sys\n"
    "def link(fd):\n"
    "    try: return os.readlink('/proc/self/fd/' + fd)\n"
    "    except OSError: return None\n"
    "fds = sorted(os.listdir('/proc/self/fd'), key=int)\n"
    "status = dict(line.rstrip().split(':\\t') for line in open('/proc/self/status') if 'Sig' in "
    "line)\n"
    "lines = [os.getcwd(), ' '.join(fd + '=' + link(fd) for fd in fds if link(fd)),\n"
    "         'own session' if os.getsid(0) not in (os.getpid(), int(os.environ['SEALRING_SID'])) "
    "else '',\n"
    "         status['SigBlk'], len(sys.argv)]\n"
    "result = os.path.dirname(sys.argv[0]) + '/result'\n"
    "with open(result + '.part', 'w') as out: out.write('\\n'.join(map(str, lines)))\n"
    "os.rename(result + '.part', result)\n";

/* Own session, streams on /dev/null, nothing else open, no signal blocked, folder "/". */
static void test_daemon_is_detached(Fixture *fixture, gconstpointer data)
{
    g_autofree char *program = write_agent(fixture, observer_script);
    g_autofree char *result = g_build_filename(fixture->top, "result", NULL);
    g_autofree char *session = g_strdup_printf("%d", getsid(0));
    g_autofree char *text = NULL;
    const int leak = dup(2); /* on purpose without close-on-exec */
    sigset_t blocked;

    (void)data;
    g_setenv("SEALRING_SID", session, TRUE);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    g_assert_cmpint(sr_daemon_start(program), ==, 0);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    close(leak);
    text = wait_for_file(result);
    g_assert_cmpstr(text, ==,
                    "/\n"
                    "0=/dev/null 1=/dev/null 2=/dev/null\n"
                    "own session\n"
                    "0000000000000000\n"
                    "1");
}

/* No ignored signal is inherited (Python, above, ignores SIGPIPE by itself). */
static void test_daemon_has_default_signals(Fixture *fixture, gconstpointer data)
{
    g_autofree char *result = g_build_filename(fixture->top, "result", NULL);
    g_autofree char *script = g_strdup_printf("#!/bin/sh\n"
                                              "sed -n 's/SigIgn:.//p' /proc/$$/status > %s.part\n"
                                              "mv %s.part %s\n",
                                              result, result, result);
    g_autofree char *program = write_agent(fixture, script);
    g_autofree char *text = NULL;

    (void)data;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    g_assert_cmpint(sr_daemon_start(program), ==, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    text = wait_for_file(result);
    /* 32 and 33 are glibc's own: its posix_spawn ignores them in the child, and no API resets them.
     */
    g_assert_cmphex(g_ascii_strtoull(text, NULL, 16) & ~G_GUINT64_CONSTANT(0x180000000), ==, 0);
}

/* An agent in Python: listens after a while, counts its own starts in a file. */
static const char agent_script[] =
    "#!/usr/bin/env python3\n"
    "import os, socket, time\n"
    "folder = os.environ['SEALRING_RUNTIME_DIR']\n"
    "with open(folder + '/starts', 'a') as log: log.write('x')\n"
    "time.sleep(0.2)\n"
    "listener = socket.socket(socket.AF_UNIX)\n"
    "listener.bind(folder + '/agent.sock')\n"
    "listener.listen(64)\n"
    "listener.settimeout(60)\n"
    "clients = []\n"
    "try:\n"
    "    while len(clients) < 8: clients.append(listener.accept()[0])\n"
    "    for client in clients: client.recv(1)\n"
    "except TimeoutError: pass\n";

static gpointer connect_thread(gpointer program)
{
    return GINT_TO_POINTER(sr_socket_connect_agent(program, 60000));
}

static void test_one_agent_for_many_clients(Fixture *fixture, gconstpointer data)
{
    g_autofree char *program = write_agent(fixture, agent_script);
    g_autofree char *log = g_build_filename(fixture->folder, "starts", NULL);
    g_autofree char *starts = NULL;
    GThread *threads[8];
    int fds[8];

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("client", connect_thread, program);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        fds[i] = GPOINTER_TO_INT(g_thread_join(threads[i]));
        g_assert_cmpint(fds[i], >=, 0);
    }
    g_assert_true(g_file_get_contents(log, &starts, NULL, NULL));
    g_assert_cmpstr(starts, ==, "x");
    g_assert_cmpuint(mode_of(fixture->folder), ==, 0700);
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static void test_bad_folder_starts_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree char *program = write_agent(fixture, agent_script);
    g_autofree char *log = g_build_filename(fixture->folder, "starts", NULL);

    (void)data;
    g_assert_cmpint(mkdir(fixture->folder, 0700), ==, 0);
    g_assert_cmpint(chmod(fixture->folder, 0755), ==, 0);
    g_assert_cmpint(sr_socket_connect_agent(program, 500), ==, -EPERM);
    g_assert_false(g_file_test(log, G_FILE_TEST_EXISTS));
}

/* --- bytes and descriptors ------------------------------------------------------------------ */

static void test_descriptor_is_passed(void)
{
    int pair[2];
    int passed;
    char buffer[16];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_cmpint(sr_socket_send(pair[0], "hello", 5, 0), ==, 0);
    g_assert_cmpint(sr_socket_receive(pair[1], buffer, sizeof(buffer), &passed), ==, 5);
    g_assert_cmpint(passed, >=, 0);
    g_assert_cmpint(fcntl(passed, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    close(passed);
    g_assert_cmpint(sr_socket_send(pair[0], "hello", 5, -1), ==, 0);
    g_assert_cmpint(sr_socket_receive(pair[1], buffer, sizeof(buffer), &passed), ==, 5);
    g_assert_cmpint(passed, ==, -1);
    close(pair[0]);
    g_assert_cmpint(sr_socket_receive(pair[1], buffer, sizeof(buffer), &passed), ==, 0);
    g_assert_cmpint(sr_socket_send(pair[1], "x", 1, -1), ==, -EPIPE);
    close(pair[1]);
}

static guint count_fds(void)
{
    g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(folder))
        count++;
    return count;
}

static void send_fds(int fd, const int *fds, gsize count)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (char[]){'x'}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    g_assert_cmpint(sendmsg(fd, &message, 0), ==, 1);
}

static void test_surplus_descriptors_are_closed(void)
{
    static const int fds[8] = {0, 1, 2, 0, 1, 2, 0, 1};
    const guint before = count_fds();
    int pair[2];
    char byte;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    for (gsize count = 1; count <= G_N_ELEMENTS(fds); count++) {
        int passed;

        send_fds(pair[0], fds, count);
        g_assert_cmpint(sr_socket_receive(pair[1], &byte, 1, &passed), ==, 1);
        g_assert_cmpint(passed, >=, 0);
        close(passed);
        send_fds(pair[0], fds, count);
        g_assert_cmpint(sr_socket_receive(pair[1], &byte, 1, NULL), ==, 1);
    }
    close(pair[0]);
    close(pair[1]);
    g_assert_cmpuint(count_fds(), ==, before);
}

static gpointer drain_thread(gpointer data)
{
    const int fd = GPOINTER_TO_INT(data);
    gsize total = 0;
    char buffer[5000];
    ssize_t got;

    while ((got = sr_socket_receive(fd, buffer, sizeof(buffer), NULL)) > 0)
        total += (gsize)got;
    return GSIZE_TO_POINTER(total);
}

/* More than the kernel buffers, on a non-blocking socket. */
static void test_send_sends_all(void)
{
    const gsize size = 4 * 1024 * 1024;
    g_autofree char *bytes = g_malloc0(size);
    GThread *reader;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_cmpint(fcntl(pair[0], F_SETFL, O_NONBLOCK), ==, 0);
    reader = g_thread_new("reader", drain_thread, GINT_TO_POINTER(pair[1]));
    g_assert_cmpint(sr_socket_send(pair[0], bytes, size, -1), ==, 0);
    close(pair[0]);
    g_assert_cmpuint(GPOINTER_TO_SIZE(g_thread_join(reader)), ==, size);
    close(pair[1]);
}

static void test_check_folder(Fixture *fixture, gconstpointer data)
{
    g_autofree char *link = g_build_filename(fixture->top, "link", NULL);
    g_autofree char *through_link = g_build_filename(link, SR_SOCKET_AGENT, NULL);

    (void)data;
    g_assert_cmpint(sr_socket_check_folder(fixture->path), ==, -ENOENT);
    g_assert_false(g_file_test(fixture->folder, G_FILE_TEST_EXISTS));
    g_assert_cmpint(mkdir(fixture->folder, 0700), ==, 0);
    g_assert_cmpint(sr_socket_check_folder(fixture->path), ==, 0);
    g_assert_cmpint(chmod(fixture->folder, 0750), ==, 0);
    g_assert_cmpint(sr_socket_check_folder(fixture->path), ==, -EPERM);
    g_assert_cmpint(chmod(fixture->folder, 0700), ==, 0);
    g_assert_cmpint(symlink(fixture->folder, link), ==, 0);
    g_assert_cmpint(sr_socket_check_folder(through_link), ==, -ENOTDIR);
    g_assert_cmpint(sr_socket_check_folder("no-folder"), ==, -EINVAL);
    g_assert_cmpint(sr_socket_check_folder(""), ==, -EINVAL);
}

#define ADD(name, function) g_test_add("/socket/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("folder-is-made-private", test_folder_is_made_private);
    ADD("open-folder-is-refused", test_open_folder_is_refused);
    ADD("folder-of-another-user-is-refused", test_foreign_folder_is_refused);
    ADD("link-or-file-is-no-folder", test_link_or_file_is_no_folder);
    ADD("check-makes-no-folder", test_check_folder);
    ADD("listen-and-connect", test_listen_and_connect);
    ADD("socket-is-0600-despite-umask", test_socket_mode_despite_umask);
    ADD("live-socket-is-not-replaced", test_live_socket_is_not_replaced);
    ADD("dead-socket-is-replaced", test_dead_socket_is_replaced);
    ADD("other-files-are-not-replaced", test_other_files_are_not_replaced);
    ADD("nobody-listens", test_nobody_listens);
    ADD("full-queue-does-not-block", test_full_queue_does_not_block);
    ADD("listener-of-another-user-is-refused", test_foreign_listener_is_refused);
    ADD("missing-program-is-reported", test_missing_program);
    ADD("program-that-never-listens-times-out", test_program_that_never_listens);
    ADD("daemon-is-detached", test_daemon_is_detached);
    ADD("daemon-has-default-signals", test_daemon_has_default_signals);
    ADD("one-agent-is-started-for-many-clients", test_one_agent_for_many_clients);
    ADD("bad-folder-starts-nothing", test_bad_folder_starts_nothing);
    g_test_add_func("/socket/descriptor-is-passed", test_descriptor_is_passed);
    g_test_add_func("/socket/surplus-descriptors-are-closed", test_surplus_descriptors_are_closed);
    g_test_add_func("/socket/send-sends-all", test_send_sends_all);
    /* Last, because they change the environment of the whole process. */
    g_test_add_func("/socket/folder-rules", test_folder_rules);
    g_test_add_func("/socket/path-too-long", test_path_too_long);
    return g_test_run();
}
