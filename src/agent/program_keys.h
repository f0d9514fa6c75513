/* Keys of programs: the parts of CHANGE and DESTROY that are about keys. */
#pragma once

#include "agent/program_call.h"
#include "store/token_object.h"

/* Change what is said of request->key (CKA_LABEL, CKA_ID), and answer with its entry. */
void sr_program_keys_change(SrRequest *request);

/* Ask, then remove request->key; a key of the session goes at once. */
void sr_program_keys_destroy(SrRequest *request);
void sr_program_session_key_destroy(SrRequest *request);

/* Write the entry of request->key as the answer. */
void sr_program_write_key(SrRequest *request);

/* --- shared with program_objects.c ------------------------------------------------------------ */

/* A number that no object has. */
gboolean sr_program_new_number(const SrRequest *request, guint64 *ret_number, GError **error);

/* The object @number with the attributes of @object (may be NULL), those in @changes replaced.
 * Owned by the caller. */
SrTokenObject *sr_program_merge(guint64 number, SrToken token, guint32 class,
                                const SrTokenObject *object, SrBytes changes);

/* Store jobs: put a SrRecord; remove the record (SR_RECORD_RECORD) with that id. */
gpointer sr_program_put_job(SrStore *store, gpointer record, GError **error);
gpointer sr_program_remove_job(SrStore *store, gpointer id, GError **error);
