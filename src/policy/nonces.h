/*
 * Nonces that were signed, so that one cannot be used in two different messages of a domain
 * (EIP-4361 "nonce"). The same message may be signed again: the signature is the same.
 * Kept for 24 hours.
 */
#pragma once

#include "policy/database.h"

/*
 * Note that @nonce of @domain goes into the message with @digest (32 bytes). SR_ERROR_NONCE_REUSED
 * when it went into another one. Part of the pending transaction.
 */
gboolean sr_nonces_use(SrDatabase *database, const char *domain, gsize domain_length,
                       const char *nonce, gsize nonce_length, const guint8 digest[32],
                       GError **error);

/* Forget nonces of more than 24 hours before @now (seconds since 1970), some hundred at most. */
gboolean sr_nonces_prune(SrDatabase *database, gint64 now, GError **error);

/* The check alone, before a user is asked. */
gboolean sr_nonces_check(SrDatabase *database, const char *domain, gsize domain_length,
                         const char *nonce, gsize nonce_length, const guint8 digest[32],
                         GError **error);
