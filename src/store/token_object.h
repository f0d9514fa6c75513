/*
 * What a PKCS#11 token keeps beside its keys: certificates, data, public keys, and what programs
 * said of a key (its CKA_ID, CKA_LABEL and flags). One record each, one line of text:
 * "sealring-object:1:TOKEN:CLASS:ATTRIBUTES".
 *
 * TOKEN is "accounts" or "keys", CLASS a CKO_ number, ATTRIBUTES base64url of pairs of u32 type and
 * u32-counted bytes, as the messages of wire/operation.h have them. The record's id is "pkcs11-"
 * and the object's number in 16 hexadecimal digits; what belongs to a key has the key's id there.
 */
#pragma once

#include "store/store.h"
#include "wire/operation.h"

/* In front of the ids of all records of a token. */
#define SR_TOKEN_RECORD_PREFIX "pkcs11-"

typedef struct {
    guint64 number; /* not 0 */
    SrToken token;
    guint32 class;
    GBytes *attributes;
} SrTokenObject;

/* An object with a copy of @size bytes of @attributes. Owned by the caller. */
SrTokenObject *sr_token_object_new(guint64 number, SrToken token, guint32 class,
                                   const void *attributes, gsize size);

/* Free; NULL is fine. */
void sr_token_object_free(SrTokenObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTokenObject, sr_token_object_free)

/* "accounts", "keys". Static text. */
const char *sr_token_name(SrToken token);

/* The id of the record of object @number. Owned by the caller. */
char *sr_token_object_id(guint64 number);

/* Its record, with @label for people. Owned by the caller. */
SrRecord *sr_token_object_record(const SrTokenObject *object, const char *label, GError **error);

/* The object of @record; SR_ERROR_CORRUPT when it is not one. Owned by the caller. */
SrTokenObject *sr_token_object_parse(const SrRecord *record, GError **error);
