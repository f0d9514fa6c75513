/*
 * The agent: everything that lives as long as the process, and the parts that tie it together.
 * Used from the main loop only; the store has a thread of its own (store_thread.h), and a second
 * one helps to sign (sign_batch.h).
 */
#pragma once

#include "agent/accounts.h"
#include "agent/configuration.h"
#include "agent/key_claims.h"
#include "agent/key_ring.h"
#include "agent/network.h"
#include "policy/audit.h"
#include "policy/database.h"
#include "policy/grants.h"
#include "policy/origin.h"
#include "store/store_thread.h"

#include <glib.h>

/* Settings of state.db: the id of the default key, the store that "auto" has settled on, … */
#define SR_SETTING_DEFAULT_KEY "default-key"
#define SR_SETTING_STORE "store"
#define SR_SETTING_TOKEN_LABEL "pkcs11-label" /* of the keys token, when a program gave it one */

typedef struct SrPrompter SrPrompter;
typedef struct SrConnection SrConnection;
typedef struct SrListener SrListener;
typedef struct SrWatcher SrWatcher;
typedef struct SrPrograms SrPrograms;
typedef struct SrProviders SrProviders;
typedef struct SrRefresher SrRefresher;
typedef struct SrSignIns SrSignIns;
typedef struct SrSignBatch SrSignBatch;
typedef struct SrSessions SrSessions;
typedef struct SrStoreView SrStoreView;

typedef struct {
    SrConfiguration *configuration;
    char *runtime_folder; /* sockets */
    char *state_folder;   /* state.db */
    char *data_folder;    /* vault.db */
    SrDatabase *database;
    SrAudit *audit;
    SrGrants *grants;
    SrStoreThread *store;
    GPtrArray *former_stores; /* of SrStoreThread, owned: they answer what they had been asked */
    SrStoreView *store_view;  /* a recent look at the store, or NULL (store_view.h) */
    SrKeyRing *keys;
    SrKeyClaims *claims;
    SrPrompter *prompter;
    SrPrograms *programs; /* over PKCS#11 */
    SrNetwork *network;
    SrProviders *providers; /* of OAuth */
    SrAccounts *accounts;
    SrRefresher *refresher;
    SrSignIns *sign_ins;  /* under way */
    SrSessions *sessions; /* of TinyCloud, those in use */
    SrListener *listener;
    SrWatcher *watcher;
    GHashTable *methods;    /* name → SrMethod (static) */
    GPtrArray *connections; /* of SrConnection, owned */
    GPtrArray *unattended;  /* of SrRequest: begun, with nobody left to answer */
    GMainLoop *loop;
    guint flush_source;
    guint prune_source;
    guint trim_source;
    gboolean reading;   /* inside a connection's callback, which flushes at its end */
    SrSignBatch *batch; /* signatures of what is being read there; else empty */
    gint64 audit_sent;  /* last entry that followers got */
    guint revision;     /* of keys and grants, that was told */
    gboolean locked;    /* the user said lock: nothing is read from the store until unlock */
    guint
        locks; /* how often secrets were dropped: a request begun before must not bring one back */
    gboolean moving; /* everything is on its way to another store */
    guint turns;     /* how many accounts are being changed (account_turn.h) */
    gboolean stopping;
} SrAgent;

/*
 * An agent with its state opened and its store chosen, not yet listening. Takes @configuration,
 * also on failure.
 */
SrAgent *sr_agent_new(SrConfiguration *configuration, const char *runtime_folder, GError **error);
void sr_agent_free(SrAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrAgent, sr_agent_free)

/* Commit what was written and send what waits, now or (schedule) from the main loop. FALSE when
 * what was pending is lost (disk full). */
gboolean sr_agent_flush(SrAgent *agent);
void sr_agent_schedule_flush(SrAgent *agent);

/* Something large was made and is freed soon: then its memory goes back to the system. */
void sr_agent_trim(SrAgent *agent);

/* Take back what a request changed in state.db since its last line in the log. */
void sr_agent_undo(SrAgent *agent);

/* Forget all secrets; with @sticky nothing is read again until sealring.unlock. */
void sr_agent_lock(SrAgent *agent, gboolean sticky);

/* Stop listening, finish what was begun, then end the main loop. */
void sr_agent_stop(SrAgent *agent);

/* The folder for locks that are as wide as the store in use. Owned by the caller. */
char *sr_agent_lock_folder(const SrAgent *agent);

/* Whether pages on loopback http may sign in. */
SrOriginPolicy sr_agent_origin_policy(const SrAgent *agent);

/* Replace the store in use by @store (taken), as `sealring store move` does. */
void sr_agent_set_store(SrAgent *agent, SrStore *store);

/* The two stores as this agent's configuration has them. Owned by the caller. */
SrStore *sr_agent_new_vault(const SrAgent *agent);
SrStore *sr_agent_new_secret_service(const SrAgent *agent);
