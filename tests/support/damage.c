#include "support/damage.h"

#include <gio/gio.h>
#include <sqlite3.h>
#include <string.h>

#define SERVICE "org.freedesktop.Secret.Service"
#define COLLECTION "org.freedesktop.Secret.Collection"
#define ITEM "org.freedesktop.Secret.Item"
#define SERVICE_PATH "/org/freedesktop/secrets"
#define DEFAULT SERVICE_PATH "/aliases/default"

void damage_vault(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;
    char *message = NULL;

    g_assert_cmpint(sqlite3_open(path, &handle), ==, SQLITE_OK);
    sqlite3_exec(handle, sql, NULL, NULL, &message);
    g_assert_cmpstr(message, ==, NULL);
    sqlite3_close(handle);
}

static GVariant *call(GDBusConnection *connection, const char *path, const char *interface,
                      const char *method, GVariant *arguments)
{
    g_autoptr(GError) error = NULL;
    GVariant *reply =
        g_dbus_connection_call_sync(connection, "org.freedesktop.secrets", path, interface, method,
                                    arguments, NULL, G_DBUS_CALL_FLAGS_NONE, 20000, NULL, &error);

    g_assert_no_error(error);
    return reply;
}

static GVariant *attributes_of(const PlantedItem *item)
{
    g_autofree char *schema =
        g_strdup_printf("org.sealring.%c%s", g_ascii_toupper(item->kind[0]), item->kind + 1);
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&builder, "{ss}", "xdg:schema", schema);
    g_variant_builder_add(&builder, "{ss}", "kind", item->kind);
    if (item->id)
        g_variant_builder_add(&builder, "{ss}", "id", item->id);
    return g_variant_builder_end(&builder);
}

static GVariant *properties_of(const PlantedItem *item)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&builder, "{sv}", ITEM ".Label", g_variant_new_string("Planted"));
    g_variant_builder_add(&builder, "{sv}", ITEM ".Attributes", attributes_of(item));
    return g_variant_builder_end(&builder);
}

void plant_item(const char *address, const PlantedItem *item)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection =
        g_dbus_connection_new_for_address_sync(address,
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_autoptr(GVariant) session = NULL;
    g_autoptr(GVariant) created = NULL;
    const char *session_path;

    g_assert_no_error(error);
    session = call(connection, SERVICE_PATH, SERVICE, "OpenSession",
                   g_variant_new("(sv)", "plain", g_variant_new_string("")));
    g_variant_get(session, "(v&o)", NULL, &session_path);
    created = call(
        connection, DEFAULT, COLLECTION, "CreateItem",
        g_variant_new("(@a{sv}(o@ay@ays)b)", properties_of(item), session_path,
                      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, "", 0, 1),
                      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, item->text, item->size, 1),
                      "text/plain", FALSE));
}
