#include "store/provider.h"

#include "base/error.h"
#include "store/dialog.h"
#include "store/session_proxy.h"

#define NAME "org.freedesktop.secrets"
#define PREFIX "org.freedesktop.Secret."
#define SERVICE_PATH "/org/freedesktop/secrets"
#define CONTENT_TYPE "text/plain"

/* For what a provider calls a prompt but does without a dialog. */
#define SILENT_MS 500

struct SrProvider {
    char *address;
    gint64 deadline;
    GDBusConnection *connection;
    char *owner;            /* unique name */
    char *program;          /* NULL until somebody wants to know */
    SecretService *session; /* NULL until a secret is sent or asked for */
    GMainContext *context;  /* where the session's D-Bus signals go */
};

static const char *interface_name(const char *name)
{
    static const char *const names[] = {PREFIX "Service", PREFIX "Collection", PREFIX "Item",
                                        PREFIX "Prompt"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_has_suffix(names[i], name))
            return names[i];
    g_return_val_if_reached(NULL);
}

SrProvider *sr_provider_new(const char *address)
{
    SrProvider *provider = g_new0(SrProvider, 1);

    provider->address = g_strdup(address);
    provider->context = g_main_context_new();
    return provider;
}

static void drop_owner(SrProvider *provider)
{
    g_main_context_push_thread_default(provider->context);
    g_clear_object(&provider->session);
    /* GDBus frees what belonged to the session's signals from here. */
    while (g_main_context_iteration(provider->context, FALSE))
        continue;
    g_main_context_pop_thread_default(provider->context);
    g_clear_pointer(&provider->owner, g_free);
    g_clear_pointer(&provider->program, g_free);
}

void sr_provider_drop(SrProvider *provider)
{
    drop_owner(provider);
    g_clear_object(&provider->connection);
}

void sr_provider_free(SrProvider *provider)
{
    if (!provider)
        return;
    sr_provider_drop(provider);
    g_main_context_unref(provider->context);
    g_free(provider->address);
    g_free(provider);
}

gint64 sr_provider_deadline(const SrProvider *provider)
{
    return provider->deadline;
}

SrBusTarget sr_provider_target(const SrProvider *provider, const char *path, const char *interface)
{
    return (SrBusTarget){provider->connection, provider->owner, path, interface_name(interface)};
}

static GVariant *call(SrProvider *provider, const char *path, const char *interface,
                      const char *method, GVariant *arguments, const char *reply_type,
                      GError **error)
{
    const SrBusTarget target = sr_provider_target(provider, path, interface);

    return sr_bus_call(&target, method, arguments, reply_type, provider->deadline, error);
}

static GVariant *call_bus(SrProvider *provider, const char *method, GVariant *arguments,
                          const char *reply_type, GError **error)
{
    const SrBusTarget bus = {provider->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                             "org.freedesktop.DBus"};

    return sr_bus_call(&bus, method, arguments, reply_type, provider->deadline, error);
}

/* KeePassXC has no service file, so that StartServiceByName fails for it: ask for an owner first.
 */
static gboolean start_if_missing(SrProvider *provider, GError **error)
{
    g_autoptr(GVariant) owned =
        call_bus(provider, "NameHasOwner", g_variant_new("(s)", NAME), "(b)", error);
    g_autoptr(GVariant) started = NULL;
    gboolean has_owner;

    if (!owned)
        return FALSE;
    g_variant_get(owned, "(b)", &has_owner);
    if (has_owner)
        return TRUE;
    started =
        call_bus(provider, "StartServiceByName", g_variant_new("(su)", NAME, 0u), "(u)", error);
    return started != NULL;
}

gboolean sr_provider_connect(SrProvider *provider, gint64 deadline, GError **error)
{
    g_autoptr(GVariant) reply = NULL;
    g_autofree char *owner = NULL;

    provider->deadline = deadline;
    if (!provider->connection)
        provider->connection = sr_bus_connect(provider->address, deadline, error);
    if (!provider->connection || !start_if_missing(provider, error))
        return FALSE;
    reply = call_bus(provider, "GetNameOwner", g_variant_new("(s)", NAME), "(s)", error);
    if (!reply)
        return FALSE;
    g_variant_get(reply, "(s)", &owner);
    if (g_strcmp0(owner, provider->owner) == 0)
        return TRUE;
    drop_owner(provider);
    provider->owner = g_steal_pointer(&owner);
    return TRUE;
}

/* The program behind the owner, NULL when the bus or the kernel does not tell. Asked for once. */
static const char *find_program(SrProvider *provider)
{
    g_autoptr(GVariant) reply = NULL;
    g_autofree char *path = NULL;
    g_autofree char *words = NULL;
    guint32 pid;

    if (provider->program || !provider->owner)
        return provider->program;
    reply = call_bus(provider, "GetConnectionUnixProcessID", g_variant_new("(s)", provider->owner),
                     "(u)", NULL);
    if (!reply)
        return NULL;
    g_variant_get(reply, "(u)", &pid);
    path = g_strdup_printf("/proc/%" G_GUINT32_FORMAT "/cmdline", pid);
    if (g_file_get_contents(path, &words, NULL, NULL) && words[0])
        provider->program = g_path_get_basename(words);
    return provider->program;
}

char *sr_provider_describe(SrProvider *provider, const char *collection)
{
    const char *program = find_program(provider);

    return g_strdup_printf("%s%sdefault keyring %s", program ? program : "", program ? ", " : "",
                           collection ? collection : "none");
}

gboolean sr_provider_find_collection(SrProvider *provider, char **ret_path, GError **error)
{
    g_autoptr(GVariant) reply = call(provider, SERVICE_PATH, "Service", "ReadAlias",
                                     g_variant_new("(s)", "default"), "(o)", error);
    g_autofree char *path = NULL;

    if (!reply)
        return FALSE;
    g_variant_get(reply, "(o)", &path);
    *ret_path = g_str_equal(path, "/") ? NULL : g_steal_pointer(&path);
    return TRUE;
}

gboolean sr_provider_is_locked(SrProvider *provider, const char *collection, gboolean *ret_locked,
                               GError **error)
{
    const SrBusTarget target = sr_provider_target(provider, collection, "Collection");
    g_autoptr(GVariant) value =
        sr_bus_get_property(&target, "Locked", "b", provider->deadline, error);

    if (!value)
        return FALSE;
    *ret_locked = g_variant_get_boolean(value);
    return TRUE;
}

GPtrArray *sr_provider_search(SrProvider *provider, const char *collection, GVariant *attributes,
                              GError **error)
{
    g_autoptr(GVariant) reply = call(provider, collection, "Collection", "SearchItems",
                                     g_variant_new("(@a{ss})", attributes), "(ao)", error);
    g_autoptr(GVariantIter) iter = NULL;
    GPtrArray *paths;
    char *path;

    if (!reply)
        return NULL;
    paths = g_ptr_array_new_with_free_func(g_free);
    g_variant_get(reply, "(ao)", &iter);
    while (g_variant_iter_next(iter, "o", &path))
        g_ptr_array_add(paths, path);
    return paths;
}

static gboolean ensure_session(SrProvider *provider, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!provider->session)
        provider->session = sr_session_proxy_new(provider->connection, provider->context,
                                                 sr_bus_remaining_ms(provider->deadline), &cause);
    if (!provider->session)
        sr_bus_explain(cause, error);
    return provider->session != NULL;
}

void sr_provider_dismiss(SrProvider *provider, const char *prompt)
{
    const SrBusTarget target = sr_provider_target(provider, prompt, "Prompt");

    sr_dialog_dismiss(&target);
}

/* Whether one of the items of @collection with @attributes is locked by itself. */
static gboolean has_locked_item(SrProvider *provider, const char *collection, GVariant *attributes,
                                gboolean *ret_locked, GError **error)
{
    g_autoptr(GPtrArray) paths = sr_provider_search(provider, collection, attributes, error);

    *ret_locked = FALSE;
    for (guint i = 0; paths && i < paths->len && !*ret_locked; i++) {
        const SrBusTarget item = sr_provider_target(provider, paths->pdata[i], "Item");
        g_autoptr(GVariant) value =
            sr_bus_get_property(&item, "Locked", "b", provider->deadline, error);

        if (!value)
            return FALSE;
        *ret_locked = g_variant_get_boolean(value);
    }
    return paths != NULL;
}

static gboolean refuse_prompt(SrProvider *provider, const char *prompt, GError **error)
{
    sr_provider_dismiss(provider, prompt);
    sr_error_set(error, SR_ERROR_STORE_LOCKED,
                 "the keyring wants to ask the user first: unlock it, or switch off its "
                 "confirmation of each access");
    return FALSE;
}

/*
 * KeePassXC answers each CreateItem and Delete with a prompt, whether it has something to ask or
 * not. It has not when nothing that the call touches (the collection, the items with @attributes)
 * is locked; then the prompt is carried out, in a time in which nobody could read a dialog. Any
 * other prompt is sent away.
 */
static gboolean settle(SrProvider *provider, const char *prompt, const char *collection,
                       GVariant *attributes, GVariant **ret_result, GError **error)
{
    const SrBusTarget target = sr_provider_target(provider, prompt, "Prompt");
    const gint64 end = g_get_monotonic_time() + SILENT_MS * (gint64)1000;
    gboolean locked = FALSE;

    if (!sr_provider_is_locked(provider, collection, &locked, error) ||
        (!locked && !has_locked_item(provider, collection, attributes, &locked, error)))
        return FALSE;
    if (!locked &&
        sr_dialog_run(&target, MIN(end, provider->deadline), ret_result) == SR_DIALOG_COMPLETED)
        return TRUE;
    return refuse_prompt(provider, prompt, error);
}

static GVariant *encode_secret(SrProvider *provider, const SrSecret *secret)
{
    SecretValue *value = secret_value_new((const char *)sr_secret_peek(secret),
                                          (gssize)sr_secret_size(secret), CONTENT_TYPE);
    GVariant *encoded = secret_service_encode_dbus_secret(provider->session, value);

    secret_value_unref(value);
    return encoded;
}

static GVariant *item_properties(const char *label, GVariant *attributes)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", PREFIX "Item.Label", g_variant_new_string(label));
    g_variant_builder_add(&builder, "{sv}", PREFIX "Item.Attributes", attributes);
    return g_variant_builder_end(&builder);
}

char *sr_provider_create(SrProvider *provider, const char *collection, const char *label,
                         GVariant *attributes, const SrSecret *secret, GError **error)
{
    g_autoptr(GVariant) kept = g_variant_ref_sink(attributes);
    g_autoptr(GVariant) properties = g_variant_ref_sink(item_properties(label, kept));
    g_autoptr(GVariant) reply = NULL;
    g_autoptr(GVariant) result = NULL;
    g_autofree char *item = NULL;
    const char *prompt;

    if (!ensure_session(provider, error))
        return NULL;
    reply =
        call(provider, collection, "Collection", "CreateItem",
             g_variant_new("(@a{sv}@(oayays)b)", properties, encode_secret(provider, secret), TRUE),
             "(oo)", error);
    if (!reply)
        return NULL;
    g_variant_get(reply, "(o&o)", &item, &prompt);
    if (g_str_equal(prompt, "/"))
        return g_steal_pointer(&item);
    if (!settle(provider, prompt, collection, kept, &result, error))
        return NULL;
    return g_variant_is_of_type(result, G_VARIANT_TYPE_OBJECT_PATH)
               ? g_variant_dup_string(result, NULL)
               : g_steal_pointer(&item);
}

gboolean sr_provider_delete(SrProvider *provider, const char *collection, const char *item,
                            GVariant *attributes, GError **error)
{
    g_autoptr(GVariant) kept = g_variant_ref_sink(attributes);
    g_autoptr(GVariant) reply = call(provider, item, "Item", "Delete", NULL, "(o)", error);
    const char *prompt;

    if (!reply)
        return FALSE;
    g_variant_get(reply, "(&o)", &prompt);
    return g_str_equal(prompt, "/") || settle(provider, prompt, collection, kept, NULL, error);
}

static SrSecret *decode_secret(SrProvider *provider, const char *path, GVariant *encoded,
                               GError **error)
{
    SecretValue *value = secret_service_decode_dbus_secret(provider->session, encoded);
    SrSecret *secret = NULL;
    const char *text;
    gsize size;

    if (!value) {
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "the keyring sent item %s in a form that its "
                     "session cannot decode",
                     path);
        return NULL;
    }
    text = secret_value_get(value, &size);
    if (size <= SR_SECRET_MAX)
        secret = sr_secret_new_copy(text, size, error);
    else
        sr_error_set(error, SR_ERROR_CORRUPT, "the keyring's item %s is longer than any of ours",
                     path);
    secret_value_unref(value);
    return secret;
}

GVariant *sr_provider_fetch_secrets(SrProvider *provider, const char *const *paths, guint count,
                                    GError **error)
{
    g_autoptr(GVariant) list = g_variant_ref_sink(g_variant_new_objv(paths, count));
    g_autoptr(GVariant) reply = NULL;

    if (!ensure_session(provider, error))
        return NULL;
    reply =
        call(provider, SERVICE_PATH, "Service", "GetSecrets",
             g_variant_new("(@aoo)", list, secret_service_get_session_dbus_path(provider->session)),
             "(a{o(oayays)})", error);
    return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

SrSecret *sr_provider_open_secret(SrProvider *provider, GVariant *fetched, const char *path,
                                  GError **error)
{
    g_autoptr(GVariant) encoded = NULL;

    /* Items that are locked are left out of the answer. */
    if (g_variant_lookup(fetched, path, "@(oayays)", &encoded))
        return decode_secret(provider, path, encoded, error);
    sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring withholds item %s: unlock it", path);
    return NULL;
}

gboolean sr_provider_unlock(SrProvider *provider, const char *collection, char **ret_prompt,
                            GError **error)
{
    GVariant *list = g_variant_new_objv(&collection, 1);
    g_autoptr(GVariant) reply = call(provider, SERVICE_PATH, "Service", "Unlock",
                                     g_variant_new("(@ao)", list), "(aoo)", error);
    g_autofree char *prompt = NULL;

    if (!reply)
        return FALSE;
    g_variant_get(reply, "(aoo)", NULL, &prompt);
    *ret_prompt = g_str_equal(prompt, "/") ? NULL : g_steal_pointer(&prompt);
    return TRUE;
}
