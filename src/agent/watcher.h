/*
 * Locking when the machine goes to sleep or the session is locked: logind's PrepareForSleep and
 * Lock signals on the system bus. Where there is no system bus, nothing is watched.
 *
 * A delay inhibitor (org.freedesktop.login1.Manager.Inhibit) keeps the machine awake until the keys
 * are forgotten: without it memory could still hold them in its sleep.
 */
#pragma once

#include "agent/agent.h"

/* Watch for @agent (borrowed). Owned by the caller. */
SrWatcher *sr_watcher_new(SrAgent *agent);
void sr_watcher_free(SrWatcher *watcher);

/* The store has forgotten its keys as well: the machine may sleep now, if it is about to. */
void sr_watcher_locked(SrWatcher *watcher);
