#include "store/vault_slot.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "store/vault_record.h"

#include <string.h>

#define PURPOSE "sealring vault slot 1"
#define SALT_SIZE 16u

static char *format_parameters(SrScryptCost cost, const guint8 salt[SALT_SIZE])
{
    g_autofree char *hex = sr_hex_encode(salt, SALT_SIZE, FALSE);

    return g_strdup_printf("scrypt n=%" G_GUINT64_FORMAT " r=%u p=%u salt=%s", cost.n, cost.r,
                           cost.p, hex);
}

/* The decimal number after @name in @text. */
static gboolean parse_number(const char *text, const char *name, guint64 max, guint64 *ret_value)
{
    return g_str_has_prefix(text, name) &&
           g_ascii_string_to_unsigned(text + strlen(name), 10, 1, max, ret_value, NULL);
}

static gboolean parse_salt(const char *text, guint8 salt[SALT_SIZE])
{
    static const char name[] = "salt=";

    return g_str_has_prefix(text, name) &&
           sr_hex_decode_fixed(text + strlen(name), strlen(text + strlen(name)), salt, SALT_SIZE);
}

/* The caps on the values are those of sr_scrypt. */
static gboolean parse_parameters(const char *text, SrScryptCost *ret_cost, guint8 salt[SALT_SIZE],
                                 GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 6);
    guint64 n = 0;
    guint64 r = 0;
    guint64 p = 0;

    if (g_strv_length(words) == 5 && strcmp(words[0], "scrypt") == 0 &&
        parse_number(words[1], "n=", G_MAXUINT64, &n) &&
        parse_number(words[2], "r=", G_MAXUINT32, &r) &&
        parse_number(words[3], "p=", G_MAXUINT32, &p) && parse_salt(words[4], salt)) {
        *ret_cost = (SrScryptCost){n, (guint32)r, (guint32)p};
        return TRUE;
    }
    sr_error_set(error, SR_ERROR_CORRUPT, "a slot of the vault has unknown parameters");
    return FALSE;
}

static GByteArray *associated_data(const guint8 *vault_id, const char *kind, const char *parameters)
{
    GByteArray *aad = g_byte_array_new();

    sr_vault_aad_add_text(aad, PURPOSE);
    g_byte_array_append(aad, vault_id, SR_VAULT_ID_SIZE);
    sr_vault_aad_add_text(aad, kind);
    sr_vault_aad_add_text(aad, parameters);
    return aad;
}

SrVaultSlot *sr_vault_slot_new_passphrase(const guint8 *vault_id, const SrSecret *data_key,
                                          const SrSecret *passphrase, SrScryptCost cost,
                                          GError **error)
{
    g_autoptr(SrVaultSlot) slot = g_new0(SrVaultSlot, 1);
    g_autoptr(SrSecret) wrapping_key = NULL;
    g_autoptr(GByteArray) aad = NULL;
    guint8 salt[SALT_SIZE];

    if (!sr_random_bytes(salt, sizeof salt, error))
        return NULL;
    wrapping_key = sr_scrypt(passphrase, salt, sizeof salt, cost, SR_AEAD_KEY_SIZE, error);
    if (!wrapping_key)
        return NULL;
    slot->kind = g_strdup(SR_VAULT_SLOT_PASSPHRASE);
    slot->parameters = format_parameters(cost, salt);
    aad = associated_data(vault_id, slot->kind, slot->parameters);
    slot->wrapped = sr_aead_seal(wrapping_key, aad->data, aad->len, sr_secret_peek(data_key),
                                 sr_secret_size(data_key), error);
    return slot->wrapped ? g_steal_pointer(&slot) : NULL;
}

static SrSecret *unwrap(const SrVaultSlot *slot, const guint8 *vault_id,
                        const SrSecret *wrapping_key, GError **error)
{
    g_autoptr(GByteArray) aad = associated_data(vault_id, slot->kind, slot->parameters);
    g_autoptr(GError) cause = NULL;
    g_autoptr(SrSecret) data_key = sr_aead_open(wrapping_key, aad->data, aad->len,
                                                slot->wrapped->data, slot->wrapped->len, &cause);

    if (data_key && sr_secret_size(data_key) == SR_VAULT_KEY_SIZE)
        return g_steal_pointer(&data_key);
    if (data_key)
        sr_error_set(error, SR_ERROR_CORRUPT, "a slot of the vault holds no data key");
    else if (g_error_matches(cause, SR_ERROR, SR_ERROR_CORRUPT))
        sr_error_set(error, SR_ERROR_WRONG_PASSPHRASE, "this passphrase does not open the vault");
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

SrSecret *sr_vault_slot_open_passphrase(const SrVaultSlot *slot, const guint8 *vault_id,
                                        const SrSecret *passphrase, GError **error)
{
    g_autoptr(SrSecret) wrapping_key = NULL;
    guint8 salt[SALT_SIZE];
    SrScryptCost cost;

    if (!parse_parameters(slot->parameters, &cost, salt, error))
        return NULL;
    wrapping_key = sr_scrypt(passphrase, salt, sizeof salt, cost, SR_AEAD_KEY_SIZE, error);
    return wrapping_key ? unwrap(slot, vault_id, wrapping_key, error) : NULL;
}

void sr_vault_slot_free(SrVaultSlot *slot)
{
    if (!slot)
        return;
    g_free(slot->kind);
    g_free(slot->parameters);
    if (slot->wrapped)
        g_byte_array_unref(slot->wrapped);
    g_free(slot);
}
