#include "cli/passphrase.h"

#include "base/error.h"
#include "consent/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ATTEMPTS 3u

static SrSecret *ask_line(SrTerminal *terminal, const char *question, const SrTerminalWatch *watch,
                          GError **error)
{
    g_autoptr(SrSecret) line = NULL;

    if (sr_terminal_ask(terminal, question, TRUE, watch, &line) != SR_LINE_READ ||
        sr_secret_size(line) == 0) {
        sr_error_set(error, SR_ERROR_USER_REJECTED, "no passphrase was entered");
        return NULL;
    }
    return g_steal_pointer(&line);
}

SrSecret *sr_passphrase_ask(SrTerminal *terminal, const char *what, gboolean new,
                            const SrTerminalWatch *watch, GError **error)
{
    g_autofree char *first_question = g_strdup_printf("%s: ", what);
    g_autofree char *second_question = g_strdup_printf("%s again: ", what);

    for (guint i = 0; i < ATTEMPTS; i++) {
        g_autoptr(SrSecret) first = ask_line(terminal, first_question, watch, error);
        g_autoptr(SrSecret) second = NULL;

        if (!first || !new)
            return g_steal_pointer(&first);
        second = ask_line(terminal, second_question, watch, error);
        if (!second)
            return NULL;
        if (sr_secret_equal(first, second))
            return g_steal_pointer(&first);
        sr_terminal_write(terminal, "The two differ.\n");
    }
    sr_error_set(error, SR_ERROR_USER_REJECTED, "the passphrase was not entered the same twice");
    return NULL;
}

static SrSecret *read_descriptor(int fd, GError **error)
{
    g_autoptr(SrSecret) passphrase = sr_secret_read_fd(fd, SR_PASSPHRASE_MAX, TRUE, error);

    if (!passphrase) {
        g_prefix_error(error, "passphrase on descriptor %d: ", fd);
        return NULL;
    }
    if (sr_secret_size(passphrase) == 0) {
        sr_usage_error(error, "descriptor %d holds no passphrase", fd);
        return NULL;
    }
    return g_steal_pointer(&passphrase);
}

gboolean sr_passphrase_get(const SrArguments *arguments, SrTerminal *terminal, const char *what,
                           gboolean new, SrSecret **ret_passphrase, GError **error)
{
    gint64 fd = -1;

    *ret_passphrase = NULL;
    if (!sr_arguments_number(arguments, "passphrase-fd", 0, G_MAXINT, &fd, error))
        return FALSE;
    if (fd >= 0 && fcntl((int)fd, F_GETFD) < 0)
        return sr_usage_error(error, "file descriptor %d is not open", (int)fd);
    if (fd >= 0)
        *ret_passphrase = read_descriptor((int)fd, error);
    else if (terminal)
        *ret_passphrase = sr_passphrase_ask(terminal, what, new, NULL, error);
    else
        return TRUE;
    return *ret_passphrase != NULL;
}

int sr_passphrase_to_file(const SrSecret *secret, GError **error)
{
    int fd = memfd_create("sealring-secret", MFD_CLOEXEC);

    if (fd < 0) {
        sr_error_set(error, SR_ERROR_INTERNAL, "cannot make a memory file: %s", g_strerror(errno));
        return -1;
    }
    if (secret && (!sr_secret_write_fd(secret, fd, error) || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}
