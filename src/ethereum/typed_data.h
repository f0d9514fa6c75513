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
#define SR_TYPED_DATA_DEPTH_MAX 32u         /* structs and arrays inside each other */
#define SR_TYPED_DATA_LINES_MAX 4096u       /* more than anybody reads */
#define SR_TYPED_DATA_TYPES_TEXT_MAX 32768u /* bytes of all names and types declared */
#define SR_TYPED_DATA_NAME_MAX 128u         /* bytes of one name */
#define SR_TYPED_DATA_DIMENSIONS_MAX 8u     /* of an array type */

typedef struct {
    guint8 digest[32];
    char *primary_type;
    char *domain_name; /* fields of the EIP712Domain, NULL when absent */
    char *domain_version;
    char *chain_id;           /* decimal */
    char *verifying_contract; /* with the checksum of EIP-55 */
    GPtrArray *lines;         /* of char *: "path: type = value", for the consent text */
} SrTypedData;

/*
 * Hash {types, primaryType, domain, message}. Integers may be JSON numbers up to 2^53 - 1, decimal
 * or "0x" strings; byte strings and addresses are "0x" strings (mixed case only with the right
 * checksum). A struct member that is null or absent counts as the null struct. EIP712Domain may
 * declare name, version, chainId, verifyingContract and salt, each with the type EIP-712 gives it;
 * when it is not declared it is empty. Type names about which signers disagree ("$", and ":" in a
 * type that uses another or is used) are refused.
 *
 * The lines hold every leaf of the domain and then of the message, in the order of the types'
 * fields: integers in decimal, addresses with checksum, bytes in hexadecimal, strings exactly as
 * they are (line breaks and all: escape each line before it is shown).
 *
 * Errors: SR_ERROR_MALFORMED_TYPED_DATA with the path of the member ("message.to.wallet",
 * "types.Mail[1].type") as field; SR_ERROR_LIMIT_EXCEEDED likewise beyond the limits above. Time
 * and memory are linear in the size of @data. Owned by the caller.
 */
SrTypedData *sr_typed_data_new(SrJson *data, GError **error);

void sr_typed_data_free(SrTypedData *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTypedData, sr_typed_data_free)
