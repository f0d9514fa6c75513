#include "store/session_proxy.h"

typedef struct {
    SecretService parent;
} SrSessionProxy;

typedef struct {
    SecretServiceClass parent_class;
} SrSessionProxyClass;

static GType sr_session_proxy_get_type(void);
G_DEFINE_TYPE(SrSessionProxy, sr_session_proxy, SECRET_TYPE_SERVICE)

/* The parent sets bus type and flags after the caller's: set them once more. The flags keep the
 * proxy from loading and starting anything. */
static GObject *construct(GType type, guint count, GObjectConstructParam *parameters)
{
    GObject *object =
        G_OBJECT_CLASS(sr_session_proxy_parent_class)->constructor(type, count, parameters);
    const int flags = G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES |
                      G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS |
                      G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START;

    g_object_set(object, "g-bus-type", G_BUS_TYPE_NONE, "g-flags", flags, NULL);
    return object;
}

static void sr_session_proxy_class_init(SrSessionProxyClass *class)
{
    G_OBJECT_CLASS(class)->constructor = construct;
}

static void sr_session_proxy_init(SrSessionProxy *proxy)
{
    (void)proxy;
}

typedef struct {
    gboolean done;
    GObject *service;
    GError **error;
} Opening;

static void on_opened(GObject *source, GAsyncResult *result, gpointer data)
{
    Opening *opening = data;

    opening->service =
        g_async_initable_new_finish(G_ASYNC_INITABLE(source), result, opening->error);
    opening->done = TRUE;
}

static gboolean on_timeout(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_REMOVE;
}

/* The proxy asks the bus for the owner of its name, without a time-out of its own. */
static GObject *open_proxy(GDBusConnection *connection, GMainContext *context, int timeout_ms,
                           GError **error)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GSource) timer = g_timeout_source_new((guint)timeout_ms);
    Opening opening = {.error = error};

    g_main_context_push_thread_default(context);
    g_source_set_callback(timer, on_timeout, cancellable, NULL);
    g_source_attach(timer, context);
    g_async_initable_new_async(sr_session_proxy_get_type(), G_PRIORITY_DEFAULT, cancellable,
                               on_opened, &opening, "g-connection", connection, "g-default-timeout",
                               timeout_ms, NULL);
    while (!opening.done)
        g_main_context_iteration(context, TRUE);
    g_source_destroy(timer);
    g_main_context_pop_thread_default(context);
    return opening.service;
}

SecretService *sr_session_proxy_new(GDBusConnection *connection, GMainContext *context,
                                    int timeout_ms, GError **error)
{
    g_autoptr(GObject) service = open_proxy(connection, context, timeout_ms, error);

    if (!service || !secret_service_ensure_session_sync(SECRET_SERVICE(service), NULL, error))
        return NULL;
    return SECRET_SERVICE(g_steal_pointer(&service));
}
