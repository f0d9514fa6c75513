/* The one place where a dialog of the keyring is shown: on request, with an end. */
#include "store/secret_service.h"

#include "base/error.h"
#include "store/provider.h"

#define PROMPT_INTERFACE "org.freedesktop.Secret.Prompt"

#define TICK_MS 100

typedef struct {
    GDBusConnection *connection;
    gint64 end;
    gboolean completed;
    gboolean dismissed;
    gboolean gone; /* the provider or the bus went away */
    gboolean timed_out;
} Wait;

static void on_completed(GDBusConnection *connection, const char *sender, const char *path,
                         const char *interface, const char *signal, GVariant *arguments,
                         gpointer data)
{
    Wait *wait = data;

    (void)connection;
    (void)sender;
    (void)path;
    (void)interface;
    (void)signal;
    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(bv)")))
        return;
    g_variant_get(arguments, "(bv)", &wait->dismissed, NULL);
    wait->completed = TRUE;
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
    ((Wait *)data)->gone = TRUE;
}

/* The connection's "closed" signal belongs to the context it was made in: look instead. */
static gboolean on_tick(gpointer data)
{
    Wait *wait = data;

    wait->gone |= g_dbus_connection_is_closed(wait->connection);
    wait->timed_out = g_get_monotonic_time() >= wait->end;
    return G_SOURCE_CONTINUE;
}

static gboolean explain(const Wait *wait, GError **error)
{
    if (wait->completed && !wait->dismissed)
        return TRUE;
    if (wait->gone)
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the keyring service went away while its dialog was open");
    else
        sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring stays locked: its dialog was %s",
                     wait->timed_out ? "not answered in time" : "dismissed or could not be shown");
    return FALSE;
}

/* Signals are taken from the provider's unique name only: others could forge "Completed". */
static gboolean show(SrProvider *provider, const char *prompt, guint timeout_ms,
                     GMainContext *context, GError **error)
{
    GDBusConnection *connection = sr_provider_connection(provider);
    const SrBusTarget target = sr_provider_target(provider, prompt, "Prompt");
    g_autoptr(GSource) timer = g_timeout_source_new(TICK_MS);
    g_autoptr(GVariant) shown = NULL;
    Wait wait = {.connection = connection,
                 .end = g_get_monotonic_time() + timeout_ms * (gint64)1000};
    const guint completed = g_dbus_connection_signal_subscribe(
        connection, sr_provider_owner(provider), PROMPT_INTERFACE, "Completed", prompt, NULL,
        G_DBUS_SIGNAL_FLAGS_NONE, on_completed, &wait, NULL);
    const guint owner = g_dbus_connection_signal_subscribe(
        connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", sr_provider_owner(provider), G_DBUS_SIGNAL_FLAGS_NONE,
        on_owner_changed, &wait, NULL);

    g_source_set_callback(timer, on_tick, &wait, NULL);
    g_source_attach(timer, context);
    shown = sr_bus_call(&target, "Prompt", g_variant_new("(s)", ""), "()",
                        sr_provider_deadline(provider), error);
    while (shown && !wait.completed && !wait.gone && !wait.timed_out)
        g_main_context_iteration(context, TRUE);
    g_source_destroy(timer);
    g_dbus_connection_signal_unsubscribe(connection, owner);
    g_dbus_connection_signal_unsubscribe(connection, completed);
    if (wait.timed_out)
        sr_provider_dismiss(provider, prompt);
    return shown && explain(&wait, error);
}

static gboolean check_unlocked(SrProvider *provider, const char *collection, GError **error)
{
    gboolean locked;

    if (!sr_provider_connect(provider, g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000,
                             error) ||
        !sr_provider_is_locked(provider, collection, &locked, error))
        return FALSE;
    if (locked)
        sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring is still locked");
    return !locked;
}

static gboolean unlock(SrProvider *provider, guint timeout_ms, GMainContext *context,
                       GError **error)
{
    g_autofree char *collection = NULL;
    g_autofree char *prompt = NULL;

    if (!sr_provider_connect(provider, g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000,
                             error) ||
        !sr_provider_find_collection(provider, &collection, error))
        return FALSE;
    if (!collection) {
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the keyring service has no default keyring to unlock");
        return FALSE;
    }
    return sr_provider_unlock(provider, collection, &prompt, error) &&
           (!prompt || show(provider, prompt, timeout_ms, context, error)) &&
           check_unlocked(provider, collection, error);
}

gboolean sr_secret_service_unlock_with_prompt(const char *bus_address, guint timeout_ms,
                                              GError **error)
{
    g_autofree char *address = sr_bus_find_address(bus_address);
    g_autoptr(SrProvider) provider = sr_provider_new(address);
    g_autoptr(GMainContext) context = g_main_context_new();
    gboolean unlocked;

    g_main_context_push_thread_default(context);
    unlocked = unlock(provider, timeout_ms, context, error);
    sr_provider_drop(provider);
    g_main_context_pop_thread_default(context);
    return unlocked;
}
