/* Accepting clients on agent.sock. */
#pragma once

#include "agent/agent.h"

/*
 * Listen in agent->runtime_folder, or on @passed_fd (systemd socket activation; -1: none).
 * SR_ERROR_AGENT_UNAVAILABLE when another agent listens there.
 */
SrListener *sr_listener_new(SrAgent *agent, int passed_fd, GError **error);

/* Stop listening and remove the socket; no other agent takes over before sr_listener_free. */
void sr_listener_close(SrListener *listener);

/* The same, and make room for another agent. NULL is fine. */
void sr_listener_free(SrListener *listener);

/* The listening descriptor handed over by systemd (LISTEN_FDS of sd_listen_fds(3)), or -1. */
int sr_listener_passed_fd(void);
