#include "store/key_record.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

#define MAGIC "sealring-key"
#define VERSION "1"

enum {
    FIELD_MAGIC,
    FIELD_VERSION,
    FIELD_TYPE,
    FIELD_CREATED,
    FIELD_PUBLIC,
    FIELD_FORM,
    FIELD_BODY
};
#define N_FIELDS (FIELD_BODY + 1)

/* A slice of the record's secret text. */
typedef struct {
    const char *data;
    gsize length;
} Field;

static char *id_of(SrKeyType type, const guint8 *public_key)
{
    guint8 bytes[66] = {(guint8)type};
    guint8 digest[SR_SHA256_SIZE];

    memcpy(bytes + 1, public_key, sr_key_public_size(type));
    sr_sha256(bytes, 1 + sr_key_public_size(type), digest);
    return sr_hex_encode(digest, 8, FALSE);
}

/* What follows from type and public key. */
static void derive(SrKeyInfo *info)
{
    info->id = id_of(info->type, info->public_key);
    if (info->type == SR_KEY_SECP256K1)
        sr_address_from_public_key(info->public_key, info->address);
}

SrKeyInfo *sr_key_info_new(const SrKey *key, const char *name, gint64 created)
{
    SrKeyInfo *info = g_new0(SrKeyInfo, 1);
    gsize size;
    const guint8 *public_key = sr_key_public(key, &size);

    info->type = sr_key_type(key);
    memcpy(info->public_key, public_key, size);
    derive(info);
    info->name = g_strdup(name);
    info->created = created;
    return info;
}

SrKeyInfo *sr_key_info_copy(const SrKeyInfo *info)
{
    SrKeyInfo *copy = g_memdup2(info, sizeof *info);

    copy->id = g_strdup(info->id);
    copy->name = g_strdup(info->name);
    return copy;
}

void sr_key_info_free(SrKeyInfo *info)
{
    if (!info)
        return;
    g_free(info->id);
    g_free(info->name);
    g_free(info);
}

/* The line up to and with the colon before the body. */
static char *head_of(const SrKeyInfo *info, const char *form)
{
    g_autofree char *public_key =
        sr_base64url_encode(info->public_key, sr_key_public_size(info->type));

    return g_strdup_printf(MAGIC ":" VERSION ":%s:%" G_GINT64_FORMAT ":%s:%s:",
                           sr_key_type_name(info->type), info->created, public_key, form);
}

static SrRecord *compose(const SrKeyInfo *info, const char *form, const char *body,
                         gsize body_length, GError **error)
{
    g_autofree char *head = head_of(info, form);
    const gsize head_length = strlen(head);
    SrSecret *text = sr_secret_new(head_length + body_length, error);

    if (!text)
        return NULL;
    memcpy(sr_secret_data(text), head, head_length);
    memcpy(sr_secret_data(text) + head_length, body, body_length);
    return sr_record_new(SR_RECORD_KEY, info->id, sr_key_type_name(info->type), info->name, text);
}

SrRecord *sr_key_record_plain(const SrKeyInfo *info, const SrKey *key, GError **error)
{
    const SrSecret *private_key = sr_key_private(key);
    g_autoptr(SrSecret) body =
        sr_base64url_encode_secret(sr_secret_peek(private_key), sr_secret_size(private_key), error);

    if (!body)
        return NULL;
    return compose(info, "plain", (const char *)sr_secret_peek(body), sr_secret_size(body), error);
}

SrRecord *sr_key_record_sealed(const SrKeyInfo *info, const char *seal, GError **error)
{
    return compose(info, "sealed", seal, strlen(seal), error);
}

static gboolean field_is(Field field, const char *text)
{
    return field.length == strlen(text) && memcmp(field.data, text, field.length) == 0;
}

/* Split at the first six colons; the body may hold more of them. */
static gboolean split(const SrRecord *record, Field fields[N_FIELDS])
{
    const char *at = (const char *)sr_secret_peek(record->secret);
    const char *end = at + sr_secret_size(record->secret);

    for (int i = 0; i < FIELD_BODY; i++) {
        const char *colon = memchr(at, ':', (gsize)(end - at));

        if (!colon)
            return FALSE;
        fields[i] = (Field){at, (gsize)(colon - at)};
        at = colon + 1;
    }
    fields[FIELD_BODY] = (Field){at, (gsize)(end - at)};
    return field_is(fields[FIELD_MAGIC], MAGIC) && field_is(fields[FIELD_VERSION], VERSION);
}

static gboolean read_public(SrKeyInfo *info, const Field fields[N_FIELDS])
{
    g_autofree char *type = g_strndup(fields[FIELD_TYPE].data, fields[FIELD_TYPE].length);
    g_autofree char *created = g_strndup(fields[FIELD_CREATED].data, fields[FIELD_CREATED].length);
    g_autoptr(GByteArray) public_key = NULL;

    if (!sr_key_type_from_name(type, &info->type) ||
        !g_ascii_string_to_signed(created, 10, 0, G_MAXINT64, &info->created, NULL))
        return FALSE;
    public_key = sr_base64url_decode(fields[FIELD_PUBLIC].data, fields[FIELD_PUBLIC].length, NULL);
    if (!public_key || public_key->len != sr_key_public_size(info->type))
        return FALSE;
    memcpy(info->public_key, public_key->data, public_key->len);
    info->sealed = field_is(fields[FIELD_FORM], "sealed");
    return info->sealed || field_is(fields[FIELD_FORM], "plain");
}

static SrKeyInfo *parse_info(const SrRecord *record, Field fields[N_FIELDS], GError **error)
{
    g_autoptr(SrKeyInfo) info = g_new0(SrKeyInfo, 1);

    if (split(record, fields) && read_public(info, fields)) {
        derive(info);
        info->name = g_strdup(record->label);
        if (g_str_equal(info->id, record->id))
            return g_steal_pointer(&info);
    }
    sr_error_set(error, SR_ERROR_CORRUPT,
                 "the stored key %s is damaged; it is left as it is, restore it from a backup",
                 record->id);
    return NULL;
}

/* The private key that @body spells, whosever it is. */
static SrKey *read_private(const SrKeyInfo *info, Field body, GError **error)
{
    g_autoptr(GError) cause = NULL;
    SrSecret *private_key = sr_base64url_decode_secret(body.data, body.length, &cause);
    SrKey *key = private_key ? sr_key_new(info->type, private_key, &cause) : NULL;

    if (key)
        return key;
    if (g_error_matches(cause, SR_ERROR, SR_ERROR_CORRUPT) ||
        g_error_matches(cause, SR_ERROR, SR_ERROR_MALFORMED_KEY))
        sr_error_set(error, SR_ERROR_CORRUPT, "the stored key %s holds no private key (%s)",
                     info->id, cause->message);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

/* The private key in the body, which must belong to @info. */
static SrKey *open_body(const SrKeyInfo *info, Field body, GError **error)
{
    g_autoptr(SrKey) key = read_private(info, body, error);

    if (!key)
        return NULL;
    if (memcmp(sr_key_public(key, NULL), info->public_key, sr_key_public_size(info->type)) == 0)
        return g_steal_pointer(&key);
    sr_error_set(error, SR_ERROR_CORRUPT,
                 "the stored key %s holds another private key than it says; it is not used",
                 info->id);
    return NULL;
}

SrKeyInfo *sr_key_record_info(const SrRecord *record, GError **error)
{
    Field fields[N_FIELDS];
    g_autoptr(SrKeyInfo) info = parse_info(record, fields, error);
    g_autoptr(SrKey) key = NULL;

    if (!info || info->sealed)
        return g_steal_pointer(&info);
    key = open_body(info, fields[FIELD_BODY], error);
    return key ? g_steal_pointer(&info) : NULL;
}

SrKey *sr_key_record_key(const SrRecord *record, GError **error)
{
    Field fields[N_FIELDS];
    g_autoptr(SrKeyInfo) info = parse_info(record, fields, error);

    return info ? open_body(info, fields[FIELD_BODY], error) : NULL;
}

char *sr_key_record_seal(const SrRecord *record)
{
    Field fields[N_FIELDS];

    if (!split(record, fields) || !field_is(fields[FIELD_FORM], "sealed"))
        return NULL;
    return g_strndup(fields[FIELD_BODY].data, fields[FIELD_BODY].length);
}
