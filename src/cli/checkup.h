/* What `sealring doctor` finds: one line for each check, with the next step where one is needed. */
#pragma once

#include "base/json.h"

typedef enum { SR_CHECK_OK, SR_CHECK_WARN, SR_CHECK_FAIL } SrCheckState;

typedef struct SrCheckup SrCheckup;

/* Owned by the caller. */
SrCheckup *sr_checkup_new(void);

/* Note the outcome of one check. @name is static, @next_step may be NULL, @detail is formatted. */
void sr_checkup_add(SrCheckup *checkup, SrCheckState state, const char *name, const char *next_step,
                    const char *detail, ...) G_GNUC_PRINTF(5, 6);

/* Whether any check came out as SR_CHECK_FAIL. */
gboolean sr_checkup_has_failed(const SrCheckup *checkup);

/* {"ok":…,"checks":[{"name","state","detail","next"}]}, a new object. */
SrJson *sr_checkup_json(const SrCheckup *checkup);

/* All checks as a table on standard output. */
void sr_checkup_print(const SrCheckup *checkup);
void sr_checkup_free(SrCheckup *checkup);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrCheckup, sr_checkup_free)
