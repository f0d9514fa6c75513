/* What the person sees while a sign-in waits: the address in the browser, or the code. */
#pragma once

#include "cli/cli.h"

typedef struct {
    SrCli *cli;
    gboolean prints; /* print the address instead of opening it */
} SrSignInView;

/*
 * An SrClientNotified: opens the address of `oauth.open` in the user's browser, or prints it (on
 * standard output with @prints, else on standard error as well), and prints the
 * code of `oauth.device`. Questions of the agent are put to the terminal. @user_data is the
 * SrSignInView.
 */
gboolean sr_sign_in_notified(SrClient *client, const char *method, SrJson *params,
                             gpointer user_data, GError **error);
