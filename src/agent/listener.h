/* Accepting clients: on agent.sock those that speak JSON-RPC, on pkcs11.sock programs. */
#pragma once

#include "agent/agent.h"

/* Listening sockets handed over by systemd, -1 where there is none. */
typedef struct {
    int agent_fd;
    int pkcs11_fd;
    guint count; /* descriptors handed over, from 3 on, known or not */
} SrPassedSockets;

/* What sd_listen_fds(3) says; the sockets are told apart by the names of their addresses. */
SrPassedSockets sr_listener_passed(void);

/*
 * Listen in agent->runtime_folder, and on @passed where systemd listens already.
 * SR_ERROR_AGENT_UNAVAILABLE when another agent listens there.
 */
SrListener *sr_listener_new(SrAgent *agent, SrPassedSockets passed, GError **error);

/* Stop listening and remove the sockets; no other agent takes over before sr_listener_free. */
void sr_listener_close(SrListener *listener);

/* The same, and make room for another agent. NULL is fine. */
void sr_listener_free(SrListener *listener);
