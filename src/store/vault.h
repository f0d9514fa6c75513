/*
 * The vault: one SQLite file of records sealed with AES-256-GCM under a random data key. The
 * associated data binds record kind, id, algorithm, label and generation; the data key is wrapped
 * in unlock slots (passphrase: scrypt). Durable: rollback journal, synchronous=EXTRA, one
 * transaction a put. Several processes may use one vault at once. docs/VAULT.md describes the file.
 */
#pragma once

#include "crypto/kdf.h"
#include "store/store.h"

/*
 * The vault in @path (created 0600 at the first unlock; its folder 0700). @cost is for new slots.
 * Never fails: what is wrong with the file is said by the calls that need it.
 */
SrStore *sr_vault_new(const char *path, SrScryptCost cost);
