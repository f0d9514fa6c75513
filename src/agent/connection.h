/*
 * One client: frames in, frames out, who it is, and the requests it has begun.
 *
 * Replies collect in the connection until the agent flushes, after it has committed what they rely
 * on. A client that does not read is not read from either.
 */
#pragma once

#include "agent/agent.h"
#include "agent/caller.h"

typedef struct SrRequest SrRequest;
typedef struct SrProgramConnection SrProgramConnection;

/* Take over the accepted socket @fd of process @pid. The agent owns the connection. */
SrConnection *sr_connection_new(SrAgent *agent, int fd, pid_t pid);

/*
 * The connection of a program: it has requests and a caller (taken), but no socket here; that is
 * served by @program (borrowed), which hears of every flush. The agent owns the connection.
 */
SrConnection *sr_connection_new_for_program(SrAgent *agent, SrCaller *caller,
                                            SrProgramConnection *program);

/* That program's end, NULL for other connections. Borrowed. */
SrProgramConnection *sr_connection_program(SrConnection *connection);

/* Cancel its requests, close, free. */
void sr_connection_free(SrConnection *connection);

/* Close once what waits has been sent. */
void sr_connection_finish(SrConnection *connection);

/* The agent it belongs to. Borrowed. */
SrAgent *sr_connection_agent(SrConnection *connection);

/* Who it is. Borrowed. */
SrCaller *sr_connection_caller(SrConnection *connection);

/*
 * Queue a reply: @json is the text after the id, from "\"result\":" or "\"error\":" on. @recorded:
 * it relies on the pending transaction and becomes an error when that fails.
 */
void sr_connection_reply(SrConnection *connection, const char *id, const char *json,
                         gboolean recorded);

/* Queue a notification. */
void sr_connection_notify(SrConnection *connection, const char *method, SrJson *params);

/* Whether more was read of @connection than the request that is being handled. */
gboolean sr_connection_has_more(const SrConnection *connection);

/* Send what waits, as far as the client takes it. @committed FALSE turns recorded replies into
 * errors. */
void sr_connection_flush(SrConnection *connection, gboolean committed);

/* Requests that have not been answered; of SrRequest. */
GPtrArray *sr_connection_requests(SrConnection *connection);

/* The descriptor passed last, which the caller takes over; -1 when there is none. */
int sr_connection_take_fd(SrConnection *connection);

/* Whether it gets audit.entry notifications. */
void sr_connection_set_follows(SrConnection *connection, gboolean follows);
gboolean sr_connection_follows(const SrConnection *connection);

/* Whether it gets sealring.changed notifications. */
void sr_connection_set_hears_changes(SrConnection *connection, gboolean hears);
gboolean sr_connection_hears_changes(const SrConnection *connection);
