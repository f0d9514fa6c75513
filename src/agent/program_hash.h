/*
 * What the schemes of wire/operation.h do before the arithmetic: which digest, which keys, which
 * lengths. Pure.
 */
#pragma once

#include "agent/program_body.h"
#include "crypto/key.h"

/*
 * What is handed to the signer: @data itself, or its digest, which is written to @digest and
 * borrowed from there.
 */
SrBytes sr_program_hash(guint32 scheme, SrBytes data, guint8 digest[SR_DIGEST_MAX]);

/* Whether keys of @type sign by @scheme: ECDSA is not for Ed25519, EdDSA for nothing else, and
 * Ethereum's schemes are for secp256k1. */
gboolean sr_program_scheme_fits(guint32 scheme, SrKeyType type);

/* Whether SIGN or DERIVE of @body can be done with a key of @type: SR_CKR_OK, or why not. */
guint32 sr_program_body_fits(const SrProgramBody *body, SrKeyType type);

/* Whether @size bytes can be signed by @scheme with a key that @shows its messages to the user. */
gboolean sr_program_size_fits(guint32 scheme, gsize size, gboolean shows);

/* "digest", "sha256", … "ecdh" for SR_PERMIT_DERIVE; for the log. Static text. */
const char *sr_program_use_name(guint use);

/* The CKR value for VERIFY. */
guint32 sr_program_verify(const SrProgramBody *body);
