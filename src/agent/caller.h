/*
 * Who is at the other end of a connection, as told by the attach frame of sealring-host or the CLI.
 * Evidence for the user, not a proof: any program of the same user can claim it.
 */
#pragma once

#include "base/json.h"
#include "consent/prompt.h"

#include <glib.h>
#include <sys/types.h>

typedef enum {
    SR_CALLER_UNKNOWN, /* not attached yet */
    SR_CALLER_EXTENSION,
    SR_CALLER_CLI,
    SR_CALLER_PROGRAM, /* over PKCS#11; it has no rights of the others */
} SrCallerKind;

typedef struct {
    SrCallerKind kind;
    char *extension; /* "chrome-extension://ID" or "addon@id" */
    char *browser;   /* "chromium", "firefox" */
    char *program;   /* executable of the peer, from its pid; may be NULL, but not for a program */
    gboolean is_confirmed; /* a program: the path is the kernel's word, not only its own */
    pid_t pid;
    gboolean terminal; /* a CLI that can show prompts itself */
    SrSeat seat;
} SrCaller;

/* A caller of which only the pid is known. */
SrCaller *sr_caller_new(pid_t pid);

/*
 * Take over the params of an attach frame. SR_ERROR_INVALID_PARAMS naming the member;
 * SR_ERROR_AGENT_UNAVAILABLE when the client is of another version.
 */
gboolean sr_caller_attach(SrCaller *caller, SrJson *params, GError **error);

/*
 * A program's introduction: @program is the path of its executable, @is_confirmed whether that is
 * the kernel's word; the texts of where its user sits are DISPLAY, WAYLAND_DISPLAY, XAUTHORITY and
 * session bus, copied when they are printable, else left out.
 */
void sr_caller_introduce(SrCaller *caller, const char *program, gboolean is_confirmed,
                         char *const seat[4]);

/* Shared by the connection and its requests. */
SrCaller *sr_caller_ref(SrCaller *caller);
void sr_caller_unref(SrCaller *caller);

/* One line for people: "Extension chrome-extension://… in chromium", "The sealring command"; the
 * companion of this package by its name. */
char *sr_caller_describe(const SrCaller *caller);
