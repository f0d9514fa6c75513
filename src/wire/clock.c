#include "wire/clock.h"

#include <time.h>

int64_t sr_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sr_clock_ms(void)
{
    return sr_clock_us() / 1000;
}
