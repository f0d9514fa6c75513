#include "ethereum/typed_data_encode.h"

#include "base/error.h"
#include "crypto/keccak.h"
#include "ethereum/typed_data_value.h"

#include <string.h>

typedef struct {
    const SrTypeTable *table;
    GPtrArray *lines;
    GString *path; /* of the value being looked at */
    guint depth;
} Walk;

static gboolean encode_value(Walk *walk, const SrTypeField *field, guint level, SrJson *value,
                             guint8 ret_word[32], GError **error);

static gboolean fail(const Walk *walk, GError **error, const char *rule)
{
    sr_error_set_at(error, SR_ERROR_MALFORMED_TYPED_DATA, walk->path->str, -1, "%s", rule);
    return FALSE;
}

static gboolean fail_limit(const Walk *walk, GError **error, const char *rule)
{
    sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, walk->path->str, -1, "%s", rule);
    return FALSE;
}

/* Add "path: type = text", the type being @field's with @level of its dimensions. */
static gboolean add_line(Walk *walk, const SrTypeField *field, guint level, const char *text,
                         GError **error)
{
    GString *line;

    if (walk->lines->len >= SR_TYPED_DATA_LINES_MAX)
        return fail_limit(walk, error, "is one value too many to be shown");
    line = g_string_new(walk->path->str);
    g_string_append(line, ": ");
    g_string_append_len(line, field->type, (gssize)field->ref.text_size[level]);
    g_string_append(line, " = ");
    g_string_append(line, text);
    g_ptr_array_add(walk->lines, g_string_free(line, FALSE));
    return TRUE;
}

static gboolean enter(Walk *walk, GError **error)
{
    if (walk->depth == SR_TYPED_DATA_DEPTH_MAX)
        return fail_limit(walk, error, "is nested too deeply");
    walk->depth++;
    return TRUE;
}

static gboolean is_declared(const SrTypeStruct *type, const char *name)
{
    for (guint i = 0; i < type->fields->len; i++)
        if (strcmp(g_array_index(type->fields, SrTypeField, i).name, name) == 0)
            return TRUE;
    return FALSE;
}

/* Name the member of @value that @type does not declare; there is one. */
static gboolean fail_undeclared(Walk *walk, const SrTypeStruct *type, SrJson *value, GError **error)
{
    json_object_object_foreach (value, name, unused) {
        (void)unused;
        if (is_declared(type, name))
            continue;
        if (sr_type_is_identifier(name))
            g_string_append_printf(walk->path, ".%s", name);
        break;
    }
    sr_error_set_at(error, SR_ERROR_MALFORMED_TYPED_DATA, walk->path->str, -1,
                    "a member that the type %s does not declare", type->name);
    return FALSE;
}

/* Feed the fields of @value to @keccak; *ret_present counts the members that were there. */
static gboolean encode_fields(Walk *walk, const SrTypeStruct *type, SrJson *value, SrKeccak *keccak,
                              int *ret_present, GError **error)
{
    const gsize path_length = walk->path->len;

    for (guint i = 0; i < type->fields->len; i++) {
        const SrTypeField *field = &g_array_index(type->fields, SrTypeField, i);
        const gboolean nullable = field->ref.kind == SR_TYPE_STRUCT && field->ref.dimensions == 0;
        SrJson *member = NULL;
        const gboolean present = json_object_object_get_ex(value, field->name, &member);
        guint8 word[32];

        g_string_append_printf(walk->path, ".%s", field->name);
        if (!present && !nullable)
            return fail(walk, error, "is missing");
        if (!encode_value(walk, field, field->ref.dimensions, member, word, error))
            return FALSE;
        sr_keccak_update(keccak, word, sizeof word);
        g_string_truncate(walk->path, path_length);
        *ret_present += present ? 1 : 0;
    }
    return TRUE;
}

static gboolean encode_struct(Walk *walk, guint index, SrJson *value, guint8 ret_hash[32],
                              GError **error)
{
    const SrTypeStruct *type = sr_type_table_get(walk->table, index);
    SrKeccak keccak;
    int present = 0;

    if (!json_object_is_type(value, json_type_object))
        return fail(walk, error, "must be an object");
    if (!enter(walk, error))
        return FALSE;
    sr_keccak_init(&keccak);
    sr_keccak_update(&keccak, type->hash, sizeof type->hash);
    if (!encode_fields(walk, type, value, &keccak, &present, error))
        return FALSE;
    if (json_object_object_length(value) != present)
        return fail_undeclared(walk, type, value, error);
    sr_keccak_final(&keccak, 0x01, ret_hash);
    walk->depth--;
    return TRUE;
}

/* A struct inside another: null (or absent) is 32 zero bytes, what is empty gets a line. */
static gboolean encode_inner_struct(Walk *walk, const SrTypeField *field, SrJson *value,
                                    guint8 ret_word[32], GError **error)
{
    const SrTypeStruct *type = sr_type_table_get(walk->table, field->ref.width);

    if (!value) {
        memset(ret_word, 0, 32);
        return add_line(walk, field, 0, "null", error);
    }
    if (!encode_struct(walk, field->ref.width, value, ret_word, error))
        return FALSE;
    return type->fields->len > 0 || add_line(walk, field, 0, "{}", error);
}

static gboolean check_array(const Walk *walk, const SrTypeField *field, guint level, SrJson *value,
                            GError **error)
{
    const guint32 items = field->ref.items[level - 1];

    if (!json_object_is_type(value, json_type_array))
        return fail(walk, error, "must be an array");
    if (items && json_object_array_length(value) != items)
        return fail(walk, error, "must have exactly as many items as its type says");
    return TRUE;
}

/* An array: the hash of its items' words, one after the other. */
static gboolean encode_array(Walk *walk, const SrTypeField *field, guint level, SrJson *value,
                             guint8 ret_word[32], GError **error)
{
    const gsize path_length = walk->path->len;
    SrKeccak keccak;
    gsize count;

    if (!check_array(walk, field, level, value, error) || !enter(walk, error))
        return FALSE;
    count = json_object_array_length(value);
    sr_keccak_init(&keccak);
    for (gsize i = 0; i < count; i++) {
        guint8 word[32];

        g_string_append_printf(walk->path, "[%zu]", i);
        if (!encode_value(walk, field, level - 1, json_object_array_get_idx(value, i), word, error))
            return FALSE;
        sr_keccak_update(&keccak, word, sizeof word);
        g_string_truncate(walk->path, path_length);
    }
    sr_keccak_final(&keccak, 0x01, ret_word);
    walk->depth--;
    return count > 0 || add_line(walk, field, level, "[]", error);
}

/* Encode @value as @field's type with @level of its array dimensions. */
static gboolean encode_value(Walk *walk, const SrTypeField *field, guint level, SrJson *value,
                             guint8 ret_word[32], GError **error)
{
    g_autofree char *text = NULL;
    const char *problem;

    if (level > 0)
        return encode_array(walk, field, level, value, ret_word, error);
    if (field->ref.kind == SR_TYPE_STRUCT)
        return encode_inner_struct(walk, field, value, ret_word, error);
    if (!sr_typed_value_encode(&field->ref, value, ret_word, &text, &problem))
        return fail(walk, error, problem);
    return add_line(walk, field, 0, text, error);
}

gboolean sr_typed_data_hash(const SrTypeTable *table, guint index, const char *root, SrJson *value,
                            GPtrArray *lines, guint8 ret_hash[32], GError **error)
{
    Walk walk = {.table = table, .lines = lines, .path = g_string_new(root)};
    const gboolean good = encode_struct(&walk, index, value, ret_hash, error);

    g_string_free(walk.path, TRUE);
    return good;
}
