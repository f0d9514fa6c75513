/*
 * libsecret's SecretService on a D-Bus connection of our own, for its encrypted session alone.
 *
 * libsecret's constructors force GLib's shared connection to the session bus, which cannot be given
 * up when the bus dies and ends the process by default. A subclass has the last word on the
 * properties of the proxy that a SecretService is.
 */
#pragma once

#include <libsecret/secret.h>

/*
 * Negotiate a session with the Secret Service on @connection, each step in at most @timeout_ms.
 * Fails with an error of GIO. Owned by the caller, who unrefs it with @context as the
 * thread-default context: what GDBus leaves behind is freed there.
 */
SecretService *sr_session_proxy_new(GDBusConnection *connection, GMainContext *context,
                                    int timeout_ms, GError **error);
