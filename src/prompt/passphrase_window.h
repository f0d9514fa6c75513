/* Asking for a passphrase. */
#pragma once

#include "consent/model.h"

#include <glib.h>

/*
 * Show @model with a password entry (two that must agree when @new_one is set) and write what was
 * typed to @fd, without a line break. FALSE when the user cancelled or writing failed. The text
 * stays in GTK's non-pageable password buffer; no copy is made here.
 */
gboolean sr_passphrase_window_run(const SrConsentModel *model, gboolean new_one, int fd);
