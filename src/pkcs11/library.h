/*
 * The library as a whole: what C_GetInfo says.
 */
#pragma once

#include "pkcs11/cryptoki.h"

/* C_GetInfo as the function list of @version gives it: each says its own version. */
CK_RV sr_library_info(CK_INFO_PTR ret_info, CK_VERSION version);
