#include "support/pkcs11_caller.h"

#include <string.h>

void caller_start(void)
{
    assert_rv(C_Initialize(NULL), CKR_OK);
}

void caller_end(void)
{
    assert_rv(C_Finalize(NULL), CKR_OK);
}

CK_SESSION_HANDLE caller_open(CK_SLOT_ID slot, CK_FLAGS flags)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

    assert_rv(C_OpenSession(slot, flags, NULL, NULL, &session), CKR_OK);
    g_assert_cmpuint(session, !=, CK_INVALID_HANDLE);
    return session;
}

CK_SESSION_HANDLE caller_log_in(CK_SLOT_ID slot)
{
    const CK_SESSION_HANDLE session = caller_open(slot, READ_WRITE);

    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_OK);
    return session;
}

CK_OBJECT_HANDLE caller_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label)
{
    char text[64];
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, text, 0}};
    CK_OBJECT_HANDLE objects[2];
    CK_ULONG count = 0;

    g_strlcpy(text, label, sizeof text);
    template[1].ulValueLen = strlen(text);
    assert_rv(C_FindObjectsInit(session, template, 2), CKR_OK);
    assert_rv(C_FindObjects(session, objects, 2, &count), CKR_OK);
    assert_rv(C_FindObjectsFinal(session), CKR_OK);
    g_assert_cmpuint(count, ==, 1);
    return objects[0];
}

CK_RV caller_sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, guint8 byte,
                  guint8 ret_signature[64])
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    guint8 digest[32];
    CK_ULONG size = 64;
    CK_RV result = C_SignInit(session, &mechanism, key);

    memset(digest, byte, sizeof digest);
    if (result == CKR_OK)
        result = C_Sign(session, digest, sizeof digest, ret_signature, &size);
    return result;
}

void caller_assert_signs(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, guint8 byte)
{
    guint8 signature[64];

    assert_rv(caller_sign(session, key, byte, signature), CKR_OK);
    for (gsize i = 0; i < sizeof signature; i++)
        g_assert_cmpuint(signature[i], ==, byte);
}
