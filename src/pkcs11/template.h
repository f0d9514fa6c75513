/*
 * Templates: arrays of CK_ATTRIBUTE that an application gives (§4.1), and the answers to
 * C_GetAttributeValue (§5.7.5).
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "pkcs11/slice.h"

/* More attributes than this no object has; a longer array is a mistake. */
#define SR_TEMPLATE_MAX 256u

/* Longer values fit into no message. */
#define SR_TEMPLATE_VALUE_MAX 1048576u

typedef struct {
    const CK_ATTRIBUTE *attributes; /* the application's */
    CK_ULONG count;
} SrTemplate;

/*
 * Take the application's array, whose values may then be read. CKR_ARGUMENTS_BAD for NULL with a
 * count, and for more than SR_TEMPLATE_MAX; CKR_ATTRIBUTE_VALUE_INVALID for a value that is NULL
 * with a length or too long; CKR_TEMPLATE_INCONSISTENT for an attribute given twice with different
 * values.
 */
CK_RV sr_template_read(const CK_ATTRIBUTE *attributes, CK_ULONG count, SrTemplate *ret_template);

/* The value of attribute @type, borrowed; false when it is not there. */
bool sr_template_get(const SrTemplate *template, CK_ATTRIBUTE_TYPE type, SrSlice *ret_value);

/*
 * The value as CK_BBOOL or CK_ULONG; *ret_value is unchanged when the attribute is not there.
 * CKR_ATTRIBUTE_VALUE_INVALID for another length, or a CK_BBOOL that is neither CK_TRUE nor
 * CK_FALSE.
 */
CK_RV sr_template_get_bool(const SrTemplate *template, CK_ATTRIBUTE_TYPE type, bool *ret_value);
CK_RV sr_template_get_number(const SrTemplate *template, CK_ATTRIBUTE_TYPE type,
                             CK_ULONG *ret_value);

/* --- answers ------------------------------------------------------------------------------------
 */

#define SR_VALUE_ROOM 96u /* bytes of the longest value that is made on the fly */

/* An attribute's value: borrowed, or in its own room. */
typedef struct {
    SrSlice bytes;
    union {
        uint8_t bytes[SR_VALUE_ROOM];
        CK_ULONG numbers[SR_VALUE_ROOM / sizeof(CK_ULONG)];
    } room;
} SrValue;

/* Set a value: borrowed bytes, a CK_BBOOL, a CK_ULONG, or @size bytes already in the room. */
void sr_value_set(SrValue *value, SrSlice bytes);
void sr_value_set_bool(SrValue *value, bool flag);
void sr_value_set_number(SrValue *value, CK_ULONG number);
void sr_value_set_room(SrValue *value, size_t size);

/*
 * Answer one attribute of C_GetAttributeValue: @result is CKR_OK with its @value, or why there is
 * none. Returns @result, or CKR_BUFFER_TOO_SMALL; ulValueLen is -1 then.
 */
CK_RV sr_template_answer(CK_ATTRIBUTE *attribute, CK_RV result, const SrValue *value);
