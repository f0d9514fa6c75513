#include "pkcs11/object_call.h"

/* Room for the numbers before and the counts of the byte strings. */
#define FIXED_ROOM 64u

/* Run @call, of which the reply is one entry, and end it; what begin gave comes as @result. */
static CK_RV finish(SrCall *call, SrLink *link, CK_RV result, SrEntry **ret_entry)
{
    SrEntry *entry = NULL;

    if (result == CKR_OK)
        result = sr_call_run(call, link);
    if (result == CKR_OK)
        result = sr_entry_read(&call->reply, &entry);
    if (result == CKR_OK)
        result = sr_call_check(call);
    sr_call_end(call);
    if (result == CKR_OK)
        *ret_entry = entry;
    else
        sr_entry_free(entry);
    return result;
}

static CK_RV check_request(const SrKeyRequest *request)
{
    return request->label.size > SR_LABEL_MAX || request->id.size > SR_ID_MAX
               ? CKR_ATTRIBUTE_VALUE_INVALID
               : CKR_OK;
}

static void put_request(SrPacketWriter *writer, const SrKeyRequest *request)
{
    sr_packet_put_u32(writer, request->token);
    sr_packet_put_u8(writer, request->curve->id);
    sr_packet_put_u8(writer, request->flags);
    sr_packet_put_bytes(writer, request->label.data, request->label.size);
    sr_packet_put_bytes(writer, request->id.data, request->id.size);
}

/* An entry of something else than was asked for is no answer. @curve NULL: not a key. */
static CK_RV check(CK_RV result, CK_OBJECT_CLASS class, const SrCurve *curve, SrEntry **entry)
{
    if (result != CKR_OK || ((*entry)->class == class && (*entry)->curve == curve))
        return result;
    sr_entry_free(*entry);
    *entry = NULL;
    return CKR_DEVICE_ERROR;
}

CK_RV sr_object_call_generate(SrLink *link, const SrKeyRequest *request, SrEntry **ret_entry)
{
    SrCall call;
    CK_RV result = check_request(request);

    if (result != CKR_OK)
        return result;
    result = sr_call_begin(&call, SR_OPERATION_GENERATE,
                           FIXED_ROOM + request->label.size + request->id.size);
    if (result == CKR_OK)
        put_request(&call.request, request);
    result = finish(&call, link, result, ret_entry);
    return check(result, CKO_PRIVATE_KEY, request->curve, ret_entry);
}

CK_RV sr_object_call_import(SrLink *link, const SrKeyRequest *request, const uint8_t *scalar,
                            SrEntry **ret_entry)
{
    SrCall call;
    CK_RV result = check_request(request);

    if (result != CKR_OK)
        return result;
    result = sr_call_begin(&call, SR_OPERATION_IMPORT,
                           FIXED_ROOM + request->label.size + request->id.size + SR_SCALAR_SIZE);
    if (result == CKR_OK) {
        put_request(&call.request, request);
        sr_packet_put_bytes(&call.request, scalar, SR_SCALAR_SIZE);
    }
    result = finish(&call, link, result, ret_entry);
    return check(result, CKO_PRIVATE_KEY, request->curve, ret_entry);
}

CK_RV sr_object_call_copy(SrLink *link, uint64_t number, const SrKeyRequest *request,
                          SrEntry **ret_entry)
{
    SrCall call;
    CK_RV result = check_request(request);

    if (result != CKR_OK)
        return result;
    result = sr_call_begin(&call, SR_OPERATION_COPY,
                           FIXED_ROOM + request->label.size + request->id.size);
    if (result == CKR_OK) {
        sr_packet_put_u64(&call.request, number);
        sr_packet_put_u32(&call.request, request->token);
        sr_packet_put_bytes(&call.request, request->label.data, request->label.size);
        sr_packet_put_bytes(&call.request, request->id.data, request->id.size);
    }
    result = finish(&call, link, result, ret_entry);
    return check(result, CKO_PRIVATE_KEY, request->curve, ret_entry);
}

CK_RV sr_object_call_create(SrLink *link, SrToken token, CK_OBJECT_CLASS class, SrSlice attributes,
                            SrEntry **ret_entry)
{
    SrCall call;
    CK_RV result;

    if (attributes.size > SR_ATTRIBUTES_MAX)
        return CKR_DEVICE_MEMORY;
    result = sr_call_begin(&call, SR_OPERATION_CREATE, FIXED_ROOM + attributes.size);
    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, token);
        sr_packet_put_u32(&call.request, (uint32_t) class);
        sr_packet_put_bytes(&call.request, attributes.data, attributes.size);
    }
    result = finish(&call, link, result, ret_entry);
    return check(result, class, NULL, ret_entry);
}

CK_RV sr_object_call_change(SrLink *link, uint64_t number, SrSlice attributes, SrEntry **ret_entry)
{
    SrCall call;
    CK_RV result;

    if (attributes.size > SR_ATTRIBUTES_MAX)
        return CKR_DEVICE_MEMORY;
    result = sr_call_begin(&call, SR_OPERATION_CHANGE, FIXED_ROOM + attributes.size);
    if (result == CKR_OK) {
        sr_packet_put_u64(&call.request, number);
        sr_packet_put_bytes(&call.request, attributes.data, attributes.size);
    }
    return finish(&call, link, result, ret_entry);
}

CK_RV sr_object_call_destroy(SrLink *link, uint64_t number)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_DESTROY, FIXED_ROOM);

    if (result == CKR_OK) {
        sr_packet_put_u64(&call.request, number);
        result = sr_call_run(&call, link);
    }
    if (result == CKR_OK)
        result = sr_call_check(&call);
    sr_call_end(&call);
    return result;
}
