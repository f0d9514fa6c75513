/* SHA-2 and random bytes (OpenSSL). */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_SHA256_SIZE 32u
#define SR_SHA384_SIZE 48u
#define SR_SHA512_SIZE 64u

/* SHA-256 (FIPS 180-4) of @size bytes. Aborts only if OpenSSL has no SHA-256 at all. */
void sr_sha256(const void *data, gsize size, guint8 digest[SR_SHA256_SIZE]);

/* The same with SHA-384 and SHA-512. */
void sr_sha384(const void *data, gsize size, guint8 digest[SR_SHA384_SIZE]);
void sr_sha512(const void *data, gsize size, guint8 digest[SR_SHA512_SIZE]);

/* Fill @bytes from OpenSSL's generator; SR_ERROR_INTERNAL when it is not seeded. */
gboolean sr_random_bytes(guint8 *bytes, gsize size, GError **error);

/*
 * A new secret of @size random bytes from OpenSSL's generator for private values, which shares no
 * state with the one behind sr_random_bytes. Errors as there and of sr_secret_new.
 */
SrSecret *sr_random_secret(gsize size, GError **error);

/* @length random characters of [A-Za-z0-9], without bias. Owned by the caller. */
char *sr_random_alphanumeric(gsize length, GError **error);

/* A random UUID (RFC 9562 §5.4, version 4), 36 characters. Owned by the caller. */
char *sr_random_uuid(GError **error);
