/*
 * A D-Bus connection of our own: found without ever starting a bus, opened and used under a
 * deadline, and replaceable when the bus dies (GLib's shared connection is neither).
 *
 * A deadline is a point of g_get_monotonic_time(). Errors are of SR_ERROR: SR_ERROR_STORE_LOCKED
 * when the peer says so, else SR_ERROR_STORE_UNAVAILABLE with the peer's message.
 */
#pragma once

#include <gio/gio.h>

/*
 * The address to use: @given, else DBUS_SESSION_BUS_ADDRESS, else the socket "bus" in
 * XDG_RUNTIME_DIR. NULL when there is none. Owned by the caller.
 */
char *sr_bus_find_address(const char *given);

/* Connect to the bus at @address (NULL: fails with "no session bus"); only unix: addresses. */
GDBusConnection *sr_bus_connect(const char *address, gint64 deadline, GError **error);

/* Who is called: all four are borrowed. */
typedef struct {
    GDBusConnection *connection;
    const char *peer;
    const char *path;
    const char *interface;
} SrBusTarget;

/* Call a method and wait. @arguments may be floating; the reply must have type @reply_type. */
GVariant *sr_bus_call(const SrBusTarget *target, const char *method, GVariant *arguments,
                      const char *reply_type, gint64 deadline, GError **error);

/* The value of a property, which must have type @type. */
GVariant *sr_bus_get_property(const SrBusTarget *target, const char *name, const char *type,
                              gint64 deadline, GError **error);

/*
 * All properties ("(a{sv})") of the objects @paths, in their order; @target->path is not used. The
 * calls are under way at the same time, so that a thousand objects cost little more than one.
 */
GPtrArray *sr_bus_get_all_properties(const SrBusTarget *target, const GPtrArray *paths,
                                     gint64 deadline, GError **error);

/* Milliseconds until @deadline, at least 1. */
int sr_bus_remaining_ms(gint64 deadline);

/* Turn a GDBus or libsecret error into one of SR_ERROR. */
void sr_bus_explain(const GError *cause, GError **error);
