/*
 * A helper program of the agent: one child process, secret in, secret out.
 *
 * It gets its input as a sealed memory file on standard input (or a pipe that stays open until the
 * child is released), writes to standard output into locked memory, and nothing else of the
 * agent's: no descriptors, no environment but the one given. It leads a session of its own, is
 * killed with it, and dies with the agent. To be used in the thread of the default main context.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

typedef struct SrChild SrChild;

typedef enum {
    SR_CHILD_EXITED,      /* by itself; the status is what waitpid said */
    SR_CHILD_NOT_STARTED, /* there is no such program, or no memory for its output */
    SR_CHILD_TIMED_OUT,
    SR_CHILD_TOO_LONG, /* it wrote more than allowed */
} SrChildEnd;

/*
 * The end of a child, called exactly once and never from sr_child_start. @output (borrowed) is all
 * it wrote, NULL unless it exited. The child is gone already.
 */
typedef void (*SrChildDone)(SrChildEnd end, int status, const SrSecret *output, gpointer user_data);

/* More was written: @output (borrowed, the first @size bytes count) is all of it so far. May
 * release the child. */
typedef void (*SrChildProgress)(const SrSecret *output, gsize size, gpointer user_data);

typedef struct {
    const char *program;          /* absolute path */
    const char *const *arguments; /* NULL-terminated, without the program itself; may be NULL */
    char **environment;           /* NULL-terminated; borrowed */
    const void *input;            /* NULL: a pipe without anything in it */
    gsize input_size;
    gsize output_max;         /* bytes */
    guint timeout_seconds;    /* 0: none */
    SrChildProgress progress; /* may be NULL */
    SrChildDone done;
    gpointer user_data;
} SrChildSetup;

/* Start it. Owned until @done is called or it is released. */
SrChild *sr_child_start(const SrChildSetup *setup);

/* Kill it and forget the callbacks. */
void sr_child_release(SrChild *child);

/* The program @name beside the agent's own (a build folder), else where it is installed; NULL when
 * it is in neither place. Owned by the caller. */
char *sr_child_find_program(const char *name);
