#include "base/secret.h"

#include "base/error.h"
#include "base/secret_pages.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STACK_WIPED (16u * 1024u) /* bytes; the calls in question use less than 4 KiB */

/* Not to be filled by the compiler (-ftrivial-auto-var-init) before it is wiped. */
#if __has_attribute(uninitialized)
#define SR_UNINITIALIZED __attribute__((uninitialized))
#else
#define SR_UNINITIALIZED
#endif

/* The struct is at the head of its own locked pages; the bytes follow it. */
struct SrSecret {
    gsize mapped; /* bytes of the mapping without the guard page */
    gsize size;
    guint8 data[];
};

SrSecret *sr_secret_new(gsize size, GError **error)
{
    SrSecret *secret;
    gsize mapped;

    if (size > SR_SECRET_MAX) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "a secret of %zu bytes is over the limit of %u", size, SR_SECRET_MAX);
        return NULL;
    }
    /* One byte more than asked, so that a NUL always follows. */
    secret = sr_secret_pages_new(sizeof(SrSecret) + size + 1, &mapped, error);
    if (!secret)
        return NULL;
    secret->mapped = mapped;
    secret->size = size;
    return secret;
}

SrSecret *sr_secret_new_copy(const void *bytes, gsize size, GError **error)
{
    SrSecret *secret = sr_secret_new(size, error);

    if (secret && size)
        memcpy(secret->data, bytes, size);
    return secret;
}

guint8 *sr_secret_data(SrSecret *secret)
{
    return secret->data;
}

const guint8 *sr_secret_peek(const SrSecret *secret)
{
    return secret->data;
}

gsize sr_secret_size(const SrSecret *secret)
{
    return secret->size;
}

void sr_secret_truncate(SrSecret *secret, gsize size)
{
    g_return_if_fail(size <= secret->size);
    explicit_bzero(secret->data + size, secret->size - size);
    secret->size = size;
}

gboolean sr_memory_equal(const void *a, const void *b, gsize size)
{
    const volatile guint8 *left = a;
    const volatile guint8 *right = b;
    guint8 difference = 0;

    for (gsize i = 0; i < size; i++)
        difference |= (guint8)(left[i] ^ right[i]);
    return difference == 0;
}

gboolean sr_secret_equal(const SrSecret *a, const SrSecret *b)
{
    return a->size == b->size && sr_memory_equal(a->data, b->data, a->size);
}

/* Read until the end of @fd or until @secret is full. Returns the byte count, -1 on error. */
static gssize fill_from_fd(SrSecret *secret, int fd)
{
    gsize used = 0;

    while (used < secret->size) {
        const ssize_t got = read(fd, secret->data + used, secret->size - used);

        if (got == 0)
            break;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        used += (gsize)got;
    }
    return (gssize)used;
}

/* Bytes of the line break that ends @text: "\n" or "\r\n". A lone "\r" is part of the secret. */
static gsize line_break_length(const guint8 *text, gsize size)
{
    if (size == 0 || text[size - 1] != '\n')
        return 0;
    return size > 1 && text[size - 2] == '\r' ? 2 : 1;
}

SrSecret *sr_secret_read_fd(int fd, gsize max, gboolean trim, GError **error)
{
    g_autoptr(SrSecret) secret = NULL;
    gssize got;
    gsize size;

    if (max >= SR_SECRET_MAX) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "a secret of %zu bytes is over the limit of %u", max, SR_SECRET_MAX - 1);
        return NULL;
    }
    /* One byte over the limit tells "exactly max" from "more". */
    secret = sr_secret_new(max + 1, error);
    if (!secret)
        return NULL;
    got = fill_from_fd(secret, fd);
    if (got < 0) {
        sr_error_set(error, SR_ERROR_INTERNAL, "cannot read a secret from file descriptor %d: %s",
                     fd, g_strerror(errno));
        return NULL;
    }
    size = (gsize)got;
    if (size > max) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "a secret of more than %zu bytes", max);
        return NULL;
    }
    if (trim)
        size -= line_break_length(secret->data, size);
    sr_secret_truncate(secret, size);
    return g_steal_pointer(&secret);
}

gboolean sr_secret_write_fd(const SrSecret *secret, int fd, GError **error)
{
    gsize done = 0;

    while (done < secret->size) {
        const ssize_t put = write(fd, secret->data + done, secret->size - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            sr_error_set(error, SR_ERROR_INTERNAL, "cannot write a secret: %s", g_strerror(errno));
            return FALSE;
        }
        done += (gsize)put;
    }
    return TRUE;
}

/* AddressSanitizer would keep a distance between the caller's frame and the buffer. */
__attribute__((noinline, no_sanitize("address"))) void sr_secret_wipe_stack(void)
{
    guint8 below[STACK_WIPED] SR_UNINITIALIZED;

    explicit_bzero(below, sizeof below);
}

void sr_secret_free(SrSecret *secret)
{
    if (secret)
        sr_secret_pages_free(secret, secret->mapped);
}
