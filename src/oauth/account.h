/*
 * An account: one sign-in of one person at one provider with one client, and its tokens. As text it
 * is one line for a store: "1.FACTS.REFRESH.ACCESS.DPOP", each part base64url; the tokens pass from
 * locked memory to locked memory.
 */
#pragma once

#include "base/json.h"
#include "base/secret.h"

#include <glib.h>

typedef enum {
    SR_ACCOUNT_GOOD,
    SR_ACCOUNT_IN_FLIGHT,   /* its refresh token has been sent, the answer has not been stored */
    SR_ACCOUNT_UNCERTAIN,   /* the answer was lost: the refresh token is perhaps used up */
    SR_ACCOUNT_NEEDS_LOGIN, /* the provider took it back; cause says why */
} SrAccountState;

typedef struct {
    char *id;   /* of its store record: 22 characters */
    char *name; /* for people: e-mail, name or subject, and the issuer's host */
    char *issuer;
    char *client_id;
    char *subject; /* NULL when there was no id_token */
    char *scope;   /* granted */
    char *caller;  /* who signed in: extension id or "cli" */
    char *origin;  /* the page's, or the caller again */
    SrAccountState state;
    char *cause;             /* of SR_ACCOUNT_NEEDS_LOGIN, else NULL */
    gboolean is_dpop;        /* the access token is bound to dpop_key */
    gint64 generation;       /* counts the writes */
    gint64 created;          /* seconds since 1970, as are the next ones */
    gint64 received;         /* when the access token came */
    gint64 expires;          /* when it ends */
    SrSecret *access_token;  /* may be NULL */
    SrSecret *refresh_token; /* may be NULL: then it ends with the access token */
    SrSecret *dpop_key;      /* 32 bytes, or NULL */
} SrAccount;

SrAccount *sr_account_new(void); /* all empty, SR_ACCOUNT_GOOD */
void sr_account_free(SrAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrAccount, sr_account_free)

/* A copy, secrets included; NULL with SR_ERROR_LIMIT_EXCEEDED. Owned by the caller. */
SrAccount *sr_account_copy(const SrAccount *account, GError **error);

/* Its line. Owned by the caller. SR_ERROR_LIMIT_EXCEEDED. */
SrSecret *sr_account_write(const SrAccount *account, GError **error);

/* The account of such a line; @id is copied. SR_ERROR_CORRUPT. */
SrAccount *sr_account_read(const char *id, const SrSecret *line, GError **error);

/* "good", "in-flight", "uncertain", "needs-login". Static text. */
const char *sr_account_state_name(SrAccountState state);
