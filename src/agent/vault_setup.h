/* The step before a first key: an empty vault needs a passphrase, and so becomes one. */
#pragma once

#include "agent/request.h"

/* Make sure that the store can take a record: like sr_request_need_keys, and an empty vault is
 * created with a passphrase from the prompt. */
void sr_request_need_store(SrRequest *request, SrRequestStep next);
