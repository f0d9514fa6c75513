/* Signed tokens made by OpenSSL alone, for tests of what reads them. */
#pragma once

#include "base/secret.h"

#include <glib.h>
#include <openssl/evp.h>

typedef struct {
    const char *algorithm; /* "EdDSA", "ES256", "RS256", "PS256" */
    EVP_PKEY *pair;
} SrTestTokenKey;

/* A fresh key for @algorithm (static text); @bits counts for RSA. Owned by the caller. */
SrTestTokenKey *sr_test_token_key(const char *algorithm, guint bits);
void sr_test_token_key_free(SrTestTokenKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTestTokenKey, sr_test_token_key_free)

/* The members of its public JWK without braces: "\"kty\":…,\"x\":…". Owned by the caller. */
char *sr_test_token_jwk(const SrTestTokenKey *key);

/* Its signature over @text, in base64url as a JWS has it. Owned by the caller. */
char *sr_test_token_signature(const SrTestTokenKey *key, const char *text);

/* The token of two texts in JSON. Owned by the caller. */
SrSecret *sr_test_token(const SrTestTokenKey *key, const char *header, const char *payload);
