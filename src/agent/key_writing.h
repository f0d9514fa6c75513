/*
 * Writing key records: the store job, then the agent's own list, then the log. What keys.create,
 * .import, .rename, .seal and .unseal have in common.
 */
#pragma once

#include "agent/request.h"

/*
 * Put the record of @info (taken) with @key (plain; taken) or @seal (taken; when @key is NULL),
 * then reply {"key":…}. @event is the audit event. The request holds the key's turn
 * (sr_request_take_key), or the key is new and random.
 */
void sr_key_writing_start(SrRequest *request, SrKeyInfo *info, SrKey *key, char *seal,
                          gboolean is_new, const char *event);

/* Whether @name can be a key's name: 1 to 64 printable characters, not used by another key. */
gboolean sr_key_writing_check_name(const SrRequest *request, const char *name, GError **error);

/* The same, and keep it from other requests until this one is answered. SR_ERROR_KEY_EXISTS. */
gboolean sr_key_writing_claim_name(const SrRequest *request, const char *name, GError **error);

/* "Key 1", "Key 2", …: the first that is free, claimed likewise. Owned by the caller. */
char *sr_key_writing_claim_free_name(const SrRequest *request);
