/* C_Initialize, C_Finalize, C_GetInfo (§5.4). */
#include "pkcs11/library.h"

#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/description.h"
#include "pkcs11/module.h"

CK_RV C_Initialize(CK_VOID_PTR args)
{
    return sr_module_initialize(args);
}

CK_RV C_Finalize(CK_VOID_PTR reserved)
{
    return reserved ? CKR_ARGUMENTS_BAD : sr_module_finalize();
}

CK_RV sr_library_info(CK_INFO_PTR ret_info, CK_VERSION version)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    if (!ret_info)
        return sr_module_leave(module, CKR_ARGUMENTS_BAD);
    *ret_info = (CK_INFO){.cryptokiVersion = version, .libraryVersion = sr_description_version()};
    sr_description_pad(ret_info->manufacturerID, sizeof ret_info->manufacturerID, SR_MANUFACTURER);
    sr_description_pad(ret_info->libraryDescription, sizeof ret_info->libraryDescription,
                       "sealring PKCS#11 module");
    return sr_module_leave(module, CKR_OK);
}

CK_RV C_GetInfo(CK_INFO_PTR ret_info)
{
    return sr_library_info(ret_info, (CK_VERSION){2, 40});
}
