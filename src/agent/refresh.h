/*
 * One refresh of one account, without ever losing it to a race, a crash or a lost reply.
 *
 * A refresh token may be used once, and a provider may sign the user out everywhere when one is
 * used again. So, in this order: wait for the turn at the account; read it anew, perhaps another
 * process has refreshed it; get the provider's metadata; write down that the token is being sent,
 * which shows that the store can be written to; send it; write what comes back to the journal and
 * to the store; only then show the access token to anyone. A request whose answer is lost is not
 * repeated: the access token serves until it ends, then the refresh token is tried once more, and
 * after that the user must sign in again.
 */
#pragma once

#include "agent/agent.h"

typedef struct SrRefresh SrRefresh;

/*
 * The refresh has ended; @error (borrowed) is NULL when the account in agent->accounts is as the
 * provider has it now. SR_ERROR_LOGIN_REQUIRED, _NETWORK_ERROR, _PROVIDER_ERROR, _ID_TOKEN_INVALID,
 * _BUSY (others use the account all the time), _NOT_GRANTED (it is not there any more),
 * _STORE_LOCKED (the agent was locked meanwhile), _AGENT_UNAVAILABLE (it is ending), those of the
 * store. @retry_after: seconds that the provider asks to wait, -1: it does not say. The callback
 * frees the refresh.
 */
typedef void (*SrRefreshEnded)(const GError *error, gint64 retry_after, gpointer user_data);

/* The store does not answer in time, or does not take what must be kept. The refresh goes on when
 * it does. Called any number of times before it has ended. */
typedef void (*SrRefreshLate)(gpointer user_data);

/*
 * Refresh the account @id of agent->accounts, whose access token should then be good for @wanted
 * seconds. @ended is called once, neither is called from here. Owned by the caller.
 */
SrRefresh *sr_refresh_new(SrAgent *agent, const char *id, gint64 wanted, SrRefreshLate late,
                          SrRefreshEnded ended, gpointer user_data);

/* NULL is fine. Only when it has ended, or the agent does. */
void sr_refresh_free(SrRefresh *refresh);
