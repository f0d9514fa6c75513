/* The part of a prompt that says who asks, for what, and for how long. */
#pragma once

#include "consent/model.h"

#include <gtk/gtk.h>

/*
 * From the top: errors in red, the question, who asks, warnings, the key and the facts as rows, the
 * capabilities as a list.
 */
GtkWidget *sr_summary_new(const SrConsentModel *model);
