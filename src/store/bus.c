#include "store/bus.h"

#include "base/error.h"
#include "store/store.h"

#include <libsecret/secret.h>
#include <string.h>

/* Calls under way at once: enough to hide the round trip, few enough for the bus's limits. */
#define CALLS_AT_ONCE 64u

#define PROPERTIES "org.freedesktop.DBus.Properties"

char *sr_bus_find_address(const char *given)
{
    const char *address = given ? given : g_getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *socket = NULL;
    g_autofree char *escaped = NULL;

    if (address && *address && strcmp(address, "disabled:") != 0)
        return g_strdup(address);
    if (given || !runtime || !g_path_is_absolute(runtime))
        return NULL;
    socket = g_build_filename(runtime, "bus", NULL);
    if (!g_file_test(socket, G_FILE_TEST_EXISTS))
        return NULL;
    escaped = g_dbus_address_escape_value(socket);
    return g_strconcat("unix:path=", escaped, NULL);
}

int sr_bus_remaining_ms(gint64 deadline)
{
    const gint64 left = (deadline - g_get_monotonic_time()) / 1000;

    return (int)CLAMP(left, 1, G_MAXINT);
}

static gboolean is_locked_error(const GError *cause)
{
    g_autofree char *name = NULL;

    if (g_error_matches(cause, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
        return TRUE;
    name = g_dbus_error_get_remote_error(cause);
    return g_strcmp0(name, "org.freedesktop.Secret.Error.IsLocked") == 0;
}

static void set_timeout(GError **error)
{
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                 "the keyring or the session bus does not answer within %.1f s",
                 SR_STORE_DEADLINE_MS / 1000.0);
}

void sr_bus_explain(const GError *cause, GError **error)
{
    g_autoptr(GError) plain = g_error_copy(cause);

    g_dbus_error_strip_remote_error(plain);
    if (is_locked_error(cause))
        sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring is locked: %s", plain->message);
    else if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
             g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        set_timeout(error);
    else if (g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "no keyring service on the session bus: start one, or use the vault (%s)",
                     plain->message);
    else
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the keyring reports: %s", plain->message);
}

/* Autolaunching or running a program, as some address kinds ask for, is never wanted. */
static gboolean check_address(const char *address, GError **error)
{
    g_auto(GStrv) entries = NULL;

    if (!address) {
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "no session bus: log in to a desktop session, or use the vault");
        return FALSE;
    }
    entries = g_strsplit(address, ";", -1);
    for (gsize i = 0; entries[i]; i++)
        if (!g_str_has_prefix(entries[i], "unix:")) {
            sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                         "only unix: addresses of a session bus are used, not \"%s\"", entries[i]);
            return FALSE;
        }
    return TRUE;
}

/* Shared by who waits and the thread that connects; the last one frees it. */
typedef struct {
    gatomicrefcount references;
    char *address;
    GCancellable *cancellable;
    GMutex mutex;
    GCond done_changed;
    gboolean done; /* under mutex, and what follows */
    GDBusConnection *connection;
    GError *cause;
} Attempt;

static Attempt *attempt_new(const char *address)
{
    Attempt *attempt = g_new0(Attempt, 1);

    g_atomic_ref_count_init(&attempt->references);
    attempt->address = g_strdup(address);
    attempt->cancellable = g_cancellable_new();
    g_mutex_init(&attempt->mutex);
    g_cond_init(&attempt->done_changed);
    return attempt;
}

static void attempt_unref(Attempt *attempt)
{
    if (!g_atomic_ref_count_dec(&attempt->references))
        return;
    g_free(attempt->address);
    g_object_unref(attempt->cancellable);
    g_mutex_clear(&attempt->mutex);
    g_cond_clear(&attempt->done_changed);
    g_clear_object(&attempt->connection);
    g_clear_error(&attempt->cause);
    g_free(attempt);
}

static gpointer connect_thread(gpointer data)
{
    Attempt *attempt = data;
    g_autoptr(GError) cause = NULL;
    GDBusConnection *connection =
        g_dbus_connection_new_for_address_sync(attempt->address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, attempt->cancellable, &cause);

    g_mutex_lock(&attempt->mutex);
    attempt->connection = connection;
    attempt->cause = g_steal_pointer(&cause);
    attempt->done = TRUE;
    g_cond_signal(&attempt->done_changed);
    g_mutex_unlock(&attempt->mutex);
    attempt_unref(attempt);
    return NULL;
}

/* Wait for the end of @attempt and take what came out of it. */
static GDBusConnection *attempt_wait(Attempt *attempt, gint64 deadline, GError **error)
{
    GDBusConnection *connection;

    g_mutex_lock(&attempt->mutex);
    while (!attempt->done && g_cond_wait_until(&attempt->done_changed, &attempt->mutex, deadline))
        continue;
    connection = g_steal_pointer(&attempt->connection);
    if (!attempt->done)
        set_timeout(error);
    else if (!connection)
        sr_bus_explain(attempt->cause, error);
    g_mutex_unlock(&attempt->mutex);
    return connection;
}

/* GLib has no time-out for this, and its cancelling does not reach every step: a peer that accepts
 * and then says nothing keeps the call. So it has a thread, which is left behind when it is late.
 */
GDBusConnection *sr_bus_connect(const char *address, gint64 deadline, GError **error)
{
    GDBusConnection *connection;
    Attempt *attempt;

    if (!check_address(address, error))
        return NULL;
    attempt = attempt_new(address);
    g_atomic_ref_count_inc(&attempt->references);
    g_thread_unref(g_thread_new("bus", connect_thread, attempt));
    connection = attempt_wait(attempt, deadline, error);
    g_cancellable_cancel(attempt->cancellable);
    attempt_unref(attempt);
    if (connection)
        g_dbus_connection_set_exit_on_close(connection, FALSE);
    return connection;
}

GVariant *sr_bus_call(const SrBusTarget *target, const char *method, GVariant *arguments,
                      const char *reply_type, gint64 deadline, GError **error)
{
    g_autoptr(GError) cause = NULL;
    GVariant *reply = g_dbus_connection_call_sync(
        target->connection, target->peer, target->path, target->interface, method, arguments,
        G_VARIANT_TYPE(reply_type), G_DBUS_CALL_FLAGS_NO_AUTO_START, sr_bus_remaining_ms(deadline),
        NULL, &cause);

    if (!reply)
        sr_bus_explain(cause, error);
    return reply;
}

GVariant *sr_bus_get_property(const SrBusTarget *target, const char *name, const char *type,
                              gint64 deadline, GError **error)
{
    const SrBusTarget properties = {target->connection, target->peer, target->path, PROPERTIES};
    g_autoptr(GVariant) reply = sr_bus_call(
        &properties, "Get", g_variant_new("(ss)", target->interface, name), "(v)", deadline, error);
    g_autoptr(GVariant) value = NULL;

    if (!reply)
        return NULL;
    g_variant_get(reply, "(v)", &value);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE(type)))
        return g_steal_pointer(&value);
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the keyring's property %s has type %s, not %s",
                 name, g_variant_get_type_string(value), type);
    return NULL;
}

typedef struct {
    GPtrArray *replies; /* one slot a path */
    guint under_way;
    GError *cause; /* the first failure */
} Batch;

typedef struct {
    Batch *batch;
    guint index;
} BatchCall;

static void on_properties(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree BatchCall *call = data;
    Batch *batch = call->batch;
    g_autoptr(GError) cause = NULL;

    batch->replies->pdata[call->index] =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &cause);
    batch->under_way--;
    if (cause && !batch->cause)
        batch->cause = g_steal_pointer(&cause);
}

static void get_properties(const SrBusTarget *target, const char *path, Batch *batch, guint index,
                           gint64 deadline)
{
    BatchCall *call = g_new(BatchCall, 1);

    *call = (BatchCall){batch, index};
    batch->under_way++;
    g_dbus_connection_call(target->connection, target->peer, path, PROPERTIES, "GetAll",
                           g_variant_new("(s)", target->interface), G_VARIANT_TYPE("(a{sv})"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, sr_bus_remaining_ms(deadline), NULL,
                           on_properties, call);
}

static void unref_variant(gpointer variant)
{
    if (variant)
        g_variant_unref(variant);
}

GPtrArray *sr_bus_get_all_properties(const SrBusTarget *target, const GPtrArray *paths,
                                     gint64 deadline, GError **error)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GPtrArray) replies = g_ptr_array_new_with_free_func(unref_variant);
    Batch batch = {.replies = replies};
    guint next = 0;

    g_ptr_array_set_size(replies, (int)paths->len);
    g_main_context_push_thread_default(context);
    while (batch.under_way > 0 || (next < paths->len && !batch.cause)) {
        while (next < paths->len && !batch.cause && batch.under_way < CALLS_AT_ONCE) {
            get_properties(target, paths->pdata[next], &batch, next, deadline);
            next++;
        }
        g_main_context_iteration(context, TRUE);
    }
    g_main_context_pop_thread_default(context);
    if (!batch.cause)
        return g_steal_pointer(&replies);
    sr_bus_explain(batch.cause, error);
    g_error_free(batch.cause);
    return NULL;
}
