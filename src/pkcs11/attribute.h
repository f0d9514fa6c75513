/*
 * The attributes each class of objects has (PKCS#11 3.1 §4 and the key types of §6): where their
 * values come from, and what a template that makes or changes an object may say of them.
 */
#pragma once

#include "pkcs11/object.h"

/* Where a value comes from. */
typedef enum {
    SR_SOURCE_BOOL,          /* always .constant */
    SR_SOURCE_NUMBER,        /* always .constant */
    SR_SOURCE_EMPTY,         /* always no bytes: the standard's default */
    SR_SOURCE_STORED,        /* the entry's attributes; by default no bytes */
    SR_SOURCE_STORED_BOOL,   /* by default .constant */
    SR_SOURCE_STORED_NUMBER, /* by default .constant */
    SR_SOURCE_STORED_DATE,   /* CK_DATE; by default no bytes */
    SR_SOURCE_STORED_VENDOR, /* the entry's attributes, or there is no such attribute */
    SR_SOURCE_MADE,          /* .make says */
} SrAttributeSource;

/* What a template may say when an object is made. */
typedef enum {
    SR_RULE_READ,      /* the code that makes the object reads and checks it */
    SR_RULE_KEEP,      /* stored as it is */
    SR_RULE_WISH,      /* asks for what the object may have or not, such as a use: no promise */
    SR_RULE_FIXED,     /* only the value that the object has anyway */
    SR_RULE_READ_ONLY, /* nothing */
} SrAttributeRule;

typedef struct {
    CK_ATTRIBUTE_TYPE type;
    unsigned classes; /* mask of 1 << CKO_… */
    SrAttributeSource source;
    SrAttributeRule rule;
    bool is_modifiable; /* by C_SetAttributeValue */
    CK_ULONG constant;
    CK_RV (*make)(const SrObject *object, CK_ATTRIBUTE_TYPE type, SrValue *ret_value);
} SrAttribute;

/*
 * The attribute @type of objects of @class; NULL when they have none such. Static. Certificates
 * have any attribute of another vendor that was stored with them: NSS gives them its own.
 */
const SrAttribute *sr_attribute_find(CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE type);

/*
 * Whether @template may make an object of @class, attribute by attribute.
 * CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_VALUE_INVALID,
 * CKR_TEMPLATE_INCONSISTENT.
 */
CK_RV sr_attribute_check_template(CK_OBJECT_CLASS class, const SrTemplate *template);
