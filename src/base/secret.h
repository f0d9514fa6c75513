/*
 * Secret bytes: private keys, passphrases, tokens.
 *
 * Each secret lives in pages of its own: locked into memory, left out of core dumps, wiped in
 * forked children, with an inaccessible page behind it. It is wiped when it is freed. A secret has
 * no text form on purpose: it cannot be formatted, logged or put into an error by accident.
 * A SrSecret belongs to one owner and may be used by one thread at a time.
 */
#pragma once

#include <glib.h>

typedef struct SrSecret SrSecret;

/* The largest secret in bytes; beyond it sr_secret_new fails. */
#define SR_SECRET_MAX (512u * 1024u)

/*
 * A new secret of @size zero bytes (owned by the caller), or NULL with SR_ERROR_LIMIT_EXCEEDED when
 * memory cannot be locked (RLIMIT_MEMLOCK): a secret is never kept in memory that may be swapped.
 */
SrSecret *sr_secret_new(gsize size, GError **error);

/* A new secret holding a copy of @bytes; the caller wipes its own copy. */
SrSecret *sr_secret_new_copy(const void *bytes, gsize size, GError **error);

/* The bytes, writable, NUL follows the last one. Borrowed; valid until the secret is freed. */
guint8 *sr_secret_data(SrSecret *secret);
const guint8 *sr_secret_peek(const SrSecret *secret);

/* Length in bytes. */
gsize sr_secret_size(const SrSecret *secret);

/* Shorten to @size bytes (at most the present size); what falls away is wiped. */
void sr_secret_truncate(SrSecret *secret, gsize size);

/* Whether both hold the same bytes, in time that depends on the lengths only. */
gboolean sr_secret_equal(const SrSecret *a, const SrSecret *b);

/*
 * Read all of @fd, at most @max bytes (below SR_SECRET_MAX), into a new secret. One final line
 * break ("\n" or "\r\n") is dropped when @trim is set. SR_ERROR_LIMIT_EXCEEDED when more comes,
 * SR_ERROR_INTERNAL on I/O errors.
 */
SrSecret *sr_secret_read_fd(int fd, gsize max, gboolean trim, GError **error);

/* Write all bytes to @fd. */
gboolean sr_secret_write_fd(const SrSecret *secret, int fd, GError **error);

/* Wipe and free; NULL is fine. */
void sr_secret_free(SrSecret *secret);

/*
 * Overwrite 16 KiB of the stack below the caller, where a library that was just called may have
 * left copies of what it worked on. Only right behind the call, in the function that made it.
 */
void sr_secret_wipe_stack(void);

/* Whether two buffers of @size bytes are equal, in constant time. */
gboolean sr_memory_equal(const void *a, const void *b, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrSecret, sr_secret_free)
