#include "agent/program_consent.h"

#include "agent/program_hash.h"
#include "agent/signing.h"
#include "base/encoding.h"

#include <string.h>

#define SHORT_NAME_MAX 40u

char *sr_program_short_name(const SrRequest *request)
{
    const SrApplication *application = request->call->application;
    g_autofree char *name = g_path_get_basename(application->program);

    /* It stands in the middle of a question, and whoever names a file can write a sentence. */
    g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-", '_');
    if (strlen(name) > SHORT_NAME_MAX)
        name[SHORT_NAME_MAX] = '\0';
    return application->is_confirmed ? g_steal_pointer(&name)
                                     : g_strconcat("a program that calls itself ", name, NULL);
}

SrConsentModel *sr_program_consent_digest(const SrRequest *request, const char *name, SrBytes data)
{
    SrConsentModel *model =
        sr_request_consent(request, "Let %s sign something that cannot be shown?", name);
    g_autofree char *text = sr_hex_encode(data.data, data.size, FALSE);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "The program gives only a fingerprint. Nobody can read what it stands "
                         "for: it can be a payment, or a permission to take everything.");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Fingerprint: %s", text);
    sr_consent_model_add(model, SR_CONSENT_REMEMBER,
                         "Sign whatever this program wants with this account, without asking, for "
                         "as long as it runs");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Sign");
    return model;
}

SrConsentModel *sr_program_consent_message(const SrRequest *request, const char *name,
                                           guint32 scheme, SrBytes data)
{
    SrConsentModel *model = sr_request_consent(request, "Let %s sign this message?", name);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Length: %zu bytes", data.size);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Signed as: %s", sr_program_use_name(scheme));
    sr_signing_add_bytes(model, (const char *)data.data, data.size);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Sign");
    return model;
}

SrConsentModel *sr_program_consent_key(const SrRequest *request, const char *name)
{
    SrConsentModel *model =
        sr_request_consent(request, "Let %s use the key \"%s\"?", name, request->key->name);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_GRANT,
                         "Sign in and sign data with this key without asking again");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Until: the program ends, or sealring is locked");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    return model;
}

SrConsentModel *sr_program_consent_new_key(const SrRequest *request, const char *name,
                                           SrKeyType type, gboolean is_import)
{
    const char *kind = type == SR_KEY_SECP256K1 ? "an Ethereum account" : "a key";
    SrConsentModel *model = sr_request_consent(
        request, is_import ? "Let %s store %s in sealring?" : "Let %s make %s?", name,
        type == SR_KEY_SECP256K1 && !is_import ? "a new Ethereum account"
        : is_import                            ? kind
                                               : "a new key");

    if (is_import)
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "The program knows this key, and so may others.");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Kind: %s", sr_key_type_name(type));
    sr_consent_model_add(model, SR_CONSENT_ACTION, is_import ? "Store" : "Make");
    return model;
}
