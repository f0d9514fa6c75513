#include "ethereum/typed_data.h"

#include "base/error.h"
#include "crypto/keccak.h"
#include "ethereum/typed_data_encode.h"
#include "ethereum/typed_data_types.h"
#include "ethereum/typed_data_value.h"

#include <string.h>

static gboolean fail(GError **error, const char *path, const char *rule)
{
    sr_error_set_at(error, SR_ERROR_MALFORMED_TYPED_DATA, path, -1, "%s", rule);
    return FALSE;
}

void sr_typed_data_free(SrTypedData *data)
{
    if (!data)
        return;
    g_free(data->primary_type);
    g_free(data->domain_name);
    g_free(data->domain_version);
    g_free(data->chain_id);
    g_free(data->verifying_contract);
    g_ptr_array_unref(data->lines);
    g_free(data);
}

/* The four members, and no others. */
static gboolean check_members(SrJson *data, GError **error)
{
    static const char *const names[] = {"types", "primaryType", "domain", "message", NULL};

    if (!json_object_is_type(data, json_type_object))
        return fail(error, "typedData", "must be an object");
    json_object_object_foreach (data, name, unused) {
        (void)unused;
        if (!g_strv_contains(names, name))
            return fail(error, sr_type_is_identifier(name) ? name : "typedData",
                        "a member beside types, primaryType, domain and message");
    }
    return TRUE;
}

/* EIP-712 fixes names and types of the domain's fields; it may leave out any of them. */
static gboolean check_domain_type(const SrTypeStruct *domain, GError **error)
{
    static const struct {
        const char *name;
        const char *type;
    } known[] = {
        {"name", "string"},     {"version", "string"},
        {"chainId", "uint256"}, {"verifyingContract", "address"},
        {"salt", "bytes32"},
    };

    for (guint i = 0; i < domain->fields->len; i++) {
        const SrTypeField *field = &g_array_index(domain->fields, SrTypeField, i);
        g_autofree char *path = g_strdup_printf("types." SR_DOMAIN_TYPE "[%u]", i);
        guint k = 0;

        while (k < G_N_ELEMENTS(known) && strcmp(known[k].name, field->name) != 0)
            k++;
        if (k == G_N_ELEMENTS(known))
            return fail(error, path, "is not a field EIP-712 gives the domain");
        if (strcmp(known[k].type, field->type) != 0)
            return fail(error, path, "does not have the type EIP-712 gives this field");
    }
    return TRUE;
}

/* The text of the domain's field @name, NULL when the type does not declare it. The value was
 * encoded before, so it fits. */
static char *domain_text(const SrTypeStruct *type, SrJson *domain, const char *name)
{
    for (guint i = 0; i < type->fields->len; i++) {
        const SrTypeField *field = &g_array_index(type->fields, SrTypeField, i);
        SrJson *value = NULL;
        const char *problem;
        char *text = NULL;
        guint8 word[32];

        if (strcmp(field->name, name) != 0)
            continue;
        json_object_object_get_ex(domain, name, &value);
        return sr_typed_value_encode(&field->ref, value, word, &text, &problem) ? text : NULL;
    }
    return NULL;
}

static void read_domain(SrTypedData *data, const SrTypeStruct *type, SrJson *domain)
{
    data->domain_name = domain_text(type, domain, "name");
    data->domain_version = domain_text(type, domain, "version");
    data->chain_id = domain_text(type, domain, "chainId");
    data->verifying_contract = domain_text(type, domain, "verifyingContract");
}

/* The struct type that primaryType names. */
static gboolean find_primary(const SrTypeTable *table, SrJson *data, SrTypedData *typed,
                             guint *ret_index, GError **error)
{
    SrJson *name = NULL;

    json_object_object_get_ex(data, "primaryType", &name);
    if (!json_object_is_type(name, json_type_string))
        return fail(error, "primaryType", "must be a string");
    if (!sr_type_table_find(table, json_object_get_string(name), ret_index))
        return fail(error, "primaryType", "is not declared in types");
    /* Signers disagree on whether the message counts then. */
    if (strcmp(json_object_get_string(name), SR_DOMAIN_TYPE) == 0)
        return fail(error, "primaryType", "must be another type than " SR_DOMAIN_TYPE);
    typed->primary_type = g_strdup(json_object_get_string(name));
    return TRUE;
}

static gboolean hash_member(SrTypedData *typed, const SrTypeTable *table, guint index, SrJson *data,
                            const char *name, SrKeccak *keccak, GError **error)
{
    SrJson *value = NULL;
    guint8 hash[32];

    json_object_object_get_ex(data, name, &value);
    if (!sr_typed_data_hash(table, index, name, value, typed->lines, hash, error))
        return FALSE;
    sr_keccak_update(keccak, hash, sizeof hash);
    return TRUE;
}

/* keccak256 (0x19 0x01 || domainSeparator || hashStruct (message)) */
static gboolean hash(SrTypedData *typed, const SrTypeTable *table, SrJson *data, GError **error)
{
    guint domain = 0;
    guint primary;
    SrKeccak keccak;
    SrJson *value = NULL;

    sr_type_table_find(table, SR_DOMAIN_TYPE, &domain);
    if (!find_primary(table, data, typed, &primary, error) ||
        !check_domain_type(sr_type_table_get(table, domain), error))
        return FALSE;
    sr_keccak_init(&keccak);
    sr_keccak_update(&keccak, "\x19\x01", 2);
    if (!hash_member(typed, table, domain, data, "domain", &keccak, error) ||
        !hash_member(typed, table, primary, data, "message", &keccak, error))
        return FALSE;
    sr_keccak_final(&keccak, 0x01, typed->digest);
    json_object_object_get_ex(data, "domain", &value);
    read_domain(typed, sr_type_table_get(table, domain), value);
    return TRUE;
}

SrTypedData *sr_typed_data_new(SrJson *data, GError **error)
{
    g_autoptr(SrTypedData) typed = g_new0(SrTypedData, 1);
    g_autoptr(SrTypeTable) table = NULL;
    SrJson *types = NULL;

    typed->lines = g_ptr_array_new_with_free_func(g_free);
    if (!check_members(data, error))
        return NULL;
    json_object_object_get_ex(data, "types", &types);
    table = sr_type_table_new(types, error);
    if (!table || !hash(typed, table, data, error))
        return NULL;
    return g_steal_pointer(&typed);
}
