/*
 * Carrying out a Prompt object of the Secret Service (specification 0.2, "Prompts and Prompting"):
 * a dialog, or, with some providers, just the second half of a call that needs none.
 */
#pragma once

#include "store/bus.h"

typedef enum {
    SR_DIALOG_COMPLETED,
    SR_DIALOG_DISMISSED, /* by the user, or because it could not be shown */
    SR_DIALOG_LATE,      /* dismissed here at the end of its time */
    SR_DIALOG_GONE,      /* the provider or the bus went away */
} SrDialogOutcome;

/*
 * Call Prompt on @target (its peer is the provider's unique name: others could forge the answer)
 * and wait for its completion until @end. *ret_result (may be NULL) is the result, owned by the
 * caller, set for SR_DIALOG_COMPLETED.
 */
SrDialogOutcome sr_dialog_run(const SrBusTarget *target, gint64 end, GVariant **ret_result);

/* Send a prompt away without showing it. */
void sr_dialog_dismiss(const SrBusTarget *target);
