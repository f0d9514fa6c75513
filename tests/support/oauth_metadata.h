/* The metadata of a provider that tests talk about. */
#pragma once

#include "oauth/metadata.h"

#include <string.h>

#define SR_TEST_ISSUER "https://op.example/api/auth"

/*
 * The metadata of SR_TEST_ISSUER with the endpoints https://op.example/authorize and /token, and
 * with @more members (",\"jwks_uri\":…" or ""). Owned by the caller.
 */
static inline SrMetadata *sr_test_metadata(const char *more)
{
    g_autofree char *text = g_strdup_printf("{\"issuer\":\"" SR_TEST_ISSUER "\","
                                            "\"authorization_endpoint\":"
                                            "\"https://op.example/authorize\","
                                            "\"token_endpoint\":\"https://op.example/token\"%s}",
                                            more);
    SrMetadata *metadata = sr_metadata_parse(text, strlen(text), SR_TEST_ISSUER, FALSE, NULL);

    g_assert_nonnull(metadata);
    return metadata;
}
