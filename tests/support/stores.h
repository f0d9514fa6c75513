/* What tests of stores share: records made of plain text, cheap vaults. */
#pragma once

#include "store/store.h"
#include "store/vault.h"

#define PASSPHRASE "correct horse"

/* So cheap that tests do not wait. */
#define CHEAP ((SrScryptCost){1024, 8, 1})

SrSecret *secret_from_text(const char *text);

SrRecord *record_from_text(SrRecordKind kind, const char *id, const char *algorithm,
                           const char *label, const char *text);

/* Put, get, remove without anything that may go wrong. */
void assert_put(SrStore *store, SrRecordKind kind, const char *id, const char *text);
void assert_holds(SrStore *store, SrRecordKind kind, const char *id, const char *text);
void assert_missing(SrStore *store, SrRecordKind kind, const char *id);

/* All records of @kind, read; none may be damaged. In the order in which they came. */
GPtrArray *assert_read_all(SrStore *store, SrRecordKind kind, const char *prefix);

/* The ids of all, those of damaged ones with a "!" behind, and a space between two. */
char *assert_visit(SrStore *store, SrRecordKind kind, const char *prefix);

/* How many entries there are. */
guint assert_count(SrStore *store, SrRecordKind kind, const char *prefix);

/* The vault at @path, unlocked (and set up when it was not). */
SrStore *open_vault(const char *path);

/* A new folder for one test, and its end with all that is in it. */
char *make_folder(void);
void remove_folder(const char *folder);
