/*
 * Session records. The first byte chooses: even: the rest is a line as a store may give it out;
 * odd: it is the facts, put into a line with a key and the right check, so that what comes behind
 * the check is tried too. What is read is written and read as the same, and judged.
 */
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "tinycloud/session_check.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (G_GINT64_CONSTANT(1782043200) * G_USEC_PER_SEC)

/* The line of these facts and the key 32 times 0x22. */
static SrSecret *line_of(const uint8_t *facts, size_t size)
{
    g_autofree char *text = sr_base64url_encode(facts, size);
    guint8 both[32 + SR_SHA256_SIZE];
    guint8 digest[SR_SHA256_SIZE];

    memset(both, 0x22, 32);
    sr_sha256(text, strlen(text), both + 32);
    sr_sha256(both, sizeof both, digest);
    g_autofree char *key = sr_base64url_encode(both, 32);
    g_autofree char *check = sr_base64url_encode(digest, sizeof digest);
    g_autofree char *line = g_strconcat("1.", text, ".", key, ".", check, NULL);

    return sr_secret_new_copy(line, strlen(line), NULL);
}

static void check_again(const SrSession *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) line = sr_session_write(session, &error);
    g_autoptr(SrSession) again = line ? sr_session_read(session->id, line, &error) : NULL;
    g_autoptr(SrSecret) line_again = again ? sr_session_write(again, &error) : NULL;

    g_assert_no_error(error);
    g_assert(sr_secret_equal(line, line_again));
}

static void check_verdict(const SrSession *session)
{
    g_autoptr(SrDelegation) delegation = NULL;
    const char *problem;
    const SrSessionVerdict verdict = sr_session_check(session, NOW, &delegation, &problem);

    g_assert((verdict == SR_SESSION_GOOD) == (problem == NULL));
    g_assert((delegation != NULL) ==
             (verdict == SR_SESSION_GOOD && session->kind != SR_SESSION_KEY_ONLY));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *prefix =
        sr_session_id_prefix("extension", "https://app.example.com"); /* as in the seeds */
    g_autoptr(SrSecret) line = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSession) session = NULL;

    if (size == 0)
        return 0;
    line = data[0] % 2 ? line_of(data + 1, size - 1) : sr_secret_new_copy(data + 1, size - 1, NULL);
    session = sr_session_read(prefix, line, &error);
    g_assert((session != NULL) == (error == NULL));
    if (!session) {
        g_assert(g_error_matches(error, SR_ERROR, SR_ERROR_CORRUPT));
        return 0;
    }
    check_again(session);
    check_verdict(session);
    return 0;
}
