/* Requests that change the store: what they did is noted, whoever still waits for it. */
#include "agent/connection.h"
#include "agent/program_call.h"
#include "agent/program_connection.h"
#include "agent/request.h"
#include "base/error.h"

/*
 * A store that gave no answer may have done it all the same, now or later (a keyring that hung
 * works through what it was sent): the log says so, and the keys are read again when they are
 * needed.
 */
static void note_unanswered(SrRequest *request)
{
    if (!sr_request_record(request, "unanswered", NULL, NULL))
        sr_agent_undo(request->agent);
    sr_key_ring_clear(request->agent->keys);
}

/* What happened to the store is noted, whoever still waits for it. */
static void on_changed(gpointer result, const GError *error, gpointer data)
{
    SrRequest *request = data;

    request->has_job = FALSE;
    request->result = result;
    if (request->writes_key && g_error_matches(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE))
        note_unanswered(request);
    if (error)
        sr_request_fail(request, g_error_copy(error));
    else
        request->next(request);
}

/* The client is told now; the request stays until the store has answered. */
static void on_change_late(gpointer data)
{
    SrRequest *request = data;
    g_autoptr(GError) error = NULL;

    request->late = TRUE;
    if (!request->connection)
        return;
    sr_error_set(&error, SR_ERROR_STORE_UNAVAILABLE,
                 "the store does not answer in time; if it does it later, sealring log says so");
    if (request->call) {
        request->call->fallback = NULL;
        sr_program_call_failed(request, error);
        sr_program_connection_answered(sr_connection_program(request->connection), request->call,
                                       FALSE);
    } else {
        sr_dispatch_refuse(request->connection, request->id, error);
    }
    g_ptr_array_remove_fast(sr_connection_requests(request->connection), request);
    sr_request_abandon(request);
}

/* Whether the store may be changed now. Answers the request, and releases @data, if not. */
static gboolean may_change_store(SrRequest *request, gpointer data, GDestroyNotify free_data)
{
    GError *error = NULL;

    if (!request->agent->moving)
        return TRUE;
    sr_error_set(&error, SR_ERROR_BUSY, "everything is being moved to another store; wait");
    if (free_data)
        free_data(data);
    sr_request_fail(request, error);
    return FALSE;
}

void sr_request_change_store(SrRequest *request, SrStoreJob job, gpointer data,
                             GDestroyNotify free_data, guint deadline_ms, SrRequestStep next)
{
    if (!may_change_store(request, data, free_data))
        return;
    request->next = next;
    request->has_job = TRUE;
    request->writes_key = deadline_ms > 0;
    sr_store_thread_run_to_end(request->agent->store, job, data, free_data, deadline_ms,
                               on_change_late, on_changed, request);
}

void sr_request_change_store_batched(SrRequest *request, SrStoreBatch batch, gpointer data,
                                     GDestroyNotify free_data, guint deadline_ms,
                                     SrRequestStep next)
{
    if (!may_change_store(request, data, free_data))
        return;
    request->next = next;
    request->has_job = TRUE;
    sr_store_thread_run_batched(request->agent->store, batch, data, free_data, deadline_ms,
                                on_change_late, on_changed, request);
}
