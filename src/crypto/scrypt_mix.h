/*
 * scryptROMix (RFC 7914 §5) for a block size of r = 1.
 *
 * OpenSSL follows RFC 7914 §2, which wants N below 2^(128·r/8): 2^16 for r = 1. Other libraries do
 * not check that, and keystore files beyond it exist, the example of the format's own definition
 * among them. This is for those alone; all other costs are OpenSSL's work.
 */
#pragma once

#include <glib.h>

#define SR_SCRYPT_MIX_WORDS 32u /* 128 · r bytes */

/* Mix @block with @n (a power of two, at most 2^31) rounds, using @n * SR_SCRYPT_MIX_WORDS words
 * of @table, which the caller wipes. Words are in host order, read as little-endian. */
void sr_scrypt_mix(guint32 block[SR_SCRYPT_MIX_WORDS], guint32 n, guint32 *table);
