/*
 * The OAuth accounts that the store holds, as far as they are needed at hand: who owns them, how
 * long their access token lasts, and that token, sealed in ordinary memory under a key in locked
 * memory (pages of its own for every token would cost too many of those that may be locked).
 * Refresh tokens are not here: they are read from the store when one is used.
 */
#pragma once

#include "oauth/account.h"

#include <glib.h>

typedef struct {
    char *id;
    char *name;
    char *subject;      /* or NULL */
    GRefString *issuer; /* what many accounts have alike is there once */
    GRefString *client_id;
    GRefString *scope;
    GRefString *caller; /* who signed in, and where: see SrAccount */
    GRefString *origin;
    SrAccountState state;
    char *cause; /* or NULL */
    gboolean is_dpop;
    gboolean can_refresh;
    gint64 generation;
    gint64 created;  /* seconds since 1970 */
    gint64 expires;  /* the access token, seconds since 1970 */
    gint64 lifetime; /* of the access token, seconds from its receipt */
    gint64 deadline; /* its end by CLOCK_BOOTTIME, microseconds; clocks may be set, this one not */
    GByteArray *sealed; /* the access token; NULL: none */
} SrAccountInfo;

/*
 * What is held of @account, its access token sealed under @key. Owned by the caller. For every
 * thread, with a key of its own. NULL with the errors of sealing.
 */
SrAccountInfo *sr_account_info_new(const SrAccount *account, const SrSecret *key, GError **error);
void sr_account_info_free(SrAccountInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrAccountInfo, sr_account_info_free)

/* For how many more whole seconds its access token is good, 0 when there is none. */
gint64 sr_account_info_remaining(const SrAccountInfo *info);

/* Whether it has an access token that has not ended. */
gboolean sr_account_info_has_token(const SrAccountInfo *info);

typedef struct SrAccounts SrAccounts;

/* Nothing known yet, and nothing locked. Owned by the caller. */
SrAccounts *sr_accounts_new(void);
void sr_accounts_free(SrAccounts *accounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrAccounts, sr_accounts_free)

/*
 * A copy of the key for sr_account_info_new, made when it is needed first. Owned by the caller.
 * SR_ERROR_LIMIT_EXCEEDED without locked memory.
 */
SrSecret *sr_accounts_key(SrAccounts *accounts, GError **error);

/* Whether the store has been read since the last sr_accounts_clear. */
gboolean sr_accounts_is_loaded(const SrAccounts *accounts);

/* All there are: replaces what is known. Takes the elements of @infos (of SrAccountInfo). */
void sr_accounts_load(SrAccounts *accounts, GPtrArray *infos);

/* One that is new or has changed (taken). The access token that was there before keeps its end: the
 * clock on the wall may have been set since it came. */
void sr_accounts_set(SrAccounts *accounts, SrAccountInfo *info);
void sr_accounts_remove(SrAccounts *accounts, const char *id);

/* Forget everything: the agent was locked, the store changed. */
void sr_accounts_clear(SrAccounts *accounts);

/* By id, NULL when it is not known. Borrowed. */
const SrAccountInfo *sr_accounts_get(const SrAccounts *accounts, const char *id);

/* All, in the order of their creation; of SrAccountInfo, borrowed. Free the array. */
GPtrArray *sr_accounts_list(const SrAccounts *accounts);

/* The access token of @info. Owned by the caller. SR_ERROR_CORRUPT, _LIMIT_EXCEEDED. */
SrSecret *sr_accounts_token(const SrAccounts *accounts, const SrAccountInfo *info, GError **error);
