#include "ethereum/siwe_json.h"

static void add_slice(SrJson *fields, const char *name, SrSlice slice)
{
    if (slice.data)
        sr_json_add(fields, name, json_object_new_string_len(slice.data, (int)slice.length));
}

SrJson *sr_siwe_fields_json(const SrSiwe *siwe)
{
    SrJson *fields = json_object_new_object();
    SrJson *resources;

    add_slice(fields, "scheme", siwe->scheme);
    add_slice(fields, "domain", siwe->domain);
    add_slice(fields, "address", siwe->address);
    add_slice(fields, "statement", siwe->statement);
    add_slice(fields, "uri", siwe->uri);
    add_slice(fields, "version", siwe->version);
    add_slice(fields, "chainId", siwe->chain_id);
    add_slice(fields, "nonce", siwe->nonce);
    add_slice(fields, "issuedAt", siwe->issued_at);
    add_slice(fields, "expirationTime", siwe->expiration_time);
    add_slice(fields, "notBefore", siwe->not_before);
    add_slice(fields, "requestId", siwe->request_id);
    if (!siwe->has_resources)
        return fields;
    resources = json_object_new_array();
    for (guint i = 0; i < siwe->n_resources; i++)
        json_object_array_add(
            resources,
            json_object_new_string_len(siwe->resources[i].data, (int)siwe->resources[i].length));
    sr_json_add(fields, "resources", resources);
    return fields;
}

SrJson *sr_siwe_oddities_json(const SrSiwe *siwe)
{
    SrJson *names = json_object_new_array();

    for (guint bit = 1; bit <= SR_SIWE_EMPTY_HOST; bit <<= 1)
        if (siwe->oddities & bit)
            json_object_array_add(names,
                                  json_object_new_string(sr_siwe_oddity_name((SrSiweOddity)bit)));
    return names;
}

static SrJson *group_json(const SrRecapGroup *group)
{
    SrJson *json = json_object_new_object();
    SrJson *names = json_object_new_array();

    for (char **name = group->names; *name; name++)
        json_object_array_add(names, json_object_new_string(*name));
    sr_json_add_string(json, "resource", group->resource);
    sr_json_add_string(json, "namespace", group->namespace);
    sr_json_add(json, "abilities", names);
    return json;
}

SrJson *sr_recap_json(const SrRecap *recap)
{
    SrJson *json;
    SrJson *groups;
    SrJson *proofs;

    if (!recap)
        return NULL;
    json = json_object_new_object();
    groups = json_object_new_array();
    proofs = json_object_new_array();
    for (guint i = 0; i < recap->groups->len; i++)
        json_object_array_add(groups, group_json(recap->groups->pdata[i]));
    for (guint i = 0; i < recap->proofs->len; i++)
        json_object_array_add(proofs, json_object_new_string(recap->proofs->pdata[i]));
    sr_json_add(json, "groups", groups);
    sr_json_add(json, "proofs", proofs);
    return json;
}
