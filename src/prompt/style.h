/* The look of sealring-prompt: one style sheet over the user's theme, light or dark. */
#pragma once

#include <gtk/gtk.h>

/* Space between the window's edge and its content, in pixels. */
#define SR_STYLE_MARGIN 20

/* Load the style sheet for @display. */
void sr_style_load(GdkDisplay *display);

/* A label that shows @text as it is (no markup, no mnemonic), wraps at any character without adding
 * hyphens, and has the style class @style_class (NULL: none). */
GtkWidget *sr_style_label(const char *text, const char *style_class);
