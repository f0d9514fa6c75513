#include "support/application.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 16u

void sr_test_module_fail(const SrTestModule *module, const char *what, CK_RV result)
{
    fprintf(stderr, "%s: %s: 0x%lx\n", module->path, what, result);
    exit(1);
}

static void expect_ok(const SrTestModule *module, const char *what, CK_RV result)
{
    if (result != CKR_OK)
        sr_test_module_fail(module, what, result);
}

void sr_test_module_load(SrTestModule *module, const char *path, const char *pin)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get_list)(CK_FUNCTION_LIST * *ret_list) = NULL;
    void *symbol;

    module->path = path;
    module->pin = pin;
    symbol = library ? dlsym(library, "C_GetFunctionList") : NULL;
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    memcpy(&get_list, &symbol, sizeof get_list);
    expect_ok(module, "C_GetFunctionList", get_list(&module->functions));
    expect_ok(module, "C_Initialize", module->functions->C_Initialize(&args));
}

/* A session on @slot, logged in where the token wants that. */
static CK_SESSION_HANDLE open_slot(const SrTestModule *module, CK_SLOT_ID slot,
                                   const CK_TOKEN_INFO *info)
{
    char *pin = module->pin ? strdup(module->pin) : NULL;
    CK_SESSION_HANDLE session;
    CK_RV result;

    expect_ok(module, "C_OpenSession",
              module->functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                               NULL, &session));
    if (info->flags & CKF_LOGIN_REQUIRED) {
        result = module->functions->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)pin,
                                            pin ? strlen(pin) : 0);
        if (result != CKR_USER_ALREADY_LOGGED_IN)
            expect_ok(module, "C_Login", result);
    }
    free(pin);
    return session;
}

/* The initialised tokens and their slots; how many there are. */
static CK_ULONG list_tokens(const SrTestModule *module, CK_SLOT_ID ret_slots[SLOTS_MAX],
                            CK_TOKEN_INFO ret_infos[SLOTS_MAX])
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_ULONG tokens = 0;

    expect_ok(module, "C_GetSlotList", module->functions->C_GetSlotList(CK_TRUE, slots, &count));
    for (CK_ULONG i = 0; i < count; i++) {
        expect_ok(module, "C_GetTokenInfo",
                  module->functions->C_GetTokenInfo(slots[i], &ret_infos[tokens]));
        ret_slots[tokens] = slots[i];
        tokens += ret_infos[tokens].flags & CKF_TOKEN_INITIALIZED ? 1 : 0;
    }
    return tokens;
}

/* Whether @label, padded with blanks, is @text. */
static bool is_label(const CK_UTF8CHAR label[32], const char *text)
{
    char padded[33];

    snprintf(padded, sizeof padded, "%-32s", text);
    return memcmp(label, padded, 32) == 0;
}

CK_SESSION_HANDLE sr_test_module_open(const SrTestModule *module, const char *token)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_TOKEN_INFO infos[SLOTS_MAX];
    const CK_ULONG count = list_tokens(module, slots, infos);

    for (CK_ULONG i = 0; i < count; i++)
        if (is_label(infos[i].label, token))
            return open_slot(module, slots[i], &infos[i]);
    sr_test_module_fail(module, token, CKR_TOKEN_NOT_PRESENT);
}

CK_ULONG sr_test_find(const SrTestModule *module, CK_SESSION_HANDLE session,
                      CK_ATTRIBUTE_TYPE attribute, const void *value, CK_ULONG size,
                      CK_OBJECT_HANDLE *ret_objects, CK_ULONG room)
{
    const CK_FUNCTION_LIST *functions = module->functions;
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    uint8_t wanted[SR_TEST_LABEL_MAX];
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {attribute, wanted, size}};
    CK_ULONG found = 0;
    CK_ULONG got;

    if (size > sizeof wanted)
        sr_test_module_fail(module, "a value too long to look for", size);
    if (size)
        memcpy(wanted, value, size);
    expect_ok(module, "C_FindObjectsInit",
              functions->C_FindObjectsInit(session, template, size ? 2 : 1));
    do {
        expect_ok(module, "C_FindObjects",
                  functions->C_FindObjects(session, ret_objects + found, room - found, &got));
        found += got;
    } while (got && found < room);
    expect_ok(module, "C_FindObjectsFinal", functions->C_FindObjectsFinal(session));
    return found;
}

void sr_test_key_find(const SrTestModule *module, const char *label, SrTestKey *ret_key)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_TOKEN_INFO infos[SLOTS_MAX];
    const CK_ULONG count = list_tokens(module, slots, infos);

    for (CK_ULONG i = 0; i < count; i++) {
        const CK_SESSION_HANDLE session = open_slot(module, slots[i], &infos[i]);
        CK_KEY_TYPE type;
        CK_ATTRIBUTE template[] = {{CKA_KEY_TYPE, &type, sizeof type}};
        CK_OBJECT_HANDLE object;

        if (sr_test_find(module, session, CKA_LABEL, label, strlen(label), &object, 1)) {
            expect_ok(module, "C_GetAttributeValue",
                      module->functions->C_GetAttributeValue(session, object, template, 1));
            ret_key->module = module;
            ret_key->session = session;
            ret_key->object = object;
            ret_key->mechanism =
                (CK_MECHANISM){.mechanism = type == CKK_EC_EDWARDS ? CKM_EDDSA : CKM_ECDSA};
            return;
        }
        module->functions->C_CloseSession(session);
    }
    sr_test_module_fail(module, label, CKR_OBJECT_HANDLE_INVALID);
}

typedef struct {
    const char *name;
    CK_MECHANISM_TYPE generation;
    CK_ULONG size;
    uint8_t params[14]; /* CKA_EC_PARAMS */
} Curve;

static const Curve curves[] = {
    {"secp256k1", CKM_EC_KEY_PAIR_GEN, 7, {6, 5, 0x2b, 0x81, 4, 0, 10}},
    {"p256", CKM_EC_KEY_PAIR_GEN, 10, {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}},
    {"ed25519",
     CKM_EC_EDWARDS_KEY_PAIR_GEN,
     14,
     {19, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'}},
};

static Curve curve_of_name(const SrTestModule *module, const char *name)
{
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (strcmp(curves[i].name, name) == 0)
            return curves[i];
    sr_test_module_fail(module, name, CKR_CURVE_NOT_SUPPORTED);
}

void sr_test_key_generate(const SrTestModule *module, CK_SESSION_HANDLE session,
                          const char *curve_name, const char *label)
{
    Curve curve = curve_of_name(module, curve_name);
    CK_MECHANISM mechanism = {.mechanism = curve.generation};
    char text[SR_TEST_LABEL_MAX];
    const CK_ULONG length = (CK_ULONG)snprintf(text, sizeof text, "%s", label);
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE public_template[] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, text, length},
        {CKA_ID, text, length},
        {CKA_EC_PARAMS, curve.params, curve.size},
    };
    CK_ATTRIBUTE private_template[] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_LABEL, text, length},
        {CKA_ID, text, length},
        {CKA_PRIVATE, &yes, sizeof yes},
    };
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;

    expect_ok(module, "C_GenerateKeyPair",
              module->functions->C_GenerateKeyPair(session, &mechanism, public_template, 4,
                                                   private_template, 4, &public_key, &private_key));
}

void sr_test_key_sign(SrTestKey *key, const uint8_t digest[32], uint8_t ret_signature[64])
{
    const CK_FUNCTION_LIST *functions = key->module->functions;
    CK_ULONG size = 64;
    uint8_t data[32];

    memcpy(data, digest, sizeof data);
    expect_ok(key->module, "C_SignInit",
              functions->C_SignInit(key->session, &key->mechanism, key->object));
    expect_ok(key->module, "C_Sign",
              functions->C_Sign(key->session, data, sizeof data, ret_signature, &size));
    if (size != 64)
        sr_test_module_fail(key->module, "a signature of another size", size);
}
