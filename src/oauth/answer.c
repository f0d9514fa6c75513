#include "oauth/answer.h"

#include "base/error.h"
#include "base/json_take.h"
#include "oauth/provider.h"

static gboolean is_success(const SrExchangeReply *reply)
{
    return reply->status >= 200 && reply->status <= 299;
}

/* The body as JSON; NULL when it is none. */
static SrJson *parse_body(const SrExchangeReply *reply, GError **error)
{
    if (!reply->body)
        return json_object_new_object();
    return sr_json_parse((const char *)sr_secret_peek(reply->body), sr_secret_size(reply->body),
                         error);
}

static void refuse_status(const SrExchangeReply *reply, const char *what, GError **error)
{
    g_autoptr(SrJson) answer = parse_body(reply, NULL);
    g_autofree char *problem = sr_provider_problem(answer, reply->status);

    sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "%s: %s", what, problem);
}

SrJson *sr_answer_parse(const SrExchangeReply *reply, const char *what, gboolean allow_array,
                        GError **error)
{
    SrJson *answer;

    if (reply->outcome != SR_OUTCOME_ANSWERED) {
        sr_error_set(error, SR_ERROR_NETWORK_ERROR, "%s: %s", what, reply->problem);
        return NULL;
    }
    if (!is_success(reply)) {
        refuse_status(reply, what, error);
        return NULL;
    }
    answer = parse_body(reply, error);
    sr_provider_blame(error);
    if (!answer || json_object_is_type(answer, json_type_object) ||
        (allow_array && json_object_is_type(answer, json_type_array)))
        return answer;
    sr_json_free(answer);
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "body", -1, "must be a JSON object");
    return NULL;
}

gboolean sr_answer_take(SrExchangeReply *reply, const char *object, const char *name,
                        SrSecret **ret_secret, GError **error)
{
    g_autoptr(GError) problem = NULL;

    *ret_secret = NULL;
    if (!reply->body || sr_json_take_string(reply->body, object, name, ret_secret, &problem))
        return TRUE;
    if (!is_success(reply) && g_error_matches(problem, SR_ERROR, SR_ERROR_PARSE_ERROR))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    sr_provider_blame(error);
    return FALSE;
}
