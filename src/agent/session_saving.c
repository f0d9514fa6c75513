#include "agent/session_saving.h"

#include "agent/session_access.h"
#include "agent/session_jobs.h"
#include "agent/sessions.h"

/* Sessions of the same owner may have had to go for it. */
static void reply(SrRequest *request)
{
    request->result = NULL;
    sr_sessions_remove_owned(request->agent->sessions, sr_request_owner(request), request->origin);
    sr_request_reply(request, g_steal_pointer(&request->state));
}

static void free_json(gpointer json)
{
    sr_json_free(json);
}

static void free_session(gpointer session)
{
    sr_session_free(session);
}

/* The session goes to the store's thread, which does the rest of the work for it. */
void sr_session_save(SrRequest *request, SrSession *session)
{
    sr_request_clear_state(request);
    request->state = sr_session_json(session);
    request->free_state = free_json;
    sr_request_change_store_batched(request, sr_session_put_batch, session, free_session,
                                    SR_STORE_DEADLINE_MS, reply);
}
