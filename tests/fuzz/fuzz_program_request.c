/*
 * What a program can send to the agent: a body is either refused, or everything it borrows lies
 * within it; attributes are found as a plain reading finds them; signatures can be verified. The
 * first byte is the operation.
 */
#include "agent/program_body.h"
#include "agent/program_hash.h"
#include "agent/program_result.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_within(SrBytes bytes, const uint8_t *data, size_t size)
{
    CHECK(bytes.data);
    CHECK(bytes.size == 0 || (bytes.data >= data && bytes.size <= size &&
                              bytes.data - data <= (ptrdiff_t)(size - bytes.size)));
}

/* Each attribute in turn is the one that is found by its type. */
static void check_attributes(SrBytes attributes)
{
    SrPacketReader reader;

    sr_packet_read(&reader, attributes.data, attributes.size);
    while (reader.at < reader.end) {
        const uint32_t type = sr_packet_get_u32(&reader);
        SrBytes value;
        SrBytes found;

        value.data = sr_packet_get_bytes(&reader, &value.size);
        CHECK(!reader.failed);
        CHECK(sr_program_attribute(attributes, type, &found));
        CHECK(found.data == value.data && found.size == value.size);
    }
}

static void check_body(const SrProgramBody *body, const uint8_t *data, size_t size)
{
    const SrBytes all[] = {body->application, body->program,   body->seat[0], body->seat[1],
                           body->seat[2],     body->seat[3],   body->pin,     body->new_pin,
                           body->label,       body->id,        body->data,    body->public_key,
                           body->signature,   body->attributes};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].data)
            check_within(all[i], data, size);
    CHECK(body->token <= SR_TOKEN_SESSION && body->curve <= SR_CURVE_ED25519);
    CHECK(body->scheme <= SR_SCHEME_SIWE && body->user <= SR_USER_CONTEXT);
    if (body->attributes.data)
        check_attributes(body->attributes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SrProgramBody body;
    guint32 result;

    if (size < 1)
        return 0;
    result = sr_program_body_read(data[0], data + 1, size - 1, &body);
    if (data[0] < SR_OPERATION_HELLO || data[0] > SR_OPERATION_COPY)
        CHECK(result == SR_CKR_FUNCTION_NOT_SUPPORTED);
    else
        CHECK(result == SR_CKR_OK || result == SR_CKR_ARGUMENTS_BAD);
    if (result != SR_CKR_OK)
        return 0;
    check_body(&body, data + 1, size - 1);
    if (body.operation == SR_OPERATION_VERIFY)
        sr_program_verify(&body);
    for (int type = SR_KEY_SECP256K1; type <= SR_KEY_ED25519; type++)
        if (body.operation == SR_OPERATION_SIGN || body.operation == SR_OPERATION_DERIVE)
            sr_program_body_fits(&body, (SrKeyType)type);
    return 0;
}
