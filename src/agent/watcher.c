#include "agent/watcher.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#define LOGIND "org.freedesktop.login1"
#define MANAGER "org.freedesktop.login1.Manager"

struct SrWatcher {
    SrAgent *agent;
    GCancellable *cancellable;
    GDBusConnection *bus;
    guint sleep_subscription;
    guint lock_subscription;
    guint name_watch;
    int inhibitor; /* logind waits with sleeping while it is open; -1: none */
    gboolean sleeping;
};

/* --- the inhibitor
 * ----------------------------------------------------------------------------------- */

static void drop_inhibitor(SrWatcher *watcher)
{
    if (watcher->inhibitor >= 0)
        close(watcher->inhibitor);
    watcher->inhibitor = -1;
}

static void on_inhibited(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GUnixFDList) fds = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
        G_DBUS_CONNECTION(source), &fds, result, &error);
    SrWatcher *watcher = data;
    gint32 index = -1;

    if (!reply || !fds) /* cancelled (the watcher is gone), or logind does not let us */
        return;
    g_variant_get(reply, "(h)", &index);
    drop_inhibitor(watcher);
    watcher->inhibitor = g_unix_fd_list_get(fds, index, NULL);
    if (watcher->sleeping)
        drop_inhibitor(watcher);
}

static void take_inhibitor(SrWatcher *watcher)
{
    g_dbus_connection_call_with_unix_fd_list(
        watcher->bus, LOGIND, "/org/freedesktop/login1", MANAGER, "Inhibit",
        g_variant_new("(ssss)", "sleep", "sealring", "Forget unlocked keys", "delay"),
        G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, watcher->cancellable,
        on_inhibited, watcher);
}

/* Also when logind was started again, which forgets its inhibitors. */
static void on_logind(GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
    SrWatcher *watcher = data;

    (void)bus;
    (void)name;
    (void)owner;
    watcher->sleeping = FALSE;
    take_inhibitor(watcher);
}

static void on_logind_gone(GDBusConnection *bus, const char *name, gpointer data)
{
    (void)bus;
    (void)name;
    drop_inhibitor(data);
}

void sr_watcher_locked(SrWatcher *watcher)
{
    if (watcher->sleeping)
        drop_inhibitor(watcher);
}

/* --- signals
 * ----------------------------------------------------------------------------------------- */

/* Whoever sends them: a false signal only makes us forget keys early. */
static void on_lock(GDBusConnection *bus, const char *sender, const char *path,
                    const char *interface, const char *name, GVariant *parameters, gpointer data)
{
    SrWatcher *watcher = data;

    (void)bus;
    (void)sender;
    (void)path;
    (void)interface;
    (void)name;
    (void)parameters;
    sr_agent_lock(watcher->agent, FALSE);
}

static void on_sleep(GDBusConnection *bus, const char *sender, const char *path,
                     const char *interface, const char *name, GVariant *parameters, gpointer data)
{
    SrWatcher *watcher = data;
    gboolean starting = TRUE;

    (void)bus;
    (void)sender;
    (void)path;
    (void)interface;
    (void)name;
    if (g_variant_is_of_type(parameters, G_VARIANT_TYPE("(b)")))
        g_variant_get(parameters, "(b)", &starting);
    watcher->sleeping = starting;
    if (starting)
        sr_agent_lock(watcher->agent, FALSE);
    else if (watcher->inhibitor < 0)
        take_inhibitor(watcher);
}

static guint subscribe(SrWatcher *watcher, const char *interface, const char *name,
                       GDBusSignalCallback callback)
{
    return g_dbus_connection_signal_subscribe(watcher->bus, NULL, interface, name, NULL, NULL,
                                              G_DBUS_SIGNAL_FLAGS_NONE, callback, watcher, NULL);
}

static void on_bus(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);
    SrWatcher *watcher = data;

    (void)source;
    if (!bus) /* cancelled (the watcher is gone), or there is no system bus */
        return;
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    watcher->bus = g_steal_pointer(&bus);
    watcher->sleep_subscription = subscribe(watcher, MANAGER, "PrepareForSleep", on_sleep);
    watcher->lock_subscription =
        subscribe(watcher, "org.freedesktop.login1.Session", "Lock", on_lock);
    watcher->name_watch =
        g_bus_watch_name_on_connection(watcher->bus, LOGIND, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                       on_logind, on_logind_gone, watcher, NULL);
}

SrWatcher *sr_watcher_new(SrAgent *agent)
{
    SrWatcher *watcher = g_new0(SrWatcher, 1);

    watcher->agent = agent;
    watcher->inhibitor = -1;
    watcher->cancellable = g_cancellable_new();
    g_bus_get(G_BUS_TYPE_SYSTEM, watcher->cancellable, on_bus, watcher);
    return watcher;
}

void sr_watcher_free(SrWatcher *watcher)
{
    if (!watcher)
        return;
    g_cancellable_cancel(watcher->cancellable);
    g_object_unref(watcher->cancellable);
    if (watcher->bus) {
        g_bus_unwatch_name(watcher->name_watch);
        g_dbus_connection_signal_unsubscribe(watcher->bus, watcher->sleep_subscription);
        g_dbus_connection_signal_unsubscribe(watcher->bus, watcher->lock_subscription);
        g_object_unref(watcher->bus);
    }
    drop_inhibitor(watcher);
    g_free(watcher);
}
