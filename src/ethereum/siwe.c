#include "ethereum/siwe.h"

#include "ethereum/address.h"
#include "ethereum/char_class.h"
#include "ethereum/siwe_time.h"

#include <string.h>

#define PHRASE " wants you to sign in with your Ethereum account:"
#define NONCE_MIN 8
#define CHAIN_ID_MAX "9223372036854775807" /* 2^63 - 1 */

typedef struct {
    const char *bytes;
    gsize size;
    gsize at; /* start of the line that comes next */
    SrSiwe *siwe;
    SrSiweProblem *problem;
} Parser;

/* One of the lines "Label: value", what it may hold and where it goes. */
typedef struct {
    const char *label;
    const char *field;
    const char *missing; /* the rule when it is not there; NULL when it may be left out */
    gsize target;        /* of the SrSlice in SrSiwe */
    SrViolation (*check)(SrSlice value, SrSiwe *siwe);
} Line;

static gboolean fail(Parser *parser, const char *field, const char *rule, gsize offset)
{
    if (offset < parser->size && parser->bytes[offset] == '\r')
        rule = "a line ends in LF alone, not in CR LF";
    *parser->problem = (SrSiweProblem){field, rule, offset};
    return FALSE;
}

/* A violation in @value, which is a piece of the message. */
static gboolean fail_in(Parser *parser, const char *field, SrSlice value, SrViolation violation)
{
    return fail(parser, field, violation.rule,
                (gsize)(value.data - parser->bytes) + violation.offset);
}

/* Take the rest of the line; the line feed, if there is one, is passed over. */
static SrSlice take_line(Parser *parser)
{
    const char *start = parser->bytes + parser->at;
    const gsize left = parser->size - parser->at;
    const char *feed = memchr(start, '\n', left);
    const SrSlice line = {start, feed ? (gsize)(feed - start) : left};

    parser->at += line.length + (feed ? 1 : 0);
    return line;
}

/* Whether the next @length bytes are @text; if so they are passed over. */
static gboolean take(Parser *parser, const char *text, gsize length)
{
    if (parser->size - parser->at < length || memcmp(parser->bytes + parser->at, text, length) != 0)
        return FALSE;
    parser->at += length;
    return TRUE;
}

/* How many bytes of @text come next. */
static gsize common(const Parser *parser, const char *text)
{
    gsize i = 0;

    while (text[i] && parser->at + i < parser->size && parser->bytes[parser->at + i] == text[i])
        i++;
    return i;
}

static guint authority_oddities(const SrAuthority *authority)
{
    guint oddities = 0;
    guint port = 0;

    if (authority->host.length == 0)
        oddities |= SR_SIWE_EMPTY_HOST;
    if (authority->port.data && authority->port.length == 0)
        oddities |= SR_SIWE_EMPTY_PORT;
    for (gsize i = 0; authority->port.data && i < authority->port.length && port <= G_MAXUINT16;
         i++)
        port = port * 10 + (guint)(authority->port.data[i] - '0');
    if (port > G_MAXUINT16)
        oddities |= SR_SIWE_BIG_PORT;
    return oddities;
}

/* [ scheme "://" ] domain: neither holds a space, so they end at the first one. */
static gboolean parse_domain(Parser *parser)
{
    SrSiwe *siwe = parser->siwe;
    const SrSlice line = take_line(parser);
    const char *space = line.length ? memchr(line.data, ' ', line.length) : NULL;
    SrSlice domain = {line.data, space ? (gsize)(space - line.data) : line.length};
    const gsize scheme = sr_uri_scheme_length(domain);
    SrViolation bad;

    if (scheme > 0 && domain.length - scheme >= 3 && memcmp(domain.data + scheme, "://", 3) == 0) {
        siwe->scheme = (SrSlice){domain.data, scheme};
        domain = (SrSlice){domain.data + scheme + 3, domain.length - scheme - 3};
    }
    if (domain.length == 0)
        return fail_in(parser, "domain", domain, sr_violation("must not be empty", 0));
    bad = sr_authority_check(domain, &siwe->authority);
    if (bad.rule)
        return fail_in(parser, "domain", domain, bad);
    siwe->domain = domain;
    siwe->oddities |= authority_oddities(&siwe->authority);
    parser->at = (gsize)(domain.data + domain.length - parser->bytes);
    return TRUE;
}

static gboolean parse_header(Parser *parser)
{
    if (!parse_domain(parser))
        return FALSE;
    if (!take(parser, PHRASE "\n", sizeof PHRASE))
        return fail(parser, "header",
                    "the domain must be followed by \"" PHRASE "\" and a line feed",
                    parser->at + common(parser, PHRASE));
    return TRUE;
}

static gboolean parse_address(Parser *parser)
{
    SrSiwe *siwe = parser->siwe;

    siwe->address = take_line(parser);
    switch (sr_address_parse(siwe->address.data, siwe->address.length, siwe->address_bytes)) {
    case SR_ADDRESS_BAD:
        return fail_in(parser, "address", siwe->address,
                       sr_violation("must be \"0x\" and 40 hexadecimal digits", 0));
    case SR_ADDRESS_BAD_CHECKSUM:
        return fail_in(parser, "address", siwe->address,
                       sr_violation("must have upper and lower case as EIP-55 says", 0));
    case SR_ADDRESS_SINGLE_CASE:
        siwe->oddities |= SR_SIWE_SINGLE_CASE_ADDRESS;
        return TRUE;
    case SR_ADDRESS_CHECKSUMMED:
    default:
        return TRUE;
    }
}

/* LF [ statement LF ] LF: two line feeds on their own are no statement, three an empty one. */
static gboolean parse_statement(Parser *parser)
{
    SrSiwe *siwe = parser->siwe;
    SrSlice line;
    gsize good;

    if (!take(parser, "\n", 1))
        return fail(parser, "statement", "an empty line must follow the address", parser->at);
    if (take(parser, "\n", 1)) {
        if (take(parser, "\n", 1)) {
            siwe->statement = (SrSlice){parser->bytes + parser->at - 2, 0};
            siwe->oddities |= SR_SIWE_EMPTY_STATEMENT;
        }
        return TRUE;
    }
    line = take_line(parser);
    good = sr_char_span(line.data, line.length, SR_CHAR_STATEMENT);
    if (good < line.length)
        return fail_in(
            parser, "statement", line,
            sr_violation("only letters, digits, spaces and :/?#[]@!$&'()*+,;=-._~ may be "
                         "in a statement",
                         good));
    if (line.length > SR_SIWE_STATEMENT_MAX)
        return fail_in(parser, "statement", line,
                       sr_violation("at most " G_STRINGIFY(SR_SIWE_STATEMENT_MAX) " bytes",
                                    SR_SIWE_STATEMENT_MAX));
    siwe->statement = line;
    if (!take(parser, "\n", 1))
        return fail(parser, "statement",
                    "an empty line must follow the statement (two follow the address when there is "
                    "no statement)",
                    parser->at);
    return TRUE;
}

static SrViolation check_uri(SrSlice value, SrSiwe *siwe)
{
    (void)siwe;
    if (value.length > SR_SIWE_URI_MAX)
        return sr_violation("at most " G_STRINGIFY(SR_SIWE_URI_MAX) " bytes", SR_SIWE_URI_MAX);
    return sr_uri_check(value);
}

static SrViolation check_version(SrSlice value, SrSiwe *siwe)
{
    (void)siwe;
    return sr_violation(value.length == 1 && value.data[0] == '1' ? NULL : "must be 1", 0);
}

static SrViolation check_chain_id(SrSlice value, SrSiwe *siwe)
{
    const gsize digits = sr_char_span(value.data, value.length, SR_CHAR_DIGIT);
    const gsize most = sizeof CHAIN_ID_MAX - 1;

    if (digits == 0 || digits < value.length)
        return sr_violation("must be a decimal number", digits);
    /* Of two numbers without leading zeros and of one length, the greater comes later. */
    if (value.data[0] == '0' || digits > most ||
        (digits == most && memcmp(value.data, CHAIN_ID_MAX, most) > 0))
        siwe->oddities |= SR_SIWE_CHAIN_ID_ODD;
    return sr_violation(NULL, 0);
}

static SrViolation check_nonce(SrSlice value, SrSiwe *siwe)
{
    const gsize good = sr_char_span(value.data, value.length, SR_CHAR_ALNUM);

    (void)siwe;
    if (good < value.length)
        return sr_violation("only letters and digits", good);
    if (value.length < NONCE_MIN)
        return sr_violation("at least " G_STRINGIFY(NONCE_MIN) " letters or digits", 0);
    if (value.length > SR_SIWE_NONCE_MAX)
        return sr_violation("at most " G_STRINGIFY(SR_SIWE_NONCE_MAX) " letters or digits",
                            SR_SIWE_NONCE_MAX);
    return sr_violation(NULL, 0);
}

static SrViolation check_issued_at(SrSlice value, SrSiwe *siwe)
{
    return sr_siwe_time_parse(value, &siwe->issued, &siwe->oddities);
}

static SrViolation check_expiration_time(SrSlice value, SrSiwe *siwe)
{
    return sr_siwe_time_parse(value, &siwe->expires, &siwe->oddities);
}

static SrViolation check_not_before(SrSlice value, SrSiwe *siwe)
{
    return sr_siwe_time_parse(value, &siwe->starts, &siwe->oddities);
}

/* *pchar */
static SrViolation check_request_id(SrSlice value, SrSiwe *siwe)
{
    const gsize good = sr_uri_segment_length(value);

    if (good < value.length)
        return sr_violation(
            "only letters, digits, %XX and -._~!$&'()*+,;=:@ may be in a request ID", good);
    if (value.length == 0)
        siwe->oddities |= SR_SIWE_EMPTY_REQUEST_ID;
    return sr_violation(NULL, 0);
}

#define REQUIRED(label) "the line \"" label "…\" must be here"
#define LINE(label, field, missing, member, check)                                                 \
    {                                                                                              \
        label, field, missing, G_STRUCT_OFFSET(SrSiwe, member), check                              \
    }

/* In the order of the EIP. */
static const Line lines[] = {
    LINE("URI: ", "uri", REQUIRED("URI: "), uri, check_uri),
    LINE("Version: ", "version", REQUIRED("Version: "), version, check_version),
    LINE("Chain ID: ", "chainId", REQUIRED("Chain ID: "), chain_id, check_chain_id),
    LINE("Nonce: ", "nonce", REQUIRED("Nonce: "), nonce, check_nonce),
    LINE("Issued At: ", "issuedAt", REQUIRED("Issued At: "), issued_at, check_issued_at),
    LINE("Expiration Time: ", "expirationTime", NULL, expiration_time, check_expiration_time),
    LINE("Not Before: ", "notBefore", NULL, not_before, check_not_before),
    LINE("Request ID: ", "requestId", NULL, request_id, check_request_id),
};

static gboolean parse_field(Parser *parser, const Line *line)
{
    SrSlice value;
    SrViolation bad;

    if (!take(parser, line->label, strlen(line->label))) {
        if (!line->missing)
            return TRUE;
        return fail(parser, line->field, line->missing, parser->at + common(parser, line->label));
    }
    value = take_line(parser);
    bad = line->check(value, parser->siwe);
    if (bad.rule)
        return fail_in(parser, line->field, value, bad);
    G_STRUCT_MEMBER(SrSlice, parser->siwe, line->target) = value;
    return TRUE;
}

static gboolean parse_resources(Parser *parser)
{
    static const char label[] = "Resources:";
    SrSiwe *siwe = parser->siwe;
    SrSlice rest;

    if (!take(parser, label, sizeof label - 1))
        return TRUE;
    rest = take_line(parser);
    if (rest.length > 0)
        return fail_in(parser, "resources", rest,
                       sr_violation("nothing may follow \"Resources:\" in its line", 0));
    siwe->has_resources = TRUE;
    while (take(parser, "- ", 2)) {
        const SrSlice value = take_line(parser);
        const SrViolation bad = check_uri(value, siwe);

        if (bad.rule)
            return fail_in(parser, "resources", value, bad);
        if (siwe->n_resources == SR_SIWE_RESOURCES_MAX)
            return fail_in(
                parser, "resources", value,
                sr_violation("at most " G_STRINGIFY(SR_SIWE_RESOURCES_MAX) " resources", 0));
        siwe->resources[siwe->n_resources++] = value;
    }
    if (siwe->n_resources == 0)
        siwe->oddities |= SR_SIWE_EMPTY_RESOURCES;
    return TRUE;
}

static gboolean parse_end(Parser *parser)
{
    if (parser->at < parser->size)
        return fail(parser, "end",
                    "the message must end here (each field at most once, in the order of EIP-4361)",
                    parser->at);
    if (parser->bytes[parser->size - 1] == '\n')
        return fail(parser, "end", "no line feed may end the message", parser->size - 1);
    return TRUE;
}

gboolean sr_siwe_parse(const char *bytes, gsize size, SrSiwe *ret_siwe, SrSiweProblem *ret_problem)
{
    Parser parser = {bytes, size, 0, ret_siwe, ret_problem};

    memset(ret_siwe, 0, sizeof *ret_siwe);
    if (size == 0)
        return fail(&parser, "domain", "the message is empty", 0);
    if (size > SR_SIWE_MESSAGE_MAX)
        return fail(&parser, "end",
                    "a message has at most " G_STRINGIFY(SR_SIWE_MESSAGE_MAX) " bytes",
                    SR_SIWE_MESSAGE_MAX);
    if (!parse_header(&parser) || !parse_address(&parser) || !parse_statement(&parser))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
        if (!parse_field(&parser, &lines[i]))
            return FALSE;
    return parse_resources(&parser) && parse_end(&parser);
}

const char *sr_siwe_oddity_name(SrSiweOddity oddity)
{
    static const char *const names[] = {
        "single-case-address", "empty-statement", "empty-request-id",
        "empty-resources",     "odd-chain-id",    "lower-case-time",
        "leap-second",         "empty-port",      "big-port",
        "empty-host",
    };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if ((guint)oddity == 1u << i)
            return names[i];
    return NULL;
}
