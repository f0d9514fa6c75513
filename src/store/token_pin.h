/*
 * How a PIN is checked: one line of text, "sealring-pin:1:N:R:P:SALT:HASH", HASH the scrypt of the
 * PIN. It gates the use of keys; it does not wrap them, and whoever reads the store has the keys
 * already.
 */
#pragma once

#include "crypto/kdf.h"
#include "store/store.h"

/* Ids of the records with the PINs of the user and of the security officer. */
#define SR_TOKEN_PIN_USER "pkcs11-pin-user"
#define SR_TOKEN_PIN_SO "pkcs11-pin-so"

/* The record @id that checks @pin at @cost; slow (key derivation). Owned by the caller. */
SrRecord *sr_token_pin_record(const char *id, const SrSecret *pin, SrScryptCost cost,
                              GError **error);

/*
 * Whether @pin is the one of @record; slow. SR_ERROR_WRONG_PASSPHRASE when it is not,
 * SR_ERROR_CORRUPT when the record is none.
 */
gboolean sr_token_pin_check(const SrRecord *record, const SrSecret *pin, GError **error);
