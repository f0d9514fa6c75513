/*
 * Keys from passphrases: scrypt (RFC 7914) and PBKDF2 (RFC 8018). Costs are capped, so that a
 * hostile file cannot make us use gigabytes or minutes.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

typedef struct {
    guint64 n; /* power of two, 2 … 2^20 */
    guint32 r; /* 1 … 32 */
    guint32 p; /* 1 … 16; 128·N·r at most 1 GiB, N·r·p at most 2^24 */
} SrScryptCost;

/* 2^17, 8, 1: about half a second and 128 MiB. */
#define SR_SCRYPT_DEFAULT ((SrScryptCost){131072, 8, 1})

#define SR_PBKDF2_ITERATIONS_MAX 10000000u

/*
 * Whether @cost is within the bounds above; else SR_ERROR_LIMIT_EXCEEDED with the field "n", "r" or
 * "p" after @path ("crypto.kdfparams.", or "").
 */
gboolean sr_scrypt_cost_check(SrScryptCost cost, const char *path, GError **error);

/*
 * scrypt; SR_ERROR_LIMIT_EXCEEDED when @cost is out of bounds, before anything is allocated, or
 * when its memory is not to be had. @key_size is 1 … SR_SECRET_MAX. Result owned by the caller.
 * N may reach 2^16 and more with r = 1, which RFC 7914 §2 excludes but keystore files use.
 */
SrSecret *sr_scrypt(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                    SrScryptCost cost, gsize key_size, GError **error);

/* PBKDF2 with HMAC-SHA-256; SR_ERROR_LIMIT_EXCEEDED unless @iterations is 1 … the limit. */
SrSecret *sr_pbkdf2_sha256(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                           guint32 iterations, gsize key_size, GError **error);
