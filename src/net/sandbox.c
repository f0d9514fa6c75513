#include "net/sandbox.h"

#include "base/error.h"
#include "net/call_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Libraries, configuration, certificates. /etc/resolv.conf is often a link to somewhere else.
 * Not among them: homes, /run with its sockets, /proc, /tmp, /var, devices.
 */
static const char *const system_files[] = {"/etc",   "/etc/resolv.conf", "/usr", "/lib",
                                           "/lib64", "/nix/store",       NULL};

static gboolean fail(const char *what, GError **error)
{
    sr_error_set(error, SR_ERROR_INTERNAL, "cannot protect the process (%s): %s", what,
                 g_strerror(errno));
    return FALSE;
}

/* A library that writes to a closed standard descriptor would write into the next file opened. */
static gboolean settle_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd >= 0 && close_range(STDERR_FILENO + 1, ~0U, 0) == 0;
}

static gboolean drop_limit(__rlimit_resource_t resource)
{
    const struct rlimit none = {0, 0};

    return setrlimit(resource, &none) == 0;
}

/* The signal does not come when the parent ended before it was asked for. */
static gboolean end_with(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* With the environment go a key log of TLS, proxies, and what misleads the resolver. */
gboolean sr_sandbox_begin(pid_t parent, GError **error)
{
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (!end_with(parent))
        return fail("end with the agent", error);
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail("dumps, privileges", error);
    if (!drop_limit(RLIMIT_CORE) || !drop_limit(RLIMIT_FSIZE))
        return fail("limits", error);
    if (!settle_descriptors() || chdir("/") != 0 || clearenv() != 0)
        return fail("descriptors", error);
    return TRUE;
}

/* --- files (Landlock; by number, since libc has no functions for it) ---------------------------
 */

/* All rights of files that this kernel can withhold, reading included. */
static guint64 all_rights(long version)
{
    static const guint rights[] = {0, 13, 14, 15, 15, 16}; /* how many each version knows */
    const gsize newest = G_N_ELEMENTS(rights) - 1;

    return (G_GUINT64_CONSTANT(1) << rights[MIN((gsize)version, newest)]) - 1;
}

/* Let @path, and what is below it, be read. What does not exist needs no rule. */
static gboolean allow_reading(int rules, const char *path)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE};
    struct stat status;
    gboolean done;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    if (fstat(rule.parent_fd, &status) == 0 && S_ISDIR(status.st_mode))
        rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    done = syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return done;
}

static gboolean allow_all(int rules, const char *const *paths)
{
    for (; *paths; paths++)
        if (!allow_reading(rules, *paths))
            return FALSE;
    return TRUE;
}

static gboolean close_files(const char *const *first, const char *const *second)
{
    const long version =
        syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset_attr attributes = {0};
    gboolean done;
    int rules;

    if (version <= 0)
        return TRUE; /* not in this kernel, or switched off */
    attributes.handled_access_fs = all_rights(version);
    rules = (int)syscall(__NR_landlock_create_ruleset, &attributes,
                         sizeof attributes.handled_access_fs, 0);
    if (rules < 0)
        return FALSE;
    done = allow_all(rules, first) && allow_all(rules, second) &&
           syscall(__NR_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return done;
}

gboolean sr_sandbox_enter_exchange(const char *const *readable, GError **error)
{
    if (!close_files(system_files, readable))
        return fail("files", error);
    return sr_call_filter_exchange() || fail("system calls", error);
}

gboolean sr_sandbox_enter_listen(GError **error)
{
    static const char *const no_files[] = {NULL};

    if (!close_files(no_files, no_files))
        return fail("files", error);
    /* Not for an exchange: libcurl resolves names in a thread, and threads count. */
    if (!drop_limit(RLIMIT_NPROC))
        return fail("limits", error);
    return sr_call_filter_listen() || fail("system calls", error);
}
