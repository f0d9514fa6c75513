/* A real gnome-keyring on a private bus, run by tests/support/keyring.py. */
#pragma once

#include <glib.h>

typedef struct KeyringProcess KeyringProcess;

/* Start one. NULL with *ret_reason (owned by the caller) when there is no such program. */
KeyringProcess *keyring_process_new(char **ret_reason);

/* Where its bus is. */
const char *keyring_process_address(const KeyringProcess *keyring);

/* "lock" or "unlock" (a new daemon on the same bus). */
void keyring_process_command(KeyringProcess *keyring, const char *command);

/* Ends all its processes. NULL is fine. */
void keyring_process_free(KeyringProcess *keyring);
