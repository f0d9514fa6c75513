#include "prompt/message_view.h"

#include "prompt/gutter.h"
#include "prompt/panel.h"
#include "prompt/style.h"

#include <string.h>

#define TEXT_PADDING 8
#define ROW_SPACING 2 /* below each row, wrapped or not */

static GtkTextView *text_of(GtkWidget *view)
{
    return GTK_TEXT_VIEW(gtk_scrolled_window_get_child(GTK_SCROLLED_WINDOW(view)));
}

static void fill(GtkTextBuffer *buffer, const SrConsentModel *model)
{
    const GPtrArray *entries = sr_consent_model_entries(model);
    GtkTextTag *plain = gtk_text_buffer_create_tag(buffer, NULL, "insert-hyphens", FALSE, NULL);
    const char *separator = "";
    GtkTextIter end;

    for (guint i = 0; i < entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(entries, i);

        if (entry->kind != SR_CONSENT_TEXT)
            continue;
        gtk_text_buffer_get_end_iter(buffer, &end);
        gtk_text_buffer_insert_with_tags(buffer, &end, separator, -1, plain, NULL);
        gtk_text_buffer_insert_with_tags(buffer, &end, entry->text, -1, plain, NULL);
        separator = "\n";
    }
    gtk_text_buffer_get_start_iter(buffer, &end);
    gtk_text_buffer_place_cursor(buffer, &end);
}

GtkWidget *sr_message_view_new(const SrConsentModel *model)
{
    GtkWidget *text = gtk_text_view_new();
    GtkTextView *text_view = GTK_TEXT_VIEW(text);
    GtkWidget *view = sr_panel_new(text);

    gtk_text_view_set_editable(text_view, FALSE);
    gtk_text_view_set_cursor_visible(text_view, FALSE);
    gtk_text_view_set_accepts_tab(text_view, FALSE);
    gtk_text_view_set_wrap_mode(text_view, GTK_WRAP_CHAR);
    gtk_text_view_set_pixels_inside_wrap(text_view, ROW_SPACING);
    gtk_text_view_set_pixels_below_lines(text_view, ROW_SPACING);
    gtk_text_view_set_left_margin(text_view, TEXT_PADDING);
    gtk_text_view_set_right_margin(text_view, TEXT_PADDING);
    gtk_text_view_set_top_margin(text_view, TEXT_PADDING);
    gtk_text_view_set_bottom_margin(text_view, TEXT_PADDING);
    gtk_widget_add_css_class(text, "message");
    gtk_accessible_update_property(GTK_ACCESSIBLE(text), GTK_ACCESSIBLE_PROPERTY_LABEL, "Full text",
                                   GTK_ACCESSIBLE_PROPERTY_READ_ONLY, TRUE,
                                   GTK_ACCESSIBLE_PROPERTY_MULTI_LINE, TRUE, -1);
    fill(gtk_text_view_get_buffer(text_view), model);
    gtk_text_view_set_gutter(text_view, GTK_TEXT_WINDOW_LEFT,
                             sr_gutter_new(text_view, sr_panel_position(view)));
    gtk_widget_add_css_class(view, "message-frame");
    gtk_widget_set_overflow(view, GTK_OVERFLOW_HIDDEN);
    gtk_widget_set_vexpand(view, TRUE);
    return view;
}

/* Size of a character cell in Pango units. */
static void cell_size(GtkWidget *text, int *ret_width, int *ret_height)
{
    static const char sample[] = "0000000000";
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(text, sample);

    pango_layout_get_size(layout, ret_width, ret_height);
    *ret_width = MAX(*ret_width / (int)strlen(sample), 1);
}

/* Height of the text in rows of @columns characters, each @row_height Pango units high. */
static int height_in_columns(GtkTextBuffer *buffer, int columns, int row_height)
{
    const int lines = gtk_text_buffer_get_line_count(buffer);
    int height = 2 * TEXT_PADDING;

    for (int i = 0; i < lines; i++) {
        GtkTextIter end;
        int rows;

        gtk_text_buffer_get_iter_at_line(buffer, &end, i);
        if (!gtk_text_iter_ends_line(&end))
            gtk_text_iter_forward_to_line_end(&end);
        rows = MAX(1, (gtk_text_iter_get_line_offset(&end) + columns - 1) / columns);
        height += rows * row_height / PANGO_SCALE + rows * ROW_SPACING;
    }
    return height;
}

/* Height of the text at @width, with @more columns than calculated. */
static int text_height(GtkWidget *view, int width, int more)
{
    GtkTextView *text_view = text_of(view);
    GtkWidget *gutter = gtk_text_view_get_gutter(text_view, GTK_TEXT_WINDOW_LEFT);
    int gutter_width;
    int cell_width;
    int row_height;
    int columns;

    cell_size(GTK_WIDGET(text_view), &cell_width, &row_height);
    gtk_widget_measure(gutter, GTK_ORIENTATION_HORIZONTAL, -1, &gutter_width, NULL, NULL, NULL);
    columns = (width - gutter_width - 2 * TEXT_PADDING) * PANGO_SCALE / cell_width + more;
    return height_in_columns(gtk_text_view_get_buffer(text_view), MAX(columns, 1), row_height);
}

int sr_message_view_height(GtkWidget *view, int width)
{
    return text_height(view, width, -1);
}

/*
 * GtkTextView lays out in the background and takes what it has not reached as empty, so its end
 * may seem near at first. A lower bound of the real height tells: one column more for the rounding,
 * one for the space that Pango lets hang over the edge.
 */
gboolean sr_message_view_at_end(GtkWidget *view)
{
    const int width = gtk_widget_get_width(GTK_WIDGET(text_of(view)));

    return sr_panel_at_end(view) &&
           gtk_adjustment_get_upper(sr_panel_position(view)) >= text_height(view, width, 2) - 1;
}
