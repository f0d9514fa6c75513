#include "prompt/consent_window.h"

#include "prompt/message_view.h"
#include "prompt/panel.h"
#include "prompt/screen.h"
#include "prompt/style.h"
#include "prompt/summary.h"

#include <gtk/gtk.h>

#define DEAD_TIME_MS 700
#define SCROLL_HINT "Scroll down to the end to continue."
#define MESSAGE_HEIGHT_MIN 96

/* Parts that are not there are NULL. */
typedef struct {
    GMainLoop *loop;
    GtkWindow *window;
    GtkWidget *summary;
    GtkWidget *message;
    GtkWidget *hint;
    const char *advice; /* what the hint says once everything was seen */
    GtkWidget *remember;
    GtkWidget *refuse;
    GtkWidget *action;
    guint dead_time;
    gboolean rested; /* the dead time is over */
    gboolean seen;   /* everything has been scrolled to its end */
    SrDecision decision;
} SrConsentWindow;

static gboolean all_at_end(const SrConsentWindow *self)
{
    return sr_panel_at_end(self->summary) &&
           (!self->message || sr_message_view_at_end(self->message));
}

static void update(SrConsentWindow *self)
{
    /* Once seen stays seen: reading it again must not take the button away. */
    self->seen = self->seen || all_at_end(self);
    gtk_widget_set_sensitive(self->action, self->seen && self->rested);
    gtk_label_set_text(GTK_LABEL(self->hint), self->seen ? self->advice : SCROLL_HINT);
}

static gboolean dead_time_over(gpointer user_data)
{
    SrConsentWindow *self = user_data;

    self->dead_time = 0;
    self->rested = TRUE;
    update(self);
    return G_SOURCE_REMOVE;
}

static void mapped(SrConsentWindow *self)
{
    if (!self->dead_time && !self->rested)
        self->dead_time = g_timeout_add(DEAD_TIME_MS, dead_time_over, self);
}

static void deny(SrConsentWindow *self)
{
    self->decision = SR_DECISION_DENY;
    g_main_loop_quit(self->loop);
}

static gboolean closed(SrConsentWindow *self)
{
    deny(self);
    return TRUE;
}

static void agree(SrConsentWindow *self)
{
    const gboolean remember =
        self->remember && gtk_check_button_get_active(GTK_CHECK_BUTTON(self->remember));

    if (!self->seen || !self->rested)
        return;
    self->decision = remember ? SR_DECISION_AGREE_REMEMBER : SR_DECISION_AGREE;
    g_main_loop_quit(self->loop);
}

/* The part that keys scroll: the first whose end has not been reached, else the last. */
static GtkAdjustment *scrolled_part(const SrConsentWindow *self)
{
    if (!self->message || (!self->seen && !sr_panel_at_end(self->summary)))
        return sr_panel_position(self->summary);
    return sr_panel_position(self->message);
}

static gboolean scroll(const SrConsentWindow *self, guint key)
{
    GtkAdjustment *position = scrolled_part(self);
    const double value = gtk_adjustment_get_value(position);
    const double page = gtk_adjustment_get_page_size(position);

    switch (key) {
    case GDK_KEY_Page_Down:
    case GDK_KEY_KP_Page_Down:
        gtk_adjustment_set_value(position, value + page * 0.9);
        return TRUE;
    case GDK_KEY_Page_Up:
    case GDK_KEY_KP_Page_Up:
        gtk_adjustment_set_value(position, value - page * 0.9);
        return TRUE;
    case GDK_KEY_Down:
    case GDK_KEY_Up:
        gtk_adjustment_set_value(position, value + (key == GDK_KEY_Down ? 36 : -36));
        return TRUE;
    case GDK_KEY_End:
    case GDK_KEY_KP_End:
        gtk_adjustment_set_value(position, gtk_adjustment_get_upper(position));
        return TRUE;
    case GDK_KEY_Home:
    case GDK_KEY_KP_Home:
        gtk_adjustment_set_value(position, 0);
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean key_pressed(G_GNUC_UNUSED GtkEventControllerKey *controller, guint key,
                            G_GNUC_UNUSED guint code, GdkModifierType modifiers, gpointer user_data)
{
    SrConsentWindow *self = user_data;

    if (modifiers & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK))
        return FALSE;
    if (key != GDK_KEY_Escape)
        return scroll(self, key);
    deny(self);
    return TRUE;
}

static void watch_keys(SrConsentWindow *self)
{
    GtkEventController *keys = gtk_event_controller_key_new();

    gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
    g_signal_connect(keys, "key-pressed", G_CALLBACK(key_pressed), self);
    gtk_widget_add_controller(GTK_WIDGET(self->window), keys);
}

static void watch_position(SrConsentWindow *self, GtkWidget *panel)
{
    GtkAdjustment *position = sr_panel_position(panel);

    g_signal_connect_swapped(position, "value-changed", G_CALLBACK(update), self);
    g_signal_connect_swapped(position, "changed", G_CALLBACK(update), self);
}

/* "Full text", and how much of it is not shown as it is. */
static GtkWidget *make_message_heading(const SrConsentModel *model)
{
    const guint escaped = sr_consent_model_escaped(model);
    GtkWidget *heading = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    g_autofree char *count = NULL;

    gtk_widget_set_margin_start(heading, SR_STYLE_MARGIN);
    gtk_widget_set_margin_end(heading, SR_STYLE_MARGIN);
    gtk_widget_set_margin_bottom(heading, 6);
    gtk_box_append(GTK_BOX(heading), sr_style_label("Full text", "heading"));
    if (escaped == 0)
        return heading;
    count = g_strdup_printf("%u hidden or unusual %s, shown as <U+...>", escaped,
                            escaped == 1 ? "character" : "characters");
    gtk_box_append(GTK_BOX(heading), sr_style_label(count, "escaped"));
    gtk_label_set_wrap(GTK_LABEL(gtk_widget_get_last_child(heading)), FALSE);
    gtk_widget_set_hexpand(gtk_widget_get_last_child(heading), FALSE);
    return heading;
}

static GtkWidget *make_remember(const char *offer)
{
    GtkWidget *button = gtk_check_button_new();

    gtk_widget_set_halign(button, GTK_ALIGN_START);
    gtk_check_button_set_child(GTK_CHECK_BUTTON(button), sr_style_label(offer, NULL));
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, offer,
                                   -1);
    return button;
}

static GtkWidget *make_buttons(SrConsentWindow *self, const SrConsentModel *model)
{
    const char *label = sr_consent_model_first(model, SR_CONSENT_ACTION);
    const gboolean wrong = sr_consent_model_first(model, SR_CONSENT_ERROR) != NULL;
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);

    self->refuse = gtk_button_new_with_label("Deny");
    self->hint = sr_style_label(SCROLL_HINT, "quiet");
    self->advice = wrong ? "Denying is the safe choice." : "";
    self->action = gtk_button_new_with_label(label ? label : "Allow");
    gtk_widget_add_css_class(self->action, wrong ? "destructive-action" : "suggested-action");
    gtk_widget_set_sensitive(self->action, FALSE);
    gtk_box_append(GTK_BOX(row), self->hint);
    gtk_box_append(GTK_BOX(row), self->refuse);
    gtk_box_append(GTK_BOX(row), self->action);
    g_signal_connect_swapped(self->refuse, "clicked", G_CALLBACK(deny), self);
    g_signal_connect_swapped(self->action, "clicked", G_CALLBACK(agree), self);
    return row;
}

static GtkWidget *make_bar(SrConsentWindow *self, const SrConsentModel *model)
{
    const char *offer = sr_consent_model_first(model, SR_CONSENT_REMEMBER);
    GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);

    gtk_widget_add_css_class(bar, "bar");
    if (offer) {
        self->remember = make_remember(offer);
        gtk_box_append(GTK_BOX(bar), self->remember);
    }
    gtk_box_append(GTK_BOX(bar), make_buttons(self, model));
    return bar;
}

static int natural_height(GtkWidget *widget, int width)
{
    int height;

    gtk_widget_measure(widget, GTK_ORIENTATION_VERTICAL, width, NULL, &height, NULL, NULL);
    return height;
}

/* Give each part the height it needs; where that is more than the screen has, the summary goes
 * before the message, which keeps a few rows. */
static void fit(SrConsentWindow *self, GtkWidget *heading, GtkWidget *bar)
{
    int width;
    int left;

    sr_screen_size(gtk_widget_get_display(bar), &width, &left);
    gtk_window_set_default_size(self->window, width, -1);
    left -= natural_height(bar, width);
    if (!self->message) {
        sr_panel_fit(self->summary, width, left);
        return;
    }
    left -= natural_height(heading, width) + SR_STYLE_MARGIN;
    left -= sr_panel_fit(self->summary, width, MAX(left - MESSAGE_HEIGHT_MIN, MESSAGE_HEIGHT_MIN));
    gtk_scrolled_window_set_min_content_height(
        GTK_SCROLLED_WINDOW(self->message),
        MIN(left, sr_message_view_height(self->message, width - 2 * SR_STYLE_MARGIN)));
}

static void build(SrConsentWindow *self, const SrConsentModel *model)
{
    GtkWidget *content = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    GtkWidget *heading = NULL;
    GtkWidget *bar;

    self->summary = sr_panel_new(sr_summary_new(model));
    gtk_box_append(GTK_BOX(content), self->summary);
    if (sr_consent_model_first(model, SR_CONSENT_TEXT)) {
        heading = make_message_heading(model);
        self->message = sr_message_view_new(model);
        gtk_widget_set_margin_start(self->message, SR_STYLE_MARGIN);
        gtk_widget_set_margin_end(self->message, SR_STYLE_MARGIN);
        gtk_widget_set_margin_bottom(self->message, SR_STYLE_MARGIN);
        gtk_box_append(GTK_BOX(content), heading);
        gtk_box_append(GTK_BOX(content), self->message);
    }
    bar = make_bar(self, model);
    gtk_box_append(GTK_BOX(content), bar);
    gtk_window_set_child(self->window, content);
    gtk_window_set_default_widget(self->window, self->refuse);
    gtk_window_set_focus(self->window, self->refuse);
    fit(self, heading, bar);
}

static void watch(SrConsentWindow *self)
{
    watch_position(self, self->summary);
    if (self->message)
        watch_position(self, self->message);
    watch_keys(self);
    g_signal_connect_swapped(self->window, "map", G_CALLBACK(mapped), self);
    g_signal_connect_swapped(self->window, "close-request", G_CALLBACK(closed), self);
}

SrDecision sr_consent_window_run(const SrConsentModel *model)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    SrConsentWindow self = {.loop = loop, .window = GTK_WINDOW(gtk_window_new())};

    gtk_window_set_title(self.window, "sealring");
    build(&self, model);
    watch(&self);
    gtk_window_present(self.window);
    gtk_window_set_focus_visible(self.window, TRUE);
    g_main_loop_run(loop);
    if (self.dead_time)
        g_source_remove(self.dead_time);
    g_signal_handlers_disconnect_by_data(self.window, &self);
    gtk_window_destroy(self.window);
    return self.decision;
}
