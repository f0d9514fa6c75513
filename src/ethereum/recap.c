#include "ethereum/recap.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json_canonical.h"
#include "ethereum/char_class.h"

#include <string.h>

#define PREFIX "urn:recap:"
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define PREAMBLE "I further authorize the stated URI to perform the following actions on my behalf:"

/* Say why the ReCap at @offset will not do. */
#define REFUSE(error, offset, ...)                                                                 \
    sr_error_set_at((error), SR_ERROR_UNSUPPORTED_RECAP, "resources", (gint64)(offset), __VA_ARGS__)

static void group_free(gpointer data)
{
    SrRecapGroup *group = data;

    g_free(group->resource);
    g_free(group->namespace);
    g_strfreev(group->names);
    g_free(group->restrictions);
    g_free(group);
}

static SrRecap *recap_new(void)
{
    SrRecap *recap = g_new0(SrRecap, 1);

    recap->groups = g_ptr_array_new_with_free_func(group_free);
    recap->proofs = g_ptr_array_new_with_free_func(g_free);
    return recap;
}

void sr_recap_free(SrRecap *recap)
{
    if (!recap)
        return;
    g_ptr_array_unref(recap->groups);
    g_ptr_array_unref(recap->proofs);
    g_free(recap->unknown);
    g_free(recap);
}

/* Whether the names of every object in @value are in canonical order. */
static gboolean is_sorted(SrJson *value)
{
    const char *before = NULL;

    if (json_object_is_type(value, json_type_array)) {
        for (gsize i = 0; i < json_object_array_length(value); i++)
            if (!is_sorted(json_object_array_get_idx(value, i)))
                return FALSE;
        return TRUE;
    }
    if (!json_object_is_type(value, json_type_object))
        return TRUE;
    json_object_object_foreach (value, name, member) {
        if ((before && sr_json_compare_names(before, name) >= 0) || !is_sorted(member))
            return FALSE;
        before = name;
    }
    return TRUE;
}

/* The slash of an ability "namespace/name", NULL when @text is not one. */
static const char *ability_slash(const char *text)
{
    const gsize length = strlen(text);
    const gsize space = sr_char_span(text, length, SR_CHAR_ABILITY);

    if (space == 0 || text[space] != '/' || space + 1 == length ||
        sr_char_span(text + space + 1, length - space - 1, SR_CHAR_ABILITY) != length - space - 1)
        return NULL;
    return text + space;
}

/* Whether @nota_bene is an array of objects; and whether any of them restricts something. */
static gboolean is_nota_bene(SrJson *nota_bene, gboolean *ret_restricts)
{
    *ret_restricts = FALSE;
    if (!json_object_is_type(nota_bene, json_type_array))
        return FALSE;
    for (gsize i = 0; i < json_object_array_length(nota_bene); i++) {
        SrJson *item = json_object_array_get_idx(nota_bene, i);

        if (!json_object_is_type(item, json_type_object))
            return FALSE;
        *ret_restricts |= json_object_object_length(item) > 0;
    }
    return TRUE;
}

static void add_name(SrRecapGroup *group, const char *name)
{
    const guint count = group->names ? g_strv_length(group->names) : 0;

    group->names = g_renew(char *, group->names, count + 2);
    group->names[count] = g_strdup(name);
    group->names[count + 1] = NULL;
}

/* Add "name":nota_bene to the group's JSON object. No ability name needs escaping. */
static void add_restrictions(SrRecapGroup *group, const char *name, SrJson *nota_bene)
{
    g_autofree char *text = sr_json_text(nota_bene);
    g_autofree char *before = g_steal_pointer(&group->restrictions);

    if (before)
        before[strlen(before) - 1] = ',';
    group->restrictions = g_strdup_printf("%s\"%s\":%s}", before ? before : "{", name, text);
}

/* The group that @resource's abilities in the namespace up to @slash belong to. */
static SrRecapGroup *find_group(SrRecap *recap, const char *resource, const char *ability,
                                const char *slash)
{
    g_autofree char *namespace = g_strndup(ability, (gsize)(slash - ability));
    SrRecapGroup *last =
        recap->groups->len ? g_ptr_array_index(recap->groups, recap->groups->len - 1) : NULL;

    /* In sorted names, all of one namespace follow each other. */
    if (last && strcmp(last->resource, resource) == 0 && strcmp(last->namespace, namespace) == 0)
        return last;
    last = g_new0(SrRecapGroup, 1);
    last->resource = g_strdup(resource);
    last->namespace = g_steal_pointer(&namespace);
    g_ptr_array_add(recap->groups, last);
    return last;
}

static gboolean read_ability(SrRecap *recap, const char *resource, const char *ability,
                             SrJson *nota_bene, gsize offset, GError **error)
{
    const char *slash = ability_slash(ability);
    gboolean restricts;
    SrRecapGroup *group;

    if (!slash) {
        REFUSE(error, offset, "an ability of the ReCap is not \"namespace/name\"");
        return FALSE;
    }
    if (!is_nota_bene(nota_bene, &restricts)) {
        REFUSE(error, offset, "the restrictions of \"%s\" are not an array of objects", ability);
        return FALSE;
    }
    group = find_group(recap, resource, ability, slash);
    add_name(group, slash + 1);
    if (json_object_array_length(nota_bene) == 0)
        group->no_valid_use = TRUE;
    if (restricts)
        add_restrictions(group, slash + 1, nota_bene);
    return TRUE;
}

static gboolean read_resource(SrRecap *recap, const char *resource, SrJson *abilities, gsize offset,
                              GError **error)
{
    /* A key that is no URI could print a second grant into the statement. */
    if (sr_uri_check((SrSlice){resource, strlen(resource)}).rule) {
        REFUSE(error, offset, "a resource of the ReCap is not a URI (RFC 3986)");
        return FALSE;
    }
    if (strchr(resource, '%')) {
        REFUSE(error, offset,
               "the ReCap's resource %s has a \"%%\", which no statement may hold (EIP-4361)",
               resource);
        return FALSE;
    }
    if (!json_object_is_type(abilities, json_type_object) ||
        json_object_object_length(abilities) == 0) {
        REFUSE(error, offset, "the ReCap's resource %s has no abilities", resource);
        return FALSE;
    }
    json_object_object_foreach (abilities, ability, nota_bene)
        if (!read_ability(recap, resource, ability, nota_bene, offset, error))
            return FALSE;
    return TRUE;
}

/* By resource, then by namespace: "a" before "a.b", although "a.b/x" sorts before "a/x". */
static int compare_groups(gconstpointer left, gconstpointer right)
{
    const SrRecapGroup *a = *(const SrRecapGroup *const *)left;
    const SrRecapGroup *b = *(const SrRecapGroup *const *)right;
    const int order = strcmp(a->resource, b->resource);

    return order ? order : strcmp(a->namespace, b->namespace);
}

static gboolean read_attenuations(SrRecap *recap, SrJson *root, gsize offset, GError **error)
{
    SrJson *attenuations = NULL;

    json_object_object_get_ex(root, "att", &attenuations);
    if (!json_object_is_type(attenuations, json_type_object) ||
        json_object_object_length(attenuations) == 0) {
        REFUSE(error, offset, "the ReCap grants nothing (\"att\")");
        return FALSE;
    }
    json_object_object_foreach (attenuations, resource, abilities)
        if (!read_resource(recap, resource, abilities, offset, error))
            return FALSE;
    g_ptr_array_sort(recap->groups, compare_groups);
    return TRUE;
}

/* Take one unsigned LEB128 number of at most 63 bits from the front of a CID. */
static gboolean take_number(const guint8 **bytes, gsize *size, guint64 *ret_number)
{
    guint64 value = 0;

    for (guint shift = 0; *size > 0 && shift < 63; shift += 7) {
        const guint8 byte = *(*bytes)++;

        (*size)--;
        value |= (guint64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_number = value;
            return TRUE;
        }
    }
    return FALSE;
}

/* A CIDv1 in base58btc: "z", then version, content type, hash type, hash length, hash. */
static gboolean is_cid(const char *text)
{
    g_autoptr(GByteArray) cid =
        text[0] == 'z' ? sr_base58_decode(text + 1, strlen(text + 1)) : NULL;
    const guint8 *bytes = cid ? cid->data : NULL;
    gsize size = cid ? cid->len : 0;
    guint64 version, content, hash, length;

    return take_number(&bytes, &size, &version) && version == 1 &&
           take_number(&bytes, &size, &content) && take_number(&bytes, &size, &hash) &&
           take_number(&bytes, &size, &length) && length == size;
}

static gboolean read_proofs(SrRecap *recap, SrJson *root, gsize offset, GError **error)
{
    SrJson *proofs;

    if (!json_object_object_get_ex(root, "prf", &proofs))
        return TRUE;
    if (!json_object_is_type(proofs, json_type_array)) {
        REFUSE(error, offset, "the ReCap's proofs (\"prf\") are not an array");
        return FALSE;
    }
    for (gsize i = 0; i < json_object_array_length(proofs); i++) {
        SrJson *proof = json_object_array_get_idx(proofs, i);

        if (!json_object_is_type(proof, json_type_string) ||
            !is_cid(json_object_get_string(proof))) {
            REFUSE(error, offset, "proof %" G_GSIZE_FORMAT " of the ReCap is not a base58btc CID",
                   i);
            return FALSE;
        }
        g_ptr_array_add(recap->proofs, g_strdup(json_object_get_string(proof)));
    }
    return TRUE;
}

static void read_unknown(SrRecap *recap, SrJson *root)
{
    g_autoptr(SrJson) unknown = json_object_new_object();

    json_object_object_foreach (root, name, member)
        if (strcmp(name, "att") != 0 && strcmp(name, "prf") != 0)
            sr_json_add(unknown, name, json_object_get(member));
    if (json_object_object_length(unknown) > 0)
        recap->unknown = sr_json_text(unknown);
}

/* The JSON object in the URI, which starts at @offset. */
static SrJson *decode_json(const char *uri, gsize length, gsize offset, GError **error)
{
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(SrJson) root = NULL;
    g_autoptr(GError) cause = NULL;
    gsize bad = 0;

    bytes = sr_base64url_decode(uri + PREFIX_LENGTH, length - PREFIX_LENGTH, &bad);
    if (!bytes) {
        REFUSE(error, offset + PREFIX_LENGTH + bad, "the ReCap is not unpadded base64url");
        return NULL;
    }
    root = sr_json_parse((const char *)bytes->data, bytes->len, &cause);
    if (!root) {
        REFUSE(error, offset, "the ReCap is not acceptable JSON (%s)", cause->message);
        return NULL;
    }
    if (!json_object_is_type(root, json_type_object)) {
        REFUSE(error, offset, "the ReCap is not a JSON object");
        return NULL;
    }
    if (!is_sorted(root)) {
        REFUSE(error, offset, "the ReCap's names are not in sorted order");
        return NULL;
    }
    return g_steal_pointer(&root);
}

static SrRecap *decode(const char *uri, gsize length, gsize offset, GError **error)
{
    g_autoptr(SrRecap) recap = recap_new();
    g_autoptr(SrJson) root = decode_json(uri, length, offset, error);

    if (!root || !read_attenuations(recap, root, offset, error) ||
        !read_proofs(recap, root, offset, error))
        return NULL;
    read_unknown(recap, root);
    return g_steal_pointer(&recap);
}

SrRecap *sr_recap_decode(const char *uri, gsize length, GError **error)
{
    if (length < PREFIX_LENGTH || memcmp(uri, PREFIX, PREFIX_LENGTH) != 0) {
        REFUSE(error, 0, "a ReCap starts with \"" PREFIX "\"");
        return NULL;
    }
    return decode(uri, length, 0, error);
}

char *sr_recap_statement(const SrRecap *recap)
{
    GString *text = g_string_new(PREAMBLE);

    for (guint i = 0; i < recap->groups->len; i++) {
        const SrRecapGroup *group = g_ptr_array_index(recap->groups, i);
        g_autofree char *names = g_strjoinv("', '", group->names);

        g_string_append_printf(text, " (%u) '%s': '%s' for '%s'.", i + 1, group->namespace, names,
                               group->resource);
    }
    return g_string_free(text, FALSE);
}

/* The statement is the translation, or other text, a space and the translation. */
static gboolean check_statement(const SrRecap *recap, const SrSiwe *siwe, const char *message,
                                GError **error)
{
    g_autofree char *wanted = sr_recap_statement(recap);
    const gsize length = strlen(wanted);
    const SrSlice statement = siwe->statement;
    gsize start;

    if (statement.length < length) {
        sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "statement",
                        statement.data ? statement.data - message : -1,
                        "does not say what the ReCap grants: it must end in \"%s\"", wanted);
        return FALSE;
    }
    start = statement.length - length;
    if (memcmp(statement.data + start, wanted, length) == 0 &&
        (start == 0 || statement.data[start - 1] == ' '))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "statement",
                    statement.data + start - message,
                    "does not say what the ReCap grants: it must end in \"%s\", after a space when "
                    "there is text before",
                    wanted);
    return FALSE;
}

static gboolean is_recap(SrSlice uri)
{
    return uri.length >= PREFIX_LENGTH && g_ascii_strncasecmp(uri.data, PREFIX, PREFIX_LENGTH) == 0;
}

/* Only the last resource may be a ReCap. */
static gboolean check_places(const SrSiwe *siwe, const char *message, GError **error)
{
    for (guint i = 0; i < siwe->n_resources; i++) {
        const SrSlice uri = siwe->resources[i];

        if (!is_recap(uri))
            continue;
        if (memcmp(uri.data, PREFIX, PREFIX_LENGTH) != 0) {
            REFUSE(error, uri.data - message, "\"" PREFIX "\" must be in small letters");
            return FALSE;
        }
        if (i + 1 < siwe->n_resources) {
            REFUSE(error, uri.data - message,
                   "a ReCap must be the last resource, and the only one");
            return FALSE;
        }
    }
    return TRUE;
}

gboolean sr_recap_from_siwe(const SrSiwe *siwe, const char *message, SrRecap **ret_recap,
                            GError **error)
{
    g_autoptr(SrRecap) recap = NULL;
    SrSlice uri;

    *ret_recap = NULL;
    if (!check_places(siwe, message, error))
        return FALSE;
    if (siwe->n_resources == 0 || !is_recap(siwe->resources[siwe->n_resources - 1]))
        return TRUE;
    uri = siwe->resources[siwe->n_resources - 1];
    recap = decode(uri.data, uri.length, (gsize)(uri.data - message), error);
    if (!recap || !check_statement(recap, siwe, message, error))
        return FALSE;
    *ret_recap = g_steal_pointer(&recap);
    return TRUE;
}
