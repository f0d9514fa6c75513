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
 * Negotiate a session with the provider whose unique name is @owner, in at most @timeout_ms. Fails
 * with an error of GDBus. Owned by the caller.
 */
SecretService *sr_session_proxy_new(GDBusConnection *connection, const char *owner, int timeout_ms,
                                    GError **error);
