#include "ethereum/siwe.h"

#include "base/error.h"
#include "ethereum/address.h"
#include "ethereum/siwe_time.h"

#include <string.h>

/* A field of one value: the fixed text around it, and its member before and after parsing. */
typedef struct {
    const char *name;
    const char *before;
    const char *after;
    gboolean required;
    gsize given;  /* of the string in SrSiweFields */
    gsize parsed; /* of the SrSlice in SrSiwe */
} Row;

#define PLACES(member) G_STRUCT_OFFSET(SrSiweFields, member), G_STRUCT_OFFSET(SrSiwe, member)

static const Row rows[] = {
    {"scheme", "", "://", FALSE, PLACES(scheme)},
    {"domain", "", " wants you to sign in with your Ethereum account:\n", TRUE, PLACES(domain)},
    {"address", "", "\n\n", TRUE, PLACES(address)},
    {"statement", "", "\n", FALSE, PLACES(statement)},
    {"uri", "\nURI: ", "\nVersion: 1", TRUE, PLACES(uri)},
    {"chainId", "\nChain ID: ", "", TRUE, PLACES(chain_id)},
    {"nonce", "\nNonce: ", "", TRUE, PLACES(nonce)},
    {"issuedAt", "\nIssued At: ", "", TRUE, PLACES(issued_at)},
    {"expirationTime", "\nExpiration Time: ", "", FALSE, PLACES(expiration_time)},
    {"notBefore", "\nNot Before: ", "", FALSE, PLACES(not_before)},
    {"requestId", "\nRequest ID: ", "", FALSE, PLACES(request_id)},
};

typedef struct {
    GString *text;
    gsize starts[G_N_ELEMENTS(rows)]; /* of the values in the text */
} Draft;

/* G_STRUCT_MEMBER without its cast from const. */
static const char *given(const SrSiweFields *fields, const Row *row)
{
    return *(const char *const *)((const char *)fields + row->given);
}

static SrSlice parsed(const SrSiwe *siwe, const Row *row)
{
    return *(const SrSlice *)((const char *)siwe + row->parsed);
}

/* A line feed in a value would start a line of its own, which another field could be read from. */
static gboolean is_one_line(const char *name, const char *value, GError **error)
{
    const char *feed = strchr(value, '\n');

    if (!feed)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, name, feed - value,
                    "no line feed may be in it");
    return FALSE;
}

static gboolean write_row(Draft *draft, gsize i, const SrSiweFields *fields, GError **error)
{
    const Row *row = &rows[i];
    const char *value = given(fields, row);

    if (!value && row->required) {
        sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, row->name, -1, "is missing");
        return FALSE;
    }
    if (!value)
        return TRUE;
    if (!is_one_line(row->name, value, error))
        return FALSE;
    g_string_append(draft->text, row->before);
    draft->starts[i] = draft->text->len;
    g_string_append(draft->text, value);
    g_string_append(draft->text, row->after);
    return TRUE;
}

static gboolean write_resources(Draft *draft, const char *const *resources, GError **error)
{
    if (!resources || !resources[0])
        return TRUE;
    g_string_append(draft->text, "\nResources:");
    for (; *resources; resources++) {
        if (!is_one_line("resources", *resources, error))
            return FALSE;
        g_string_append_printf(draft->text, "\n- %s", *resources);
    }
    return TRUE;
}

/* Report a problem of the text as one of the value it lies in. */
static void set_problem(const Draft *draft, const SrSiweProblem *problem, GError **error)
{
    /* We wrote the fixed text: only a space in the domain puts it in the wrong place. */
    const char *field = strcmp(problem->field, "header") == 0 ? "domain" : problem->field;
    gint64 offset = -1;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, field) == 0 && problem->offset >= draft->starts[i])
            offset = (gint64)(problem->offset - draft->starts[i]);
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, field, offset, "%s", problem->rule);
}

/* The time field that brought @oddity about. */
static const char *odd_time(const SrSiwe *siwe, guint oddity)
{
    const struct {
        const char *name;
        SrSlice text;
    } times[] = {
        {"issuedAt", siwe->issued_at},
        {"expirationTime", siwe->expiration_time},
        {"notBefore", siwe->not_before},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        SrSiweTime time;
        guint oddities = 0;

        if (times[i].text.data)
            sr_siwe_time_parse(times[i].text, &time, &oddities);
        if (oddities & oddity)
            return times[i].name;
    }
    return "issuedAt";
}

static const char *odd_field(const SrSiwe *siwe, guint oddity)
{
    switch (oddity) {
    case SR_SIWE_EMPTY_STATEMENT:
        return "statement";
    case SR_SIWE_EMPTY_REQUEST_ID:
        return "requestId";
    case SR_SIWE_CHAIN_ID_ODD:
        return "chainId";
    case SR_SIWE_LOWER_CASE_TIME:
    case SR_SIWE_LEAP_SECOND:
        return odd_time(siwe, oddity);
    default:
        return "domain";
    }
}

/* Whether the parser sees each field as it was given, and nothing that others read differently. */
static gboolean is_faithful(const SrSiwe *siwe, const SrSiweFields *fields, GError **error)
{
    const guint oddity = siwe->oddities & -siwe->oddities;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = given(fields, &rows[i]);
        const SrSlice read = parsed(siwe, &rows[i]);

        if (!value != !read.data || (value && strlen(value) != read.length) ||
            (value && memcmp(value, read.data, read.length) != 0)) {
            sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, rows[i].name, -1,
                            "would be read as another text");
            return FALSE;
        }
    }
    if (!oddity)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, odd_field(siwe, oddity), -1,
                    "a form that others read differently (%s)",
                    sr_siwe_oddity_name((SrSiweOddity)oddity));
    return FALSE;
}

/* Before its "://" a scheme that is none would be read as the start of a domain. */
static gboolean check_scheme(const SrSiweFields *fields, GError **error)
{
    const SrSlice scheme = {fields->scheme, fields->scheme ? strlen(fields->scheme) : 0};
    gsize good;

    if (!fields->scheme)
        return TRUE;
    good = sr_uri_scheme_length(scheme);
    if (good > 0 && good == scheme.length)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, "scheme", (gint64)good,
                    "must be a letter, then letters, digits, \"+\", \"-\" or \".\"");
    return FALSE;
}

/* @fields with the address in its EIP-55 form, which is written to @ret_text. */
static gboolean fix_address(SrSiweFields *fields, char ret_text[SR_ADDRESS_TEXT_SIZE],
                            GError **error)
{
    guint8 address[SR_ADDRESS_SIZE];

    if (!fields->address)
        return TRUE;
    switch (sr_address_parse(fields->address, strlen(fields->address), address)) {
    case SR_ADDRESS_SINGLE_CASE:
    case SR_ADDRESS_CHECKSUMMED:
        sr_address_text(address, ret_text);
        fields->address = ret_text;
        return TRUE;
    case SR_ADDRESS_BAD_CHECKSUM:
        sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, "address", 0,
                        "must have upper and lower case as EIP-55 says");
        return FALSE;
    case SR_ADDRESS_BAD:
    default:
        sr_error_set_at(error, SR_ERROR_MALFORMED_SIWE, "address", 0,
                        "must be \"0x\" and 40 hexadecimal digits");
        return FALSE;
    }
}

char *sr_siwe_build(const SrSiweFields *fields, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Draft draft = {text, {0}};
    SrSiweFields fixed = *fields;
    char address[SR_ADDRESS_TEXT_SIZE];
    SrSiweProblem problem;
    SrSiwe siwe;

    if (!check_scheme(fields, error) || !fix_address(&fixed, address, error))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (!write_row(&draft, i, &fixed, error))
            return NULL;
    if (!write_resources(&draft, fields->resources, error))
        return NULL;
    if (!sr_siwe_parse(text->str, text->len, &siwe, &problem)) {
        set_problem(&draft, &problem, error);
        return NULL;
    }
    if (!is_faithful(&siwe, &fixed, error))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}
