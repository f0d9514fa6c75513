#include "base/secret.h"

#include "base/error.h"
#include "support/sanitizer.h"

#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static gsize page_size(void)
{
    return (gsize)sysconf(_SC_PAGESIZE);
}

/* "VmLck" of this process in KiB. */
static guint locked_kib(void)
{
    g_autofree char *status = NULL;
    const char *line;
    guint kib = 0;

    g_assert_true(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
    line = strstr(status, "VmLck:");
    g_assert_nonnull(line);
    g_assert_cmpint(sscanf(line, "VmLck: %u", &kib), ==, 1);
    return kib;
}

/* The flags of the mapping that holds @address ("rd wr mr mw me lo dd wf"). */
static char *mapping_flags(const void *address)
{
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    gboolean inside = FALSE;

    g_assert_true(g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL));
    lines = g_strsplit(maps, "\n", -1);
    for (char **line = lines; *line; line++) {
        guintptr from;
        guintptr to;

        if (sscanf(*line, "%lx-%lx ", &from, &to) == 2)
            inside = from <= (guintptr)address && (guintptr)address < to;
        else if (inside && g_str_has_prefix(*line, "VmFlags:"))
            return g_strdup(*line);
    }
    return NULL;
}

static void test_zeroed_and_terminated(void)
{
    static const gsize sizes[] = {0, 1, 31, 32, 4079, 4080, 4081, 4096, 100000, SR_SECRET_MAX};

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SrSecret) secret = sr_secret_new(sizes[i], &error);

        g_assert_no_error(error);
        g_assert_cmpuint(sr_secret_size(secret), ==, sizes[i]);
        for (gsize at = 0; at <= sizes[i]; at++)
            g_assert_cmpuint(sr_secret_data(secret)[at], ==, 0);
        memset(sr_secret_data(secret), 0xAA, sizes[i]);
        g_assert_cmpuint(sr_secret_peek(secret)[sizes[i]], ==, 0);
    }
}

static void test_limit(void)
{
    static const gsize sizes[] = {SR_SECRET_MAX + 1, G_MAXSIZE, G_MAXSIZE - 4096};

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_secret_new(sizes[i], &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    }
}

static void test_locked(void)
{
    const guint before = locked_kib();
    SrSecret *secret;

    if (UNDER_ASAN) {
        g_test_skip("the sanitizer does not lock memory");
        return;
    }
    secret = sr_secret_new(20 * page_size(), NULL);
    g_assert_cmpuint(locked_kib() - before, ==, 21 * page_size() / 1024);
    sr_secret_free(secret);
    g_assert_cmpuint(locked_kib(), ==, before);
}

static void test_left_out_of_dumps_and_children(void)
{
    g_autoptr(SrSecret) secret = sr_secret_new(32, NULL);
    g_autofree char *flags = mapping_flags(sr_secret_data(secret));

    g_assert_nonnull(strstr(flags, " dd"));
    g_assert_nonnull(strstr(flags, " wf"));
    if (!UNDER_ASAN)
        g_assert_nonnull(strstr(flags, " lo"));
}

static void test_child_sees_zeros(void)
{
    g_autoptr(SrSecret) secret = sr_secret_new_copy("private", 7, NULL);
    const guint8 *bytes = sr_secret_peek(secret);
    pid_t child = fork();
    int status;

    if (child == 0) {
        for (gsize i = 0; i < 7; i++)
            if (bytes[i] != 0)
                _exit(1);
        _exit(0);
    }
    waitpid(child, &status, 0);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_assert_true(memcmp(bytes, "private", 7) == 0);
}

/* Run @touch in a child; whether it died. */
static gboolean dies(void (*touch)(volatile guint8 *), guint8 *address)
{
    const struct rlimit none = {0};
    pid_t child = fork();
    int status;

    if (child == 0) {
        setrlimit(RLIMIT_CORE, &none);
        fclose(stderr);
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would report what is meant to happen */
        signal(SIGBUS, SIG_DFL);
        touch(address);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void read_byte(volatile guint8 *address)
{
    (void)*address;
}

static void write_byte(volatile guint8 *address)
{
    *address = 1;
}

static void test_guard_page(void)
{
    g_autoptr(SrSecret) secret = sr_secret_new(2 * page_size(), NULL);
    guint8 *first = sr_secret_data(secret);
    const guintptr page = page_size();
    guint8 *guard = (guint8 *)(((guintptr)first / page + 3) * page);

    g_assert_false(dies(read_byte, guard - 1));
    g_assert_true(dies(read_byte, guard));
    g_assert_true(dies(write_byte, guard));
    g_assert_true(dies(write_byte, guard + page - 1));
}

static void test_truncate_wipes(void)
{
    g_autoptr(SrSecret) secret = sr_secret_new_copy("0123456789", 10, NULL);
    const guint8 *bytes = sr_secret_peek(secret);

    sr_secret_truncate(secret, 10);
    g_assert_cmpuint(sr_secret_size(secret), ==, 10);
    sr_secret_truncate(secret, 4);
    g_assert_cmpuint(sr_secret_size(secret), ==, 4);
    g_assert_true(memcmp(bytes, "0123\0\0\0\0\0\0", 10) == 0);
    sr_secret_truncate(secret, 0);
    g_assert_true(memcmp(bytes, "\0\0\0\0", 4) == 0);
}

static void test_equal(void)
{
    g_autoptr(SrSecret) one = sr_secret_new_copy("secret", 6, NULL);
    g_autoptr(SrSecret) same = sr_secret_new_copy("secret", 6, NULL);
    g_autoptr(SrSecret) other = sr_secret_new_copy("secreT", 6, NULL);
    g_autoptr(SrSecret) shorter = sr_secret_new_copy("secre", 5, NULL);

    g_assert_true(sr_secret_equal(one, same));
    g_assert_false(sr_secret_equal(one, other));
    g_assert_false(sr_secret_equal(one, shorter));
    g_assert_true(sr_memory_equal("", "", 0));
    for (gsize i = 0; i < 32; i++) {
        guint8 a[32] = {0};
        guint8 b[32] = {0};

        b[i] = 0x80;
        g_assert_false(sr_memory_equal(a, b, sizeof(a)));
        a[i] = 0x80;
        g_assert_true(sr_memory_equal(a, b, sizeof(a)));
    }
    sr_secret_free(NULL);
}

/* --- files ---------------------------------------------------------------------------------- */

static int file_with(const char *bytes, gsize size)
{
    const int fd = memfd_create("secret", MFD_CLOEXEC);

    g_assert_cmpint(write(fd, bytes, size), ==, (gssize)size);
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    return fd;
}

static void test_read_fd(void)
{
    static const struct {
        const char *input;
        gboolean trim;
        const char *secret; /* NULL: too long for 8 bytes */
    } rows[] = {
        {"", FALSE, ""},
        {"", TRUE, ""},
        {"word", FALSE, "word"},
        {"word\n", FALSE, "word\n"},
        {"word\n", TRUE, "word"},
        {"word\r\n", TRUE, "word"},
        {"word\n\n", TRUE, "word\n"},
        {"word\r", TRUE, "word\r"},
        {"word\n\r", TRUE, "word\n\r"},
        {" word ", TRUE, " word "},
        {"\n", TRUE, ""},
        {"\r\n", TRUE, ""},
        {"\r", TRUE, "\r"},
        {"12345678", FALSE, "12345678"},
        {"1234567\n", TRUE, "1234567"},
        {"123456789", FALSE, NULL},
        {"123456789012345678901234567890", TRUE, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SrSecret) secret = NULL;
        const int fd = file_with(rows[i].input, strlen(rows[i].input));

        secret = sr_secret_read_fd(fd, 8, rows[i].trim, &error);
        close(fd);
        if (!rows[i].secret) {
            g_assert_null(secret);
            g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
            g_assert_null(strstr(error->message, "1234"));
            continue;
        }
        g_assert_no_error(error);
        g_assert_cmpuint(sr_secret_size(secret), ==, strlen(rows[i].secret));
        g_assert_cmpstr((const char *)sr_secret_peek(secret), ==, rows[i].secret);
    }
}

static void test_read_fd_limits(void)
{
    static const gsize limits[] = {SR_SECRET_MAX, G_MAXSIZE, G_MAXSIZE - 1};
    g_autofree char *bytes = g_strnfill(SR_SECRET_MAX, 'x');
    g_autoptr(SrSecret) secret = NULL;
    g_autoptr(GError) error = NULL;
    int fd;

    for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
        fd = file_with("word", 4);
        g_assert_null(sr_secret_read_fd(fd, limits[i], FALSE, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
        g_clear_error(&error);
        close(fd);
    }
    fd = file_with(bytes, SR_SECRET_MAX - 1);
    secret = sr_secret_read_fd(fd, SR_SECRET_MAX - 1, FALSE, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(sr_secret_size(secret), ==, SR_SECRET_MAX - 1);
    close(fd);
}

static gpointer write_slowly(gpointer data)
{
    const int fd = GPOINTER_TO_INT(data);

    for (const char *c = "piece by piece"; *c; c++) {
        g_assert_cmpint(write(fd, c, 1), ==, 1);
        g_usleep(1000);
    }
    close(fd);
    return NULL;
}

static void test_read_fd_in_pieces(void)
{
    g_autoptr(SrSecret) secret = NULL;
    GThread *writer;
    int ends[2];

    g_assert_cmpint(pipe(ends), ==, 0);
    writer = g_thread_new("writer", write_slowly, GINT_TO_POINTER(ends[1]));
    secret = sr_secret_read_fd(ends[0], 100, TRUE, NULL);
    g_thread_join(writer);
    close(ends[0]);
    g_assert_cmpstr((const char *)sr_secret_peek(secret), ==, "piece by piece");
}

static void test_bad_fds(void)
{
    g_autoptr(SrSecret) secret = sr_secret_new_copy("private", 7, NULL);
    g_autoptr(GError) error = NULL;
    const int read_only = open("/dev/null", O_RDONLY);

    g_assert_null(sr_secret_read_fd(-1, 8, FALSE, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_false(sr_secret_write_fd(secret, read_only, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    g_assert_null(strstr(error->message, "private"));
    close(read_only);
}

static void test_write_fd(void)
{
    g_autoptr(SrSecret) secret = sr_secret_new_copy("a\0b", 3, NULL);
    const int fd = file_with("", 0);
    char bytes[8];

    g_assert_true(sr_secret_write_fd(secret, fd, NULL));
    g_assert_cmpint(pread(fd, bytes, sizeof(bytes), 0), ==, 3);
    g_assert_true(memcmp(bytes, "a\0b", 3) == 0);
    close(fd);
}

/* Without lockable memory there is no secret; in a child, for the limit cannot be raised again. */
static void test_no_lockable_memory(void)
{
    const struct rlimit none = {0};
    pid_t child;
    int status;

    if (UNDER_ASAN) {
        g_test_skip("the sanitizer does not lock memory");
        return;
    }
    child = fork();
    if (child == 0) {
        g_autoptr(GError) error = NULL;

        /* Root may lock without limit. */
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        setrlimit(RLIMIT_MEMLOCK, &none);
        if (sr_secret_new(32, &error))
            _exit(3);
        _exit(g_error_matches(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED) &&
                      strstr(error->message, "RLIMIT_MEMLOCK")
                  ? 0
                  : 4);
    }
    waitpid(child, &status, 0);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/*
 * This program's own munmap stands in for libc's, to look at the pages of one secret at the moment
 * they are given back.
 */
static struct {
    const guint8 *secret; /* NULL: not watching */
    gsize size;
    gboolean seen;
    gboolean wiped;
} watch;

int munmap(void *address, size_t length)
{
    const guintptr first = (guintptr)address;
    const guintptr secret = (guintptr)watch.secret;

    if (watch.secret && first <= secret && secret < first + length) {
        watch.seen = TRUE;
        watch.wiped = TRUE;
        for (gsize i = 0; i < watch.size; i++)
            watch.wiped = watch.wiped && watch.secret[i] == 0;
    }
    return (int)syscall(SYS_munmap, address, length);
}

static void test_free_wipes_first(void)
{
    SrSecret *secret = sr_secret_new(100000, NULL);

    memset(sr_secret_data(secret), 0xAA, 100000);
    watch.secret = sr_secret_peek(secret);
    watch.size = 100000;
    sr_secret_free(secret);
    watch.secret = NULL;
    g_assert_true(watch.seen);
    g_assert_true(watch.wiped);
}

/* --- pages that are kept for the next secret ------------------------------------------------- */

/* Memory as the kernel sees it, whoever may not touch it. */
static void read_memory(const void *address, guint8 *bytes, gsize size)
{
    const int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(pread(fd, bytes, size, (off_t)(guintptr)address), ==, (gssize)size);
    close(fd);
}

static void test_kept_pages_are_wiped(void)
{
    SrSecret *secret = sr_secret_new(5000, NULL);
    const guint8 *bytes = sr_secret_peek(secret);
    guint8 seen[5000];

    memset(sr_secret_data(secret), 0xAA, 5000);
    sr_secret_free(secret);
    read_memory(bytes, seen, sizeof seen);
    for (gsize i = 0; i < sizeof seen; i++)
        g_assert_cmpuint(seen[i], ==, 0);
    secret = sr_secret_new(4900, NULL);
    g_assert_true(sr_secret_peek(secret) == bytes);
    g_assert_cmpuint(sr_secret_size(secret), ==, 4900);
    sr_secret_free(secret);
    sr_secret_free(sr_secret_new(5000, NULL));
}

static void test_kept_pages_are_few(void)
{
    const guint before = locked_kib();
    SrSecret *secrets[200];

    if (UNDER_ASAN) {
        g_test_skip("the sanitizer does not lock memory");
        return;
    }
    for (gsize pages = 1; pages <= 10; pages++) {
        for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
            secrets[i] = sr_secret_new(pages * page_size() - 100, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
            sr_secret_free(secrets[i]);
    }
    g_assert_cmpuint(locked_kib(), <=, before + 256 * page_size() / 1024);
}

/* What a child inherits is not locked there. */
static void test_child_keeps_nothing(void)
{
    pid_t child;
    int status;

    sr_secret_free(sr_secret_new(32, NULL));
    child = fork();
    if (child == 0) {
        SrSecret *secret = sr_secret_new(32, NULL);
        const char *flags = secret ? mapping_flags(sr_secret_data(secret)) : NULL;

        _exit(!flags ? 2 : strstr(flags, " lo") || UNDER_ASAN ? 0 : 3);
    }
    waitpid(child, &status, 0);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* Fill a limit of 16 pages with kept ones, then ask for more than what is left. */
static int use_all_that_can_be_locked(void)
{
    const struct rlimit limit = {16 * page_size(), 16 * page_size()};
    SrSecret *secrets[8];

    /* Root may lock without limit. */
    if (geteuid() == 0 && setuid(65534) != 0)
        return 2;
    setrlimit(RLIMIT_MEMLOCK, &limit);
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
        secrets[i] = sr_secret_new(32, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
        if (!secrets[i])
            return 3;
        sr_secret_free(secrets[i]);
    }
    return sr_secret_new(12 * page_size() - 100, NULL) ? 0 : 4;
}

static void test_kept_pages_make_room(void)
{
    pid_t child;
    int status;

    if (UNDER_ASAN) {
        g_test_skip("the sanitizer does not lock memory");
        return;
    }
    child = fork();
    if (child == 0)
        _exit(use_all_that_can_be_locked());
    waitpid(child, &status, 0);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static gpointer make_secrets(gpointer data)
{
    const guint8 mine = (guint8)GPOINTER_TO_UINT(data);

    for (gsize i = 0; i < 5000; i++) {
        const gsize size = 1 + i * 37 % 20000;
        SrSecret *secret = sr_secret_new(size, NULL);
        guint8 *bytes = sr_secret_data(secret);

        g_assert_true(bytes[0] == 0 && bytes[size - 1] == 0);
        memset(bytes, mine, size);
        g_thread_yield();
        g_assert_true(bytes[0] == mine && bytes[size - 1] == mine);
        sr_secret_free(secret);
    }
    return NULL;
}

static void test_threads(void)
{
    GThread *threads[4];

    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("secrets", make_secrets, GUINT_TO_POINTER(i + 1));
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secret/zeroed-and-nul-terminated", test_zeroed_and_terminated);
    g_test_add_func("/secret/over-the-limit-is-refused", test_limit);
    g_test_add_func("/secret/locked-while-it-lives", test_locked);
    g_test_add_func("/secret/left-out-of-dumps-and-children", test_left_out_of_dumps_and_children);
    g_test_add_func("/secret/forked-child-sees-zeros", test_child_sees_zeros);
    g_test_add_func("/secret/guard-page-stops-overruns", test_guard_page);
    g_test_add_func("/secret/truncate-wipes", test_truncate_wipes);
    g_test_add_func("/secret/equal", test_equal);
    g_test_add_func("/secret/read-fd", test_read_fd);
    g_test_add_func("/secret/read-fd-limits", test_read_fd_limits);
    g_test_add_func("/secret/read-fd-in-pieces", test_read_fd_in_pieces);
    g_test_add_func("/secret/bad-descriptors", test_bad_fds);
    g_test_add_func("/secret/write-fd", test_write_fd);
    g_test_add_func("/secret/no-lockable-memory-no-secret", test_no_lockable_memory);
    g_test_add_func("/secret/free-wipes-first", test_free_wipes_first);
    g_test_add_func("/secret/kept-pages-are-wiped-and-used-again", test_kept_pages_are_wiped);
    g_test_add_func("/secret/kept-pages-are-few", test_kept_pages_are_few);
    g_test_add_func("/secret/a-child-keeps-no-pages-of-its-parent", test_child_keeps_nothing);
    g_test_add_func("/secret/kept-pages-make-room-where-memory-is-short",
                    test_kept_pages_make_room);
    g_test_add_func("/secret/threads-never-share-pages", test_threads);
    return g_test_run();
}
