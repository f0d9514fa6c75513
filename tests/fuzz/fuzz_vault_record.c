/*
 * What a doctored vault can feed the code above SQLite: rows and slots. The first byte chooses:
 * even: a record row, odd: a slot. Texts end with a line break, the rest is the sealed part.
 */
#include "base/error.h"
#include "store/vault_record.h"
#include "store/vault_slot.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *at;
    size_t left;
} Input;

/* The bytes up to the next line break as a C string. */
static char *take_text(Input *input)
{
    const uint8_t *end = input->left ? memchr(input->at, '\n', input->left) : NULL;
    const size_t length = end ? (size_t)(end - input->at) : input->left;
    char *text = g_strndup((const char *)input->at, length);
    const size_t used = end ? length + 1 : length;

    input->at += used;
    input->left -= used;
    return text;
}

static GByteArray *take_rest(const Input *input)
{
    return g_byte_array_append(g_byte_array_new(), input->at, (guint)input->left);
}

static SrSecret *fixed_key(void)
{
    static const guint8 zero[SR_VAULT_KEY_SIZE] = {0};

    return sr_secret_new_copy(zero, sizeof zero, NULL);
}

static void fuzz_record(Input *input)
{
    g_autoptr(SrVaultRow) row = g_new0(SrVaultRow, 1);
    g_autoptr(SrSecret) key = fixed_key();
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) record = NULL;

    row->id = take_text(input);
    row->algorithm = take_text(input);
    row->label = take_text(input);
    row->sealed = take_rest(input);
    record = sr_vault_row_open(key, row, &error);
    /* Nobody forges a seal, the fuzzer neither. */
    g_assert_null(record);
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

/* Costs within the limits, yet so high that the fuzzer would do nothing else. */
static gboolean is_slow(const char *parameters)
{
    const char *n = strstr(parameters, "n=");

    return n && g_ascii_strtoull(n + 2, NULL, 10) > 64 &&
           g_ascii_strtoull(n + 2, NULL, 10) <= 1u << 24;
}

static void fuzz_slot(Input *input)
{
    static const guint8 id[SR_VAULT_ID_SIZE] = {0};
    g_autoptr(SrVaultSlot) slot = g_new0(SrVaultSlot, 1);
    g_autoptr(SrSecret) passphrase = fixed_key();
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) key = NULL;

    slot->kind = g_strdup(SR_VAULT_SLOT_PASSPHRASE);
    slot->parameters = take_text(input);
    slot->wrapped = take_rest(input);
    if (is_slow(slot->parameters))
        return;
    key = sr_vault_slot_open_passphrase(slot, id, passphrase, &error);
    g_assert_null(key);
    g_assert_nonnull(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input input = {data + 1, size - 1};

    if (size == 0)
        return 0;
    if (data[0] % 2)
        fuzz_slot(&input);
    else
        fuzz_record(&input);
    return 0;
}
