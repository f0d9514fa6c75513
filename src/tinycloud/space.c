#include "tinycloud/space.h"

#include "base/error.h"
#include "ethereum/char_class.h"
#include "tinycloud/did.h"

#include <string.h>

#define SPACE_PREFIX "tinycloud:"
#define ACCOUNT_PREFIX "pkh:eip155:"
#define NETWORK_PREFIX "urn:tinycloud:encryption:"
#define DID_PREFIX "did:"
#define CHAIN_DIGITS_MAX 16

#define REFUSE(error, ...) sr_error_set((error), SR_ERROR_INVALID_PARAMS, __VA_ARGS__)

/* For printf's "%.*s". */
#define SLICE(slice) (int)MIN((slice).length, 200), (slice).data

/* --- pieces of text -------------------------------------------------------------------------- */

/* Take @prefix off the front of @text. */
static gboolean take_prefix(SrSlice *text, const char *prefix)
{
    const gsize length = strlen(prefix);

    if (text->length < length || memcmp(text->data, prefix, length) != 0)
        return FALSE;
    *text = (SrSlice){text->data + length, text->length - length};
    return TRUE;
}

/* Take what stands before the next @mark, and the mark; all of it when there is none. */
static SrSlice take_until(SrSlice *text, char mark, gboolean *ret_marked)
{
    const char *end = memchr(text->data, mark, text->length);
    const SrSlice taken = {text->data, end ? (gsize)(end - text->data) : text->length};

    *ret_marked = end != NULL;
    text->data += taken.length + (end ? 1 : 0);
    text->length -= taken.length + (end ? 1 : 0);
    return taken;
}

static gboolean is_dots(SrSlice segment)
{
    return (segment.length == 1 && segment.data[0] == '.') ||
           (segment.length == 2 && memcmp(segment.data, "..", 2) == 0);
}

static gboolean is_name(SrSlice name, gsize maximum)
{
    return name.length > 0 && name.length <= maximum &&
           sr_char_span(name.data, name.length, SR_CHAR_NAME) == name.length;
}

static gboolean check_name(SrSlice name, const char *what, gsize maximum, GError **error)
{
    if (is_name(name, maximum))
        return TRUE;
    REFUSE(error,
           "the name of a %s has 1 to %" G_GSIZE_FORMAT
           " characters of a URI without \":\", \"/\" and \"%%\": \"%.*s\"",
           what, maximum, SLICE(name));
    return FALSE;
}

static gboolean check_service(SrSlice service, GError **error)
{
    if (!check_name(service, "service", SR_SERVICE_NAME_MAX, error))
        return FALSE;
    if (!is_dots(service))
        return TRUE;
    REFUSE(error, "a service is not named \"%.*s\"", SLICE(service));
    return FALSE;
}

static gboolean check_path(SrSlice path, GError **error)
{
    const gsize fine = sr_char_span(path.data, path.length, SR_CHAR_PATH);
    SrSlice rest = path;
    gboolean more = TRUE;

    if (path.length > SR_RESOURCE_PATH_MAX) {
        REFUSE(error, "a path has at most %u bytes", SR_RESOURCE_PATH_MAX);
        return FALSE;
    }
    if (fine < path.length) {
        REFUSE(error,
               "a path has only characters of a URI's path and no \"%%\"; byte %" G_GSIZE_FORMAT
               " of \"%.*s\" is none",
               fine, SLICE(path));
        return FALSE;
    }
    while (more)
        if (is_dots(take_until(&rest, '/', &more))) {
            REFUSE(error, "a path has no segment \".\" or \"..\": \"%.*s\"", SLICE(path));
            return FALSE;
        }
    return TRUE;
}

/* --- accounts -------------------------------------------------------------------------------- */

/* A decimal number from 1 to SR_CHAIN_ID_MAX without a leading zero, 0 when it is none. */
static gint64 read_chain_id(SrSlice text)
{
    gint64 value = 0;

    if (text.length == 0 || text.length > CHAIN_DIGITS_MAX || text.data[0] == '0' ||
        sr_char_span(text.data, text.length, SR_CHAR_DIGIT) != text.length)
        return 0;
    for (gsize i = 0; i < text.length; i++)
        value = value * 10 + (text.data[i] - '0');
    return value <= SR_CHAIN_ID_MAX ? value : 0;
}

static gboolean set_address(SrSpaceOwner *owner, SrSlice text)
{
    guint8 address[SR_ADDRESS_SIZE];
    const SrAddressForm form = sr_address_parse(text.data, text.length, address);

    if (form == SR_ADDRESS_BAD || form == SR_ADDRESS_BAD_CHECKSUM)
        return FALSE;
    sr_address_text(address, owner->address);
    return TRUE;
}

gboolean sr_space_owner_init(SrSpaceOwner *ret_owner, const char *address, gint64 chain_id,
                             GError **error)
{
    if (chain_id < 1 || chain_id > SR_CHAIN_ID_MAX) {
        REFUSE(error, "a chain id is a number from 1 to 2^53 - 1");
        return FALSE;
    }
    ret_owner->chain_id = chain_id;
    if (set_address(ret_owner, (SrSlice){address, strlen(address)}))
        return TRUE;
    REFUSE(error, "\"%.60s\" is not an Ethereum address, or its checksum (EIP-55) is wrong",
           address);
    return FALSE;
}

/* Take "pkh:eip155:{chain}:{address}" off the front of @text. */
static gboolean take_owner(SrSlice *text, SrSpaceOwner *ret_owner, gboolean *ret_more)
{
    gboolean more;

    if (!take_prefix(text, ACCOUNT_PREFIX))
        return FALSE;
    ret_owner->chain_id = read_chain_id(take_until(text, ':', &more));
    return more && ret_owner->chain_id > 0 &&
           set_address(ret_owner, take_until(text, ':', ret_more));
}

char *sr_space_owner_did(const SrSpaceOwner *owner)
{
    return g_strdup_printf(DID_PREFIX ACCOUNT_PREFIX "%" G_GINT64_FORMAT ":%s", owner->chain_id,
                           owner->address);
}

gboolean sr_space_owner_equal(const SrSpaceOwner *a, const SrSpaceOwner *b)
{
    return a->chain_id == b->chain_id && strcmp(a->address, b->address) == 0;
}

/* --- spaces ---------------------------------------------------------------------------------- */

char *sr_space_text(const SrSpace *space)
{
    return g_strdup_printf(SPACE_PREFIX ACCOUNT_PREFIX "%" G_GINT64_FORMAT ":%s:%.*s",
                           space->owner.chain_id, space->owner.address, (int)space->name.length,
                           space->name.data);
}

char *sr_space_id_new(const SrSpaceOwner *owner, const char *name, GError **error)
{
    const SrSpace space = {*owner, {name, strlen(name)}};

    return check_name(space.name, "space", SR_SPACE_NAME_MAX, error) ? sr_space_text(&space) : NULL;
}

gboolean sr_space_parse(SrSlice id, SrSpace *ret_space, GError **error)
{
    SrSlice rest = id;
    gboolean more = FALSE;

    if (!take_prefix(&rest, SPACE_PREFIX) || !take_owner(&rest, &ret_space->owner, &more) ||
        !more) {
        REFUSE(error,
               "\"%.*s\" is not the id of a space, \"" SPACE_PREFIX ACCOUNT_PREFIX
               "CHAIN:ADDRESS:NAME\"",
               SLICE(id));
        return FALSE;
    }
    ret_space->name = rest;
    return check_name(rest, "space", SR_SPACE_NAME_MAX, error);
}

/* --- resources ------------------------------------------------------------------------------- */

char *sr_resource_uri_new(const char *space_id, const char *service, const char *path,
                          GError **error)
{
    if (!check_service((SrSlice){service, strlen(service)}, error) ||
        (path && !check_path((SrSlice){path, strlen(path)}, error)))
        return NULL;
    return path && *path ? g_strconcat(space_id, "/", service, "/", path, NULL)
                         : g_strconcat(space_id, "/", service, NULL);
}

gboolean sr_resource_parse(SrSlice uri, SrResource *ret_resource, GError **error)
{
    SrSlice rest = uri;
    gboolean more;

    if (!sr_space_parse(take_until(&rest, '/', &more), &ret_resource->space, error))
        return FALSE;
    if (!more) {
        REFUSE(error, "\"%.*s\" names a space and no service in it", SLICE(uri));
        return FALSE;
    }
    ret_resource->service = take_until(&rest, '/', &more);
    ret_resource->path = more ? rest : (SrSlice){NULL, 0};
    return check_service(ret_resource->service, error) && (!more || check_path(rest, error));
}

char *sr_resource_text(const SrResource *resource)
{
    g_autofree char *space = sr_space_text(&resource->space);

    return g_strdup_printf("%s/%.*s%s%.*s", space, (int)resource->service.length,
                           resource->service.data, resource->path.data ? "/" : "",
                           (int)resource->path.length,
                           resource->path.data ? resource->path.data : "");
}

static gboolean is_same(SrSlice a, SrSlice b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* Whether @child is @parent or lies below it. */
static gboolean is_below(SrSlice child, SrSlice parent)
{
    if (child.length < parent.length || memcmp(child.data, parent.data, parent.length) != 0)
        return FALSE;
    return child.length == parent.length || child.data[parent.length] == '/' ||
           (parent.length > 0 && parent.data[parent.length - 1] == '/');
}

gboolean sr_resource_covers(const SrResource *parent, const SrResource *child)
{
    if (!sr_space_owner_equal(&parent->space.owner, &child->space.owner) ||
        !is_same(parent->space.name, child->space.name) ||
        !is_same(parent->service, child->service))
        return FALSE;
    if (!parent->path.data)
        return TRUE;
    return child->path.data && is_below(child->path, parent->path);
}

/* --- encryption networks --------------------------------------------------------------------- */

static gboolean is_network_char(char c)
{
    return g_ascii_islower(c) || g_ascii_isdigit(c) || c == '-';
}

static gboolean is_network_name(SrSlice name)
{
    if (name.length == 0 || name.length > SR_SPACE_NAME_MAX || name.data[0] == '-')
        return FALSE;
    for (gsize i = 0; i < name.length; i++)
        if (!is_network_char(name.data[i]))
            return FALSE;
    return TRUE;
}

static gboolean is_bare_did(SrSlice did)
{
    return sr_did_is_valid(did) && sr_did_without_fragment(did).length == did.length;
}

/* Whose network it is, when that is an account. */
static gboolean read_network_owner(SrEncryptionNetwork *network)
{
    SrSlice rest = network->owner_did;
    gboolean more;

    network->has_account = FALSE;
    if (!take_prefix(&rest, DID_PREFIX ACCOUNT_PREFIX))
        return TRUE;
    rest = network->owner_did;
    network->has_account =
        take_prefix(&rest, DID_PREFIX) && take_owner(&rest, &network->owner, &more) && !more;
    return network->has_account;
}

/* The place of the last ":" in @text, or NULL. */
static const char *last_colon(SrSlice text)
{
    for (gsize i = text.length; i > 0; i--)
        if (text.data[i - 1] == ':')
            return text.data + i - 1;
    return NULL;
}

gboolean sr_network_parse(SrSlice id, SrEncryptionNetwork *ret_network, GError **error)
{
    SrSlice rest = id;
    const char *colon = take_prefix(&rest, NETWORK_PREFIX) ? last_colon(rest) : NULL;

    if (colon) {
        ret_network->owner_did = (SrSlice){rest.data, (gsize)(colon - rest.data)};
        ret_network->name = (SrSlice){colon + 1, rest.length - ret_network->owner_did.length - 1};
    }
    if (colon && take_prefix(&rest, DID_PREFIX) && is_bare_did(ret_network->owner_did) &&
        is_network_name(ret_network->name) && read_network_owner(ret_network))
        return TRUE;
    REFUSE(error,
           "\"%.*s\" is not the id of an encryption network, \"" NETWORK_PREFIX
           "did:METHOD:ID:NAME\" with a name of small letters, digits and \"-\"",
           SLICE(id));
    return FALSE;
}

gboolean sr_network_is_owned(const SrEncryptionNetwork *network, const SrSpaceOwner *owner)
{
    return network->has_account && sr_space_owner_equal(&network->owner, owner);
}

char *sr_network_id_new(const SrSpaceOwner *owner, const char *name, GError **error)
{
    g_autofree char *did = sr_space_owner_did(owner);

    if (is_network_name((SrSlice){name, strlen(name)}))
        return g_strconcat(NETWORK_PREFIX, did, ":", name, NULL);
    REFUSE(error,
           "the name of an encryption network has small letters, digits and \"-\": \"%.200s\"",
           name);
    return NULL;
}
