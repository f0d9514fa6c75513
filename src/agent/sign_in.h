/*
 * One sign-in at a provider on its way: from what a client asked for to an account in the store.
 *
 * Three ways: the extension's (the browser carries the redirect back: begin, complete), the
 * loopback redirect (a port of this computer), and the device flow (no redirect at all). The steps
 * run from the main loop; each ends by starting the next or by sr_sign_in_fail.
 */
#pragma once

#include "agent/account_jobs.h"
#include "agent/account_turn.h"
#include "agent/agent.h"
#include "agent/network.h"
#include "agent/providers.h"
#include "agent/request.h"
#include "oauth/device.h"
#include "oauth/flow.h"
#include "oauth/id_token.h"
#include "oauth/token_response.h"

typedef enum {
    SR_SIGN_IN_EXTENSION,
    SR_SIGN_IN_LOOPBACK,
    SR_SIGN_IN_DEVICE,
} SrSignInWay;

typedef struct SrSignIn SrSignIn;

struct SrSignIn {
    SrAgent *agent;
    SrSignInWay way;
    char *caller; /* "cli" or the extension's id */
    char *origin;
    char *issuer;
    char *client_id; /* NULL: the one registered for this user */
    char *scope;
    char *login_hint;        /* or NULL */
    SrSecret *secret;        /* of a confidential client, given with the request; or NULL */
    gboolean has_new_secret; /* client->secret is that one: kept when it has proved right */
    char *redirect_uri;      /* for the loopback: once its port is known */
    gboolean wants_dpop;

    SrRequest *request; /* that is to be answered next; NULL between begin and complete */
    SrMetadata *metadata;
    SrClient *client;
    SrFlow *flow;
    SrSecret *code;     /* until the tokens are there */
    SrSecret *dpop_key; /* or NULL */
    char *dpop_nonce;
    SrDeviceCode *device;
    gint64 interval; /* between questions of the device flow, seconds */
    SrTokens *tokens;
    SrIdToken *id_token;
    SrAccount *account; /* being saved */
    gboolean is_saving; /* it stays until the store has answered */

    SrRedirects *redirects;
    SrProviderCall *provider_call;
    SrNetworkCall *network_call;
    SrTurn *turn; /* at the account turn_at ("": a new one), until it is saved */
    char *turn_at;
    guint timer; /* the end of the flow, or the next question of the device flow */
    gint64 ends; /* monotonic: when the device flow is over */
};

/*
 * A sign-in for @request, which it becomes the state of; in agent->sign_ins until it ends. What it
 * is about is filled in by the caller.
 */
SrSignIn *sr_sign_in_new(SrRequest *request, SrSignInWay way);

/* End it without a word, whatever is under way. */
void sr_sign_in_free(SrSignIn *sign_in);

/* End it; the request gets @error (taken). */
void sr_sign_in_fail(SrSignIn *sign_in, GError *error);

/* The next answer goes to @request: oauth.complete. */
void sr_sign_in_attach(SrSignIn *sign_in, SrRequest *request);

/* The request is answered in another way than failing; the sign-in goes on without it. */
void sr_sign_in_detach(SrSignIn *sign_in);

/* Whether its caller may sign in so: the user agreed to that and has not taken it back. */
gboolean sr_sign_in_is_allowed(const SrSignIn *sign_in);

/* The same, with SR_ERROR_NOT_GRANTED. */
gboolean sr_sign_in_check_allowed(const SrSignIn *sign_in, GError **error);

/* Write sign_in->client to the store, as the client @client_id of its issuer, or (NULL) as the one
 * that is registered for this user; then @next. */
void sr_sign_in_save_client(SrSignIn *sign_in, const char *client_id, SrRequestStep next);

/* The store's record of the client @client_id, or of the registered one. Owned by the caller. */
SrClientQuery *sr_sign_in_client_query(const SrSignIn *sign_in, const char *client_id);

/* --- steps, each in a file of its own
 * ------------------------------------------------------------------- */

/* Metadata and client (registered when there is none), then the way's own start. sign_in_start.c */
void sr_sign_in_start(SrSignIn *sign_in);

/* The address for the browser is needed: sr_sign_in_show gets it. sign_in_flow.c */
void sr_sign_in_make_flow(SrSignIn *sign_in);

/*
 * The redirect @url came back. FALSE with @error, and the sign-in unchanged, when it does not
 * belong to this flow (another state). Else the sign-in goes on or fails by itself.
 */
gboolean sr_sign_in_accept(SrSignIn *sign_in, const char *url, GError **error);

/* Ask for the device code, then for the tokens. sign_in_device.c */
void sr_sign_in_start_device(SrSignIn *sign_in);

/* sign_in->tokens are there: check them, make the account, save it, answer. sign_in_finish.c */
void sr_sign_in_finish(SrSignIn *sign_in);
