/* The consent model as plain text, for a terminal or a log of a demonstration. */
#pragma once

#include "consent/model.h"

/*
 * The model as printable ASCII lines of at most @columns characters (40 at least): errors first,
 * then who asks, facts, capabilities and the full text. Each line of the full text starts with
 * "| ", each continuation of a wrapped one with "+ ", so that no line can pass for another. Owned
 * by the caller.
 */
char *sr_consent_model_render(const SrConsentModel *model, guint columns);
