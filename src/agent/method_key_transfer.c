/* keys.import and keys.export: key material in and out, always through a passed memory file. */
#include "agent/key_writing.h"
#include "agent/request.h"
#include "agent/vault_setup.h"
#include "base/encoding.h"
#include "base/error.h"
#include "consent/prompt.h"
#include "crypto/keystore.h"

#include <string.h>
#include <unistd.h>

#define HEX_TEXT_MAX 130u /* 64 digits with room for a prefix and white space */

/* Either format, on its way to a key. */
typedef struct {
    char *keystore; /* NULL: hexadecimal */
    SrKeyType type;
    SrSecret *secret; /* the digits, or the file's passphrase */
} Import;

static void import_free(gpointer data)
{
    Import *import = data;

    g_free(import->keystore);
    sr_secret_free(import->secret);
    g_free(import);
}

/* "hex" or "keystore"; *ret_keystore says which. */
static gboolean read_format(SrRequest *request, gboolean *ret_keystore, GError **error)
{
    const char *format = sr_request_string(request, "format", error);

    if (!format)
        return FALSE;
    *ret_keystore = strcmp(format, "keystore") == 0;
    if (*ret_keystore || strcmp(format, "hex") == 0)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "format", -1, "must be hex or keystore");
    return FALSE;
}

/* --- import
 * ------------------------------------------------------------------------------------------------
 */

/* 64 digits, an optional 0x in front, white space around. */
static SrKey *key_from_hex(SrKeyType type, SrSecret *text, GError **error)
{
    const char *start = (const char *)sr_secret_peek(text);
    gsize length = sr_secret_size(text);
    g_autoptr(SrSecret) bytes = sr_secret_new(32, error);

    if (!bytes)
        return NULL;
    while (length > 0 && g_ascii_isspace(start[length - 1]))
        length--;
    while (length > 0 && g_ascii_isspace(*start)) {
        start++;
        length--;
    }
    if (sr_hex_decode_fixed(start, length, sr_secret_data(bytes), 32))
        return sr_key_new(type, g_steal_pointer(&bytes), error);
    sr_error_set_at(error, SR_ERROR_MALFORMED_KEY, "key", -1, "must be 64 hexadecimal digits");
    return NULL;
}

static gpointer import_work(gpointer data, GError **error)
{
    const Import *import = data;

    if (import->keystore)
        return sr_keystore_open(import->keystore, strlen(import->keystore), import->secret, error);
    return key_from_hex(import->type, import->secret, error);
}

/* A new key on its way to its turn. */
typedef struct {
    SrKey *key;
    SrKeyInfo *info;
} Imported;

static void imported_free(gpointer data)
{
    Imported *imported = data;

    sr_key_free(imported->key);
    sr_key_info_free(imported->info);
    g_free(imported);
}

static void write_imported(SrRequest *request)
{
    Imported *imported = request->state;
    const SrKeyInfo *there = sr_key_ring_find(request->agent->keys, imported->info->id, NULL);
    GError *error = NULL;

    if (there) {
        sr_error_set_at(&error, SR_ERROR_KEY_EXISTS, "key", -1, "this key is there already (%s)",
                        there->name);
    } else if (sr_key_ring_find_damaged(request->agent->keys, imported->info->id)) {
        sr_error_set_at(&error, SR_ERROR_KEY_EXISTS, "key", -1,
                        "a damaged record of this key is there; delete it first: sealring key "
                        "delete %s",
                        imported->info->id);
    }
    if (error) {
        sr_request_fail(request, error);
        return;
    }
    sr_key_writing_start(request, g_steal_pointer(&imported->info), g_steal_pointer(&imported->key),
                         NULL, TRUE, "import-key");
}

/* The name asked for, or a free one; owned by the caller. */
static char *claim_name(SrRequest *request, GError **error)
{
    const char *wanted = NULL;

    if (!sr_json_string_optional(request->params, "name", &wanted, error))
        return NULL;
    if (!wanted)
        return sr_key_writing_claim_free_name(request);
    return sr_key_writing_claim_name(request, wanted, error) ? g_strdup(wanted) : NULL;
}

static void on_imported(SrRequest *request)
{
    Imported *imported = g_new0(Imported, 1);
    GError *error = NULL;
    g_autofree char *name = claim_name(request, &error);

    request->state = imported;
    request->free_state = imported_free;
    imported->key = g_steal_pointer(&request->result);
    if (!name) {
        sr_request_fail(request, error);
        return;
    }
    imported->info = sr_key_info_new(imported->key, name, g_get_real_time() / G_USEC_PER_SEC);
    sr_request_take_key(request, imported->info->id, write_imported);
}

static gboolean read_import(SrRequest *request, Import *import, GError **error)
{
    const char *type;
    gboolean keystore;

    if (!read_format(request, &keystore, error) ||
        !sr_json_string_optional(request->params, "type", &type, error))
        return FALSE;
    if (type && !sr_key_type_from_name(type, &import->type)) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "type", -1,
                        "must be secp256k1, p256 or ed25519");
        return FALSE;
    }
    if (keystore) {
        import->keystore = g_strdup(sr_request_string(request, "keystore", error));
        if (!import->keystore)
            return FALSE;
    }
    import->secret =
        sr_request_read_passed(request, keystore ? SR_PASSPHRASE_MAX : HEX_TEXT_MAX, error);
    return import->secret != NULL;
}

static void on_store_to_import(SrRequest *request)
{
    Import *import = g_new0(Import, 1);
    GError *error = NULL;

    import->type = SR_KEY_SECP256K1;
    if (!read_import(request, import, &error)) {
        import_free(import);
        sr_request_fail(request, error);
        return;
    }
    sr_request_on_worker(request, import_work, import, import_free, (GDestroyNotify)sr_key_free,
                         on_imported);
}

static void handle_import(SrRequest *request)
{
    sr_request_need_store(request, on_store_to_import);
}

/* --- export
 * ---------------------------------------------------------------------------------------------------
 */

typedef struct {
    SrKey *key;
    SrSecret *passphrase;
    SrScryptCost cost;
} Export;

static void export_free(gpointer data)
{
    Export *export = data;

    sr_key_free(export->key);
    sr_secret_free(export->passphrase);
    g_free(export);
}

static gpointer export_work(gpointer data, GError **error)
{
    const Export *export = data;

    return sr_keystore_export(export->key, export->passphrase, export->cost, error);
}

static void reply_exported(SrRequest *request, SrJson *result)
{
    GError *error = NULL;

    if (sr_request_record(request, "export-key", NULL, &error)) {
        sr_request_reply(request, result);
        return;
    }
    sr_json_free(result);
    sr_request_fail(request, error);
}

static void on_keystore_made(SrRequest *request)
{
    g_autofree char *text = g_steal_pointer(&request->result);
    SrJson *result = json_object_new_object();

    sr_json_add_string(result, "keystore", text);
    reply_exported(request, result);
}

static void export_keystore(SrRequest *request)
{
    GError *error = NULL;
    Export *export = g_new0(Export, 1);

    export->key = sr_key_copy(request->private_key, &error);
    if (export->key)
        export->passphrase = sr_request_read_passed(request, SR_PASSPHRASE_MAX, &error);
    if (!export->passphrase) {
        export_free(export);
        sr_request_fail(request, error);
        return;
    }
    export->cost = sr_configuration_scrypt_cost(request->agent->configuration);
    sr_request_on_worker(request, export_work, export, export_free, g_free, on_keystore_made);
}

static void export_hex(SrRequest *request)
{
    const SrSecret *bytes = sr_key_private(request->private_key);
    GError *error = NULL;
    g_autoptr(SrSecret) digits = sr_secret_new(2 * sr_secret_size(bytes), &error);

    if (digits)
        sr_hex_write(sr_secret_peek(bytes), sr_secret_size(bytes), (char *)sr_secret_data(digits));
    if (!digits || !sr_secret_write_fd(digits, request->fd, &error)) {
        sr_request_fail(request, error);
        return;
    }
    reply_exported(request, NULL);
}

static void on_export_agreed(SrRequest *request)
{
    gboolean keystore = FALSE;

    read_format(request, &keystore, NULL);
    sr_request_open_key(request, keystore ? export_keystore : export_hex);
}

static void on_keys_to_export(SrRequest *request)
{
    GError *error = NULL;
    gboolean keystore = FALSE;
    const char *name = sr_request_string(request, "key", &error);
    SrConsentModel *model;

    if (name && read_format(request, &keystore, &error) &&
        sr_request_choose_key(request, name, &error) && !sr_request_has_memory_file(request))
        sr_error_set(&error, SR_ERROR_INVALID_PARAMS,
                     "a memory file must be passed with this request");
    if (!error && keystore && request->key->type != SR_KEY_SECP256K1)
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "format", -1,
                        "a keystore file holds an Ethereum (secp256k1) key");
    if (error) {
        sr_request_fail(request, error);
        return;
    }
    model = sr_request_consent(request, "Give out the private key \"%s\"?", request->key->name);
    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_FACT, "As: %s",
                         keystore ? "a file with a passphrase"
                                  : "plain digits, readable by anyone");
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Whoever has the key can do everything you can do with it.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Export");
    sr_request_ask(request, model, on_export_agreed);
}

static void handle_export(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_export);
}

const SrMethod sr_methods_key_transfer[] = {
    {"keys.import", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_import},
    {"keys.export", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_export},
    {NULL, 0, NULL},
};
