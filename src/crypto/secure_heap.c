#include "crypto/secure_heap.h"

#include "base/error.h"

#include <openssl/crypto.h>
#include <sys/resource.h>

#define HEAP_MIN (16u * 1024u)
#define HEAP_MAX (1024u * 1024u)
#define BLOCK_MIN 32u /* bytes of the smallest piece */

/* The largest size to try; a power of two, as OpenSSL wants it. */
static gsize size_wanted(void)
{
    struct rlimit limit;
    gsize size = HEAP_MAX;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return HEAP_MIN;
    while (size > HEAP_MIN && size > limit.rlim_cur / 8)
        size /= 2;
    return size;
}

/* The size of the heap made and locked, 0 when that cannot be. */
static gsize make_heap(void)
{
    for (gsize size = size_wanted(); size >= HEAP_MIN; size /= 2) {
        const int made = CRYPTO_secure_malloc_init(size, BLOCK_MIN);

        if (made == 1)
            return size;
        /* 2: it is there but not locked. A heap that is in use already does not go away. */
        if (made == 2 && !CRYPTO_secure_malloc_done())
            return 0;
    }
    return 0;
}

gboolean sr_secure_heap_ready(GError **error)
{
    static GMutex mutex;
    static gsize heap_size;
    gsize size;

    g_mutex_lock(&mutex);
    /* Not given up after a failure: what other secrets have locked may have been freed since. */
    if (heap_size == 0)
        heap_size = make_heap();
    size = heap_size;
    g_mutex_unlock(&mutex);

    if (size == 0) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "cannot lock memory for OpenSSL's keys; raise RLIMIT_MEMLOCK (ulimit -l)");
        return FALSE;
    }
    if (CRYPTO_secure_used() > size / 4 * 3) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "the locked memory for keys in use is full (%zu KiB); lock keys that are not "
                     "needed or raise RLIMIT_MEMLOCK (ulimit -l)",
                     size / 1024);
        return FALSE;
    }
    return TRUE;
}
