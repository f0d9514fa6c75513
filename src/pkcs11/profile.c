#include "pkcs11/profile.h"

#include "pkcs11/attribute_list.h"

bool sr_profile_add_all(SrTokenObjects *objects, SrToken token)
{
    static const CK_PROFILE_ID ids[SR_PROFILES] = {CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER};
    bool complete = true;

    for (size_t i = 0; i < SR_PROFILES; i++) {
        SrEntry *entry = NULL;
        SrAttributeList list;
        SrSlice attributes;

        sr_attribute_list_begin(&list, 1, sizeof ids[i]);
        sr_attribute_list_put(&list, CKA_PROFILE_ID,
                              (SrSlice){(const uint8_t *)&ids[i], sizeof ids[i]});
        if (sr_attribute_list_get(&list, &attributes) == CKR_OK)
            entry = sr_entry_new(CKO_PROFILE, attributes);
        sr_attribute_list_end(&list);
        if (!entry || !sr_token_objects_add(objects, token, entry)) {
            sr_entry_free(entry);
            complete = false;
        }
    }
    return complete;
}
