/*
 * One refresh of an account at a time, whoever does it: a lock of the kernel's on one byte of a
 * file, its place made of the account's id. It is as wide as the place where the tokens are (a
 * vault's folder, a session's keyring), and goes with the process that holds it.
 */
#pragma once

#include <glib.h>

/*
 * Try to take the lock of @account in the folder @folder. Returns a descriptor to close when done;
 * -1 when another process has it, or with SR_ERROR_STORE_UNAVAILABLE when there can be no lock.
 */
int sr_account_lock_try(const char *folder, const char *account, GError **error);
