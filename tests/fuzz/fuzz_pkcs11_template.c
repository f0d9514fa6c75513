/*
 * An application's template: the input is attributes (32-bit type, 16-bit length, value). It is
 * checked for every class; what an object keeps of it must be read back as it was given.
 */
#include "pkcs11/attribute.h"
#include "pkcs11/attribute_list.h"
#include "pkcs11/certificate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define ATTRIBUTES_MAX 40u

typedef struct {
    CK_ATTRIBUTE attributes[ATTRIBUTES_MAX];
    CK_ULONG count;
} Array;

/* Values in memory of their own, so that reading beyond them is noticed. */
static void read_array(Array *array, const uint8_t *data, size_t size)
{
    array->count = 0;
    while (size >= 6 && array->count < ATTRIBUTES_MAX) {
        uint32_t type;
        uint16_t length;
        CK_ATTRIBUTE *attribute = &array->attributes[array->count++];

        memcpy(&type, data, sizeof type);
        memcpy(&length, data + 4, sizeof length);
        data += 6;
        size -= 6;
        length = length < size ? length : (uint16_t)size;
        *attribute = (CK_ATTRIBUTE){type, malloc(length + 1u), length};
        memcpy(attribute->pValue, data, length);
        attribute->pValue = realloc(attribute->pValue, length > 0 ? length : 1);
        data += length;
        size -= length;
    }
}

static void free_array(Array *array)
{
    for (CK_ULONG i = 0; i < array->count; i++)
        free(array->attributes[i].pValue);
}

/* Read a value as everything that a value can be. */
static void read_value(SrSlice value)
{
    SrCertificate certificate;
    const uint8_t *public_key;

    sr_curve_from_params(value);
    for (unsigned id = 0; sr_curve_get(id); id++)
        if (sr_curve_read_point(sr_curve_get(id), value, &public_key))
            CHECK(public_key >= value.data &&
                  public_key + sr_curve_get(id)->point_size == value.data + value.size);
    if (sr_certificate_read(value, &certificate))
        CHECK(certificate.subject.size <= value.size && certificate.issuer.size <= value.size);
}

/* What C_CreateObject makes of the template, and what the object then says of itself. */
static void check_kept(CK_OBJECT_CLASS class, const SrTemplate *template)
{
    SrAttributeList list;
    SrSlice attributes;
    SrEntry *entry;
    SrObject object;

    sr_attribute_list_begin(&list, template->count, sr_attribute_list_size(template));
    sr_attribute_list_put_kept(&list, class, template);
    CHECK(sr_attribute_list_get(&list, &attributes) == CKR_OK);
    entry = sr_entry_new(class, attributes);
    CHECK(entry);
    sr_attribute_list_end(&list);
    object = (SrObject){.entry = entry, .handle = 8};
    for (CK_ULONG i = 0; i < template->count; i++) {
        const CK_ATTRIBUTE *given = &template->attributes[i];
        const SrAttribute *row = sr_attribute_find(class, given->type);

        if (row && row->rule == SR_RULE_KEEP && given->ulValueLen > 0)
            CHECK(sr_object_matches(&object, &(SrTemplate){given, 1}));
    }
    sr_entry_free(entry);
}

static void check_template(const SrTemplate *template)
{
    static const CK_OBJECT_CLASS classes[] = {
        CKO_DATA, CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_PROFILE,
        77};
    CK_ULONG number = 0;
    bool flag = false;

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (sr_attribute_check_template(classes[i], template) == CKR_OK && classes[i] < 3)
            check_kept(classes[i], template);
    for (CK_ULONG i = 0; i < template->count; i++) {
        const CK_ATTRIBUTE *attribute = &template->attributes[i];

        sr_template_get_bool(template, attribute->type, &flag);
        sr_template_get_number(template, attribute->type, &number);
        read_value((SrSlice){attribute->pValue, attribute->ulValueLen});
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SrTemplate template;
    Array array;

    read_array(&array, data, size);
    if (sr_template_read(array.attributes, array.count, &template) == CKR_OK)
        check_template(&template);
    free_array(&array);
    return 0;
}
