/* The one place where a dialog of the keyring is shown: on request, with an end. */
#include "store/secret_service.h"

#include "base/error.h"
#include "store/dialog.h"
#include "store/provider.h"

static gboolean explain(SrDialogOutcome outcome, GError **error)
{
    if (outcome == SR_DIALOG_COMPLETED)
        return TRUE;
    if (outcome == SR_DIALOG_GONE)
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the keyring service went away while its dialog was open");
    else
        sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring stays locked: its dialog was %s",
                     outcome == SR_DIALOG_LATE ? "not answered in time"
                                               : "dismissed or could not be shown");
    return FALSE;
}

static gboolean show(SrProvider *provider, const char *prompt, guint timeout_ms, GError **error)
{
    const SrBusTarget target = sr_provider_target(provider, prompt, "Prompt");
    const gint64 end = g_get_monotonic_time() + timeout_ms * (gint64)1000;

    return explain(sr_dialog_run(&target, end, NULL), error);
}

static gboolean check_unlocked(SrProvider *provider, const char *collection, GError **error)
{
    gboolean locked;

    if (!sr_provider_connect(provider, g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000,
                             error) ||
        !sr_provider_is_locked(provider, collection, &locked, error))
        return FALSE;
    if (locked)
        sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring is still locked");
    return !locked;
}

static gboolean unlock(SrProvider *provider, guint timeout_ms, GError **error)
{
    g_autofree char *collection = NULL;
    g_autofree char *prompt = NULL;

    if (!sr_provider_connect(provider, g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000,
                             error) ||
        !sr_provider_find_collection(provider, &collection, error))
        return FALSE;
    if (!collection) {
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the keyring service has no default keyring to unlock");
        return FALSE;
    }
    return sr_provider_unlock(provider, collection, &prompt, error) &&
           (!prompt || show(provider, prompt, timeout_ms, error)) &&
           check_unlocked(provider, collection, error);
}

gboolean sr_secret_service_unlock_with_prompt(const char *bus_address, guint timeout_ms,
                                              GError **error)
{
    g_autofree char *address = sr_bus_find_address(bus_address);
    g_autoptr(SrProvider) provider = sr_provider_new(address);

    return unlock(provider, timeout_ms, error);
}
