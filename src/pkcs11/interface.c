/* C_GetFunctionList (§5.4), C_GetInterfaceList and C_GetInterface (3.0 §5.4.4, §5.4.5): the three
 * exported functions, which work before C_Initialize. */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/library.h"

#include <stdint.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

#define INTERFACES 3u

/* --- the lists -------------------------------------------------------------------------------- */

static CK_RV get_info_3_0(CK_INFO_PTR ret_info)
{
    return sr_library_info(ret_info, (CK_VERSION){3, 0});
}

static CK_RV get_info_3_2(CK_INFO_PTR ret_info)
{
    return sr_library_info(ret_info, (CK_VERSION){3, 2});
}

#define NAME(name, parameters) name,

static const CK_FUNCTION_LIST list_2_40 = {{2, 40}, SR_CRYPTOKI_2_40(NAME)};

/* Within these lists the place of C_GetInfo is taken by one that says the list's version. */
#define C_GetInfo get_info_3_0
static const CK_FUNCTION_LIST_3_0 list_3_0 = {{3, 0}, SR_CRYPTOKI_2_40(NAME) SR_CRYPTOKI_3_0(NAME)};
#undef C_GetInfo

#define C_GetInfo get_info_3_2
static const CK_FUNCTION_LIST_3_2 list_3_2 = {
    {3, 2}, SR_CRYPTOKI_2_40(NAME) SR_CRYPTOKI_3_0(NAME) SR_CRYPTOKI_3_2(NAME)};
#undef C_GetInfo

/* The standard's types have no const; the lists are in read-only memory all the same. */
#define WITHOUT_CONST(pointer) ((void *)(uintptr_t)(pointer))

static const char interface_name[] = "PKCS 11";

/* The first is what a caller gets that asks for none in particular. */
static const struct {
    CK_VERSION version;
    CK_INTERFACE interface;
} interfaces[INTERFACES] = {
    {{3, 0}, {WITHOUT_CONST(interface_name), WITHOUT_CONST(&list_3_0), 0}},
    {{3, 2}, {WITHOUT_CONST(interface_name), WITHOUT_CONST(&list_3_2), 0}},
    {{2, 40}, {WITHOUT_CONST(interface_name), WITHOUT_CONST(&list_2_40), 0}},
};

/* --- the functions ---------------------------------------------------------------------------- */

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret_list)
{
    if (!ret_list)
        return CKR_ARGUMENTS_BAD;
    *ret_list = WITHOUT_CONST(&list_2_40);
    return CKR_OK;
}

EXPORTED CK_RV C_GetInterfaceList(CK_INTERFACE_PTR ret_interfaces, CK_ULONG_PTR ret_count)
{
    CK_ULONG room;

    if (!ret_count)
        return CKR_ARGUMENTS_BAD;
    room = *ret_count;
    *ret_count = INTERFACES;
    if (!ret_interfaces)
        return CKR_OK;
    if (room < INTERFACES)
        return CKR_BUFFER_TOO_SMALL;
    for (unsigned i = 0; i < INTERFACES; i++)
        ret_interfaces[i] = interfaces[i].interface;
    return CKR_OK;
}

static int matches(unsigned index, const char *name, const CK_VERSION *version, CK_FLAGS flags)
{
    if (name && strcmp(name, interface_name) != 0)
        return 0;
    if (version && memcmp(version, &interfaces[index].version, sizeof *version) != 0)
        return 0;
    return (flags & ~interfaces[index].interface.flags) == 0;
}

EXPORTED CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
                              CK_INTERFACE_PTR_PTR ret_interface, CK_FLAGS flags)
{
    if (!ret_interface)
        return CKR_ARGUMENTS_BAD;
    for (unsigned i = 0; i < INTERFACES; i++)
        if (matches(i, (const char *)name, version, flags)) {
            *ret_interface = WITHOUT_CONST(&interfaces[i].interface);
            return CKR_OK;
        }
    return CKR_FUNCTION_FAILED;
}
