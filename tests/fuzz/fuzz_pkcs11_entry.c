/*
 * What the agent lists, read by the module: the input is entries, one after the other. Every
 * attribute of every object made of them is asked for, and found again by its value.
 */
#include "pkcs11/attribute.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void ask(const SrObject *object, CK_ATTRIBUTE_TYPE type)
{
    CK_BYTE room[128];
    CK_ATTRIBUTE attribute = {type, NULL, 0};
    CK_ATTRIBUTE bounded = {type, room, sizeof room};
    CK_RV result = sr_object_answer(object, &attribute, 1);

    CHECK(sr_object_answer(object, &bounded, 1) == result ||
          (result == CKR_OK && attribute.ulValueLen > sizeof room));
    if (result != CKR_OK) {
        CHECK(attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION);
        return;
    }
    attribute.pValue = malloc(attribute.ulValueLen + 1);
    CHECK(sr_object_answer(object, &attribute, 1) == CKR_OK);
    CHECK(sr_object_matches(object, &(SrTemplate){&attribute, 1}));
    ((CK_BYTE *)attribute.pValue)[attribute.ulValueLen++] = 0;
    CHECK(!sr_object_matches(object, &(SrTemplate){&attribute, 1}));
    free(attribute.pValue);
}

/* The types of all attributes that objects have. */
static size_t list_types(CK_ATTRIBUTE_TYPE *ret_types, size_t room)
{
    size_t count = 0;

    for (CK_ATTRIBUTE_TYPE type = 0; type < 0x640; type++) {
        bool is_known = false;

        for (CK_OBJECT_CLASS kind = 0; kind <= CKO_PROFILE; kind++)
            is_known = is_known || sr_attribute_find(kind, type);
        if (is_known && count < room)
            ret_types[count++] = type;
    }
    return count;
}

static void ask_all(const SrEntry *entry, bool is_public)
{
    const SrObject object = {.entry = entry, .handle = 4, .is_public = is_public};
    static CK_ATTRIBUTE_TYPE types[128];
    static size_t count;
    const uint8_t *public_key;
    const SrCurve *curve;

    if (count == 0)
        count = list_types(types, sizeof types / sizeof types[0]);
    for (size_t i = 0; i < count; i++)
        ask(&object, types[i]);
    ask(&object, CKA_MODULUS);
    ask(&object, CKA_ALLOWED_MECHANISMS);
    ask(&object, CKA_WRAP_TEMPLATE);
    ask(&object, CKA_VENDOR_DEFINED | 1);
    if (sr_object_key(&object, &curve, &public_key))
        CHECK(curve->key_type != CKK_EC || entry->curve || public_key[0] == 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SrPacketReader reader;
    SrEntry *entry;

    sr_packet_read(&reader, data, size);
    while (sr_entry_read(&reader, &entry) == CKR_OK) {
        ask_all(entry, false);
        if (entry->class == CKO_PRIVATE_KEY)
            ask_all(entry, true);
        sr_entry_free(entry);
    }
    return 0;
}
