/*
 * ReCaps. The input is the JSON: what decodes must give a statement that a message can carry, be
 * found in that message again, and encode to the same grants.
 */
#include "base/encoding.h"
#include "ethereum/recap.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const char *statement, const char *uri)
{
    const char *const resources[] = {uri, NULL};
    const SrSiweFields fields = {
        .domain = "example.com",
        .address = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
        .statement = statement,
        .uri = "did:key:z6Mk",
        .chain_id = "1",
        .nonce = "abcd1234",
        .issued_at = "2026-06-21T12:00:00Z",
        .resources = resources,
    };
    g_autoptr(GError) error = NULL;
    g_autofree char *message = NULL;
    g_autoptr(SrRecap) recap = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;

    if (strlen(statement) > SR_SIWE_STATEMENT_MAX || strlen(uri) > SR_SIWE_URI_MAX ||
        strlen(statement) + strlen(uri) > SR_SIWE_MESSAGE_MAX - 400)
        return;
    message = sr_siwe_build(&fields, &error);
    g_assert_no_error(error);
    g_assert(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    g_assert(sr_recap_from_siwe(&siwe, message, &recap, &error));
    g_assert(recap != NULL);
}

/* Encoding may refuse what decoding marks; what it accepts says the same. */
static void check_encode(const uint8_t *data, size_t size, const char *statement)
{
    g_autoptr(SrJson) root = sr_json_parse((const char *)data, size, NULL);
    SrJson *attenuations = NULL;
    SrJson *proofs = NULL;
    g_autofree char *uri = NULL;
    g_autoptr(SrRecap) recap = NULL;
    g_autofree char *again = NULL;

    json_object_object_get_ex(root, "att", &attenuations);
    json_object_object_get_ex(root, "prf", &proofs);
    uri = sr_recap_encode(attenuations, proofs, NULL);
    if (!uri)
        return;
    recap = sr_recap_decode(uri, strlen(uri), NULL);
    g_assert(recap != NULL);
    again = sr_recap_statement(recap);
    g_assert_cmpstr(again, ==, statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *encoded = sr_base64url_encode(data, size);
    g_autofree char *uri = g_strconcat("urn:recap:", encoded, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecap) recap = sr_recap_decode(uri, strlen(uri), &error);
    g_autofree char *statement = NULL;

    /* The input as a URI of its own, whatever comes of it. */
    sr_recap_free(sr_recap_decode((const char *)data, size, NULL));
    g_assert((recap != NULL) == (error == NULL));
    if (!recap)
        return 0;
    g_assert(recap->groups->len > 0);
    statement = sr_recap_statement(recap);
    check_message(statement, uri);
    check_encode(data, size, statement);
    return 0;
}
