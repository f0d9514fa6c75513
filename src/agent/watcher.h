/*
 * Locking when the machine goes to sleep or the session is locked: logind's PrepareForSleep and
 * Lock signals on the system bus. Where there is no system bus, nothing is watched.
 */
#pragma once

#include "agent/agent.h"

/* Watch for @agent (borrowed). Owned by the caller. */
SrWatcher *sr_watcher_new(SrAgent *agent);
void sr_watcher_free(SrWatcher *watcher);
