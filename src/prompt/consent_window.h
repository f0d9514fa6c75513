/* The question: who asks, for what, the full text, and two buttons of which "Deny" is the default.
 */
#pragma once

#include "consent/model.h"

#include <glib.h>

typedef enum {
    SR_DECISION_DENY,
    SR_DECISION_AGREE,
    SR_DECISION_AGREE_REMEMBER,
} SrDecision;

/*
 * Show @model and wait for the decision. Agreeing is possible once everything has been scrolled to
 * its end and the window has been visible for 700 ms, so that neither a hasty nor a stray key
 * press can agree (EIP-4361, "Creating Sign-In with Ethereum Interfaces").
 */
SrDecision sr_consent_window_run(const SrConsentModel *model);
