#include "agent/program_body.h"

#include "agent/program_result.h"

#define PRIVATE_KEY_SIZE 32u
#define ATTRIBUTES_COUNT_MAX 64u

static SrBytes get_bytes(SrPacketReader *reader)
{
    size_t size;
    const guint8 *data = sr_packet_get_bytes(reader, &size);

    return (SrBytes){data, size};
}

/* A u8 that says yes or no. */
static gboolean get_flag(SrPacketReader *reader)
{
    const guint8 value = sr_packet_get_u8(reader);

    if (value > 1)
        reader->failed = true;
    return value == 1;
}

static void get_token(SrPacketReader *reader, SrProgramBody *body)
{
    body->token = sr_packet_get_u32(reader);
    if (body->token >= SR_TOKENS)
        reader->failed = true;
}

static void read_hello(SrPacketReader *reader, SrProgramBody *body)
{
    body->version = sr_packet_get_u32(reader);
    body->application = get_bytes(reader);
    body->program = get_bytes(reader);
    for (guint i = 0; i < G_N_ELEMENTS(body->seat); i++)
        body->seat[i] = get_bytes(reader);
    if (body->application.size != 0 && body->application.size != SR_APPLICATION_SIZE)
        reader->failed = true;
}

static void read_token(SrPacketReader *reader, SrProgramBody *body)
{
    get_token(reader, body);
}

static void read_list(SrPacketReader *reader, SrProgramBody *body)
{
    get_token(reader, body);
    body->generation = sr_packet_get_u64(reader);
    body->from = sr_packet_get_u32(reader);
}

static void read_login(SrPacketReader *reader, SrProgramBody *body)
{
    get_token(reader, body);
    body->user = sr_packet_get_u32(reader);
    body->object = sr_packet_get_u64(reader);
    body->has_pin = get_flag(reader);
    body->pin = get_bytes(reader);
    if (body->user > SR_USER_CONTEXT)
        reader->failed = true;
}

static void read_sign(SrPacketReader *reader, SrProgramBody *body)
{
    body->object = sr_packet_get_u64(reader);
    body->scheme = sr_packet_get_u32(reader);
    body->data = get_bytes(reader);
    if (body->scheme > SR_SCHEME_SIWE)
        reader->failed = true;
}

static void read_verify(SrPacketReader *reader, SrProgramBody *body)
{
    body->curve = sr_packet_get_u8(reader);
    body->public_key = get_bytes(reader);
    body->scheme = sr_packet_get_u32(reader);
    body->data = get_bytes(reader);
    body->signature = get_bytes(reader);
    if (body->curve > SR_CURVE_ED25519 || body->scheme > SR_SCHEME_SIWE)
        reader->failed = true;
}

static void read_derive(SrPacketReader *reader, SrProgramBody *body)
{
    body->object = sr_packet_get_u64(reader);
    body->data = get_bytes(reader);
}

static void read_generate(SrPacketReader *reader, SrProgramBody *body)
{
    body->token = sr_packet_get_u32(reader);
    body->curve = sr_packet_get_u8(reader);
    body->flags = sr_packet_get_u8(reader);
    body->label = get_bytes(reader);
    body->id = get_bytes(reader);
    if (body->token > SR_TOKEN_SESSION || body->curve > SR_CURVE_ED25519 ||
        body->label.size > SR_LABEL_MAX || body->id.size > SR_ID_MAX)
        reader->failed = true;
}

static void read_import(SrPacketReader *reader, SrProgramBody *body)
{
    read_generate(reader, body);
    body->data = get_bytes(reader);
    if (body->data.size != PRIVATE_KEY_SIZE)
        reader->failed = true;
}

static void get_attributes(SrPacketReader *reader, SrProgramBody *body)
{
    body->attributes = get_bytes(reader);
    if (!sr_program_attributes_check(body->attributes))
        reader->failed = true;
}

static void read_create(SrPacketReader *reader, SrProgramBody *body)
{
    get_token(reader, body);
    body->class = sr_packet_get_u32(reader);
    get_attributes(reader, body);
    if (body->class > SR_CKO_PUBLIC_KEY)
        reader->failed = true;
}

static void read_change(SrPacketReader *reader, SrProgramBody *body)
{
    body->object = sr_packet_get_u64(reader);
    get_attributes(reader, body);
}

static void read_destroy(SrPacketReader *reader, SrProgramBody *body)
{
    body->object = sr_packet_get_u64(reader);
}

static void read_init_token(SrPacketReader *reader, SrProgramBody *body)
{
    get_token(reader, body);
    body->has_pin = get_flag(reader);
    body->pin = get_bytes(reader);
    body->label = get_bytes(reader);
    if (body->label.size > SR_LABEL_MAX)
        reader->failed = true;
}

static void read_set_pin(SrPacketReader *reader, SrProgramBody *body)
{
    get_token(reader, body);
    body->has_pin = get_flag(reader);
    body->pin = get_bytes(reader);
    body->new_pin = get_bytes(reader);
    body->is_init = get_flag(reader);
}

static void read_copy(SrPacketReader *reader, SrProgramBody *body)
{
    body->object = sr_packet_get_u64(reader);
    body->token = sr_packet_get_u32(reader);
    body->label = get_bytes(reader);
    body->id = get_bytes(reader);
    if (body->token > SR_TOKEN_SESSION || body->label.size > SR_LABEL_MAX ||
        body->id.size > SR_ID_MAX)
        reader->failed = true;
}

static void (*const readers[])(SrPacketReader *, SrProgramBody *) = {
    [SR_OPERATION_HELLO] = read_hello,       [SR_OPERATION_TOKEN] = read_token,
    [SR_OPERATION_LIST] = read_list,         [SR_OPERATION_LOGIN] = read_login,
    [SR_OPERATION_LOGOUT] = read_token,      [SR_OPERATION_SIGN] = read_sign,
    [SR_OPERATION_VERIFY] = read_verify,     [SR_OPERATION_DERIVE] = read_derive,
    [SR_OPERATION_GENERATE] = read_generate, [SR_OPERATION_IMPORT] = read_import,
    [SR_OPERATION_CREATE] = read_create,     [SR_OPERATION_CHANGE] = read_change,
    [SR_OPERATION_DESTROY] = read_destroy,   [SR_OPERATION_INIT_TOKEN] = read_init_token,
    [SR_OPERATION_SET_PIN] = read_set_pin,   [SR_OPERATION_COPY] = read_copy,
};

guint32 sr_program_body_read(guint32 operation, const guint8 *bytes, gsize size,
                             SrProgramBody *ret_body)
{
    SrPacketReader reader;

    *ret_body = (SrProgramBody){.operation = (SrOperation)operation};
    if (operation >= G_N_ELEMENTS(readers) || !readers[operation])
        return SR_CKR_FUNCTION_NOT_SUPPORTED;
    sr_packet_read(&reader, bytes, size);
    readers[operation](&reader, ret_body);
    return sr_packet_is_complete(&reader) ? SR_CKR_OK : SR_CKR_ARGUMENTS_BAD;
}

gboolean sr_program_body_is_secret(guint32 operation)
{
    return operation == SR_OPERATION_LOGIN || operation == SR_OPERATION_IMPORT ||
           operation == SR_OPERATION_INIT_TOKEN || operation == SR_OPERATION_SET_PIN;
}

gboolean sr_program_attribute(SrBytes attributes, guint32 type, SrBytes *ret_value)
{
    SrPacketReader reader;

    sr_packet_read(&reader, attributes.data, attributes.size);
    while (reader.at < reader.end && !reader.failed) {
        const guint32 found = sr_packet_get_u32(&reader);
        const SrBytes value = get_bytes(&reader);

        if (found == type && !reader.failed) {
            *ret_value = value;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean sr_program_attributes_check(SrBytes attributes)
{
    SrPacketReader reader;
    guint count = 0;

    if (attributes.size > SR_ATTRIBUTES_MAX)
        return FALSE;
    sr_packet_read(&reader, attributes.data, attributes.size);
    while (reader.at < reader.end && !reader.failed) {
        const SrBytes before = {attributes.data, (gsize)(reader.at - attributes.data)};
        const guint32 type = sr_packet_get_u32(&reader);
        SrBytes ignored;

        get_bytes(&reader);
        if (++count > ATTRIBUTES_COUNT_MAX || sr_program_attribute(before, type, &ignored))
            return FALSE;
    }
    return sr_packet_is_complete(&reader);
}
