/* g_assert_cmpmem without its conversions between int and size_t, which our warnings refuse. */
#pragma once

#include <glib.h>
#include <string.h>

#define sr_assert_bytes(bytes, size, expected, expected_size)                                      \
    do {                                                                                           \
        g_assert_cmpuint((size), ==, (expected_size));                                             \
        g_assert_true(memcmp((bytes), (expected), (expected_size)) == 0);                          \
    } while (0)
