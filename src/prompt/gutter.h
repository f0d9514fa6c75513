/* The column left of the message: line numbers, and "↪" where a line goes on in the next row. */
#pragma once

#include <gtk/gtk.h>

/* A gutter for @view, to be set as its left gutter; it follows @position, the view's scrolling. */
GtkWidget *sr_gutter_new(GtkTextView *view, GtkAdjustment *position);
