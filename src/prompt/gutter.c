#include "prompt/gutter.h"

#define GUTTER_PADDING 8

#define SR_TYPE_GUTTER (sr_gutter_get_type())
G_DECLARE_FINAL_TYPE(SrGutter, sr_gutter, SR, GUTTER, GtkWidget)

struct _SrGutter {
    GtkWidget parent_instance;
    GtkTextView *view; /* the parent, which outlives its gutter */
};

G_DEFINE_FINAL_TYPE(SrGutter, sr_gutter, GTK_TYPE_WIDGET)

static void measure(GtkWidget *widget, GtkOrientation orientation, G_GNUC_UNUSED int for_size,
                    int *ret_minimum, int *ret_natural, G_GNUC_UNUSED int *ret_minimum_baseline,
                    G_GNUC_UNUSED int *ret_natural_baseline)
{
    SrGutter *gutter = SR_GUTTER(widget);
    const int lines = gtk_text_buffer_get_line_count(gtk_text_view_get_buffer(gutter->view));
    g_autofree char *widest = g_strdup_printf("%d", MAX(lines, 10));
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, widest);
    int width = 0;

    pango_layout_get_pixel_size(layout, &width, NULL);
    width += 2 * GUTTER_PADDING;
    *ret_minimum = *ret_natural = orientation == GTK_ORIENTATION_HORIZONTAL ? width : 0;
}

/* Draw @mark, right-aligned, in the row that starts at @row. */
static void draw_mark(SrGutter *gutter, GtkSnapshot *snapshot, const GtkTextIter *row,
                      const char *mark)
{
    GtkWidget *widget = GTK_WIDGET(gutter);
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, mark);
    GdkRectangle place;
    int width;
    int y;

    gtk_text_view_get_iter_location(gutter->view, row, &place);
    gtk_text_view_buffer_to_window_coords(gutter->view, GTK_TEXT_WINDOW_LEFT, 0, place.y, NULL, &y);
    pango_layout_get_pixel_size(layout, &width, NULL);
    gtk_snapshot_render_layout(snapshot, gtk_widget_get_style_context(widget),
                               gtk_widget_get_width(widget) - GUTTER_PADDING - width, y, layout);
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    SrGutter *gutter = SR_GUTTER(widget);
    GdkRectangle visible;
    GtkTextIter row;
    GdkRectangle place;

    gtk_text_view_get_visible_rect(gutter->view, &visible);
    gtk_text_view_get_iter_at_location(gutter->view, &row, 0, visible.y);
    gtk_text_view_backward_display_line_start(gutter->view, &row);
    do {
        char number[16];

        g_snprintf(number, sizeof number, "%d", gtk_text_iter_get_line(&row) + 1);
        draw_mark(gutter, snapshot, &row, gtk_text_iter_starts_line(&row) ? number : "↪");
        gtk_text_view_get_iter_location(gutter->view, &row, &place);
    } while (place.y < visible.y + visible.height &&
             gtk_text_view_forward_display_line(gutter->view, &row));
}

static void sr_gutter_class_init(SrGutterClass *class)
{
    GTK_WIDGET_CLASS(class)->measure = measure;
    GTK_WIDGET_CLASS(class)->snapshot = snapshot;
    gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(class), GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void sr_gutter_init(SrGutter *gutter)
{
    gtk_widget_add_css_class(GTK_WIDGET(gutter), "gutter");
    gtk_widget_set_overflow(GTK_WIDGET(gutter), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *sr_gutter_new(GtkTextView *view, GtkAdjustment *position)
{
    SrGutter *gutter = g_object_new(SR_TYPE_GUTTER, NULL);

    gutter->view = view;
    g_signal_connect_object(position, "value-changed", G_CALLBACK(gtk_widget_queue_draw), gutter,
                            G_CONNECT_SWAPPED);
    g_signal_connect_object(position, "changed", G_CALLBACK(gtk_widget_queue_draw), gutter,
                            G_CONNECT_SWAPPED);
    return GTK_WIDGET(gutter);
}
