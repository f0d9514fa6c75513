/* One decision that the user let us remember; grants.h says what each kind is. */
#pragma once

#include <glib.h>

typedef enum {
    SR_GRANT_ACCOUNTS,
    SR_GRANT_SIWE,
    SR_GRANT_PROGRAM,
    SR_GRANT_SIGN_IN,
    SR_GRANT_TOKENS,
} SrGrantKind;

/* "accounts", "siwe", "program", "sign-in", "tokens". Static text. */
const char *sr_grant_kind_name(SrGrantKind kind);

/* The kind of that name; SR_GRANT_ACCOUNTS for any other text. */
SrGrantKind sr_grant_kind_of(const char *name);

typedef struct {
    char *id;
    SrGrantKind kind;
    char *caller; /* extension id; the path of a program */
    char *origin; /* the page's, or the extension id again; "" for a program */
    char *key;    /* key id; for a program also "accounts" or "keys": all of the token; for a
                   * sign-in issuer and client, for tokens the account's id */
    char *domain; /* siwe only, as are the next four */
    char *delegate;
    char *capabilities;     /* for people */
    char *scope;            /* SHA-256 (hex) of what must be the same in every message */
    gint64 maximum_seconds; /* longest validity of a message; 0: may be without end */
    gint64 created;         /* microseconds since 1970, so that the order of a list is clear */
    gint64 expires;         /* seconds since 1970; 0: none */
} SrGrant;

/*
 * One of @kind for @key, made now, with a random id and no end. Owned by the caller. NULL without
 * random numbers (SR_ERROR_INTERNAL).
 */
SrGrant *sr_grant_new(SrGrantKind kind, const char *caller, const char *origin, const char *key,
                      GError **error);
void sr_grant_free(SrGrant *grant);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrGrant, sr_grant_free)
