#include "base/secret_pages.h"

#include "base/error.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH_MAX 8u /* pages; longer secrets are rare */
#define KEPT_MAX 32u  /* pages of each length: 1 MiB in all, where a page has 4 KiB */

/* Memory is the process's, and so is what is kept of it. */
static struct {
    GMutex mutex;
    gpointer pages[LENGTH_MAX][KEPT_MAX];
    guint count[LENGTH_MAX];
} kept;

static gsize page_size(void)
{
    return (gsize)sysconf(_SC_PAGESIZE);
}

static void release(gpointer pages, gsize mapped)
{
    munmap(pages, mapped + page_size());
}

/* What tells kept pages from those of a parent process, which come wiped, and not locked. */
static guint8 *mark_of(gpointer pages)
{
    return pages;
}

/* Kept pages of that length, or NULL. */
static gpointer take_kept(gsize mapped)
{
    const gsize length = mapped / page_size() - 1;
    gpointer pages = NULL;

    if (length >= LENGTH_MAX)
        return NULL;
    g_mutex_lock(&kept.mutex);
    while (!pages && kept.count[length] > 0) {
        pages = kept.pages[length][--kept.count[length]];
        ASAN_UNPOISON_MEMORY_REGION(pages, mapped);
        if (!*mark_of(pages)) {
            release(pages, mapped);
            pages = NULL;
        }
    }
    g_mutex_unlock(&kept.mutex);
    if (pages)
        *mark_of(pages) = 0;
    return pages;
}

/* Whether @pages, already wiped, were taken. */
static gboolean keep(gpointer pages, gsize mapped)
{
    const gsize length = mapped / page_size() - 1;
    gboolean has_room;

    if (length >= LENGTH_MAX)
        return FALSE;
    g_mutex_lock(&kept.mutex);
    has_room = (kept.count[length] + 1) * (length + 1) <= KEPT_MAX;
    if (has_room) {
        *mark_of(pages) = 1;
        ASAN_POISON_MEMORY_REGION(pages, mapped); /* a late use is found */
        kept.pages[length][kept.count[length]++] = pages;
    }
    g_mutex_unlock(&kept.mutex);
    return has_room;
}

/* Where memory is short, what is kept must not be what is missing. */
static void release_kept(void)
{
    g_mutex_lock(&kept.mutex);
    for (gsize length = 0; length < LENGTH_MAX; length++)
        while (kept.count[length] > 0) {
            gpointer pages = kept.pages[length][--kept.count[length]];

            ASAN_UNPOISON_MEMORY_REGION(pages, (length + 1) * page_size());
            release(pages, (length + 1) * page_size());
        }
    g_mutex_unlock(&kept.mutex);
}

static gboolean lock(gpointer pages, gsize mapped)
{
    if (mlock(pages, mapped) == 0)
        return TRUE;
    release_kept();
    return mlock(pages, mapped) == 0;
}

static gpointer map(gsize mapped, GError **error)
{
    gpointer pages = mmap(NULL, mapped + page_size(), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "no memory for a secret: %s",
                     g_strerror(errno));
        return NULL;
    }
    if (!lock(pages, mapped)) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "cannot lock memory for a secret (%s); raise RLIMIT_MEMLOCK (ulimit -l)",
                     g_strerror(errno));
        release(pages, mapped);
        return NULL;
    }
    mprotect((guint8 *)pages + mapped, page_size(), PROT_NONE);
    madvise(pages, mapped, MADV_DONTDUMP);
    madvise(pages, mapped, MADV_WIPEONFORK);
    return pages;
}

gpointer sr_secret_pages_new(gsize size, gsize *ret_mapped, GError **error)
{
    const gsize page = page_size();
    const gsize mapped = (size + page - 1) / page * page;
    gpointer pages = take_kept(mapped);

    *ret_mapped = mapped;
    return pages ? pages : map(mapped, error);
}

void sr_secret_pages_free(gpointer pages, gsize mapped)
{
    explicit_bzero(pages, mapped);
    if (!keep(pages, mapped))
        release(pages, mapped);
}
