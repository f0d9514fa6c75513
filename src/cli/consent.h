/* The agent's questions, put to the person at the terminal (docs/PROTOCOL.md, `prompt.show`). */
#pragma once

#include "cli/client.h"
#include "cli/terminal.h"

/*
 * An SrClientNotified: shows the model of `prompt.show` and sends the answer. @user_data is the
 * SrTerminal. Everything but a typed "yes" is a no. Other notifications are ignored.
 */
gboolean sr_consent_notified(SrClient *client, const char *method, SrJson *params,
                             gpointer user_data, GError **error);
