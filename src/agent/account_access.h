/* Which OAuth accounts a caller may use. */
#pragma once

#include "agent/accounts.h"
#include "agent/request.h"

/* Make sure that store and accounts are known, as sr_request_need_keys does for keys. */
void sr_request_need_accounts(SrRequest *request, gboolean ask, SrRequestStep next);

/* Whether the caller signed @info in and may still sign in there, or was allowed to use it. */
gboolean sr_account_is_granted(const SrRequest *request, const SrAccountInfo *info);

/*
 * The account that the params "account" (id or name) and "issuer" mean, both optional: among those
 * the caller may use, else among the others, for which the user must be asked. Borrowed.
 * SR_ERROR_NOT_GRANTED (for the command line _KEY_NOT_FOUND) when there is none,
 * SR_ERROR_INVALID_PARAMS when there are several.
 */
const SrAccountInfo *sr_account_choose(SrRequest *request, GError **error);

/*
 * Choose the account, ask the user if it is not the caller's, and go on with its id in
 * request->state (text).
 */
void sr_request_need_account(SrRequest *request, SrRequestStep next);

/* Choose it among those that the caller signed in itself. For the command line: among all. */
void sr_request_own_account(SrRequest *request, SrRequestStep next);

/* Choose it among those only that the caller signed in or was allowed to use. */
void sr_request_granted_account(SrRequest *request, SrRequestStep next);

/* What an account is to its user, a new object. */
SrJson *sr_account_json(const SrRequest *request, const SrAccountInfo *info);
