/*
 * One object: what its attributes are, most of them made on the fly.
 */
#pragma once

#include "pkcs11/entry.h"
#include "pkcs11/template.h"

/* An object; everything is borrowed from the table (object_table.h), as long as it is locked. */
typedef struct {
    const SrEntry *entry;
    CK_OBJECT_HANDLE handle;
    SrToken token;   /* the token whose sessions see it */
    bool is_public;  /* of a key pair: the public key's object */
    bool is_session; /* CKA_TOKEN false */
    bool is_private; /* CKA_PRIVATE */
} SrObject;

/* CKA_CLASS. */
CK_OBJECT_CLASS sr_object_class(const SrObject *object);

/*
 * The curve and the public key (borrowed) of a private or public key object; false when it is none,
 * or one that the agent stored wrongly.
 */
bool sr_object_key(const SrObject *object, const SrCurve **ret_curve,
                   const uint8_t **ret_public_key);

/*
 * The value of an attribute; borrowed from @object or in @ret_value's room.
 * CKR_ATTRIBUTE_TYPE_INVALID: this object has no such attribute; CKR_ATTRIBUTE_SENSITIVE: it must
 * not be told.
 */
CK_RV sr_object_get(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);

/*
 * C_GetAttributeValue (§5.7.5): fill all of @attributes that can be filled. The first result that
 * is not CKR_OK.
 */
CK_RV sr_object_answer(const SrObject *object, CK_ATTRIBUTE *attributes, CK_ULONG count);

/* Whether all attributes in @template have the values given there (§5.7.7). */
bool sr_object_matches(const SrObject *object, const SrTemplate *template);
