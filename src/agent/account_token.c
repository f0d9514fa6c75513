#include "agent/account_token.h"

#include "agent/refresher.h"
#include "base/error.h"

#define EARLY_MAX                                                                                  \
    60 /* seconds before its end that a token is refreshed, or a fifth of its life                 \
        */

/* A request that waits for a refresh. */
typedef struct {
    SrRequest *request;
    SrRefreshWait *wait;
    char *account;
    SrRequestStep next;
} Waiting;

static void waiting_free(gpointer data)
{
    Waiting *waiting = data;

    if (waiting->wait)
        sr_refresher_forget(waiting->wait);
    g_free(waiting->account);
    g_free(waiting);
}

const SrAccountInfo *sr_request_account(const SrRequest *request)
{
    return sr_accounts_get(request->agent->accounts, request->state);
}

static gboolean is_good(const SrAccountInfo *info, gint64 wanted)
{
    const gint64 left = sr_account_info_remaining(info);

    return left > 0 && left >= MIN(wanted, info->lifetime / 2);
}

/* The next one will find a new token: it is got while this one is still good. */
static void refresh_early(SrAgent *agent, const SrAccountInfo *info)
{
    const gint64 early = MIN(EARLY_MAX, info->lifetime / 5);

    if (info->state == SR_ACCOUNT_GOOD && info->can_refresh &&
        sr_account_info_remaining(info) < early && !agent->moving)
        sr_refresher_start(agent->refresher, info->id, early);
}

/* What the refresh came to for this request: NULL to go on. Owned by the caller. */
static GError *judge(const Waiting *waiting, const GError *error)
{
    const SrRequest *request = waiting->request;
    const SrAccountInfo *info = sr_accounts_get(request->agent->accounts, waiting->account);
    GError *problem = NULL;

    if (!sr_request_revalidate(request, &problem))
        return problem;
    if (info && sr_account_info_remaining(info) > 0 &&
        !g_error_matches(error, SR_ERROR, SR_ERROR_LOGIN_REQUIRED))
        return NULL;
    if (error)
        return g_error_copy(error);
    if (!sr_accounts_is_loaded(request->agent->accounts))
        sr_error_set(&problem, SR_ERROR_STORE_LOCKED, "sealring was locked meanwhile");
    else
        sr_error_set(&problem, SR_ERROR_NOT_GRANTED, "the account is not there any more");
    return problem;
}

static void on_refreshed(const GError *error, gpointer data)
{
    Waiting *waiting = data;
    SrRequest *request = waiting->request;
    const SrRequestStep next = waiting->next;
    char *account = g_strdup(waiting->account);
    GError *problem;

    waiting->wait = NULL;
    problem = judge(waiting, error);
    sr_request_clear_state(request);
    request->state = account;
    request->free_state = g_free;
    if (problem)
        sr_request_fail(request, problem);
    else
        next(request);
}

static void wait_for_refresh(SrRequest *request, gint64 wanted, SrRequestStep next)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->request = request;
    waiting->account = g_strdup(request->state);
    waiting->next = next;
    sr_request_clear_state(request);
    request->state = waiting;
    request->free_state = waiting_free;
    waiting->wait = sr_refresher_wait(request->agent->refresher, waiting->account, wanted,
                                      on_refreshed, waiting);
}

void sr_request_need_token(SrRequest *request, gint64 wanted, SrRequestStep next)
{
    const SrAccountInfo *info = sr_request_account(request);
    GError *error = NULL;

    if (is_good(info, wanted)) {
        refresh_early(request->agent, info);
        next(request);
    } else if (request->agent->moving) {
        sr_error_set(&error, SR_ERROR_BUSY, "everything is being moved to another store; wait");
        sr_request_fail(request, error);
    } else {
        wait_for_refresh(request, wanted, next);
    }
}
