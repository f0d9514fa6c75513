/*
 * The CLI's connection to the agent: one request at a time, notifications kept in order.
 *
 * The agent may ask the person at the terminal while a request is under way; the handler of
 * notifications does that and may send (not call) meanwhile.
 */
#pragma once

#include "base/json.h"

typedef struct SrClient SrClient;

/* A notification of the agent; @params is borrowed. FALSE with @error ends the call under way. */
typedef gboolean (*SrClientNotified)(SrClient *client, const char *method, SrJson *params,
                                     gpointer user_data, GError **error);

/*
 * Connect and attach; with @start the agent is started when nobody listens. @terminal says that
 * this client can ask its user. SR_ERROR_AGENT_UNAVAILABLE. Owned by the caller.
 */
SrClient *sr_client_new(gboolean start, gboolean terminal, GError **error);

/* Who handles notifications; without a handler they are dropped. */
void sr_client_set_handler(SrClient *client, SrClientNotified notified, gpointer user_data);

/*
 * Send a request and wait for its reply. Takes @params (may be NULL). *ret_result: a new reference,
 * NULL for null. The agent's error becomes an SR_ERROR with its message.
 */
gboolean sr_client_call(SrClient *client, const char *method, SrJson *params, int passed_fd,
                        SrJson **ret_result, GError **error);

/* Send a request and drop its reply when it comes. Takes @params. */
gboolean sr_client_send(SrClient *client, const char *method, SrJson *params, int passed_fd,
                        GError **error);

/* Wait for the next notification and handle it. */
gboolean sr_client_wait(SrClient *client, GError **error);

/* Wait until the agent closes the connection, at most @timeout_ms. Whether it did. */
gboolean sr_client_wait_closed(SrClient *client, int timeout_ms);

/* For a handler that waits for the user: the descriptor to poll, and what to do when it is
 * readable. FALSE when the connection is gone. */
int sr_client_descriptor(const SrClient *client);
gboolean sr_client_receive(SrClient *client, GError **error);

/* Whether the reply of the call under way came, or notification @method for prompt @id. */
gboolean sr_client_is_settled(const SrClient *client, const char *method, SrJson *id);

/* The error object of the last failed call as the agent sent it, or NULL. Borrowed. */
SrJson *sr_client_error(const SrClient *client);

/*
 * Absolute path of a program of this package: beside the running one, else in the libexec folder;
 * NULL when neither is there. Owned by the caller.
 */
char *sr_client_program(const char *name);

/* The same for a file @name for which @test holds: beside the running program, else in @folder. */
char *sr_client_find(const char *name, const char *folder, GFileTest test);

void sr_client_free(SrClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrClient, sr_client_free)
