/*
 * EIP-712 typed data with the rules of eth_signTypedData_v4: arrays, recursive structs, null
 * structs.
 *
 * Stricter than most: members that no type declares, integers out of range or not whole, wrong byte
 * lengths, unknown types and a domain that does not fit its declared type are errors, because the
 * user could not see what is signed otherwise.
 */
#pragma once

#include "base/json.h"

#include <glib.h>

#define SR_TYPED_DATA_TYPES_MAX 64u
#define SR_TYPED_DATA_DEPTH_MAX 32u

typedef struct {
    guint8 digest[32];
    char *primary_type;
    char *domain_name; /* fields of the EIP712Domain, NULL when absent */
    char *domain_version;
    char *chain_id; /* decimal */
    char *verifying_contract;
    GPtrArray *lines; /* of char *: "path: type = value", for the consent text */
} SrTypedData;

/*
 * Hash {types, primaryType, domain, message}. SR_ERROR_MALFORMED_TYPED_DATA with the path of the
 * member ("message.to.wallet") as field. Integers may be JSON numbers up to 2^53 - 1, decimal or
 * "0x" strings. Owned by the caller.
 */
SrTypedData *sr_typed_data_new(SrJson *data, GError **error);

void sr_typed_data_free(SrTypedData *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTypedData, sr_typed_data_free)
