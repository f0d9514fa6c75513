#include "store/token_object.h"

#include "base/encoding.h"
#include "base/error.h"

#include <string.h>

#define MAGIC "sealring-object"
#define VERSION "1"
#define NUMBER_DIGITS 16u
#define CLASS_MAX G_MAXUINT32

static const char *const token_names[SR_TOKENS] = {"accounts", "keys"};

const char *sr_token_name(SrToken token)
{
    return token_names[token];
}

SrTokenObject *sr_token_object_new(guint64 number, SrToken token, guint32 class,
                                   const void *attributes, gsize size)
{
    SrTokenObject *object = g_new0(SrTokenObject, 1);

    object->number = number;
    object->token = token;
    object->class = class;
    object->attributes = g_bytes_new(attributes, size);
    return object;
}

void sr_token_object_free(SrTokenObject *object)
{
    if (!object)
        return;
    g_bytes_unref(object->attributes);
    g_free(object);
}

char *sr_token_object_id(guint64 number)
{
    return g_strdup_printf(SR_TOKEN_RECORD_PREFIX "%016" G_GINT64_MODIFIER "x", number);
}

SrRecord *sr_token_object_record(const SrTokenObject *object, const char *label, GError **error)
{
    gsize size;
    const guint8 *bytes = g_bytes_get_data(object->attributes, &size);
    g_autofree char *attributes = sr_base64url_encode(bytes ? bytes : (const guint8 *)"", size);
    g_autofree char *id = sr_token_object_id(object->number);
    g_autofree char *text = g_strdup_printf(MAGIC ":" VERSION ":%s:%u:%s",
                                            token_names[object->token], object->class, attributes);
    SrSecret *secret = sr_secret_new_copy(text, strlen(text), error);

    return secret ? sr_record_new(SR_RECORD_RECORD, id, NULL, label, secret) : NULL;
}

/* The number in a record's id; 0 when it has none. */
static guint64 number_of(const char *id)
{
    guint8 bytes[NUMBER_DIGITS / 2];
    guint64 number = 0;

    if (!g_str_has_prefix(id, SR_TOKEN_RECORD_PREFIX))
        return 0;
    id += strlen(SR_TOKEN_RECORD_PREFIX);
    if (strlen(id) != NUMBER_DIGITS || !sr_hex_decode_fixed(id, NUMBER_DIGITS, bytes, sizeof bytes))
        return 0;
    for (guint i = 0; i < sizeof bytes; i++)
        number = number << 8 | bytes[i];
    return number;
}

static gboolean read_token(const char *name, SrToken *ret_token)
{
    for (guint i = 0; i < SR_TOKENS; i++) {
        if (strcmp(name, token_names[i]) == 0) {
            *ret_token = (SrToken)i;
            return TRUE;
        }
    }
    return FALSE;
}

SrTokenObject *sr_token_object_parse(const SrRecord *record, GError **error)
{
    const guint64 number = number_of(record->id);
    g_autofree char *text =
        g_strndup((const char *)sr_secret_peek(record->secret), sr_secret_size(record->secret));
    g_auto(GStrv) fields = g_strsplit(text, ":", 5);
    g_autoptr(GByteArray) attributes = NULL;
    SrToken token;
    guint64 class;

    if (number != 0 && g_strv_length(fields) == 5 && strcmp(fields[0], MAGIC) == 0 &&
        strcmp(fields[1], VERSION) == 0 && read_token(fields[2], &token) &&
        g_ascii_string_to_unsigned(fields[3], 10, 0, CLASS_MAX, &class, NULL))
        attributes = sr_base64url_decode(fields[4], strlen(fields[4]), NULL);
    if (attributes)
        return sr_token_object_new(number, token, (guint32) class, attributes->data,
                                   attributes->len);
    sr_error_set(error, SR_ERROR_CORRUPT, "the stored object %s is damaged; it is left as it is",
                 record->id);
    return NULL;
}
