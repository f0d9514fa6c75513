/* How much work something is, whatever else the machine does: for tests that nothing is done in
 * vain. */
#pragma once

#include <glib.h>
#include <time.h>

/* The microseconds that this thread has computed so far. */
static inline gint64 sr_test_cpu_time(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}
