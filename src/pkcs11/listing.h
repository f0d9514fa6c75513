/* Asking the agent what there is (SR_OPERATION_LIST). */
#pragma once

#include "pkcs11/object_table.h"

/*
 * Bring what @table knows of @token up to date: one small exchange when nothing has changed. The
 * results of sr_call_run; CKR_DEVICE_ERROR for an answer that is none, CKR_HOST_MEMORY. After a
 * failure the table is as it was, or holds some newer objects.
 */
CK_RV sr_listing_refresh(SrObjectTable *table, SrLink *link, SrToken token);
