/*
 * The full text of a consent model: monospace, wrapped at any character without hyphens, so that
 * each character shown is one of the message. Line numbers, and a mark beside each continuation of
 * a wrapped line, stand outside the text.
 */
#pragma once

#include "consent/model.h"

#include <gtk/gtk.h>

/* The text entries of @model in a scrolled window. */
GtkWidget *sr_message_view_new(const SrConsentModel *model);

/* Pixels it needs at @width to show everything without scrolling. */
int sr_message_view_height(GtkWidget *view, int width);

/* Whether the last row is visible. Never TRUE before the whole text has been laid out. */
gboolean sr_message_view_at_end(GtkWidget *view);
