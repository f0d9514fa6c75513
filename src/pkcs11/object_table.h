/*
 * All objects the application can name: what the agent's tokens hold, as far as the module has
 * asked (listing.h), and the objects of sessions.
 *
 * A token object keeps its handle while the module is initialised, even when it goes (a locked
 * store shows nothing) and comes back; handles are not given to other objects. A key pair is one
 * entry with two handles. A session object is seen by all sessions of its token and dies with the
 * session that made it; private keys of sessions live in the agent and die when it forgets the
 * application.
 */
#pragma once

#include "pkcs11/object.h"
#include "pkcs11/session.h"

/* A table with the profile objects only; NULL when out of memory. */
SrObjectTable *sr_object_table_new(SrModule *module);

/* Free with all entries; the agent hears nothing of it. NULL is fine. */
void sr_object_table_free(SrObjectTable *table);

/* --- what sessions and logins do ----------------------------------------------------------------
 */

/*
 * Destroy the objects that the session @handle of @token made; those of the agent with a call.
 * Only once no function is inside the session any more.
 */
void sr_object_table_close_session(SrObjectTable *table, CK_SESSION_HANDLE handle);

/* After C_Logout: destroy the private session objects of @token (§5.6.9). */
void sr_object_table_log_out(SrObjectTable *table, SrToken token);

/* --- keys for sign, verify, derive --------------------------------------------------------------
 */

/* A key as C_SignInit and the like need it; a copy. */
typedef struct {
    uint64_t number; /* the agent's; 0: a public key that stands alone */
    const SrCurve *curve;
    bool always_authenticate;
    bool is_session; /* a key of the application's own, for which nobody logs in */
    uint8_t public_key[SR_POINT_MAX];
} SrKeyObject;

/*
 * The key @handle of @class (CKO_PRIVATE_KEY or CKO_PUBLIC_KEY) as @session sees it.
 * CKR_KEY_HANDLE_INVALID. Never asks the agent.
 */
CK_RV sr_object_table_key(const SrSession *session, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
                          SrKeyObject *ret_key);

/* --- reading ------------------------------------------------------------------------------------
 */

/* Entries and the objects made of them may be read while the table is locked; briefly. */
void sr_object_table_lock(SrObjectTable *table);
void sr_object_table_unlock(SrObjectTable *table);

/*
 * The object @handle as @session sees it; the table is locked. CKR_OBJECT_HANDLE_INVALID, also for
 * an object of the other token and a private one when nobody is logged in.
 */
CK_RV sr_object_table_get(SrObjectTable *table, const SrSession *session, CK_OBJECT_HANDLE handle,
                          SrObject *ret_object);

/*
 * The handles of all objects that @session sees and that match @template; locks the table.
 * *ret_handles is the caller's, to free (NULL when there are none). CKR_HOST_MEMORY.
 */
CK_RV sr_object_table_find(SrObjectTable *table, const SrSession *session,
                           const SrTemplate *template, CK_OBJECT_HANDLE **ret_handles,
                           size_t *ret_count);

/* --- changing; each locks the table and takes @entry over, also when it fails --------------------
 */

/*
 * Add or replace an object of @token by its number; *ret_handle is the handle of a key pair's
 * private key or of the object. CKR_HOST_MEMORY.
 */
CK_RV sr_object_table_put(SrObjectTable *table, SrToken token, SrEntry *entry,
                          CK_OBJECT_HANDLE *ret_handle);

/* Add an object of @session. CKR_HOST_MEMORY. */
CK_RV sr_object_table_put_session(SrObjectTable *table, const SrSession *session, SrEntry *entry,
                                  bool is_private, CK_OBJECT_HANDLE *ret_handle);

/* Replace the entry of the object @handle; of nothing when it went meanwhile. */
void sr_object_table_replace(SrObjectTable *table, CK_OBJECT_HANDLE handle, SrEntry *entry);

/* Forget the object @handle: a whole key pair, but of a session's only the half that is named. */
void sr_object_table_remove(SrObjectTable *table, CK_OBJECT_HANDLE handle);

/* The handle of the public key beside the private key @handle of a key pair. */
CK_OBJECT_HANDLE sr_object_table_public_half(CK_OBJECT_HANDLE handle);

/* --- listings (listing.c) -----------------------------------------------------------------------
 */

/*
 * Hold off other listings until sr_object_table_end_listing; the generation of the objects of
 * @token that the table knows (0: none).
 */
uint64_t sr_object_table_begin_listing(SrObjectTable *table, SrToken token);

/*
 * Give the objects of @token: all @count of them, of @generation, in @entries, which is emptied.
 * What this application changed since the listing began stays as it is. CKR_HOST_MEMORY: only some
 * were taken, and the generation is not known.
 */
CK_RV sr_object_table_fill(SrObjectTable *table, SrToken token, uint64_t generation,
                           SrEntry **entries, size_t count);

/* Let other listings go on. */
void sr_object_table_end_listing(SrObjectTable *table);
