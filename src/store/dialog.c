#include "store/dialog.h"

#include "store/store.h"

#define TICK_MS 50

/* Dismissing is a courtesy; it does not take long from another call's time. */
#define DISMISS_MS 200

typedef struct {
    GDBusConnection *connection;
    gint64 end;
    gboolean over;
    SrDialogOutcome outcome;
    GVariant *result;
} Wait;

static void conclude(Wait *wait, SrDialogOutcome outcome)
{
    if (wait->over)
        return;
    wait->over = TRUE;
    wait->outcome = outcome;
}

static void on_completed(GDBusConnection *connection, const char *sender, const char *path,
                         const char *interface, const char *signal, GVariant *arguments,
                         gpointer data)
{
    Wait *wait = data;
    gboolean dismissed = TRUE;

    (void)connection;
    (void)sender;
    (void)path;
    (void)interface;
    (void)signal;
    if (wait->over || !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(bv)")))
        return;
    g_variant_get(arguments, "(bv)", &dismissed, &wait->result);
    conclude(wait, dismissed ? SR_DIALOG_DISMISSED : SR_DIALOG_COMPLETED);
}

static void on_owner_changed(GDBusConnection *connection, const char *sender, const char *path,
                             const char *interface, const char *signal, GVariant *arguments,
                             gpointer data)
{
    (void)connection;
    (void)sender;
    (void)path;
    (void)interface;
    (void)signal;
    (void)arguments;
    conclude(data, SR_DIALOG_GONE);
}

/* The connection's "closed" signal belongs to the thread that made it: look instead. */
static gboolean on_tick(gpointer data)
{
    Wait *wait = data;

    if (g_dbus_connection_is_closed(wait->connection))
        conclude(wait, SR_DIALOG_GONE);
    else if (g_get_monotonic_time() >= wait->end)
        conclude(wait, SR_DIALOG_LATE);
    return G_SOURCE_CONTINUE;
}

/* Listen first, then show: a prompt that needs no dialog completes at once. */
static void show(const SrBusTarget *target, Wait *wait, GMainContext *context)
{
    const gint64 deadline =
        MIN(wait->end, g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000);
    const guint completed = g_dbus_connection_signal_subscribe(
        target->connection, target->peer, target->interface, "Completed", target->path, NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, on_completed, wait, NULL);
    const guint owner = g_dbus_connection_signal_subscribe(
        target->connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", target->peer, G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, wait,
        NULL);
    g_autoptr(GVariant) shown =
        sr_bus_call(target, "Prompt", g_variant_new("(s)", ""), "()", deadline, NULL);

    if (!shown)
        conclude(wait, SR_DIALOG_GONE);
    while (!wait->over)
        g_main_context_iteration(context, TRUE);
    g_dbus_connection_signal_unsubscribe(target->connection, owner);
    g_dbus_connection_signal_unsubscribe(target->connection, completed);
}

SrDialogOutcome sr_dialog_run(const SrBusTarget *target, gint64 end, GVariant **ret_result)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GSource) timer = g_timeout_source_new(TICK_MS);
    Wait wait = {.connection = target->connection, .end = end};

    g_main_context_push_thread_default(context);
    g_source_set_callback(timer, on_tick, &wait, NULL);
    g_source_attach(timer, context);
    show(target, &wait, context);
    g_source_destroy(timer);
    g_main_context_pop_thread_default(context);
    if (wait.outcome == SR_DIALOG_LATE)
        sr_dialog_dismiss(target);
    if (ret_result && wait.outcome == SR_DIALOG_COMPLETED)
        *ret_result = g_steal_pointer(&wait.result);
    g_clear_pointer(&wait.result, g_variant_unref);
    return wait.outcome;
}

void sr_dialog_dismiss(const SrBusTarget *target)
{
    g_autoptr(GVariant) reply = sr_bus_call(
        target, "Dismiss", NULL, "()", g_get_monotonic_time() + DISMISS_MS * (gint64)1000, NULL);

    (void)reply;
}
