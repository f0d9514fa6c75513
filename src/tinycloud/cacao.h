/*
 * CACAOs (CAIP-74) of sign-in messages: message and signature as DAG-CBOR, which is what a
 * TinyCloud node is given as a delegation and hashes into its identifier.
 */
#pragma once

#include "ethereum/siwe.h"

#define SR_CACAO_SIGNATURE_SIZE 65u

/*
 * The DAG-CBOR of @siwe and its EIP-191 @signature, r || s || v as it was given. The version is the
 * number 1; times are the message's own texts. Owned by the caller.
 */
GByteArray *sr_cacao_encode(const SrSiwe *siwe, const guint8 signature[SR_CACAO_SIGNATURE_SIZE]);

/*
 * The message that a CACAO holds (owned by the caller), and its signature. SR_ERROR_CORRUPT unless
 * the bytes are the encoding of exactly that message and signature.
 */
char *sr_cacao_decode(const guint8 *bytes, gsize size,
                      guint8 ret_signature[SR_CACAO_SIGNATURE_SIZE], GError **error);
