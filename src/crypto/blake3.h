/*
 * BLAKE3 (BLAKE3 specification, 2020), hash mode, 32 bytes: what TinyCloud's content identifiers
 * are made with. Neither OpenSSL nor another library of Debian 12 has it. No heap, no failure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SR_BLAKE3_SIZE 32u

/* The digest of @size bytes. */
void sr_blake3(const void *data, size_t size, uint8_t digest[SR_BLAKE3_SIZE]);
