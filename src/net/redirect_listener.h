/*
 * Waits on the loopback interface for the redirect that ends a login in a browser (RFC 8252 §7.3).
 * Open only while a flow runs. It decides nothing: each redirect that is well formed becomes a
 * line for the agent, so that a page which guesses the port cannot end somebody's login.
 */
#pragma once

#include <glib.h>

#define SR_REDIRECT_LIFETIME_S 305u
#define SR_REDIRECTS_MAX 64u

/*
 * A socket (owned by the caller) that listens on a free port of 127.0.0.1, and nowhere else.
 * -1 with SR_ERROR_INTERNAL.
 */
int sr_redirect_listener_open(guint16 *ret_port, GError **error);

/*
 * Write "listening PORT" and then one line "redirect PATH?QUERY" for each redirect to descriptor
 * @out, until SR_REDIRECTS_MAX of them came, SR_REDIRECT_LIFETIME_S are over, @in ends (what comes
 * from there is dropped) or @out cannot be written. @path: sr_loopback_path_is_valid. Allocates
 * nothing and opens nothing: it runs in the sandbox.
 */
void sr_redirect_listener_run(int socket, guint16 port, const char *path, int in, int out);
