#include "agent/program_hash.h"

#include "agent/limits.h"
#include "agent/permit.h"
#include "agent/program_result.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "ethereum/message.h"

#include <string.h>

#define EDDSA_MESSAGE_MAX (1024u * 1024u)

SrBytes sr_program_hash(guint32 scheme, SrBytes data, guint8 digest[SR_DIGEST_MAX])
{
    switch (scheme) {
    case SR_SCHEME_SHA256:
        sr_sha256(data.data, data.size, digest);
        return (SrBytes){digest, SR_SHA256_SIZE};
    case SR_SCHEME_SHA384:
        sr_sha384(data.data, data.size, digest);
        return (SrBytes){digest, SR_SHA384_SIZE};
    case SR_SCHEME_SHA512:
        sr_sha512(data.data, data.size, digest);
        return (SrBytes){digest, SR_SHA512_SIZE};
    case SR_SCHEME_PERSONAL:
    case SR_SCHEME_SIWE:
        sr_message_digest(data.data, data.size, digest);
        return (SrBytes){digest, 32};
    default:
        return data;
    }
}

gboolean sr_program_scheme_fits(guint32 scheme, SrKeyType type)
{
    if (scheme == SR_SCHEME_EDDSA)
        return type == SR_KEY_ED25519;
    if (scheme == SR_SCHEME_PERSONAL || scheme == SR_SCHEME_SIWE)
        return type == SR_KEY_SECP256K1;
    return type != SR_KEY_ED25519;
}

gboolean sr_program_size_fits(guint32 scheme, gsize size, gboolean shows)
{
    if (scheme == SR_SCHEME_DIGEST)
        return size >= 1 && size <= SR_DIGEST_MAX;
    if (scheme == SR_SCHEME_EDDSA)
        return size <= EDDSA_MESSAGE_MAX;
    return !shows || size <= SR_MESSAGE_MAX;
}

guint32 sr_program_body_fits(const SrProgramBody *body, SrKeyType type)
{
    if (body->operation == SR_OPERATION_DERIVE) {
        if (type != SR_KEY_P256)
            return SR_CKR_KEY_TYPE_INCONSISTENT;
        return body->data.size == sr_key_public_size(type) ? SR_CKR_OK
                                                           : SR_CKR_MECHANISM_PARAM_INVALID;
    }
    if (!sr_program_scheme_fits(body->scheme, type))
        return SR_CKR_KEY_TYPE_INCONSISTENT;
    return sr_program_size_fits(body->scheme, body->data.size, type == SR_KEY_SECP256K1)
               ? SR_CKR_OK
               : SR_CKR_DATA_LEN_RANGE;
}

const char *sr_program_use_name(guint use)
{
    static const char *const names[SR_PERMIT_USES] = {
        "digest", "sha256", "sha384", "sha512", "eddsa", "personal", "siwe", "ecdh",
    };

    return names[use];
}

/* --- verifying ---------------------------------------------------------------------------------
 */

/* r || s || v: good when the key that the signature gives is the one expected. */
static gboolean verify_recoverable(const SrProgramBody *body, SrBytes digest)
{
    guint8 recovered[65];

    return sr_secp256k1_recover(body->signature.data, digest.data, recovered) &&
           memcmp(recovered, body->public_key.data, sizeof recovered) == 0;
}

guint32 sr_program_verify(const SrProgramBody *body)
{
    const SrKeyType type = (SrKeyType)body->curve;
    const gboolean has_v = body->scheme >= SR_SCHEME_PERSONAL;
    g_autoptr(GError) error = NULL;
    guint8 digest[SR_DIGEST_MAX];
    SrBytes data;
    gboolean good;

    if (!sr_program_scheme_fits(body->scheme, type))
        return SR_CKR_KEY_TYPE_INCONSISTENT;
    if (body->public_key.size != sr_key_public_size(type))
        return SR_CKR_ARGUMENTS_BAD;
    if (!sr_program_size_fits(body->scheme, body->data.size, FALSE))
        return SR_CKR_DATA_LEN_RANGE;
    if (body->signature.size != SR_SIGNATURE_SIZE + (has_v ? 1 : 0))
        return SR_CKR_SIGNATURE_LEN_RANGE;
    data = sr_program_hash(body->scheme, body->data, digest);
    if (has_v)
        good = verify_recoverable(body, data);
    else
        good = sr_signature_verify(type, body->public_key.data, data.data, data.size,
                                   body->signature.data, &error);
    if (error)
        return SR_CKR_ARGUMENTS_BAD;
    return good ? SR_CKR_OK : SR_CKR_SIGNATURE_INVALID;
}
