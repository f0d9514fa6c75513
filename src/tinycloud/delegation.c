#include "tinycloud/delegation.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/recap.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/cacao.h"
#include "tinycloud/cid.h"
#include "tinycloud/did.h"
#include "tinycloud/ucan.h"

#include <string.h>

/* A fact by which a UCAN is marked as the last one of its chain, and the value. */
#define MODE_FACT "xyz.tinycloud.policy/delegationMode"
#define TERMINAL "terminal"
#define BEARER "Bearer "

static SrDelegation *delegation_new(void)
{
    SrDelegation *delegation = g_new0(SrDelegation, 1);

    delegation->proofs = g_ptr_array_new_with_free_func(g_free);
    return delegation;
}

void sr_delegation_free(SrDelegation *delegation)
{
    if (!delegation)
        return;
    g_free(delegation->cid);
    g_free(delegation->issuer);
    g_free(delegation->audience);
    g_free(delegation->message);
    g_free(delegation->signature);
    sr_json_free(delegation->attenuations);
    g_ptr_array_unref(delegation->proofs);
    g_free(delegation);
}

static gboolean refuse(GError **error, const char *problem)
{
    sr_error_set(error, SR_ERROR_CORRUPT, "the delegation is not valid: %s", problem);
    return FALSE;
}

/* In a delegation's end, 0 stands for "never": nobody may write it as a time. */
static gboolean check_end(gint64 expires, GError **error)
{
    return expires > 0 || refuse(error, "it ended before 1970");
}

/* --- CACAO ---------------------------------------------------------------------------------- */

static gboolean is_signed(const SrSiwe *siwe, const char *message,
                          const guint8 signature[SR_CACAO_SIGNATURE_SIZE])
{
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 address[SR_ADDRESS_SIZE];
    guint8 digest[32];

    sr_message_digest((const guint8 *)message, strlen(message), digest);
    if (!sr_secp256k1_recover(signature, digest, public_key))
        return FALSE;
    sr_address_from_public_key(public_key, address);
    return memcmp(address, siwe->address_bytes, SR_ADDRESS_SIZE) == 0;
}

static char *issuer_of(const SrSiwe *siwe)
{
    char address[SR_ADDRESS_TEXT_SIZE];

    sr_address_text(siwe->address_bytes, address);
    return g_strdup_printf("did:pkh:eip155:%.*s:%s", (int)siwe->chain_id.length,
                           siwe->chain_id.data, address);
}

/* What a parsed and verified message says. */
static gboolean take_siwe(SrDelegation *delegation, const SrSiwe *siwe, GError **error)
{
    g_autoptr(SrRecap) recap = NULL;

    if (!sr_recap_from_siwe(siwe, delegation->message, &recap, NULL))
        return refuse(error, "its ReCap and its statement do not agree");
    delegation->attenuations = recap ? sr_attenuation_from_siwe(siwe) : json_object_new_object();
    for (guint i = 0; recap && i < recap->proofs->len; i++)
        g_ptr_array_add(delegation->proofs, g_strdup(recap->proofs->pdata[i]));
    delegation->issuer = issuer_of(siwe);
    delegation->audience = g_strndup(siwe->uri.data, siwe->uri.length);
    if (siwe->not_before.data)
        delegation->starts = siwe->starts.seconds +
                             (sr_siwe_time_compare(&siwe->starts, siwe->starts.seconds, 0) > 0);
    if (!siwe->expiration_time.data)
        return TRUE;
    delegation->expires = siwe->expires.seconds;
    return check_end(delegation->expires, error);
}

static SrDelegation *read_cacao(const char *authorization, GError **error)
{
    g_autoptr(SrDelegation) delegation = delegation_new();
    g_autoptr(GByteArray) bytes = sr_base64url_decode_padded(authorization, strlen(authorization));
    guint8 signature[SR_CACAO_SIGNATURE_SIZE];
    SrSiweProblem problem;
    SrSiwe siwe;

    if (!bytes) {
        refuse(error, "it is neither base64url nor a UCAN");
        return NULL;
    }
    delegation->message = sr_cacao_decode(bytes->data, bytes->len, signature, error);
    if (!delegation->message)
        return NULL;
    delegation->signature = sr_hex_encode(signature, sizeof signature, TRUE);
    if (!sr_siwe_parse(delegation->message, strlen(delegation->message), &siwe, &problem) ||
        !is_signed(&siwe, delegation->message, signature)) {
        refuse(error, "its signature is not by the address it names");
        return NULL;
    }
    delegation->cid = sr_cid_of(bytes->data, bytes->len);
    return take_siwe(delegation, &siwe, error) ? g_steal_pointer(&delegation) : NULL;
}

/* --- UCAN ----------------------------------------------------------------------------------- */

static gboolean is_terminal(const SrUcan *ucan)
{
    const gsize count = ucan->facts ? json_object_array_length(ucan->facts) : 0;

    for (gsize i = 0; i < count; i++) {
        SrJson *fact = json_object_array_get_idx(ucan->facts, i);
        const char *mode = json_object_is_type(fact, json_type_object)
                               ? sr_json_string(fact, MODE_FACT, NULL)
                               : NULL;

        if (mode && strcmp(mode, TERMINAL) == 0)
            return TRUE;
    }
    return FALSE;
}

static SrDelegation *read_ucan(const char *authorization, GError **error)
{
    g_autoptr(SrUcan) ucan = sr_ucan_read(authorization, strlen(authorization), error);
    g_autoptr(SrDelegation) delegation = NULL;
    SrSlice issuer;

    if (!ucan)
        return NULL;
    if (!sr_attenuation_is_valid(ucan->attenuations)) {
        refuse(error, "\"att\" is not of resources and abilities");
        return NULL;
    }
    if (!check_end(ucan->expires, error))
        return NULL;
    delegation = delegation_new();
    issuer = sr_did_without_fragment((SrSlice){ucan->issuer, strlen(ucan->issuer)});
    delegation->issuer = g_strndup(issuer.data, issuer.length);
    delegation->cid = sr_cid_of(authorization, strlen(authorization));
    delegation->audience = g_steal_pointer(&ucan->audience);
    delegation->attenuations = g_steal_pointer(&ucan->attenuations);
    delegation->expires = ucan->expires;
    delegation->starts = ucan->has_not_before ? ucan->not_before : 0;
    delegation->is_terminal = is_terminal(ucan);
    g_ptr_array_extend_and_steal(delegation->proofs, g_ptr_array_ref(ucan->proofs));
    return g_steal_pointer(&delegation);
}

SrDelegation *sr_delegation_read(const char *authorization, GError **error)
{
    if (strlen(authorization) > SR_DELEGATION_MAX) {
        refuse(error, "it is too long");
        return NULL;
    }
    if (!strchr(authorization, '.'))
        return read_cacao(authorization, error);
    /* TinyCloud's SDK writes its UCANs both ways. */
    if (g_str_has_prefix(authorization, BEARER))
        authorization += strlen(BEARER);
    return read_ucan(authorization, error);
}
