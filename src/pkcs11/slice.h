/* Bytes that belong to somebody else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
} SrSlice;

/* Whether @slice holds just the @size bytes at @data. */
static inline bool sr_slice_is(SrSlice slice, const void *data, size_t size)
{
    return slice.size == size && (size == 0 || memcmp(slice.data, data, size) == 0);
}

/* @slice without leading zero bytes: a big-endian number. */
static inline SrSlice sr_slice_number(SrSlice slice)
{
    while (slice.size > 0 && slice.data[0] == 0) {
        slice.data++;
        slice.size--;
    }
    return slice;
}
