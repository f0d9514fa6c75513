/*
 * EIP-4361 messages: a strict parser over the received bytes, and a builder.
 *
 * The parser accepts exactly the ABNF of the EIP with RFC 3986 URIs and RFC 3339 dates, in one
 * pass, without allocation, and reports field, offset and rule of the first violation. Fields are
 * slices of the caller's bytes: nothing is copied or normalised, so what is shown is what is
 * signed. Pure: no clock, no I/O. Policy (time, origin, own address) is for the layers above.
 */
#pragma once

#include "base/slice.h"
#include "ethereum/uri.h"

#include <glib.h>

#define SR_SIWE_MESSAGE_MAX 16384 /* bytes */
#define SR_SIWE_STATEMENT_MAX 8192
#define SR_SIWE_NONCE_MAX 256
#define SR_SIWE_URI_MAX 8192 /* bytes; a ReCap is one URI */
#define SR_SIWE_RESOURCES_MAX 64

/* Forms that are legal or nearly so, but that other implementations read differently. */
typedef enum {
    SR_SIWE_SINGLE_CASE_ADDRESS = 1 << 0,
    SR_SIWE_EMPTY_STATEMENT = 1 << 1,
    SR_SIWE_EMPTY_REQUEST_ID = 1 << 2,
    SR_SIWE_EMPTY_RESOURCES = 1 << 3,
    SR_SIWE_CHAIN_ID_ODD = 1 << 4, /* leading zero, 0, or above 2^63 - 1: not signed */
    SR_SIWE_LOWER_CASE_TIME = 1 << 5,
    SR_SIWE_LEAP_SECOND = 1 << 6,
    SR_SIWE_EMPTY_PORT = 1 << 7,
    SR_SIWE_BIG_PORT = 1 << 8, /* above 65535 */
    SR_SIWE_EMPTY_HOST = 1 << 9,
} SrSiweOddity;

/*
 * A point in time of RFC 3339, kept exactly: seconds since 1970 and the fraction's digits. A leap
 * second is the first second of the next minute.
 */
typedef struct {
    gint64 seconds;
    SrSlice fraction; /* digits after the point, absent when there are none */
} SrSiweTime;

/* The fields of a message: pieces of it, data NULL when a field is absent. */
typedef struct {
    SrSlice scheme; /* without "://" */
    SrSlice domain;
    SrSlice address;
    SrSlice statement;
    SrSlice uri;
    SrSlice version;
    SrSlice chain_id;
    SrSlice nonce;
    SrSlice issued_at;
    SrSlice expiration_time;
    SrSlice not_before;
    SrSlice request_id;
    SrSlice resources[SR_SIWE_RESOURCES_MAX];
    guint n_resources;
    gboolean has_resources; /* the "Resources:" line is there, perhaps with none below it */
    SrAuthority authority;  /* the parts of domain */
    guint8 address_bytes[20];
    SrSiweTime issued;
    SrSiweTime expires; /* valid when expiration_time is there */
    SrSiweTime starts;  /* valid when not_before is there */
    guint oddities;     /* SrSiweOddity bits */
} SrSiwe;

/*
 * What is wrong, in static text. field is one of scheme, domain, header (the fixed text of the
 * first line), address, statement, uri, version, chainId, nonce, issuedAt, expirationTime,
 * notBefore, requestId, resources, end (what follows the last field); offset is in bytes from the
 * start of the message.
 */
typedef struct {
    const char *field;
    const char *rule;
    gsize offset;
} SrSiweProblem;

/*
 * Parse. FALSE with *ret_problem set when the bytes do not conform, or exceed a limit above. Of the
 * ambiguous forms the parser accepts those with a SR_SIWE_… bit and refuses: "0X", a wrong EIP-55
 * checksum, an empty domain, year 0000. Time is linear in @size.
 */
gboolean sr_siwe_parse(const char *bytes, gsize size, SrSiwe *ret_siwe, SrSiweProblem *ret_problem);

/* -1, 0, 1: @time before, at or after @seconds + @nanoseconds since 1970. */
int sr_siwe_time_compare(const SrSiweTime *time, gint64 seconds, guint32 nanoseconds);

/* The same order between two times. */
int sr_siwe_time_order(const SrSiweTime *a, const SrSiweTime *b);

/* The name of one oddity bit ("single-case-address", …), static text; NULL for other values. */
const char *sr_siwe_oddity_name(SrSiweOddity oddity);

/* Fields for sr_siwe_build; NULL for those to leave out. An empty resources array is left out. */
typedef struct {
    const char *scheme;
    const char *domain;
    const char *address; /* any case; written with its EIP-55 checksum */
    const char *statement;
    const char *uri;
    const char *chain_id;
    const char *nonce;
    const char *issued_at;
    const char *expiration_time;
    const char *not_before;
    const char *request_id;
    const char *const *resources; /* NULL-terminated, or NULL */
} SrSiweFields;

/*
 * The message of @fields (version 1), proven by parsing it again; SR_ERROR_MALFORMED_SIWE naming
 * the field, and the offset in its value, when it would not conform. Oddities are refused too.
 * Owned by the caller.
 */
char *sr_siwe_build(const SrSiweFields *fields, GError **error);

/*
 * RFC 3339 text in UTC with milliseconds ("2026-06-21T12:00:00.000Z") of a time in microseconds
 * since 1970, rounded down; NULL outside the years 1 to 9999. Owned by the caller.
 */
char *sr_siwe_time_text(gint64 microseconds);
