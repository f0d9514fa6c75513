/* The time that deadlines are measured with. */
#pragma once

#include <stdint.h>

/* Microseconds and milliseconds of CLOCK_MONOTONIC, which nobody sets. */
int64_t sr_clock_us(void);
int64_t sr_clock_ms(void);
