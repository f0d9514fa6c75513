/*
 * A panel: a part of the prompt that is as high as its content, up to a limit, and scrolls beyond
 * it. Whatever is asked, the window keeps its size and its buttons.
 */
#pragma once

#include <gtk/gtk.h>

/* A panel around @child. */
GtkWidget *sr_panel_new(GtkWidget *child);

/* Give @panel the height its child needs at @width pixels, @height_max at most; that height. */
int sr_panel_fit(GtkWidget *panel, int width, int height_max);

/* Whether the end of the content is visible. */
gboolean sr_panel_at_end(GtkWidget *panel);

/* The position, for "value-changed" and "changed". Borrowed. */
GtkAdjustment *sr_panel_position(GtkWidget *panel);
