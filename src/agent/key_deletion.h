/* keys.delete: a key, or a damaged record that was one, for ever; asked for every time. */
#pragma once

#include "agent/request.h"

/* Handle keys.delete; "key" names a key, or a damaged one by its id or name. */
void sr_key_deletion_handle(SrRequest *request);

/* Delete the request's key, for which the user was asked: with what programs said of it and its
 * grants; then reply null. */
void sr_key_deletion_start(SrRequest *request);
