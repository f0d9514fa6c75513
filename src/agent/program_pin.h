/*
 * The PINs of the keys token: whether they are set, how often a wrong one was given (in state.db,
 * so that it survives a restart), checking and changing them. For the main loop.
 */
#pragma once

#include "agent/program_call.h"

/* Wrong PINs in a row, then no PIN is taken until the user sets a new one. */
#define SR_PIN_ATTEMPTS 5u

typedef enum { SR_PIN_USER, SR_PIN_SO } SrPin;

#define SR_PINS 2u

/* Whether @pin is set, as far as is known without the store. */
gboolean sr_program_pin_is_set(const SrAgent *agent, SrPin pin);

/* How often in a row a wrong one was given. */
guint sr_program_pin_failures(const SrAgent *agent, SrPin pin);

/* What the store says of it. */
void sr_program_pin_found(SrAgent *agent, SrPin pin, gboolean is_set);

/*
 * Go on if @given is the PIN. The attempt is counted, durably, before it is checked. Answers
 * SR_CKR_PIN_INCORRECT or _LOCKED.
 */
void sr_program_pin_check(SrRequest *request, SrPin pin, SrBytes given, SrRequestStep next);

/* Set the PIN to @value (taken), or remove it (NULL), and count its failures from 0 again. For
 * requests of programs and of the command line. */
void sr_program_pin_store(SrRequest *request, SrPin pin, SrSecret *value, SrRequestStep next);
