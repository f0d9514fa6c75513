/* SHA-256 and random bytes (OpenSSL). */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_SHA256_SIZE 32u

/* SHA-256 (FIPS 180-4) of @size bytes. Aborts only if OpenSSL has no SHA-256 at all. */
void sr_sha256(const void *data, gsize size, guint8 digest[SR_SHA256_SIZE]);

/* Fill @bytes from OpenSSL's generator; SR_ERROR_INTERNAL when it is not seeded. */
gboolean sr_random_bytes(guint8 *bytes, gsize size, GError **error);

/*
 * A new secret of @size random bytes from OpenSSL's generator for private values, which shares no
 * state with the one behind sr_random_bytes. Errors as there and of sr_secret_new.
 */
SrSecret *sr_random_secret(gsize size, GError **error);

/* @length random characters of [A-Za-z0-9], without bias. Owned by the caller. */
char *sr_random_alphanumeric(gsize length, GError **error);
