/*
 * One request on its way: what was asked, by whom, and the steps that answer it.
 *
 * A method is a chain of small functions. Each ends by starting a step below (which calls the next
 * function when it is done, at once if it can) or by answering. Steps that fail answer the request
 * with their error and end the chain, so a next function only ever sees success. When the client
 * goes away its prompts are cancelled; a step that changes the store still runs to its end.
 *
 * A change of the grants or settings and its line in the log are one: a request that fails after a
 * change and before sr_request_record has not made it.
 */
#pragma once

#include "agent/agent.h"
#include "agent/caller.h"
#include "agent/dispatch.h"
#include "consent/model.h"
#include "store/key_record.h"

typedef void (*SrRequestStep)(SrRequest *request);

struct SrTicket;
struct SrProgramCall;

struct SrRequest {
    SrAgent *agent;
    SrConnection *connection; /* NULL when the client is gone */
    SrCaller *caller;
    const SrMethod *method;
    char *id;       /* JSON text */
    SrJson *params; /* may be NULL */
    char *origin;   /* the page's, the extension's own id, or "cli" */
    gboolean is_page;
    int fd;                     /* passed with the request, or -1 */
    struct SrProgramCall *call; /* of a program (program_call.h), owned; else NULL */

    /* What the steps leave for the next function. */
    SrKeyInfo *key;       /* the key it is about (a copy) */
    SrKey *private_key;   /* sr_request_open_key; borrowed until the main loop runs */
    gboolean remember;    /* sr_request_ask */
    SrSecret *passphrase; /* sr_request_passphrase; owned */
    gpointer result;      /* sr_request_on_store, _on_worker; the function takes it over */
    gpointer state;       /* the method's own */
    GDestroyNotify free_state;

    /* Private to request.c and unlock.c. */
    SrRequestStep next;
    struct SrTicket *ticket; /* open prompt */
    gboolean recorded;
    guint locks;                /* agent->locks when it began */
    gboolean needs_store;       /* it relies on the store having been open since then */
    gboolean has_job;           /* another thread works for it; it must stay until then */
    GDestroyNotify free_result; /* of that job */
    gboolean late;              /* its client was told that the store takes too long */
    gboolean writes_key;        /* that job does */
    SrRequestStep after_keys;   /* the caller's next function of need_keys, and of open_key */
    SrRequestStep after_open;
    SrRequestStep after_store;    /* vault_setup.h */
    SrRequestStep after_accounts; /* account_access.h */
    SrRequestStep after_session;  /* session_access.h */
    char *seal;                   /* of the key being opened */
    guint attempts;               /* wrong passphrases so far */
    gboolean may_ask;
    gboolean withdrawn; /* nobody is to be asked any more */
    gboolean unlocking; /* its open prompt is for the vault's passphrase */
};

/*
 * A request of @connection, which owns it until it is answered. @id: JSON text; @params: a new
 * reference is taken; @origin: the page's, NULL for the client itself.
 */
SrRequest *sr_request_new(SrConnection *connection, const SrMethod *method, const char *id,
                          SrJson *params, const char *origin);

/* Answer. @result is taken; NULL is JSON null. */
void sr_request_reply(SrRequest *request, SrJson *result);

/* End @request of a program, whose call has its answer. For program_call.c. */
void sr_request_finish_call(SrRequest *request);

/* Answer with @error (taken). */
void sr_request_fail(SrRequest *request, GError *error);

/* The client is gone. What another thread does for it is finished: it is in agent->unattended. */
void sr_request_abandon(SrRequest *request);

/* Forget it without an answer: the agent has ended. */
void sr_request_free(SrRequest *request);

/* Deny an open prompt (the agent is being locked). */
void sr_request_cancel_prompt(SrRequest *request, GError *error);

/*
 * Its client does not want to ask the user any more: an open question ends, and none is asked
 * later; SR_ERROR_USER_REJECTED. What needs no question goes on.
 */
void sr_request_withdraw(SrRequest *request);

/* --- steps --------------------------------------------------------------------------------------
 */

/*
 * Whether what the request relies on still holds: its client is there, the agent is not ending, the
 * store was not locked since it began (if it needed it open), its key is in the ring. The steps ask
 * this after every wait, except where the store was changed: that is noted in any case.
 * SR_ERROR_AGENT_UNAVAILABLE, _STORE_LOCKED, _STORE_UNAVAILABLE (the keys are not known any more),
 * _KEY_NOT_FOUND.
 */
gboolean sr_request_revalidate(const SrRequest *request, GError **error);

/* Whether a prompt or another thread has it: it comes back by itself, and must not be answered
 * before that. */
gboolean sr_request_is_away(const SrRequest *request);

/*
 * Make sure that the keys are known: read the store, and if the vault is locked ask for its
 * passphrase. @ask FALSE: never ask, answer STORE_LOCKED.
 */
void sr_request_need_keys(SrRequest *request, gboolean ask, SrRequestStep next);

/* Show @model (taken) and go on when the user agrees. */
void sr_request_ask(SrRequest *request, SrConsentModel *model, SrRequestStep next);

/*
 * The passphrase: from the passed descriptor when params say "passphrase":true, else from a prompt
 * with @model (taken). @is_new asks twice.
 */
void sr_request_passphrase(SrRequest *request, SrConsentModel *model, gboolean is_new,
                           SrRequestStep next);

/* The same, always from the prompt. */
void sr_request_prompt_passphrase(SrRequest *request, SrConsentModel *model, SrRequestStep next);
void sr_request_prompt_new_passphrase(SrRequest *request, SrConsentModel *model,
                                      SrRequestStep next);

/* Unlock request->key: from memory, the store, and for a sealed key with its passphrase. */
void sr_request_open_key(SrRequest *request, SrRequestStep next);

/* Run @job on the store's thread; its result is request->result. See sr_store_thread_run. */
void sr_request_on_store(SrRequest *request, SrStoreJob job, gpointer data,
                         GDestroyNotify free_data, GDestroyNotify free_result, guint deadline_ms,
                         SrRequestStep next);

/*
 * Run @job, which changes the store, to its end; its result (not owned) is request->result. @next
 * runs whenever it succeeds, also when the client is gone or was told at the deadline (0: none)
 * that it takes too long, so that ring and log say what is in the store. SR_ERROR_BUSY while
 * everything is being moved to another store. A job with a deadline writes a key: when the store
 * gives no answer, the log gets the event "unanswered" and the ring is read again.
 */
void sr_request_change_store(SrRequest *request, SrStoreJob job, gpointer data,
                             GDestroyNotify free_data, guint deadline_ms, SrRequestStep next);

/* The same for a job that is done with others of its kind in one go (store_thread.h). It writes no
 * key. */
void sr_request_change_store_batched(SrRequest *request, SrStoreBatch batch, gpointer data,
                                     GDestroyNotify free_data, guint deadline_ms,
                                     SrRequestStep next);

/* Slow, pure work (key derivation) on a worker thread. @free_result as in sr_store_thread_run. */
typedef gpointer (*SrWork)(gpointer data, GError **error);
void sr_request_on_worker(SrRequest *request, SrWork work, gpointer data, GDestroyNotify free_data,
                          GDestroyNotify free_result, SrRequestStep next);

/*
 * Wait until nobody else writes the key @id, and keep it from others until the answer; then
 * request->key, if there is one, is as the ring has it. A prompt must not be waited for in between.
 */
void sr_request_take_key(SrRequest *request, const char *id, SrRequestStep next);

/* Requests that wait for the vault's passphrase go on: it has been unlocked. */
void sr_request_resume_waiting(SrAgent *agent);

/* --- helpers ------------------------------------------------------------------------------------
 */

/* Whether the command line asks; whether an extension (or a page through it) does. The third kind
 * are programs. */
gboolean sr_request_is_cli(const SrRequest *request);
gboolean sr_request_is_extension(const SrRequest *request);

/* Whose things are that are kept for this caller: the extension's id, or SR_OWNER_CLI. Borrowed. */
#define SR_OWNER_CLI "cli"
const char *sr_request_owner(const SrRequest *request);

/* Whether the user has had to do with the page that asks; every caller that is no page is known. */
gboolean sr_request_is_known(const SrRequest *request);

/* The same; answers the request with SR_ERROR_NOT_GRANTED if not. */
gboolean sr_request_check_known(SrRequest *request);

/*
 * Choose the key @name (NULL: the default) for the request; an extension only among those connected
 * to it (SR_ERROR_NOT_GRANTED).
 */
gboolean sr_request_choose_key(SrRequest *request, const char *name, GError **error);

/* Make the request about @info (copied), without any check. */
void sr_request_set_key(SrRequest *request, const SrKeyInfo *info);

/* Release request->state before another step uses it. */
void sr_request_clear_state(SrRequest *request);

/* Whether @key_id is connected to this caller (always for the CLI; what programs see is decided
 * elsewhere). */
gboolean sr_request_is_connected(const SrRequest *request, const char *key_id);

/* The string param @name, NULL with an error when it is missing. */
const char *sr_request_string(SrRequest *request, const char *name, GError **error);

/* Whether a memory file (memfd_create) was passed with the request. */
gboolean sr_request_has_memory_file(const SrRequest *request);

/* The content of the passed memory file, at most @max bytes. Owned by the caller. */
SrSecret *sr_request_read_passed(SrRequest *request, gsize max, GError **error);

/* A model with title and asker filled in. Owned by the caller. */
SrConsentModel *sr_request_consent(const SrRequest *request, const char *title_format, ...)
    G_GNUC_PRINTF(2, 3);

/* Add the request's key, its name and address, to @model. */
void sr_request_add_key(const SrRequest *request, SrConsentModel *model);

/*
 * Append an audit entry {"event", "method", extension, origin, key, …members of @more (taken, may
 * be NULL)}. The reply then relies on it.
 */
gboolean sr_request_record(SrRequest *request, const char *event, SrJson *more, GError **error);

/* The description of @info as PROTOCOL.md has it, a new object. */
SrJson *sr_request_key_json(const SrRequest *request, const SrKeyInfo *info);
