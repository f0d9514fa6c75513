/*
 * org.freedesktop.login1 on a private bus, as far as delay inhibitors go:
 *
 *     fake_logind ADDRESS
 *
 * Says on stdout "ready", then "inhibit WHAT MODE" for each call of Inhibit and "released" when the
 * inhibitor it gave out is closed. Obeys lines of stdin, "sleep" and "wake", with PrepareForSleep.
 */
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "/org/freedesktop/login1"
#define MANAGER "org.freedesktop.login1.Manager"

static const char interface_xml[] = "<node><interface name='" MANAGER "'><method name='Inhibit'>"
                                    "<arg type='s' direction='in'/><arg type='s' direction='in'/>"
                                    "<arg type='s' direction='in'/><arg type='s' direction='in'/>"
                                    "<arg type='h' direction='out'/></method></interface></node>";

static void say(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
}

static gboolean on_released(int fd, GIOCondition condition, gpointer data)
{
    (void)condition;
    (void)data;
    close(fd);
    say("released");
    return G_SOURCE_REMOVE;
}

static void on_call(GDBusConnection *bus, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *parameters,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    g_autofree char *line = NULL;
    const char *what;
    const char *mode;
    int ends[2];

    (void)bus;
    (void)sender;
    (void)path;
    (void)interface;
    (void)method;
    (void)data;
    g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
    g_variant_get(parameters, "(&s&s&s&s)", &what, NULL, NULL, &mode);
    line = g_strconcat("inhibit ", what, " ", mode, NULL);
    g_unix_fd_add(ends[0], G_IO_HUP, on_released, NULL);
    g_unix_fd_list_append(fds, ends[1], NULL);
    close(ends[1]);
    g_dbus_method_invocation_return_value_with_unix_fd_list(invocation, g_variant_new("(h)", 0),
                                                            fds);
    say(line);
}

static void on_name(GDBusConnection *bus, const char *name, gpointer data)
{
    (void)bus;
    (void)name;
    (void)data;
    say("ready");
}

static gboolean on_line(GIOChannel *channel, GIOCondition condition, gpointer bus)
{
    g_autofree char *line = NULL;

    (void)condition;
    if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL)
        _exit(0);
    g_dbus_connection_emit_signal(bus, NULL, PATH, MANAGER, "PrepareForSleep",
                                  g_variant_new("(b)", strcmp(line, "sleep\n") == 0), NULL);
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    static const GDBusInterfaceVTable table = {.method_call = on_call};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GIOChannel) commands = g_io_channel_unix_new(STDIN_FILENO);
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(interface_xml, NULL);
    g_autoptr(GDBusConnection) bus = NULL;

    if (argc != 2)
        return 2;
    bus = g_dbus_connection_new_for_address_sync(argv[1],
                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                 NULL, NULL, NULL);
    if (!bus)
        return 1;
    g_dbus_connection_register_object(bus, PATH, node->interfaces[0], &table, NULL, NULL, NULL);
    g_bus_own_name_on_connection(bus, "org.freedesktop.login1", G_BUS_NAME_OWNER_FLAGS_NONE,
                                 on_name, NULL, NULL, NULL);
    g_io_add_watch(commands, G_IO_IN | G_IO_HUP, on_line, bus);
    g_main_loop_run(loop);
    return 0;
}
