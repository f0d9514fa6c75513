/*
 * Who may change an OAuth account: one at a time, whoever it is, a refresh, a sign-in or a
 * sign-out, of this agent or of another one on the same store. And nobody while everything is being
 * moved to another store.
 *
 * It is a lock of the kernel's on one byte of a file, its place made of the account's id. It is as
 * wide as the place where the tokens are (a vault's folder, a session's keyring), and goes with the
 * process that holds it.
 */
#pragma once

#include "agent/agent.h"

typedef struct SrTurn SrTurn;

/*
 * It is our turn, until sr_turn_end; or @error (borrowed) is set: SR_ERROR_BUSY when others do not
 * come to an end, _STORE_UNAVAILABLE when there can be no lock, _AGENT_UNAVAILABLE when the agent
 * is ending. May end the turn.
 */
typedef void (*SrTurnCame)(const GError *error, gpointer user_data);

/* Wait for the turn at @account. @came is called once, never from here. Owned by the caller. */
SrTurn *sr_turn_wait(SrAgent *agent, const char *account, SrTurnCame came, gpointer user_data);

/* End it, or stop waiting for it. NULL is fine. */
void sr_turn_end(SrTurn *turn);
