#include "prompt/panel.h"

GtkWidget *sr_panel_new(GtkWidget *child)
{
    GtkWidget *panel = gtk_scrolled_window_new();
    GtkScrolledWindow *scrolled = GTK_SCROLLED_WINDOW(panel);

    gtk_scrolled_window_set_child(scrolled, child);
    gtk_scrolled_window_set_policy(scrolled, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    /* A scroll bar that hides itself would hide that there is more. */
    gtk_scrolled_window_set_overlay_scrolling(scrolled, FALSE);
    return panel;
}

int sr_panel_fit(GtkWidget *panel, int width, int height_max)
{
    GtkWidget *child = gtk_scrolled_window_get_child(GTK_SCROLLED_WINDOW(panel));
    int height;

    gtk_widget_measure(child, GTK_ORIENTATION_VERTICAL, width, &height, NULL, NULL, NULL);
    if (height > height_max)
        gtk_widget_add_css_class(panel, "cut");
    height = MIN(height, height_max);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(panel), height);
    return height;
}

GtkAdjustment *sr_panel_position(GtkWidget *panel)
{
    return gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(panel));
}

gboolean sr_panel_at_end(GtkWidget *panel)
{
    GtkAdjustment *position = sr_panel_position(panel);
    const double page = gtk_adjustment_get_page_size(position);

    /* No page size means not laid out yet. Positions are rounded to pixels, hence the one. */
    return page > 0 &&
           gtk_adjustment_get_value(position) + page >= gtk_adjustment_get_upper(position) - 1;
}
