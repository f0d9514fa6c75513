/*
 * OpenSSL's secure heap, where it keeps the private numbers that it copies for itself: one block of
 * locked memory between inaccessible pages, left out of core dumps, wiped piece by piece as it is
 * freed.
 *
 * Without it, or where it cannot be locked, OpenSSL falls back to common memory without a word.
 */
#pragma once

#include <glib.h>

/*
 * Make the heap if it is not there yet, and see that it has room for one more key. To be called
 * before a private key is given to OpenSSL; from any thread. SR_ERROR_LIMIT_EXCEEDED when memory
 * cannot be locked (RLIMIT_MEMLOCK) or the heap is three quarters full: the rest is for what
 * OpenSSL needs while it works (nonces, the states of its random generators). A heap that is full
 * to the last byte makes OpenSSL fail, never fall back.
 *
 * The heap takes an eighth of what may be locked, but from 16 KiB to 1 MiB. A key takes 32
 * (secp256k1, Ed25519) or 64 (P-256) bytes of it.
 */
gboolean sr_secure_heap_ready(GError **error);
