/*
 * A slot of the vault: its data key, wrapped so that something the user has opens it
 * (docs/VAULT.md). The kind says what: "passphrase" is known here; "keyring" (a key in an item of
 * the Secret Service) has its place in the table and is not opened yet. A systemd credential needs
 * no slot of its own: it delivers a passphrase.
 */
#pragma once

#include "crypto/kdf.h"

#define SR_VAULT_SLOT_PASSPHRASE "passphrase"
#define SR_VAULT_KEY_SIZE 32u
#define SR_VAULT_ID_SIZE 16u

/* A row of the table "slot". */
typedef struct {
    char *kind;
    char *parameters; /* "scrypt n=131072 r=8 p=1 salt=…", 32 hexadecimal digits */
    GByteArray *wrapped;
} SrVaultSlot;

/*
 * Wrap @data_key for the vault with the id @vault_id (SR_VAULT_ID_SIZE bytes) under a key from
 * @passphrase. Takes as long as @cost says. Owned by the caller.
 */
SrVaultSlot *sr_vault_slot_new_passphrase(const guint8 *vault_id, const SrSecret *data_key,
                                          const SrSecret *passphrase, SrScryptCost cost,
                                          GError **error);

/*
 * The data key. SR_ERROR_WRONG_PASSPHRASE when @passphrase is not that of this slot (or the slot
 * was changed), SR_ERROR_CORRUPT or _LIMIT_EXCEEDED when its parameters are unusable.
 */
SrSecret *sr_vault_slot_open_passphrase(const SrVaultSlot *slot, const guint8 *vault_id,
                                        const SrSecret *passphrase, GError **error);

/* NULL is fine. */
void sr_vault_slot_free(SrVaultSlot *slot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrVaultSlot, sr_vault_slot_free)
