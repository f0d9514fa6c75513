/* Sign-ins, delegations and sessions of TinyCloud, made of few words and real keys. */
#pragma once

#include "base/json.h"
#include "tinycloud/session.h"
#include "tinycloud/ucan.h"

#define TEST_WALLET "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf" /* of the key 1 */
#define TEST_SPACE "tinycloud:pkh:eip155:1:" TEST_WALLET ":default"
#define TEST_NOTES "{\"" TEST_SPACE "/kv/notes\":{\"tinycloud.kv/get\":[{}]}}"
#define TEST_START G_GINT64_CONSTANT(1782043200) /* 2026-06-21T12:00:00Z */
#define TEST_END G_GINT64_CONSTANT(1782129600)   /* a day later */

/* What a sign-in says; what is NULL or 0 is as in the macros above, "" is left out. */
typedef struct {
    guint8 wallet;       /* its key; 1 is TEST_WALLET's */
    guint8 session_seed; /* 32 times this byte; 0x22 when it is 0 */
    const char *attenuations;
    const char *expiration; /* RFC 3339 */
    const char *not_before;
    const char *nonce;
} TestSignIn;

/* The message of @sign_in. Owned by the caller. */
char *test_sign_in_message(const TestSignIn *sign_in);

/* The EIP-191 signature of @message with the key @wallet. */
void test_wallet_sign(guint8 wallet, const char *message, guint8 ret_signature[65]);

/* The header of @message, signed with the key @wallet; @v_less is taken off the signature's last
 * byte. Owned by the caller. */
char *test_cacao_header(guint8 wallet, const char *message, guint8 v_less);

/* The session of @sign_in, signed in. Owned by the caller. */
SrSession *test_session(const TestSignIn *sign_in);

/* The did:key of the session key @seed, and what signs with it. Owned by the caller. */
char *test_session_did(guint8 seed);
SrSigner *test_session_signer(guint8 seed);

/* A UCAN of the session key 0x22 to the one of seed 0x33, in JSON members that replace (null: take
 * away) those of {att, aud, exp, iss, nnc, prf}; @replace may be NULL. Owned by the caller. */
char *test_ucan(const char *replace);

/* Header and payload, signed by the session key 0x22. Owned by the caller. */
char *test_jwt(const char *header, const char *payload);

/* A session with the session key 0x33 and that UCAN as its portable delegation. */
SrSession *test_delegated_session(void);

/* JSON that must be right. Owned by the caller. */
SrJson *test_json(const char *text);
