/* EIP-712 typed data: digests, lines for the reader, refusals. */
#include "ethereum/typed_data.h"

#include "base/encoding.h"
#include "base/error.h"
#include "support/assert_bytes.h"
#include "support/cpu_time.h"
#include "support/vector_file.h"

static void assert_digest(const SrTypedData *typed, const char *expected)
{
    g_autofree char *text = sr_hex_encode(typed->digest, sizeof typed->digest, TRUE);

    g_assert_cmpstr(text, ==, expected);
}

static SrJson *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    SrJson *json = sr_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return json;
}

/* ------ vectors ------ */

/* The v4 request of a row {domain, primaryType, types, data}; EIP712Domain is added when absent. */
static SrJson *request_of_row(SrJson *row)
{
    static const struct {
        const char *name;
        const char *type;
    } domain_fields[] = {
        {"name", "string"},     {"version", "string"},
        {"chainId", "uint256"}, {"verifyingContract", "address"},
        {"salt", "bytes32"},
    };
    SrJson *request = json_object_new_object();
    SrJson *types = sr_test_member(row, "types");
    SrJson *domain = sr_test_member(row, "domain");
    SrJson *fields = json_object_new_array();

    for (gsize i = 0; i < G_N_ELEMENTS(domain_fields); i++) {
        SrJson *field = json_object_new_object();

        sr_json_add_string(field, "name", domain_fields[i].name);
        sr_json_add_string(field, "type", domain_fields[i].type);
        if (json_object_object_get_ex(domain, domain_fields[i].name, NULL))
            json_object_array_add(fields, field);
        else
            sr_json_free(field);
    }
    if (json_object_object_get_ex(types, "EIP712Domain", NULL))
        sr_json_free(fields);
    else
        sr_json_add(types, "EIP712Domain", fields);
    sr_json_add(request, "types", json_object_get(types));
    sr_json_add(request, "domain", json_object_get(domain));
    sr_json_add(request, "primaryType", json_object_get(sr_test_member(row, "primaryType")));
    sr_json_add(request, "message", json_object_get(sr_test_member(row, "data")));
    return request;
}

static void run_rows(const char *path, gsize count)
{
    g_autoptr(SrJson) rows = sr_test_vector_json(path);

    if (!rows)
        return;
    g_assert_cmpuint(json_object_array_length(rows), ==, count);
    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        g_autoptr(SrJson) request = request_of_row(row);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrTypedData) typed = sr_typed_data_new(request, &error);

        g_assert_no_error(error);
        assert_digest(typed, sr_test_string(row, "digest"));
        g_assert_cmpstr(typed->primary_type, ==, sr_test_string(row, "primaryType"));
    }
}

static void test_ethers(void)
{
    run_rows("eip712/ethers-typed-data.json", 91);
}

static void test_geth(void)
{
    run_rows("eip712/geth-typed-data.json", 87);
}

static SrTypedData *hash_clef(const char *name, GError **error)
{
    g_autofree char *path = g_strdup_printf("eip712/clef-%s.json", name);
    gsize length;
    g_autofree char *text = sr_test_vector_text(path, &length);
    g_autoptr(SrJson) json = text ? sr_json_parse(text, length, error) : NULL;
    g_autofree char *contract = NULL;
    SrJson *domain;

    if (!json)
        return NULL;
    /* Some of the files have a wrong checksum here, which is not what they are about. */
    domain = sr_test_member(json, "domain");
    contract = g_ascii_strdown(sr_test_string(domain, "verifyingContract"), -1);
    sr_json_add_string(domain, "verifyingContract", contract);
    return sr_typed_data_new(json, error);
}

static void test_clef_positive(void)
{
    static const char *const names[] = {"arrays-1", "custom_arraytype"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SrTypedData) typed = hash_clef(names[i], &error);

        g_assert_no_error(error);
        g_assert_true(typed == NULL || typed->lines->len > 4); /* NULL: skipped */
    }
}

static void test_clef_negative(void)
{
    static const struct {
        const char *name;
        const char *field;
    } cases[] = {
        {"expfail_arraytype_overload", "types"},
        {"expfail_datamismatch_1", "message.contents"},
        {"expfail_nonexistant_type", "types.Mail[2].type"},
        {"expfail_toolargeuint", "message.test"},
        {"expfail_unconvertiblefloat", "message.test"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(hash_clef(cases[i].name, &error));
        if (!error)
            return; /* skipped */
        g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_TYPED_DATA);
        g_assert_cmpstr(sr_error_detail(error)->field, ==, cases[i].field);
    }
}

static void assert_lines(const SrTypedData *typed, SrJson *expected)
{
    for (guint i = 0; i < typed->lines->len; i++) {
        g_assert_cmpuint(i, <, json_object_array_length(expected));
        g_assert_cmpstr(g_ptr_array_index(typed->lines, i), ==,
                        json_object_get_string(json_object_array_get_idx(expected, i)));
    }
    g_assert_cmpuint(typed->lines->len, ==, json_object_array_length(expected));
}

/* Rows {name, request, digest, lines}; the digests come from another implementation of v4. */
static void test_own_vectors(void)
{
    g_autoptr(SrJson) rows = sr_test_own_json("typed_data/requests.json");

    g_assert_cmpuint(json_object_array_length(rows), >=, 10);
    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrTypedData) typed = sr_typed_data_new(sr_test_member(row, "request"), &error);

        g_test_message("%s", sr_test_string(row, "name"));
        g_assert_no_error(error);
        assert_digest(typed, sr_test_string(row, "digest"));
        assert_lines(typed, sr_test_member(row, "lines"));
    }
}

/* ------ one value ------ */

/* A request with one field "x" of @type in the message, whose value is the JSON @value. */
static SrTypedData *hash_value(const char *type, const char *value, GError **error)
{
    g_autofree char *text = g_strdup_printf(
        "{\"types\":{\"M\":[{\"name\":\"x\",\"type\":\"%s\"}],\"E\":[],"
        "\"P\":[{\"name\":\"a\",\"type\":\"bool\"},{\"name\":\"next\",\"type\":\"P\"}]},"
        "\"primaryType\":\"M\",\"domain\":{},\"message\":{\"x\":%s}}",
        type, value);
    g_autoptr(SrJson) json = parse(text);

    return sr_typed_data_new(json, error);
}

static const struct {
    const char *type;
    const char *value;
    const char *line;
} good_values[] = {
    {"uint8", "0", "0"},
    {"uint8", "255", "255"},
    {"uint8", "\"255\"", "255"},
    {"uint8", "\"0xff\"", "255"},
    {"uint8", "\"0x00fF\"", "255"},
    {"uint8", "\"007\"", "7"},
    {"uint8", "255.0", "255"},
    {"uint8", "2.55e2", "255"},
    {"uint8", "-0.0", "0"},
    {"uint8", "\"-0\"", "0"},
    {"uint", "\"1\"", "1"},
    {"int8", "127", "127"},
    {"int8", "-128", "-128"},
    {"int8", "\"-0x80\"", "-128"},
    {"int", "-1", "-1"},
    {"int64", "-9007199254740991", "-9007199254740991"},
    {"uint64", "9007199254740991", "9007199254740991"},
    {"uint64", "\"18446744073709551615\"", "18446744073709551615"},
    {"uint256",
     "\"115792089237316195423570985008687907853269984665640564039457584007913129639935\"",
     "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
    {"int256", "\"-57896044618658097711785492504343953926634992332820282019728792003956564819968\"",
     "-57896044618658097711785492504343953926634992332820282019728792003956564819968"},
    {"int256", "\"57896044618658097711785492504343953926634992332820282019728792003956564819967\"",
     "57896044618658097711785492504343953926634992332820282019728792003956564819967"},
    {"bool", "true", "true"},
    {"bool", "false", "false"},
    {"string", "\"\"", ""},
    {"string", "\"a\\nb \\u202e<b>\"", "a\nb \u202e<b>"},
    {"bytes", "\"0x\"", "0x"},
    {"bytes", "\"0xABcd\"", "0xabcd"},
    {"bytes1", "\"0x00\"", "0x00"},
    {"bytes4", "\"0x01020304\"", "0x01020304"},
    {"address", "\"0xcccccccccccccccccccccccccccccccccccccccc\"",
     "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
    {"address", "\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"",
     "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
    {"uint8[]", "[]", "[]"},
    {"E", "{}", "{}"},
    {"P", "null", "null"},
};

static void test_values(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(good_values); i++) {
        g_autofree char *expected =
            g_strdup_printf("message.x: %s = %s", good_values[i].type, good_values[i].line);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrTypedData) typed =
            hash_value(good_values[i].type, good_values[i].value, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(typed->lines->len, ==, 1);
        g_assert_cmpstr(g_ptr_array_index(typed->lines, 0), ==, expected);
    }
}

static void assert_refused(SrTypedData *typed, GError **error, SrErrorCode code, const char *field)
{
    g_assert_null(typed);
    g_assert_error(*error, SR_ERROR, (gint)code);
    g_assert_cmpstr(sr_error_detail(*error)->field, ==, field);
}

static const struct {
    const char *type;
    const char *values[14];
} bad_values[] = {
    {"uint8",
     {"256", "-1", "\"-1\"", "\"0x100\"", "1.5", "1e3", "\"\"", "\"0x\"", "\" 1\"", "\"+1\"",
      "\"1.0\"", "\"--1\"", "true"}},
    {"uint8",
     {"null", "[1]", "{}", "\"1e2\"", "\"0X1\"", "\"0xg\"", "\"-\"", "\"12a\"", "1e300", "-1e300",
      "\"1\\u0661\""}},
    {"int8", {"128", "-129", "\"0x80\"", "\"-0x81\"", "\"-129\""}},
    {"uint256",
     {"\"115792089237316195423570985008687907853269984665640564039457584007913129639936\"",
      "\"0x10000000000000000000000000000000000000000000000000000000000000000\"", "-1",
      "\"000000000000000000000000000000000000000000000000000000000000000000000000000000001\""}},
    {"int256",
     {"\"57896044618658097711785492504343953926634992332820282019728792003956564819968\"",
      "\"-57896044618658097711785492504343953926634992332820282019728792003956564819969\"",
      "\"-115792089237316195423570985008687907853269984665640564039457584007913129639936\""}},
    {"bool", {"0", "1", "\"true\"", "null", "[]"}},
    {"string", {"1", "null", "true", "{}", "[\"a\"]"}},
    {"bytes",
     {"\"\"", "\"ab\"", "\"0xa\"", "\"0xgg\"", "\"hello\"", "1", "null", "\"0Xab\"", "[1]",
      "{\"type\":\"Buffer\"}"}},
    {"bytes4", {"\"0x\"", "\"0x010203\"", "\"0x0102030405\"", "4", "null"}},
    {"bytes32", {"\"0x00\"", "\"\"", "0"}},
    {"address",
     {"\"0x\"", "\"0xccccccccccccccccccccccccccccccccccccccc\"",
      "\"cccccccccccccccccccccccccccccccccccccccc\"",
      "\"0xccCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"",
      "\"0xcccccccccccccccccccccccccccccccccccccccccc\"", "0", "null", "\"vitalik.eth\""}},
    {"uint8[]", {"null", "1", "{}", "\"0x\"", "\"[]\""}},
    {"uint8[2]", {"[1]", "[1,2,3]", "[]"}},
    {"E", {"[]", "1", "\"\""}},
};

static void test_bad_values(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad_values); i++) {
        for (gsize k = 0; bad_values[i].values[k]; k++) {
            g_autoptr(GError) error = NULL;
            SrTypedData *typed = hash_value(bad_values[i].type, bad_values[i].values[k], &error);

            g_test_message("%s %s", bad_values[i].type, bad_values[i].values[k]);
            assert_refused(typed, &error, SR_ERROR_MALFORMED_TYPED_DATA, "message.x");
        }
    }
}

static void test_inner_paths(void)
{
    static const struct {
        const char *type;
        const char *value;
        const char *field;
    } cases[] = {
        {"uint8[]", "[1,2,300]", "message.x[2]"},
        {"uint8[2][]", "[[1,2],[3]]", "message.x[1]"},
        {"uint8[][2]", "[[1,2],[3,\"a\"]]", "message.x[1][1]"},
        {"E[]", "[{},{\"a\":1}]", "message.x[1].a"},
        {"E", "{\"a b\":1}", "message.x"},
        {"P", "{\"a\":true,\"next\":{\"a\":1}}", "message.x.next.a"},
        {"P", "{\"a\":true,\"next\":{\"next\":null}}", "message.x.next.a"},
        {"P", "{\"next\":null}", "message.x.a"},
        {"P", "{\"a\":true,\"next\":null,\"more\":null}", "message.x.more"},
        {"P", "{\"a\":true,\"next\":false}", "message.x.next"},
        {"P[]", "null", "message.x"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        SrTypedData *typed = hash_value(cases[i].type, cases[i].value, &error);

        assert_refused(typed, &error, SR_ERROR_MALFORMED_TYPED_DATA, cases[i].field);
    }
}

/* An absent struct is the null struct (v4); both differ from a struct that is there. */
static void test_null_struct(void)
{
    g_autoptr(SrTypedData) absent = hash_value("P", "{\"a\":true}", NULL);
    g_autoptr(SrTypedData) null = hash_value("P", "{\"a\":true,\"next\":null}", NULL);
    g_autoptr(SrTypedData) there = hash_value("P", "{\"a\":true,\"next\":{\"a\":false}}", NULL);

    sr_assert_bytes(absent->digest, 32u, null->digest, 32u);
    g_assert_true(memcmp(there->digest, null->digest, 32) != 0);
    g_assert_cmpstr(g_ptr_array_index(absent->lines, 1), ==, "message.x.next: P = null");
    g_assert_cmpstr(g_ptr_array_index(there->lines, 2), ==, "message.x.next.next: P = null");
}

/* ------ types, domain, envelope ------ */

static void test_bad_types(void)
{
    static const char *const types[] = {
        "",         "uint7",     "uint0",    "uint264",  "uint08",    "uint256 ",
        "int-8",    "bytes0",    "bytes33",  "bytes01",  "fixed",     "function",
        "Unknown",  "uint8[",    "uint8]",   "uint8[]]", "uint8[[]]", "uint8[-1]",
        "uint8[0]", "uint8[01]", "uint8[ ]", "[]",       "uint8[]x",  "uint8[1000000000]",
        "Uint8",    "ADDRESS",   "string ",  " string",  "mapping",   "M(uint8 a)",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GError) error = NULL;
        SrTypedData *typed = hash_value(types[i], "1", &error);

        g_test_message("%s", types[i]);
        assert_refused(typed, &error, SR_ERROR_MALFORMED_TYPED_DATA, "types.M[0].type");
    }
}

static void test_bad_type_names(void)
{
    static const char *const names[] = {"",         "A B",   "1A",      "A[]",    "A(",
                                        "A,B",      "uint8", "uint7",   "int",    "bytes",
                                        "bytes99",  "bool",  "address", "string", "function",
                                        "\xc3\x84", "$A",    "A$",      "A-B"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"types\":{\"M\":[],\"%s\":[]},\"primaryType\":\"M\",\"domain\":{},\"message\":{}}",
            names[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrJson) json = parse(text);

        assert_refused(sr_typed_data_new(json, &error), &error, SR_ERROR_MALFORMED_TYPED_DATA,
                       "types");
    }
}

/* The request with each member as JSON text. */
static SrTypedData *hash_request(const char *types, const char *primary, const char *domain,
                                 const char *message, GError **error)
{
    g_autofree char *text =
        g_strdup_printf("{\"types\":%s,\"primaryType\":%s,\"domain\":%s,\"message\":%s}", types,
                        primary, domain, message);
    g_autoptr(SrJson) json = parse(text);

    return sr_typed_data_new(json, error);
}

static void test_bad_fields(void)
{
    static const struct {
        const char *types;
        const char *field;
    } cases[] = {
        {"null", "types"},
        {"[]", "types"},
        {"{\"M\":null}", "types.M"},
        {"{\"M\":{}}", "types.M"},
        {"{\"M\":[null]}", "types.M[0]"},
        {"{\"M\":[[]]}", "types.M[0]"},
        {"{\"M\":[{\"name\":\"a\"}]}", "types.M[0]"},
        {"{\"M\":[{\"name\":\"a\",\"typ\":\"bool\"}]}", "types.M[0].type"},
        {"{\"M\":[{\"name\":1,\"type\":\"bool\"}]}", "types.M[0].name"},
        {"{\"M\":[{\"name\":\"a\",\"type\":null}]}", "types.M[0].type"},
        {"{\"M\":[{\"name\":\"\",\"type\":\"bool\"}]}", "types.M[0].name"},
        {"{\"M\":[{\"name\":\"a b\",\"type\":\"bool\"}]}", "types.M[0].name"},
        {"{\"M\":[{\"name\":\"a,bool b\",\"type\":\"bool\"}]}", "types.M[0].name"},
        {"{\"M\":[{\"name\":\"a\",\"type\":\"bool\"},{\"name\":\"a\",\"type\":\"bool\"}]}",
         "types.M[1].name"},
        {"{\"M\":[{\"name\":\"a\",\"type\":\"bool\",\"x\":1}]}", "types.M[0]"},
        {"{\"M\":[],\"Unused\":[{\"name\":\"a\",\"type\":\"Nothing\"}]}", "types.Unused[0].type"},
        {"{\"M\":[{\"name\":\"a\",\"type\":\"A:B\"}],\"A:B\":[]}", "types.M[0].type"},
        {"{\"M\":[],\"A:B\":[{\"name\":\"a\",\"type\":\"M[]\"}]}", "types.A:B[0].type"},
        {"{\"M\":[],\"A:B\":[{\"name\":\"a\",\"type\":\"A:B\"}]}", "types.A:B[0].type"},
        {"{\"N\":[]}", "primaryType"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        SrTypedData *typed = hash_request(cases[i].types, "\"M\"", "{}", "{}", &error);

        g_test_message("%s", cases[i].types);
        assert_refused(typed, &error, SR_ERROR_MALFORMED_TYPED_DATA, cases[i].field);
    }
}

static void test_envelope(void)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"[]", "typedData"},
        {"\"{}\"", "typedData"},
        {"{}", "types"},
        {"{\"types\":{\"M\":[]},\"domain\":{},\"message\":{}}", "primaryType"},
        {"{\"types\":{\"M\":[]},\"primaryType\":\"M\",\"message\":{}}", "domain"},
        {"{\"types\":{\"M\":[]},\"primaryType\":\"M\",\"domain\":{}}", "message"},
        {"{\"types\":{\"M\":[]},\"primaryType\":\"M\",\"domain\":{},\"message\":null}", "message"},
        {"{\"types\":{\"M\":[]},\"primaryType\":\"M\",\"domain\":null,\"message\":{}}", "domain"},
        {"{\"types\":{\"M\":[]},\"primaryType\":1,\"domain\":{},\"message\":{}}", "primaryType"},
        {"{\"types\":{\"M\":[]},\"primaryType\":\"M[]\",\"domain\":{},\"message\":[]}",
         "primaryType"},
        {"{\"types\":{},\"primaryType\":\"bool\",\"domain\":{},\"message\":true}", "primaryType"},
        {"{\"types\":{},\"primaryType\":\"EIP712Domain\",\"domain\":{},\"message\":{}}",
         "primaryType"},
        {"{\"types\":{\"M\":[]},\"primaryType\":\"M\",\"domain\":{},\"message\":{},\"meta\":1}",
         "meta"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SrJson) json = parse(cases[i].text);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", cases[i].text);
        assert_refused(sr_typed_data_new(json, &error), &error, SR_ERROR_MALFORMED_TYPED_DATA,
                       cases[i].field);
    }
}

static void test_domain(void)
{
    static const char types[] =
        "{\"M\":[],\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},"
        "{\"name\":\"version\",\"type\":\"string\"},{\"name\":\"chainId\",\"type\":\"uint256\"},"
        "{\"name\":\"verifyingContract\",\"type\":\"address\"},"
        "{\"name\":\"salt\",\"type\":\"bytes32\"}]}";
    static const char domain[] =
        "{\"name\":\"App\",\"version\":\"1\",\"chainId\":\"0xffffffffffffffffffffffff\","
        "\"verifyingContract\":\"0xcccccccccccccccccccccccccccccccccccccccc\",\"salt\":"
        "\"0x0101010101010101010101010101010101010101010101010101010101010101\"}";
    g_autoptr(GError) error = NULL;
    g_autoptr(SrTypedData) typed = hash_request(types, "\"M\"", domain, "{}", &error);
    g_autoptr(SrTypedData) bare = hash_request("{\"M\":[]}", "\"M\"", "{}", "{}", NULL);

    g_assert_no_error(error);
    g_assert_cmpstr(typed->primary_type, ==, "M");
    g_assert_cmpstr(typed->domain_name, ==, "App");
    g_assert_cmpstr(typed->domain_version, ==, "1");
    g_assert_cmpstr(typed->chain_id, ==, "79228162514264337593543950335");
    g_assert_cmpstr(typed->verifying_contract, ==, "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC");
    g_assert_cmpuint(typed->lines->len, ==, 5);
    g_assert_cmpstr(g_ptr_array_index(typed->lines, 0), ==, "domain.name: string = App");
    g_assert_null(bare->domain_name);
    g_assert_null(bare->domain_version);
    g_assert_null(bare->chain_id);
    g_assert_null(bare->verifying_contract);
}

static void test_bad_domain(void)
{
    static const struct {
        const char *fields;
        const char *domain;
        const char *field;
    } cases[] = {
        {"", "{\"name\":\"App\"}", "domain.name"},
        {"{\"name\":\"name\",\"type\":\"string\"}", "{}", "domain.name"},
        {"{\"name\":\"name\",\"type\":\"string\"}", "{\"name\":null}", "domain.name"},
        {"{\"name\":\"name\",\"type\":\"string\"}", "{\"name\":\"a\",\"version\":\"1\"}",
         "domain.version"},
        {"{\"name\":\"name\",\"type\":\"bytes\"}", "{\"name\":\"0x\"}", "types.EIP712Domain[0]"},
        {"{\"name\":\"chainId\",\"type\":\"uint64\"}", "{\"chainId\":1}", "types.EIP712Domain[0]"},
        {"{\"name\":\"chainId\",\"type\":\"uint256\"}", "{\"chainId\":\"one\"}", "domain.chainId"},
        {"{\"name\":\"verifyingContract\",\"type\":\"string\"}", "{\"verifyingContract\":\"x\"}",
         "types.EIP712Domain[0]"},
        {"{\"name\":\"salt\",\"type\":\"bytes32\"}", "{\"salt\":\"0x01\"}", "domain.salt"},
        {"{\"name\":\"owner\",\"type\":\"address\"}",
         "{\"owner\":\"0xcccccccccccccccccccccccccccccccccccccccc\"}", "types.EIP712Domain[0]"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *types =
            g_strdup_printf("{\"M\":[],\"EIP712Domain\":[%s]}", cases[i].fields);
        g_autoptr(GError) error = NULL;
        SrTypedData *typed = hash_request(types, "\"M\"", cases[i].domain, "{}", &error);

        assert_refused(typed, &error, SR_ERROR_MALFORMED_TYPED_DATA, cases[i].field);
    }
}

/* ------ limits ------ */

static char *repeat(const char *text, guint count, const char *separator)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < count; i++)
        g_string_append_printf(all, "%s%s", i ? separator : "", text);
    return g_string_free(all, FALSE);
}

static char *many_types(guint count)
{
    GString *types = g_string_new("{\"M\":[]");

    for (guint i = 0; i < count; i++)
        g_string_append_printf(types, ",\"T%u\":[]", i);
    return g_string_free(g_string_append_c(types, '}'), FALSE);
}

static void test_limit_types(void)
{
    g_autofree char *most = many_types(62); /* M and EIP712Domain make 64 */
    g_autofree char *more = many_types(63);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrTypedData) typed = hash_request(most, "\"M\"", "{}", "{}", &error);

    g_assert_no_error(error);
    g_assert_nonnull(typed);
    assert_refused(hash_request(more, "\"M\"", "{}", "{}", &error), &error, SR_ERROR_LIMIT_EXCEEDED,
                   "types");
}

static void test_limit_text(void)
{
    g_autofree char *letters = g_strnfill(SR_TYPED_DATA_NAME_MAX, 'a');
    GString *types = g_string_new("{\"M\":[");

    for (guint i = 0; i < 300; i++)
        g_string_append_printf(types, "%s{\"name\":\"%.120s%u\",\"type\":\"bool\"}", i ? "," : "",
                               letters, i);
    g_string_append(types, "]}");

    g_autofree char *text = g_string_free(types, FALSE);
    g_autofree char *long_name =
        g_strdup_printf("{\"M\":[{\"name\":\"%sa\",\"type\":\"bool\"}]}", letters);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) name_error = NULL;
    SrTypedData *typed = hash_request(text, "\"M\"", "{}", "{}", &error);

    assert_refused(typed, &error, SR_ERROR_LIMIT_EXCEEDED, "types");
    typed = hash_request(long_name, "\"M\"", "{}", "{}", &name_error);
    assert_refused(typed, &name_error, SR_ERROR_MALFORMED_TYPED_DATA, "types.M[0].name");
}

static void test_limit_lines(void)
{
    g_autofree char *most = repeat("1", SR_TYPED_DATA_LINES_MAX, ",");
    g_autofree char *most_array = g_strconcat("[", most, "]", NULL);
    g_autofree char *more_array = g_strconcat("[", most, ",1]", NULL);
    g_autofree char *empty = repeat("{}", SR_TYPED_DATA_LINES_MAX + 1, ",");
    g_autofree char *empty_array = g_strconcat("[", empty, "]", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) empty_error = NULL;
    g_autoptr(SrTypedData) typed = hash_value("uint8[]", most_array, &error);
    SrTypedData *refused;

    g_assert_no_error(error);
    g_assert_cmpuint(typed->lines->len, ==, SR_TYPED_DATA_LINES_MAX);
    refused = hash_value("uint8[]", more_array, &error);
    assert_refused(refused, &error, SR_ERROR_LIMIT_EXCEEDED, "message.x[4096]");
    refused = hash_value("E[]", empty_array, &empty_error);
    assert_refused(refused, &empty_error, SR_ERROR_LIMIT_EXCEEDED, "message.x[4096]");
}

static void test_limit_dimensions(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrTypedData) typed = hash_value("bool[][][][][][][][]", "[]", &error);

    g_assert_no_error(error);
    g_assert_nonnull(typed);
    assert_refused(hash_value("bool[][][][][][][][][]", "[]", &error), &error,
                   SR_ERROR_LIMIT_EXCEEDED, "types.M[0].type");
}

/* Depth is limited even for data that did not come through the JSON parser and its limit. */
static void test_limit_depth(void)
{
    g_autoptr(SrJson) types = parse("{\"P\":[{\"name\":\"next\",\"type\":\"P\"}]}");
    g_autoptr(SrJson) request = json_object_new_object();
    g_autoptr(GError) error = NULL;
    SrJson *data = json_object_new_object();

    for (guint i = 0; i < SR_TYPED_DATA_DEPTH_MAX; i++) {
        SrJson *outer = json_object_new_object();

        sr_json_add(outer, "next", data);
        data = outer;
    }
    sr_json_add(request, "types", json_object_get(types));
    sr_json_add_string(request, "primaryType", "P");
    sr_json_add(request, "domain", json_object_new_object());
    sr_json_add(request, "message", data);
    g_assert_null(sr_typed_data_new(request, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    g_assert_true(g_str_has_prefix(sr_error_detail(error)->field, "message.next.next."));
}

/* 64 types that all use each other, as long as they may be: no more than linear work each. */
static void test_dense_types(void)
{
    GString *types = g_string_new("{\"M\":[]");
    const gint64 start = sr_test_cpu_time();

    for (guint i = 0; i < 62; i++) {
        g_string_append_printf(types, ",\"T%u\":[", i);
        for (guint k = 0; k < 62; k++)
            g_string_append_printf(types, "%s{\"name\":\"f%u\",\"type\":\"T%u\"}", k ? "," : "", k,
                                   k);
        g_string_append_c(types, ']');
    }
    g_string_append_c(types, '}');

    g_autofree char *text = g_string_free(types, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrTypedData) typed = hash_request(text, "\"T0\"", "{}", "{}", &error);

    g_assert_no_error(error);
    g_assert_cmpuint(typed->lines->len, ==, 62);
    g_assert_cmpint(sr_test_cpu_time() - start, <, 2 * G_USEC_PER_SEC);
}

static void test_free_null(void)
{
    sr_typed_data_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/typed-data/digests-equal-those-of-ethers", test_ethers);
    g_test_add_func("/typed-data/digests-equal-those-of-geth", test_geth);
    g_test_add_func("/typed-data/clef's-good-requests-hash", test_clef_positive);
    g_test_add_func("/typed-data/clef's-bad-requests-are-refused", test_clef_negative);
    g_test_add_func("/typed-data/own-requests-have-digest-and-lines", test_own_vectors);
    g_test_add_func("/typed-data/values-read-as-they-should", test_values);
    g_test_add_func("/typed-data/values-that-do-not-fit-are-refused", test_bad_values);
    g_test_add_func("/typed-data/errors-name-the-path", test_inner_paths);
    g_test_add_func("/typed-data/an-absent-struct-is-the-null-struct", test_null_struct);
    g_test_add_func("/typed-data/types-that-do-not-exist-are-refused", test_bad_types);
    g_test_add_func("/typed-data/type-names-that-mislead-are-refused", test_bad_type_names);
    g_test_add_func("/typed-data/malformed-fields-are-refused", test_bad_fields);
    g_test_add_func("/typed-data/malformed-envelopes-are-refused", test_envelope);
    g_test_add_func("/typed-data/the-domain-is-read", test_domain);
    g_test_add_func("/typed-data/a-domain-that-does-not-fit-is-refused", test_bad_domain);
    g_test_add_func("/typed-data/64-types-are-the-limit", test_limit_types);
    g_test_add_func("/typed-data/long-types-are-refused", test_limit_text);
    g_test_add_func("/typed-data/more-lines-than-anybody-reads-are-refused", test_limit_lines);
    g_test_add_func("/typed-data/8-dimensions-are-the-limit", test_limit_dimensions);
    g_test_add_func("/typed-data/depth-32-is-the-limit", test_limit_depth);
    g_test_add_func("/typed-data/types-that-use-all-others-take-no-time", test_dense_types);
    g_test_add_func("/typed-data/freeing-nothing-is-fine", test_free_null);
    return g_test_run();
}
