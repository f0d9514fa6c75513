#include "store/session_proxy.h"

typedef struct {
    SecretService parent;
} SrSessionProxy;

typedef struct {
    SecretServiceClass parent_class;
} SrSessionProxyClass;

static GType sr_session_proxy_get_type(void);
G_DEFINE_TYPE(SrSessionProxy, sr_session_proxy, SECRET_TYPE_SERVICE)

static const char *find_name(guint count, const GObjectConstructParam *parameters)
{
    for (guint i = 0; i < count; i++)
        if (g_str_equal(parameters[i].pspec->name, "g-name"))
            return g_value_get_string(parameters[i].value);
    return NULL;
}

/* The parent sets bus type, name and flags after the caller's: set them once more. A unique name
 * and these flags keep the proxy from calling or listening before it is asked to. */
static GObject *construct(GType type, guint count, GObjectConstructParam *parameters)
{
    GObject *object =
        G_OBJECT_CLASS(sr_session_proxy_parent_class)->constructor(type, count, parameters);
    const int flags = G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES |
                      G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS |
                      G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START;

    g_object_set(object, "g-bus-type", G_BUS_TYPE_NONE, "g-name", find_name(count, parameters),
                 "g-flags", flags, NULL);
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

SecretService *sr_session_proxy_new(GDBusConnection *connection, const char *owner, int timeout_ms,
                                    GError **error)
{
    g_autoptr(SecretService) service =
        g_initable_new(sr_session_proxy_get_type(), NULL, error, "g-connection", connection,
                       "g-name", owner, "g-default-timeout", timeout_ms, NULL);

    if (!service || !secret_service_ensure_session_sync(service, NULL, error))
        return NULL;
    return g_steal_pointer(&service);
}
