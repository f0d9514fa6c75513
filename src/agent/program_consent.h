/* What the user is asked about signatures of programs. Models are owned by the caller. */
#pragma once

#include "agent/program_call.h"

/* The program's name without its folder as a word for a question: what is no letter, digit or one
 * of
 * "._+-" is "_", and it is cut to 40 of them. Says so when the name is only the program's own word.
 * Owned by the caller. */
char *sr_program_short_name(const SrRequest *request);

/* A digest with an account's key: nobody can read what it is. Offers to be asked no more while the
 * program runs. */
SrConsentModel *sr_program_consent_digest(const SrRequest *request, const char *name, SrBytes data);

/* A message that is hashed by @scheme and signed with an account's key. */
SrConsentModel *sr_program_consent_message(const SrRequest *request, const char *name,
                                           guint32 scheme, SrBytes data);

/* A key of the keys token, for as long as the program runs. */
SrConsentModel *sr_program_consent_key(const SrRequest *request, const char *name);

/* A key that is made or brought by the program, of @type. */
SrConsentModel *sr_program_consent_new_key(const SrRequest *request, const char *name,
                                           SrKeyType type, gboolean is_import);
