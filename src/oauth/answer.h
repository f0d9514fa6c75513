/* Answers in JSON, of endpoints other than the token endpoint (token_response.h). */
#pragma once

#include "base/json.h"
#include "oauth/exchange.h"

/*
 * Make sure that @reply is an answer with status 2xx and parse its body, from which secrets have
 * been taken (json_take.h): an object, or an array with @allow_array; an empty body is an empty
 * object. SR_ERROR_NETWORK_ERROR without an answer; SR_ERROR_PROVIDER_ERROR for another status,
 * with the provider's error behind @what ("the provider did not register the client"), and for
 * another body. Owned by the caller.
 */
SrJson *sr_answer_parse(const SrExchangeReply *reply, const char *what, gboolean allow_array,
                        GError **error);

/*
 * The same for a secret in it, before: sr_json_take_string with SR_ERROR_PROVIDER_ERROR. A reply
 * without body has none; with another status than 2xx a body may be no JSON.
 */
gboolean sr_answer_take(SrExchangeReply *reply, const char *object, const char *name,
                        SrSecret **ret_secret, GError **error);
