/*
 * The types of EIP-712 typed data: the struct types a request declares, and references to types in
 * their fields. Internal to typed_data.
 */
#pragma once

#include "base/json.h"
#include "ethereum/typed_data.h"

#include <glib.h>

#define SR_DOMAIN_TYPE "EIP712Domain"

typedef enum {
    SR_TYPE_ADDRESS,
    SR_TYPE_BOOL,
    SR_TYPE_STRING,
    SR_TYPE_BYTES,
    SR_TYPE_FIXED_BYTES,
    SR_TYPE_INT,
    SR_TYPE_UINT,
    SR_TYPE_STRUCT,
} SrTypeKind;

/*
 * "uint8[3][]": a base kind and, from the inside out, array dimensions. text_size[i] is the length
 * of the type's text up to and with dimension i; text_size[0] is that of the base.
 */
typedef struct {
    SrTypeKind kind;
    guint width; /* bytes of FIXED_BYTES, bits of INT and UINT, index of STRUCT */
    guint dimensions;
    guint32 items[SR_TYPED_DATA_DIMENSIONS_MAX]; /* 0: any number */
    gsize text_size[SR_TYPED_DATA_DIMENSIONS_MAX + 1];
} SrTypeRef;

typedef struct {
    char *name;
    char *type; /* the text of @ref */
    SrTypeRef ref;
} SrTypeField;

typedef struct {
    char *name;
    GArray *fields;  /* of SrTypeField */
    guint64 uses;    /* bit i: struct i is reachable through the fields */
    guint8 hash[32]; /* keccak256 (encodeType) */
} SrTypeStruct;

typedef struct SrTypeTable SrTypeTable;

/* Read the object @types. An EIP712Domain without fields is added when there is none. Errors as
 * for sr_typed_data_new. Owned by the caller. */
SrTypeTable *sr_type_table_new(SrJson *types, GError **error);
void sr_type_table_free(SrTypeTable *table);

/* The index of the struct type @name; FALSE when there is none. */
gboolean sr_type_table_find(const SrTypeTable *table, const char *name, guint *ret_index);

/* The struct type at @index. Borrowed. */
const SrTypeStruct *sr_type_table_get(const SrTypeTable *table, guint index);

/* Whether @name is a letter, "_" or "$" and then letters, digits, "_" or "$". */
gboolean sr_type_is_identifier(const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTypeTable, sr_type_table_free)
