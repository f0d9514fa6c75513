#include "prompt/passphrase_window.h"

#include "consent/prompt.h"
#include "prompt/panel.h"
#include "prompt/screen.h"
#include "prompt/style.h"
#include "prompt/summary.h"

#include <gtk/gtk.h>
#include <string.h>
#include <unistd.h>

#define WIDTH_MAX 480

typedef struct {
    GMainLoop *loop;
    GtkWindow *window;
    GtkWidget *entry;
    GtkWidget *again; /* NULL unless a new passphrase is set */
    GtkWidget *hint;
    GtkWidget *action;
    gboolean accepted;
} SrPassphraseWindow;

static const char *text_of(GtkWidget *entry)
{
    return gtk_editable_get_text(GTK_EDITABLE(entry));
}

/* What is wrong with the entries: NULL when nothing is, "" when nothing need be said yet. */
static const char *find_fault(const SrPassphraseWindow *self)
{
    const char *text = text_of(self->entry);

    if (!*text)
        return "";
    if (strlen(text) > SR_PASSPHRASE_MAX)
        return "Too long.";
    if (self->again && !g_str_has_prefix(text, text_of(self->again)))
        return "The two are not the same.";
    if (self->again && strcmp(text, text_of(self->again)) != 0)
        return ""; /* still being typed */
    return NULL;
}

static void update(SrPassphraseWindow *self)
{
    const char *fault = find_fault(self);

    gtk_widget_set_sensitive(self->action, fault == NULL);
    gtk_label_set_text(GTK_LABEL(self->hint), fault ? fault : "");
}

static void accept(SrPassphraseWindow *self)
{
    self->accepted = find_fault(self) == NULL;
    if (self->accepted)
        g_main_loop_quit(self->loop);
}

static void cancel(SrPassphraseWindow *self)
{
    self->accepted = FALSE;
    g_main_loop_quit(self->loop);
}

static gboolean closed(SrPassphraseWindow *self)
{
    cancel(self);
    return TRUE;
}

static gboolean key_pressed(G_GNUC_UNUSED GtkEventControllerKey *controller, guint key,
                            G_GNUC_UNUSED guint code, G_GNUC_UNUSED GdkModifierType modifiers,
                            gpointer user_data)
{
    if (key != GDK_KEY_Escape)
        return FALSE;
    cancel(user_data);
    return TRUE;
}

static GtkWidget *add_entry(SrPassphraseWindow *self, GtkBox *box, const char *name)
{
    GtkWidget *label = sr_style_label(name, "heading");
    GtkWidget *entry = gtk_password_entry_new();

    g_object_set(entry, "show-peek-icon", TRUE, "activates-default", TRUE, NULL);
    gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    g_signal_connect_swapped(entry, "changed", G_CALLBACK(update), self);
    gtk_box_append(box, label);
    gtk_box_append(box, entry);
    return entry;
}

static GtkWidget *make_entries(SrPassphraseWindow *self, gboolean new_one)
{
    GtkWidget *entries = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);

    gtk_widget_set_margin_start(entries, SR_STYLE_MARGIN);
    gtk_widget_set_margin_end(entries, SR_STYLE_MARGIN);
    gtk_widget_set_margin_bottom(entries, SR_STYLE_MARGIN);
    self->entry = add_entry(self, GTK_BOX(entries), new_one ? "New passphrase" : "Passphrase");
    if (new_one)
        self->again = add_entry(self, GTK_BOX(entries), "The same again");
    return entries;
}

static GtkWidget *make_bar(SrPassphraseWindow *self, const SrConsentModel *model)
{
    const char *label = sr_consent_model_first(model, SR_CONSENT_ACTION);
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    GtkWidget *refuse = gtk_button_new_with_label("Cancel");

    self->hint = sr_style_label("", "quiet");
    self->action = gtk_button_new_with_label(label ? label : "OK");
    gtk_widget_add_css_class(self->action, "suggested-action");
    gtk_widget_add_css_class(bar, "bar");
    gtk_box_append(GTK_BOX(bar), self->hint);
    gtk_box_append(GTK_BOX(bar), refuse);
    gtk_box_append(GTK_BOX(bar), self->action);
    g_signal_connect_swapped(refuse, "clicked", G_CALLBACK(cancel), self);
    g_signal_connect_swapped(self->action, "clicked", G_CALLBACK(accept), self);
    gtk_window_set_default_widget(self->window, self->action);
    return bar;
}

static void build(SrPassphraseWindow *self, const SrConsentModel *model, gboolean new_one)
{
    GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *summary = sr_panel_new(sr_summary_new(model));
    int width;
    int height;

    sr_screen_size(gtk_widget_get_display(content), &width, &height);
    width = MIN(width, WIDTH_MAX);
    gtk_box_append(GTK_BOX(content), summary);
    gtk_box_append(GTK_BOX(content), make_entries(self, new_one));
    gtk_box_append(GTK_BOX(content), make_bar(self, model));
    gtk_window_set_child(self->window, content);
    gtk_window_set_default_size(self->window, width, -1);
    sr_panel_fit(summary, width, height / 2);
    gtk_window_set_focus(self->window, self->entry);
    update(self);
}

static gboolean write_all(int fd, const char *bytes, gsize size)
{
    while (size > 0) {
        const gssize written = write(fd, bytes, size);

        if (written <= 0)
            return FALSE;
        bytes += written;
        size -= (gsize)written;
    }
    return TRUE;
}

gboolean sr_passphrase_window_run(const SrConsentModel *model, gboolean new_one, int fd)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    SrPassphraseWindow self = {.loop = loop, .window = GTK_WINDOW(gtk_window_new())};
    GtkEventController *keys = gtk_event_controller_key_new();
    gboolean written;

    gtk_window_set_title(self.window, "sealring");
    build(&self, model, new_one);
    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(key_pressed), &self);
    gtk_widget_add_controller(GTK_WIDGET(self.window), keys);
    g_signal_connect_swapped(self.window, "close-request", G_CALLBACK(closed), &self);
    gtk_window_present(self.window);
    g_main_loop_run(loop);
    written = self.accepted && write_all(fd, text_of(self.entry), strlen(text_of(self.entry)));
    gtk_window_destroy(self.window);
    return written;
}
