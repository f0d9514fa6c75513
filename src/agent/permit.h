/*
 * The right of one application to use one key without further questions, with the key prepared:
 * what the main loop hands to the serving threads once it has decided.
 *
 * A permit has a lock of its own. Whoever takes it back (the main loop: lock, logout, grant
 * revoked, key gone) wipes the key under that lock, so that no signature can begin afterwards; one
 * that is being made at that moment is waited for. All functions may be called from any thread.
 */
#pragma once

#include "agent/program_body.h"
#include "crypto/signer.h"

typedef struct SrPermit SrPermit;

/* What the counters below count: the schemes, and key agreement. */
#define SR_PERMIT_DERIVE (SR_SCHEME_SIWE + 1u)
#define SR_PERMIT_USES (SR_PERMIT_DERIVE + 1u)

/*
 * A permit for the key of @signer (taken), whose id is @key_id, without a right yet. @cache_seconds
 * is how long the key stays prepared after its last use, -1: for good (a key of the session). Owned
 * by the caller, who shares it with sr_permit_ref.
 */
SrPermit *sr_permit_new(SrSigner *signer, const char *key_id, gint64 cache_seconds);

/* One more owner; one less, and the last one wipes and frees. */
SrPermit *sr_permit_ref(SrPermit *permit);
void sr_permit_unref(SrPermit *permit);

/* The key it is for (borrowed), its type, and whether it is a key of the session. */
const char *sr_permit_key(const SrPermit *permit);
SrKeyType sr_permit_type(const SrPermit *permit);
gboolean sr_permit_is_of_session(const SrPermit *permit);

/* The grant it relies on ("" for none), and when that ends (seconds since 1970; 0: never). */
void sr_permit_set_grant(SrPermit *permit, const char *grant, gint64 expires);
gboolean sr_permit_relies_on(SrPermit *permit, const char *grant);

/* From now on it may be used (if it was not taken back before). */
void sr_permit_allow(SrPermit *permit);

/* Wipe the key. */
void sr_permit_revoke(SrPermit *permit);

/* Wipe the key if its time is over; whether there is (still) none. */
gboolean sr_permit_is_over(SrPermit *permit);

typedef enum {
    SR_PERMIT_DONE,
    SR_PERMIT_GONE,  /* it is over, taken back or not for this: the main loop decides */
    SR_PERMIT_FAILED /* the library could not, or a peer's point is none */
} SrPermitOutcome;

/* Sign @data as @scheme says (schemes up to SR_SCHEME_EDDSA), and count it. */
SrPermitOutcome sr_permit_sign(SrPermit *permit, guint32 scheme, SrBytes data,
                               guint8 ret_signature[SR_SIGNATURE_SIZE]);

/* The shared secret with @peer (65 bytes), and count it. *ret_secret is owned by the caller. */
SrPermitOutcome sr_permit_derive(SrPermit *permit, SrBytes peer, SrSecret **ret_secret);

/* A copy of its key, for what is stored; owned by the caller. SR_ERROR_KEY_NOT_FOUND when it was
 * wiped. */
SrKey *sr_permit_copy_key(SrPermit *permit, GError **error);

/* What was done since the last call, by scheme; whether there was anything. */
gboolean sr_permit_take_counts(SrPermit *permit, guint64 ret_counts[SR_PERMIT_USES]);

/* Count in @counts as well: what was taken but could not be written down, or what another permit
 * for the same key counted. */
void sr_permit_add_counts(SrPermit *permit, const guint64 counts[SR_PERMIT_USES]);
