#include "ethereum/typed_data_types.h"

#include "base/error.h"
#include "crypto/keccak.h"

#include <string.h>

/* Structs are sorted by name, so that bit order is the order encodeType wants. */
struct SrTypeTable {
    GPtrArray *structs; /* of SrTypeStruct */
    gsize text_size;    /* bytes of names and types read so far */
};

G_STATIC_ASSERT(SR_TYPED_DATA_TYPES_MAX <= 64); /* bits of SrTypeStruct.uses */

static gboolean fail(GError **error, const char *path, const char *rule)
{
    sr_error_set_at(error, SR_ERROR_MALFORMED_TYPED_DATA, path, -1, "%s", rule);
    return FALSE;
}

static gboolean fail_limit(GError **error, const char *path, const char *rule)
{
    sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, path, -1, "%s", rule);
    return FALSE;
}

static void type_field_clear(gpointer data)
{
    SrTypeField *field = data;

    g_free(field->name);
    g_free(field->type);
}

static void type_struct_free(gpointer data)
{
    SrTypeStruct *type = data;

    g_free(type->name);
    g_array_unref(type->fields);
    g_free(type);
}

void sr_type_table_free(SrTypeTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->structs);
    g_free(table);
}

const SrTypeStruct *sr_type_table_get(const SrTypeTable *table, guint index)
{
    return g_ptr_array_index(table->structs, index);
}

static gboolean find_sized(const SrTypeTable *table, const char *name, gsize size, guint *ret_index)
{
    for (guint i = 0; i < table->structs->len; i++) {
        const char *other = sr_type_table_get(table, i)->name;

        if (strncmp(other, name, size) == 0 && other[size] == '\0') {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean sr_type_table_find(const SrTypeTable *table, const char *name, guint *ret_index)
{
    return find_sized(table, name, strlen(name), ret_index);
}

static gboolean is_name(const char *name, const char *more)
{
    const gsize length = strlen(name);

    if (length == 0 || length > SR_TYPED_DATA_NAME_MAX || g_ascii_isdigit(name[0]))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(name[i]) && !strchr(more, name[i]))
            return FALSE;
    return TRUE;
}

gboolean sr_type_is_identifier(const char *name)
{
    return is_name(name, "_$");
}

/* A canonical decimal number of at most nine digits, from 1 on; its length, 0 when it is none. */
static gsize read_count(const char *text, guint32 *ret_value)
{
    guint32 value = 0;
    gsize length = 0;

    if (text[0] == '0')
        return 0;
    for (; length < 9 && g_ascii_isdigit(text[length]); length++)
        value = value * 10 + (guint32)(text[length] - '0');
    *ret_value = value;
    return length;
}

/* The bits of "int", "int8" … "int256", given what follows "int"; 0 for another text. */
static guint integer_bits(const char *text, gsize size)
{
    guint32 bits = 0;

    if (size == 0)
        return 256;
    return read_count(text, &bits) == size && bits <= 256 && bits % 8 == 0 ? bits : 0;
}

static gboolean is_text(const char *text, gsize size, const char *word)
{
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

static gboolean has_prefix(const char *text, gsize size, const char *word)
{
    return size >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

static gboolean read_word_type(const char *text, gsize size, SrTypeRef *ref)
{
    static const struct {
        const char *name;
        SrTypeKind kind;
    } words[] = {
        {"address", SR_TYPE_ADDRESS},
        {"bool", SR_TYPE_BOOL},
        {"string", SR_TYPE_STRING},
        {"bytes", SR_TYPE_BYTES},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (is_text(text, size, words[i].name)) {
            ref->kind = words[i].kind;
            return TRUE;
        }
    }
    return FALSE;
}

/* A type of EIP-712 that is not a struct: @size characters of @text. */
static gboolean read_plain_type(const char *text, gsize size, SrTypeRef *ref)
{
    guint32 bytes = 0;

    if (read_word_type(text, size, ref))
        return TRUE;
    if (has_prefix(text, size, "bytes")) {
        ref->kind = SR_TYPE_FIXED_BYTES;
        if (read_count(text + 5, &bytes) != size - 5 || bytes > 32)
            return FALSE;
        ref->width = bytes;
        return TRUE;
    }
    if (has_prefix(text, size, "uint")) {
        ref->kind = SR_TYPE_UINT;
        ref->width = integer_bits(text + 4, size - 4);
        return ref->width != 0;
    }
    if (has_prefix(text, size, "int")) {
        ref->kind = SR_TYPE_INT;
        ref->width = integer_bits(text + 3, size - 3);
        return ref->width != 0;
    }
    return FALSE;
}

/* Whether a struct called @name would read like a plain type, one that exists or might. */
static gboolean looks_plain(const char *name)
{
    static const char *const stems[] = {"bytes", "uint", "int"};
    SrTypeRef unused;

    if (read_word_type(name, strlen(name), &unused) || strcmp(name, "function") == 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(stems); i++) {
        const gsize size = strlen(stems[i]);

        if (g_str_has_prefix(name, stems[i]) &&
            strspn(name + size, "0123456789") == strlen(name + size))
            return TRUE;
    }
    return FALSE;
}

/* The "[…]" dimensions in @field's type behind its base. */
static gboolean read_dimensions(SrTypeField *field, const char *path, GError **error)
{
    SrTypeRef *ref = &field->ref;
    const char *at = field->type + ref->text_size[0];

    while (*at) {
        guint32 items = 0;
        gsize digits;

        if (ref->dimensions == SR_TYPED_DATA_DIMENSIONS_MAX)
            return fail_limit(error, path, "has too many array dimensions");
        digits = *at == '[' ? read_count(at + 1, &items) : 0;
        if (*at != '[' || at[1 + digits] != ']')
            return fail(error, path, "is not a type with \"[]\" or \"[N]\" behind it");
        at += digits + 2;
        ref->items[ref->dimensions] = items;
        ref->text_size[++ref->dimensions] = (gsize)(at - field->type);
    }
    return TRUE;
}

static gboolean read_ref(const SrTypeTable *table, SrTypeField *field, SrTypeStruct *owner,
                         const char *path, GError **error)
{
    SrTypeRef *ref = &field->ref;

    ref->text_size[0] = strcspn(field->type, "[");
    if (!read_plain_type(field->type, ref->text_size[0], ref)) {
        ref->kind = SR_TYPE_STRUCT;
        if (!find_sized(table, field->type, ref->text_size[0], &ref->width))
            return fail(error, path, "is not a type of EIP-712, nor declared in types");
        if (strchr(owner->name, ':') || memchr(field->type, ':', ref->text_size[0]))
            return fail(error, path,
                        "signers disagree about a \":\" in the name of a type that "
                        "uses another or is used by it");
        owner->uses |= G_GUINT64_CONSTANT(1) << ref->width;
    }
    return read_dimensions(field, path, error);
}

/* The string member @name of a field; @path is the field's. */
static const char *field_string(SrJson *json, const char *path, const char *name, GError **error)
{
    g_autofree char *member_path = g_strconcat(path, ".", name, NULL);
    SrJson *member = NULL;

    json_object_object_get_ex(json, name, &member);
    if (!json_object_is_type(member, json_type_string)) {
        fail(error, member_path, "must be a string");
        return NULL;
    }
    return json_object_get_string(member);
}

static gboolean add_text(SrTypeTable *table, const char *text, GError **error)
{
    table->text_size += strlen(text);
    if (table->text_size > SR_TYPED_DATA_TYPES_TEXT_MAX)
        return fail_limit(error, "types", "are too long");
    return TRUE;
}

/* Read a field {name, type} into @type, whose names so far are in @names. */
static gboolean read_field(SrTypeTable *table, SrTypeStruct *type, GHashTable *names, SrJson *json,
                           const char *path, GError **error)
{
    g_autofree char *name_path = g_strconcat(path, ".name", NULL);
    g_autofree char *type_path = g_strconcat(path, ".type", NULL);
    SrTypeField field = {0};
    SrTypeField *added;
    const char *name;
    const char *text;

    if (!json_object_is_type(json, json_type_object) || json_object_object_length(json) != 2)
        return fail(error, path, "must be an object of name and type");
    name = field_string(json, path, "name", error);
    text = name ? field_string(json, path, "type", error) : NULL;
    if (!text || !add_text(table, name, error) || !add_text(table, text, error))
        return FALSE;
    if (!sr_type_is_identifier(name))
        return fail(error, name_path, "is not an identifier");
    field.name = g_strdup(name);
    field.type = g_strdup(text);
    g_array_append_val(type->fields, field);
    if (!g_hash_table_add(names, field.name))
        return fail(error, name_path, "was there before");
    added = &g_array_index(type->fields, SrTypeField, type->fields->len - 1);
    return read_ref(table, added, type, type_path, error);
}

static gboolean read_fields(SrTypeTable *table, SrTypeStruct *type, SrJson *fields, GError **error)
{
    g_autofree char *path = g_strconcat("types.", type->name, NULL);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    if (!json_object_is_type(fields, json_type_array))
        return fail(error, path, "must be an array of fields");
    for (gsize i = 0; i < json_object_array_length(fields); i++) {
        g_autofree char *field_path = g_strdup_printf("%s[%zu]", path, i);

        if (!read_field(table, type, names, json_object_array_get_idx(fields, i), field_path,
                        error))
            return FALSE;
    }
    return TRUE;
}

static void add_struct(SrTypeTable *table, const char *name)
{
    SrTypeStruct *type = g_new0(SrTypeStruct, 1);

    type->name = g_strdup(name);
    type->fields = g_array_new(FALSE, FALSE, sizeof(SrTypeField));
    g_array_set_clear_func(type->fields, type_field_clear);
    g_ptr_array_add(table->structs, type);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const SrTypeStruct *const *left = a;
    const SrTypeStruct *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

/*
 * Types are named by letters, digits and "_". "$" would be an identifier of Solidity too, but
 * common signers do not follow such a name to what it uses, and so make another hash than the rest.
 * The same goes for ":", which is let through where it does no harm because an exchange with many
 * users has it in its types.
 */
static gboolean read_names(SrTypeTable *table, SrJson *types, GError **error)
{
    guint domain;

    json_object_object_foreach (types, name, unused) {
        (void)unused;
        if (!is_name(name, "_:") || looks_plain(name))
            return fail(error, "types", "a name is no identifier, or reserved");
        if (!add_text(table, name, error))
            return FALSE;
        add_struct(table, name);
        if (table->structs->len > SR_TYPED_DATA_TYPES_MAX)
            return fail_limit(error, "types", "are too many");
    }
    if (!sr_type_table_find(table, SR_DOMAIN_TYPE, &domain))
        add_struct(table, SR_DOMAIN_TYPE);
    if (table->structs->len > SR_TYPED_DATA_TYPES_MAX)
        return fail_limit(error, "types", "are too many");
    g_ptr_array_sort(table->structs, compare_names);
    return TRUE;
}

/* Extend direct uses to reachable ones (Warshall). */
static void close_uses(SrTypeTable *table)
{
    for (guint via = 0; via < table->structs->len; via++) {
        const guint64 bit = G_GUINT64_CONSTANT(1) << via;

        for (guint i = 0; i < table->structs->len; i++) {
            SrTypeStruct *type = g_ptr_array_index(table->structs, i);

            if (type->uses & bit)
                type->uses |= sr_type_table_get(table, via)->uses;
        }
    }
}

static void hash_text(SrKeccak *keccak, const char *text)
{
    sr_keccak_update(keccak, text, strlen(text));
}

/* "Name(type1 name1,type2 name2)" */
static void hash_declaration(SrKeccak *keccak, const SrTypeStruct *type)
{
    hash_text(keccak, type->name);
    hash_text(keccak, "(");
    for (guint i = 0; i < type->fields->len; i++) {
        const SrTypeField *field = &g_array_index(type->fields, SrTypeField, i);

        if (i > 0)
            hash_text(keccak, ",");
        hash_text(keccak, field->type);
        hash_text(keccak, " ");
        hash_text(keccak, field->name);
    }
    hash_text(keccak, ")");
}

/* typeHash: the declaration, then those of all structs it uses, sorted by name. */
static void hash_type(const SrTypeTable *table, guint index)
{
    SrTypeStruct *type = g_ptr_array_index(table->structs, index);
    SrKeccak keccak;

    sr_keccak_init(&keccak);
    hash_declaration(&keccak, type);
    for (guint i = 0; i < table->structs->len; i++)
        if (i != index && (type->uses >> i & 1))
            hash_declaration(&keccak, sr_type_table_get(table, i));
    sr_keccak_final(&keccak, 0x01, type->hash);
}

SrTypeTable *sr_type_table_new(SrJson *types, GError **error)
{
    g_autoptr(SrTypeTable) table = g_new0(SrTypeTable, 1);

    table->structs = g_ptr_array_new_with_free_func(type_struct_free);
    if (!json_object_is_type(types, json_type_object)) {
        fail(error, "types", "must be an object");
        return NULL;
    }
    if (!read_names(table, types, error))
        return NULL;
    for (guint i = 0; i < table->structs->len; i++) {
        SrTypeStruct *type = g_ptr_array_index(table->structs, i);
        SrJson *fields;

        if (json_object_object_get_ex(types, type->name, &fields) &&
            !read_fields(table, type, fields, error))
            return NULL;
    }
    close_uses(table);
    for (guint i = 0; i < table->structs->len; i++)
        hash_type(table, i);
    return g_steal_pointer(&table);
}
