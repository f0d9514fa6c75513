#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define KERNEL_LINE_MAX 4096u /* N_TTY_BUF_SIZE: the longest line a terminal hands over at once */

struct SrTerminal {
    int fd;
};

/* Of what would interrupt a question: everything a terminal or a session sends. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

SrTerminal *sr_terminal_open(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios settings;
    SrTerminal *terminal;

    if (fd < 0 && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return NULL;
    /* A program in the background would be stopped when it reads. */
    if (tcgetattr(fd, &settings) < 0 || (tcgetpgrp(fd) >= 0 && tcgetpgrp(fd) != getpgrp())) {
        close(fd);
        return NULL;
    }
    terminal = g_new0(SrTerminal, 1);
    terminal->fd = fd;
    return terminal;
}

guint sr_terminal_columns(const SrTerminal *terminal)
{
    struct winsize size;

    if (ioctl(terminal->fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return CLAMP(size.ws_col, 40u, 200u);
}

void sr_terminal_write(SrTerminal *terminal, const char *text)
{
    gsize left = strlen(text);

    while (left > 0) {
        ssize_t count = write(terminal->fd, text, left);

        if (count < 0 && errno != EINTR)
            return;
        if (count > 0) {
            text += count;
            left -= (gsize)count;
        }
    }
}

/* One attempt at a line: what a signal must undo. */
typedef struct {
    int fd;
    int signal_fd;
    sigset_t old_mask;
    struct termios old_settings;
    gboolean hidden;
} Attempt;

static gboolean attempt_begin(Attempt *attempt, const SrTerminal *terminal, gboolean hidden)
{
    struct termios settings;
    sigset_t mask;

    attempt->fd = terminal->fd;
    attempt->hidden = hidden;
    if (tcgetattr(attempt->fd, &attempt->old_settings) < 0)
        return FALSE;
    sigemptyset(&mask);
    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaddset(&mask, signals[i]);
    attempt->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (attempt->signal_fd < 0)
        return FALSE;
    sigprocmask(SIG_BLOCK, &mask, &attempt->old_mask);
    settings = attempt->old_settings;
    settings.c_lflag |= ICANON | ISIG;
    if (hidden)
        settings.c_lflag &= (tcflag_t) ~(ECHO | ECHONL);
    /* TCSAFLUSH: an answer typed before the question was seen is no answer. */
    tcsetattr(attempt->fd, TCSAFLUSH, &settings);
    return TRUE;
}

/* Put the terminal back first; a signal that waits takes effect when it is let through then. */
static void attempt_end(Attempt *attempt)
{
    tcsetattr(attempt->fd, TCSAFLUSH, &attempt->old_settings);
    close(attempt->signal_fd);
    sigprocmask(SIG_SETMASK, &attempt->old_mask, NULL);
}

typedef enum { EVENT_INPUT, EVENT_INTERRUPT, EVENT_SIGNAL, EVENT_STOP, EVENT_GONE } Event;

static gboolean is_interrupt(int signal_fd)
{
    sigset_t pending;
    struct signalfd_siginfo information;

    if (sigpending(&pending) < 0 || !sigismember(&pending, SIGINT))
        return FALSE;
    /* Taken from the queue: Ctrl-C answers the question instead of ending the program. Signals
     * come lowest number first, and only SIGHUP is lower. */
    if (sigismember(&pending, SIGHUP))
        return FALSE;
    return read(signal_fd, &information, sizeof information) == (ssize_t)sizeof information;
}

static Event wait_for_event(const Attempt *attempt, const SrTerminalWatch *watch)
{
    struct pollfd descriptors[] = {
        {.fd = attempt->fd, .events = POLLIN},
        {.fd = attempt->signal_fd, .events = POLLIN},
        {.fd = watch ? watch->fd : -1, .events = POLLIN},
    };

    for (;;) {
        if (poll(descriptors, G_N_ELEMENTS(descriptors), -1) < 0 && errno != EINTR)
            return EVENT_GONE;
        if (descriptors[1].revents)
            return is_interrupt(attempt->signal_fd) ? EVENT_INTERRUPT : EVENT_SIGNAL;
        if (descriptors[2].revents && watch && watch->stop(watch->user_data))
            return EVENT_STOP;
        if (descriptors[0].revents & POLLIN)
            return EVENT_INPUT;
        if (descriptors[0].revents)
            return EVENT_GONE;
    }
}

/* Read up to the line break into @line; its size becomes the line's. */
static SrLine read_line(const Attempt *attempt, const SrTerminalWatch *watch, SrSecret *line,
                        Event *ret_event)
{
    gsize used = 0;

    for (;;) {
        ssize_t count;

        *ret_event = wait_for_event(attempt, watch);
        if (*ret_event == EVENT_INTERRUPT)
            return SR_LINE_INTERRUPTED;
        if (*ret_event != EVENT_INPUT)
            return *ret_event == EVENT_STOP ? SR_LINE_STOPPED : SR_LINE_END;
        count = read(attempt->fd, sr_secret_data(line) + used, KERNEL_LINE_MAX - used);
        if (count <= 0)
            return SR_LINE_END;
        used += (gsize)count;
        if (sr_secret_peek(line)[used - 1] == '\n') {
            sr_secret_truncate(line, used - 1);
            return SR_LINE_READ;
        }
        if (used == KERNEL_LINE_MAX)
            return SR_LINE_END;
    }
}

static SrLine ask_once(SrTerminal *terminal, const char *question, gboolean hidden,
                       const SrTerminalWatch *watch, SrSecret *line, Event *ret_event)
{
    Attempt attempt;
    SrLine result;

    *ret_event = EVENT_GONE;
    if (!attempt_begin(&attempt, terminal, hidden))
        return SR_LINE_END;
    sr_terminal_write(terminal, question);
    result = read_line(&attempt, watch, line, ret_event);
    if (hidden || result != SR_LINE_READ)
        sr_terminal_write(terminal, "\n");
    attempt_end(&attempt);
    return result;
}

SrLine sr_terminal_ask(SrTerminal *terminal, const char *question, gboolean hidden,
                       const SrTerminalWatch *watch, SrSecret **ret_line)
{
    *ret_line = NULL;
    for (;;) {
        g_autoptr(SrSecret) line = sr_secret_new(KERNEL_LINE_MAX, NULL);
        Event event;
        SrLine result;

        if (!line)
            return SR_LINE_END;
        result = ask_once(terminal, question, hidden, watch, line, &event);
        if (result == SR_LINE_END && event == EVENT_SIGNAL)
            continue; /* stopped with Ctrl-Z and back again */
        if (result == SR_LINE_READ && sr_secret_size(line) > SR_TERMINAL_LINE_MAX) {
            sr_terminal_write(terminal, "That is too long.\n");
            continue;
        }
        if (result == SR_LINE_READ)
            *ret_line = g_steal_pointer(&line);
        return result;
    }
}

void sr_terminal_free(SrTerminal *terminal)
{
    if (!terminal)
        return;
    close(terminal->fd);
    g_free(terminal);
}
