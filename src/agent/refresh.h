/*
 * One refresh of one account, without ever losing it to a race, a crash or a lost reply.
 *
 * A refresh token may be used once, and a provider may sign the user out everywhere when one is
 * used again. So, in this order: take the account's lock; get the provider's metadata; read the
 * account anew, perhaps another process has refreshed it; write down that its token is being sent;
 * send it; write what comes back to the journal and to the store; only then show the access token
 * to anyone. A request whose answer is lost is not repeated: the access token serves until it ends,
 * then the refresh token is tried once more, and after that the user must sign in again.
 */
#pragma once

#include "agent/agent.h"

typedef struct SrRefresh SrRefresh;

/*
 * The refresh has ended; @error (borrowed) is NULL when the account in agent->accounts is as the
 * provider has it now. SR_ERROR_LOGIN_REQUIRED, _NETWORK_ERROR, _PROVIDER_ERROR, _ID_TOKEN_INVALID,
 * _BUSY (another process holds the lock), those of the store. @retry_after: seconds that the
 * provider asks to wait, -1: it does not say. The callback frees the refresh.
 */
typedef void (*SrRefreshEnded)(const GError *error, gint64 retry_after, gpointer user_data);

/*
 * Refresh the account @id of agent->accounts, whose access token should then be good for @wanted
 * seconds. @ended is called once, never from here. Owned by the caller.
 */
SrRefresh *sr_refresh_new(SrAgent *agent, const char *id, gint64 wanted, SrRefreshEnded ended,
                          gpointer user_data);

/* NULL is fine. Only when it has ended, or the agent does. */
void sr_refresh_free(SrRefresh *refresh);
