#include "agent/vault_setup.h"

#include "agent/store_view.h"

static gpointer unlock_job(SrStore *store, gpointer passphrase, GError **error)
{
    return sr_store_unlock(store, passphrase, error) ? store : NULL;
}

static void on_created(SrRequest *request)
{
    GError *error = NULL;

    request->result = NULL;
    if (sr_request_revalidate(request, &error))
        request->after_store(request);
    else
        sr_request_fail(request, error);
}

static void on_new_passphrase(SrRequest *request)
{
    sr_request_change_store(request, unlock_job, g_steal_pointer(&request->passphrase),
                            (GDestroyNotify)sr_secret_free, 0, on_created);
}

static void on_state(SrRequest *request)
{
    g_autoptr(SrStoreView) view = g_steal_pointer(&request->result);
    SrConsentModel *model;

    if (view->state != SR_STORE_EMPTY ||
        !g_str_equal(sr_store_thread_store_name(request->agent->store), "vault")) {
        request->after_store(request);
        return;
    }
    model = sr_request_consent(request, "Choose a passphrase for your new sealring vault");
    sr_consent_model_add(model, SR_CONSENT_FACT,
                         "Why: there is no keyring here; keys go into an encrypted file");
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Whoever forgets it loses the keys in the vault.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Create the vault");
    sr_request_prompt_new_passphrase(request, model, on_new_passphrase);
}

static void on_keys(SrRequest *request)
{
    sr_store_view_take(request, on_state);
}

void sr_request_need_store(SrRequest *request, SrRequestStep next)
{
    request->after_store = next;
    sr_request_need_keys(request, TRUE, on_keys);
}
