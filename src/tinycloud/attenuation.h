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

/* Whether @value has that form, resources and abilities as sr_recap_encode takes them. */
gboolean sr_attenuation_is_valid(SrJson *value);

/*
 * Whether the @restrictions of an ability, an array of objects of which one must hold, restrict
 * nothing: {} is among them.
 */
gboolean sr_attenuation_is_free(SrJson *restrictions);

/*
 * Whether all that @child asks for is given by @parent: the same resource or one below it, the same
 * ability or one that the parent's includes (as the node's registry has it: "del" is "delete",
 * sql's "admin" has "schema", the "*" of sql and of duckdb has all of theirs, and any other "*"
 * only itself), and restrictions that are among the parent's own unless those leave it free. Both
 * have the form above. SR_ERROR_NOT_GRANTED naming the first ability and resource that is not
 * given.
 */
gboolean sr_attenuation_check(SrJson *parent, SrJson *child, GError **error);

/*
 * Whether any resource lies in the space @space_id, its owner's address in whatever case. Networks
 * lie in none: of them alone, every space is one that they go with.
 */
gboolean sr_attenuation_has_space(SrJson *attenuation, const char *space_id);

/* The id of the first space in which a resource lies. Owned by the caller; NULL: in none. */
char *sr_attenuation_first_space(SrJson *attenuation);
