#include "store/token_pin.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

#define MAGIC "sealring-pin"
#define VERSION "1"
#define SALT_SIZE 16u
#define HASH_SIZE 32u

enum { FIELD_MAGIC, FIELD_VERSION, FIELD_N, FIELD_R, FIELD_P, FIELD_SALT, N_FIELDS };

SrRecord *sr_token_pin_record(const char *id, const SrSecret *pin, SrScryptCost cost,
                              GError **error)
{
    guint8 salt[SALT_SIZE];
    g_autoptr(SrSecret) hash = NULL;
    g_autoptr(SrSecret) hash_text = NULL;
    g_autofree char *salt_text = NULL;
    g_autofree char *head = NULL;
    SrSecret *text;

    if (!sr_random_bytes(salt, sizeof salt, error))
        return NULL;
    hash = sr_scrypt(pin, salt, sizeof salt, cost, HASH_SIZE, error);
    hash_text = hash ? sr_base64url_encode_secret(sr_secret_peek(hash), HASH_SIZE, error) : NULL;
    if (!hash_text)
        return NULL;
    salt_text = sr_base64url_encode(salt, sizeof salt);
    head = g_strdup_printf(MAGIC ":" VERSION ":%" G_GUINT64_FORMAT ":%u:%u:%s:", cost.n, cost.r,
                           cost.p, salt_text);
    text = sr_secret_new(strlen(head) + sr_secret_size(hash_text), error);
    if (!text)
        return NULL;
    memcpy(sr_secret_data(text), head, strlen(head));
    memcpy(sr_secret_data(text) + strlen(head), sr_secret_peek(hash_text),
           sr_secret_size(hash_text));
    return sr_record_new(SR_RECORD_RECORD, id, NULL, "PIN", text);
}

static gboolean read_number(const char *text, guint64 maximum, guint64 *ret_number)
{
    return g_ascii_string_to_unsigned(text, 10, 1, maximum, ret_number, NULL);
}

static gboolean read_cost(char *const *fields, SrScryptCost *ret_cost)
{
    guint64 n;
    guint64 r;
    guint64 p;

    if (!read_number(fields[FIELD_N], G_MAXUINT32, &n) || !read_number(fields[FIELD_R], 32, &r) ||
        !read_number(fields[FIELD_P], 16, &p))
        return FALSE;
    *ret_cost = (SrScryptCost){n, (guint32)r, (guint32)p};
    return sr_scrypt_cost_check(*ret_cost, "", NULL);
}

static gboolean fail_corrupt(const SrRecord *record, GError **error)
{
    sr_error_set(error, SR_ERROR_CORRUPT, "the stored PIN %s is damaged; set it anew", record->id);
    return FALSE;
}

/* A PIN is short: who gets at the hash finds it. So only what comes before it is ordinary text. */
static gboolean parse(const SrRecord *record, SrScryptCost *ret_cost, GByteArray **ret_salt,
                      SrSecret **ret_hash)
{
    const char *text = (const char *)sr_secret_peek(record->secret);
    const gsize size = sr_secret_size(record->secret);
    const char *colon = memrchr(text, ':', size);
    g_autofree char *head = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
    g_auto(GStrv) fields = head ? g_strsplit(head, ":", N_FIELDS + 1) : NULL;

    if (!fields || g_strv_length(fields) != N_FIELDS || strcmp(fields[FIELD_MAGIC], MAGIC) != 0 ||
        strcmp(fields[FIELD_VERSION], VERSION) != 0 || !read_cost(fields, ret_cost))
        return FALSE;
    *ret_salt = sr_base64url_decode(fields[FIELD_SALT], strlen(fields[FIELD_SALT]), NULL);
    *ret_hash = sr_base64url_decode_secret(colon + 1, (gsize)(text + size - colon - 1), NULL);
    return *ret_salt && (*ret_salt)->len == SALT_SIZE && *ret_hash &&
           sr_secret_size(*ret_hash) == HASH_SIZE;
}

gboolean sr_token_pin_check(const SrRecord *record, const SrSecret *pin, GError **error)
{
    g_autoptr(GByteArray) salt = NULL;
    g_autoptr(SrSecret) hash = NULL;
    g_autoptr(SrSecret) own = NULL;
    SrScryptCost cost;

    if (!parse(record, &cost, &salt, &hash))
        return fail_corrupt(record, error);
    own = sr_scrypt(pin, salt->data, salt->len, cost, HASH_SIZE, error);
    if (!own)
        return FALSE;
    if (sr_memory_equal(sr_secret_peek(own), sr_secret_peek(hash), HASH_SIZE))
        return TRUE;
    sr_error_set(error, SR_ERROR_WRONG_PASSPHRASE, "the PIN is not the right one");
    return FALSE;
}
