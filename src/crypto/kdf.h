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

/* SR_ERROR_LIMIT_EXCEEDED when @cost is out of bounds. Result owned by the caller. */
SrSecret *sr_scrypt(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                    SrScryptCost cost, gsize key_size, GError **error);

/* PBKDF2 with HMAC-SHA-256. */
SrSecret *sr_pbkdf2_sha256(const SrSecret *passphrase, const guint8 *salt, gsize salt_size,
                           guint32 iterations, gsize key_size, GError **error);
