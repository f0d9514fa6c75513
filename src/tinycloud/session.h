/*
 * A TinyCloud session: an Ed25519 session key, and the delegation that lets it act: a sign-in
 * message that the user's key has signed, or a delegation from somebody else (session-only mode),
 * or none yet. As text it is one line for a store, "1.FACTS.KEY.CHECK": the facts are base64url
 * JSON, the key passes from locked memory to locked memory, the check covers both.
 */
#pragma once

#include "base/json.h"
#include "base/secret.h"
#include "crypto/key.h"

#include <glib.h>

typedef enum {
    SR_SESSION_KEY_ONLY,  /* its DID can be delegated to */
    SR_SESSION_SIGNED_IN, /* message and signature are of the user's own key */
    SR_SESSION_DELEGATED, /* it came as a portable delegation */
} SrSessionKind;

/* "key", "signed-in", "delegated". Static text. */
const char *sr_session_kind_name(SrSessionKind kind);

typedef struct {
    char *id;     /* of its store record */
    char *caller; /* whose it is: extension id or "cli" */
    char *origin; /* the page's, or the caller again */
    SrSessionKind kind;
    char *did;             /* of the session key, a DID URL; the SDK's verificationMethod */
    gint64 created;        /* microseconds since 1970 */
    char *key_id;          /* the user's key that signed in, else NULL */
    char *siwe;            /* the message, signed in only */
    char *signature;       /* "0x…", signed in only */
    char *header;          /* the delegation: value of the header "Authorization"; NULL: none yet */
    char *cid;             /* its identifier */
    char *space_id;        /* the primary space */
    SrJson *spaces;        /* {name: space id}, or NULL */
    char *expires_at;      /* RFC 3339 */
    SrJson *portable;      /* the portable delegation as it came, delegated only */
    SrSecret *private_key; /* 32 bytes */
} SrSession;

SrSession *sr_session_new(void); /* all empty */
void sr_session_free(SrSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrSession, sr_session_free)

/*
 * A new session of @caller at @origin with the session key @private_key (32 bytes, taken also on
 * failure), or with a new key. Owned by the caller. SR_ERROR_LIMIT_EXCEEDED, _INTERNAL.
 */
SrSession *sr_session_make(const char *caller, const char *origin, gint64 created,
                           SrSecret *private_key, GError **error);
SrSession *sr_session_generate(const char *caller, const char *origin, gint64 created,
                               GError **error);

/* The front of the ids that all sessions of @caller at @origin have; behind it they are in the
 * order in which they were made. Owned by the caller. */
char *sr_session_id_prefix(const char *caller, const char *origin);

/* Its session key. Owned by the caller. SR_ERROR_CORRUPT when it is not that of its DID. */
SrKey *sr_session_key(const SrSession *session, GError **error);

/* Its line, and back; @id is copied. SR_ERROR_LIMIT_EXCEEDED; SR_ERROR_CORRUPT for a line in which
 * any byte is another one, or that is kept under another owner's id. Owned by the caller. */
SrSecret *sr_session_write(const SrSession *session, GError **error);
SrSession *sr_session_read(const char *id, const SrSecret *line, GError **error);
