/* Secrets made of a test's own texts, and compared with them. */
#pragma once

#include "base/secret.h"

#include <string.h>

/* A secret with a copy of @text. Owned by the caller. */
static inline SrSecret *sr_test_secret(const char *text)
{
    SrSecret *secret = sr_secret_new_copy(text, strlen(text), NULL);

    g_assert_nonnull(secret);
    return secret;
}

/* The bytes of @secret, which end in NUL. Borrowed. */
static inline const char *sr_test_secret_text(const SrSecret *secret)
{
    return secret ? (const char *)sr_secret_peek(secret) : NULL;
}

/* @secret is there and holds exactly @text. */
#define sr_assert_secret(secret, text)                                                             \
    do {                                                                                           \
        g_assert_nonnull(secret);                                                                  \
        g_assert_cmpstr(sr_test_secret_text(secret), ==, (text));                                  \
        g_assert_cmpuint(sr_secret_size(secret), ==, strlen(text));                                \
    } while (0)

/* @error is set, of @code, and blames @name. */
#define sr_assert_blames(error, error_code, name)                                                  \
    do {                                                                                           \
        g_assert_error((error), SR_ERROR, (int)(error_code));                                      \
        g_assert_cmpstr(sr_error_detail(error)->field, ==, (name));                                \
    } while (0)
