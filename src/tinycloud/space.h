/*
 * TinyCloud's names: spaces, the resources in them, and encryption networks.
 *
 *   tinycloud:pkh:eip155:{chain}:{address}:{name}                        a space
 *   tinycloud:pkh:eip155:{chain}:{address}:{name}/{service}[/{path}]     a resource
 *   urn:tinycloud:encryption:{DID of the owner}:{name}                   an encryption network
 *
 * An address is written with its EIP-55 checksum; reading takes any case, as TinyCloud's node does,
 * and writing restores it. The texts must be URIs (RFC 3986) that a SIWE statement can carry: "%"
 * is refused, and so are "?", "#" and the path segments "." and "..", which others would read
 * differently. Functions that can fail say why with SR_ERROR_INVALID_PARAMS and no field: a caller
 * that knows the field names it. No I/O.
 */
#pragma once

#include "base/slice.h"
#include "ethereum/address.h"

#include <glib.h>

#define SR_SPACE_NAME_MAX 128u     /* bytes of a space's or a network's name */
#define SR_SERVICE_NAME_MAX 64u    /* bytes of a service's name in a resource: "kv" */
#define SR_RESOURCE_PATH_MAX 1024u /* bytes of the path of a resource */
#define SR_CHAIN_ID_MAX ((G_GINT64_CONSTANT(1) << 53) - 1)

/* Whose a space or a network is: the account "did:pkh:eip155:{chain}:{address}". */
typedef struct {
    char address[SR_ADDRESS_TEXT_SIZE]; /* EIP-55 */
    gint64 chain_id;                    /* 1 … SR_CHAIN_ID_MAX */
} SrSpaceOwner;

/* A space; the name is a piece of the text that was read. */
typedef struct {
    SrSpaceOwner owner;
    SrSlice name;
} SrSpace;

/* A resource; the slices are pieces of the text that was read. */
typedef struct {
    SrSpace space;
    SrSlice service; /* the short name: "kv" */
    SrSlice path;    /* data NULL: the whole service; what follows the service's "/" */
} SrResource;

/* An encryption network; the slices are pieces of the text that was read. */
typedef struct {
    SrSlice owner_did; /* as it is written */
    SrSlice name;
    gboolean has_account; /* owner_did is a did:pkh:eip155 one, then @owner is set */
    SrSpaceOwner owner;
} SrEncryptionNetwork;

/*
 * Set @ret_owner to the account at @address ("0x…" in any case; a wrong checksum is refused) on the
 * chain @chain_id.
 */
gboolean sr_space_owner_init(SrSpaceOwner *ret_owner, const char *address, gint64 chain_id,
                             GError **error);

/* "did:pkh:eip155:{chain}:{address}" of @owner. Owned by the caller. */
char *sr_space_owner_did(const SrSpaceOwner *owner);

/* Whether two accounts are the same one, chain included. */
gboolean sr_space_owner_equal(const SrSpaceOwner *a, const SrSpaceOwner *b);

/* The id of @owner's space @name, which is a short name: no ":", no "/". Owned by the caller. */
char *sr_space_id_new(const SrSpaceOwner *owner, const char *name, GError **error);

/* Read a space id. Slices of @ret_space point into @id. */
gboolean sr_space_parse(SrSlice id, SrSpace *ret_space, GError **error);

/* The id of @space with the checksum of its owner restored. Owned by the caller. */
char *sr_space_text(const SrSpace *space);

/*
 * The URI of the resource @path (NULL or "": the whole service) of @service ("kv") in the space
 * @space_id, which is taken as it is. As TinyCloud's SDK does, a path with a "/" in front gives
 * "//". Owned by the caller.
 */
char *sr_resource_uri_new(const char *space_id, const char *service, const char *path,
                          GError **error);

/* Read the URI of a resource. Slices of @ret_resource point into @uri. */
gboolean sr_resource_parse(SrSlice uri, SrResource *ret_resource, GError **error);

/* The URI of @resource with the checksum of the space's owner restored. Owned by the caller. */
char *sr_resource_text(const SrResource *resource);

/*
 * Whether who may use @parent may use @child, by the node's rule: same space and service, and the
 * path is the same one or lies below it ("notes" has "notes/1" and not "notes2", "notes/" has
 * "notes/1", no path has every one).
 */
gboolean sr_resource_covers(const SrResource *parent, const SrResource *child);

/*
 * Read the id of an encryption network; its name is one of [a-z0-9][a-z0-9-]*. Slices of
 * @ret_network point into @id.
 */
gboolean sr_network_parse(SrSlice id, SrEncryptionNetwork *ret_network, GError **error);

/* Whether @network is @owner's own. */
gboolean sr_network_is_owned(const SrEncryptionNetwork *network, const SrSpaceOwner *owner);

/* The id of @owner's network @name. Owned by the caller. */
char *sr_network_id_new(const SrSpaceOwner *owner, const char *name, GError **error);
