/*
 * The PKCS#11 module with an agent that may answer anything: a program's usual calls, while each
 * exchange takes its answer from the input. The module's connection.c is replaced by the functions
 * below; fuzz_pkcs11_connection.c is about that file.
 *
 * An answer is a byte that says what kind it is, for some kinds a 16-bit size, and a body.
 */
#include "pkcs11/connection.h"
#include "pkcs11/cryptoki_functions.h"
#include "wire/operation.h"
#include "wire/packet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define OBJECTS 16u

static SrPacketReader input;

/* --- the connection ----------------------------------------------------------------------------
 */

CK_RV sr_connection_open(SrConnection *connection, const char *path)
{
    (void)path;
    atomic_store(&connection->fd, 0);
    return CKR_OK;
}

bool sr_connection_is_idle(const SrConnection *connection)
{
    return atomic_load(&connection->fd) >= 0;
}

void sr_connection_close(SrConnection *connection)
{
    atomic_store(&connection->fd, -1);
}

void sr_connection_cut(SrConnection *connection)
{
    (void)connection;
}

static void give(SrAnswer *answer, const void *body, size_t size)
{
    if (size > answer->size) {
        answer->body = malloc(size);
        CHECK(answer->body);
        answer->allocated = true;
    }
    if (size > 0)
        memcpy(answer->body, body, size);
    answer->size = size;
    answer->code = CKR_OK;
}

/* A good answer to HELLO of application @name. */
static void give_welcome(SrAnswer *answer, uint8_t name)
{
    uint8_t welcome[21] = {16};

    memset(welcome + 4, name, 16);
    welcome[20] = 3;
    give(answer, welcome, sizeof welcome);
}

static void give_input(SrAnswer *answer)
{
    size_t size = sr_packet_get_u8(&input);

    size |= (size_t)sr_packet_get_u8(&input) << 8;
    if (size > (size_t)(input.end - input.at))
        size = (size_t)(input.end - input.at);
    give(answer, input.at, size);
    input.at += size;
}

SrExchange sr_connection_exchange(SrConnection *connection, uint8_t *request, size_t size,
                                  SrAnswer *answer)
{
    const uint8_t kind = input.at < input.end ? *input.at++ : 252;
    SrPacketHeader header;

    (void)connection;
    CHECK(size >= sizeof header);
    memcpy(&header, request, sizeof header);
    CHECK(header.size == size - sizeof header);
    if (kind >= 250)
        return kind < 252 ? SR_EXCHANGE_UNSENT : kind < 254 ? SR_EXCHANGE_LOST : SR_EXCHANGE_FAILED;
    if (header.code == SR_OPERATION_HELLO && kind < 200)
        give_welcome(answer, kind / 100);
    else if (kind < 240)
        give_input(answer);
    else
        *answer = (SrAnswer){.code = CKR_FUNCTION_REJECTED + kind % 2, .body = answer->body};
    return SR_EXCHANGE_DONE;
}

/* --- a program ---------------------------------------------------------------------------------
 */

static void read_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    static const CK_ATTRIBUTE_TYPE types[] = {
        CKA_CLASS,     CKA_LABEL,           CKA_ID,      CKA_EC_POINT,           CKA_EC_PARAMS,
        CKA_VALUE,     CKA_PUBLIC_KEY_INFO, CKA_SUBJECT, CKA_ALLOWED_MECHANISMS, CKA_START_DATE,
        CKA_UNIQUE_ID, CKA_PROFILE_ID};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        uint8_t value[64];
        CK_ATTRIBUTE attribute = {types[i], NULL, 0};

        C_GetAttributeValue(session, object, &attribute, 1);
        attribute.pValue = value;
        attribute.ulValueLen = sizeof value;
        if (C_GetAttributeValue(session, object, &attribute, 1) == CKR_OK)
            CHECK(attribute.ulValueLen <= sizeof value);
    }
}

static size_t find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE objects[OBJECTS])
{
    CK_ULONG count = 0;

    if (C_FindObjectsInit(session, NULL, 0) != CKR_OK)
        return 0;
    CHECK(C_FindObjects(session, objects, OBJECTS, &count) == CKR_OK && count <= OBJECTS);
    CHECK(C_FindObjectsFinal(session) == CKR_OK);
    return count;
}

static void use(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    static const CK_MECHANISM_TYPE types[] = {CKM_ECDSA, CKM_EDDSA, CKM_SEALRING_SIWE};
    uint8_t bytes[65] = {1};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        CK_MECHANISM mechanism = {.mechanism = types[i]};
        CK_ULONG size = sizeof bytes;

        if (C_SignInit(session, &mechanism, object) == CKR_OK &&
            C_Sign(session, bytes, 32, bytes, &size) == CKR_OK)
            CHECK(size == (types[i] == CKM_SEALRING_SIWE ? 65 : 64));
        if (C_VerifyInit(session, &mechanism, object) == CKR_OK)
            C_Verify(session, bytes, 32, bytes, size);
    }
}

static void change(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    CK_OBJECT_CLASS class = CKO_DATA;
    CK_BBOOL yes = CK_TRUE;
    uint8_t text[] = "text";
    CK_ATTRIBUTE template[] = {
        {CKA_LABEL, text, 4}, {CKA_TOKEN, &yes, 1}, {CKA_CLASS, &class, sizeof class}};
    CK_OBJECT_HANDLE made;

    C_SetAttributeValue(session, object, template, 1);
    C_CreateObject(session, template, 3, &made);
    C_CopyObject(session, object, template, 2, &made);
    C_DestroyObject(session, object);
}

/* Both halves of a session's key pair go to the token, as Java does with the private one. */
static void keep(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE keys[2])
{
    CK_BBOOL yes = CK_TRUE;
    uint8_t alias[] = "alias";
    CK_ATTRIBUTE template[] = {{CKA_TOKEN, &yes, 1}, {CKA_ID, alias, 5}};
    CK_OBJECT_HANDLE made;

    for (size_t i = 2; i-- > 0;)
        if (C_CopyObject(session, keys[i], template, 2, &made) == CKR_OK)
            read_attributes(session, made);
}

static void generate(CK_SESSION_HANDLE session)
{
    static uint8_t params[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    CK_MECHANISM mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
    CK_ATTRIBUTE template = {CKA_EC_PARAMS, params, sizeof params};
    CK_OBJECT_HANDLE keys[2];

    if (C_GenerateKeyPair(session, &mechanism, &template, 1, NULL, 0, &keys[0], &keys[1]) ==
        CKR_OK) {
        read_attributes(session, keys[0]);
        use(session, keys[1]);
        keep(session, keys);
    }
}

static void run(CK_SLOT_ID slot)
{
    CK_OBJECT_HANDLE objects[OBJECTS];
    CK_SESSION_HANDLE session;
    CK_TOKEN_INFO info;
    size_t count;

    C_GetTokenInfo(slot, &info);
    if (C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) != CKR_OK)
        return;
    C_Login(session, CKU_USER, NULL, 0);
    count = find(session, objects);
    for (size_t i = 0; i < count; i++) {
        read_attributes(session, objects[i]);
        use(session, objects[i]);
    }
    generate(session);
    if (count > 0)
        change(session, objects[count - 1]);
    find(session, objects);
    C_Logout(session);
    C_CloseSession(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sr_packet_read(&input, data, size);
    CHECK(C_Initialize(NULL) == CKR_OK);
    run(2);
    run(1);
    CHECK(C_Finalize(NULL) == CKR_OK);
    return 0;
}
