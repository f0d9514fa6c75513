/*
 * Attenuations, {resource: {"ns/ability": [restriction…]}}: what a delegation gives and an
 * invocation uses; which of them are within others, by the rules of TinyCloud's node.
 */
#pragma once

#include "base/json.h"
#include "ethereum/siwe.h"

/*
 * What the ReCap of @siwe gives, whose message sr_recap_from_siwe has accepted; a new reference.
 * NULL when its last resource is no ReCap.
 */
SrJson *sr_attenuation_from_siwe(const SrSiwe *siwe);

/* Whether @value has that form, resources and abilities as they are in a ReCap. */
gboolean sr_attenuation_is_valid(SrJson *value);

/*
 * Whether all that @child asks for is given by @parent: the same resource or one below it, the same
 * ability or one that the parent's includes ("tinycloud.sql/…*", "tinycloud.sql/admin" for
 * "schema", "del" and "delete"), and restrictions that are the parent's own when it has any.
 * SR_ERROR_NOT_GRANTED naming the first ability and resource that is not.
 */
gboolean sr_attenuation_check(SrJson *parent, SrJson *child, GError **error);

/* Whether any resource lies in the space @space_id. */
gboolean sr_attenuation_has_space(SrJson *attenuation, const char *space_id);

/* The id of the first space in which a resource lies. Owned by the caller; NULL: in none. */
char *sr_attenuation_first_space(SrJson *attenuation);
