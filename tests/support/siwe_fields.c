#include "support/siwe_fields.h"

#include "support/vector_lines.h"

void sr_test_assert_slice(SrSlice slice, SrJson *fields, const char *name)
{
    SrJson *expected = sr_test_member_optional(fields, name);
    g_autofree char *text = g_strndup(slice.data, slice.length);

    g_assert_cmpint(slice.data != NULL, ==, expected != NULL);
    if (expected)
        g_assert_cmpstr(text, ==, json_object_get_string(expected));
}

void sr_test_assert_siwe_fields(const SrSiwe *siwe, SrJson *fields)
{
    SrJson *resources = sr_test_member_optional(fields, "resources");

    sr_test_assert_slice(siwe->scheme, fields, "scheme");
    sr_test_assert_slice(siwe->domain, fields, "domain");
    sr_test_assert_slice(siwe->address, fields, "address");
    sr_test_assert_slice(siwe->statement, fields, "statement");
    sr_test_assert_slice(siwe->uri, fields, "uri");
    sr_test_assert_slice(siwe->version, fields, "version");
    sr_test_assert_slice(siwe->chain_id, fields, "chainId");
    sr_test_assert_slice(siwe->nonce, fields, "nonce");
    sr_test_assert_slice(siwe->issued_at, fields, "issuedAt");
    sr_test_assert_slice(siwe->expiration_time, fields, "expirationTime");
    sr_test_assert_slice(siwe->not_before, fields, "notBefore");
    sr_test_assert_slice(siwe->request_id, fields, "requestId");
    g_assert_cmpint(siwe->has_resources, ==, resources != NULL);
    g_assert_cmpuint(siwe->n_resources, ==, resources ? json_object_array_length(resources) : 0);
    for (guint i = 0; i < siwe->n_resources; i++) {
        g_autofree char *text = g_strndup(siwe->resources[i].data, siwe->resources[i].length);

        g_assert_cmpstr(text, ==, json_object_get_string(json_object_array_get_idx(resources, i)));
    }
}
