/*
 * The Secret Service (freedesktop.org specification 0.2) of the session bus: one item per record in
 * the default collection, schemas org.sealring.Key, .Account, .Session, .Record, attributes
 * kind, id, algorithm. libsecret negotiates the encrypted session and holds secrets in locked
 * memory; the calls themselves are made here, so that each has a deadline and none can prompt.
 *
 * What goes wrong on the way (bus or provider restarted, session forgotten) is tried once more on a
 * new connection, within the same deadline.
 */
#pragma once

#include "store/store.h"

/*
 * A store on the bus at @bus_address (NULL: DBUS_SESSION_BUS_ADDRESS, and $XDG_RUNTIME_DIR/bus when
 * that is unset or "disabled:"). Connects at the first use, and again after the bus or the provider
 * went away. Never starts a bus.
 */
SrStore *sr_secret_service_new(const char *bus_address);

/*
 * Ask the provider to unlock the default collection, which shows its own dialog; waits at most
 * @timeout_ms, then dismisses the dialog. TRUE when the collection is unlocked afterwards, else
 * SR_ERROR_STORE_LOCKED (refused, dismissed, timed out; KeePassXC leaves its dialog on the screen
 * then) or _STORE_UNAVAILABLE. Call it on a thread
 * of its own, never from a request that the user did not start.
 */
gboolean sr_secret_service_unlock_with_prompt(const char *bus_address, guint timeout_ms,
                                              GError **error);
