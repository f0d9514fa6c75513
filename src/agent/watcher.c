#include "agent/watcher.h"

#include <gio/gio.h>

struct SrWatcher {
    SrAgent *agent;
    GCancellable *cancellable;
    GDBusConnection *bus;
    guint sleep_subscription;
    guint lock_subscription;
};

/* Whoever sends it: a false signal only makes us forget keys early. */
static void on_signal(GDBusConnection *bus, const char *sender, const char *path,
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
    if (starting)
        sr_agent_lock(watcher->agent, FALSE);
}

static guint subscribe(SrWatcher *watcher, const char *interface, const char *name)
{
    return g_dbus_connection_signal_subscribe(watcher->bus, NULL, interface, name, NULL, NULL,
                                              G_DBUS_SIGNAL_FLAGS_NONE, on_signal, watcher, NULL);
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
    watcher->sleep_subscription =
        subscribe(watcher, "org.freedesktop.login1.Manager", "PrepareForSleep");
    watcher->lock_subscription = subscribe(watcher, "org.freedesktop.login1.Session", "Lock");
}

SrWatcher *sr_watcher_new(SrAgent *agent)
{
    SrWatcher *watcher = g_new0(SrWatcher, 1);

    watcher->agent = agent;
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
        g_dbus_connection_signal_unsubscribe(watcher->bus, watcher->sleep_subscription);
        g_dbus_connection_signal_unsubscribe(watcher->bus, watcher->lock_subscription);
        g_object_unref(watcher->bus);
    }
    g_free(watcher);
}
