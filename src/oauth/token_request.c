#include "oauth/token_request.h"

#include "base/error.h"

#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"

SrExchange *sr_token_request_code(const SrFlow *flow, const SrMetadata *metadata,
                                  const SrClient *client, const SrSecret *code, GError **error)
{
    SrForm *form = sr_form_new(error);

    if (!form)
        return NULL;
    sr_form_add(form, "grant_type", "authorization_code");
    sr_form_add_secret(form, "code", code);
    sr_form_add(form, "redirect_uri", flow->redirect_uri);
    sr_form_add_secret(form, "code_verifier", flow->verifier);
    return sr_client_request(client, metadata, metadata->token_endpoint, form, error);
}

SrExchange *sr_token_request_refresh(const SrMetadata *metadata, const SrClient *client,
                                     const SrSecret *refresh_token, GError **error)
{
    SrForm *form = sr_form_new(error);

    if (!form)
        return NULL;
    sr_form_add(form, "grant_type", "refresh_token");
    sr_form_add_secret(form, "refresh_token", refresh_token);
    return sr_client_request(client, metadata, metadata->token_endpoint, form, error);
}

SrExchange *sr_token_request_device(const SrMetadata *metadata, const SrClient *client,
                                    const SrSecret *device_code, GError **error)
{
    SrForm *form = sr_form_new(error);

    if (!form)
        return NULL;
    sr_form_add(form, "grant_type", DEVICE_GRANT);
    sr_form_add_secret(form, "device_code", device_code);
    return sr_client_request(client, metadata, metadata->token_endpoint, form, error);
}

/* A form for @url, which the provider may not have: then it fails, naming @member. */
static SrForm *form_for(const char *url, const char *member, GError **error)
{
    if (url)
        return sr_form_new(error);
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, member, -1, "the provider has none");
    return NULL;
}

SrExchange *sr_token_request_revoke(const SrMetadata *metadata, const SrClient *client,
                                    const SrSecret *token, const char *hint, GError **error)
{
    SrForm *form = form_for(metadata->revocation_endpoint, "revocation_endpoint", error);

    if (!form)
        return NULL;
    sr_form_add_secret(form, "token", token);
    sr_form_add(form, "token_type_hint", hint);
    return sr_client_request(client, metadata, metadata->revocation_endpoint, form, error);
}

SrExchange *sr_token_request_device_code(const SrMetadata *metadata, const SrClient *client,
                                         const char *scope, GError **error)
{
    SrForm *form =
        form_for(metadata->device_authorization_endpoint, "device_authorization_endpoint", error);

    if (!form)
        return NULL;
    sr_form_add(form, "scope", scope);
    return sr_client_request(client, metadata, metadata->device_authorization_endpoint, form,
                             error);
}
