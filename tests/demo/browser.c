/*
 * The browser's side of `make demo`: starts sealring-host as Chromium does, signs in to TinyCloud
 * through it, and prints every frame. At the end it checks the signature by itself.
 *
 * Usage: browser HOST CONSENT
 *   HOST     path of sealring-host
 *   CONSENT  file in which the demo's prompt leaves what it was given
 */
#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "consent/model.h"
#include "consent/render.h"
#include "crypto/key.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "wire/frame.h"
#include "wire/limits.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 100u
#define BREAK_RANGE 40u
#define RUN_SHOWN 132 /* an address, a DID and a signature stay whole */
#define EXTENSION "chrome-extension://abcdefghijklmnopabcdefghijklmnop/"
#define DOMAIN "app.example.com"
#define PAGE "https://" DOMAIN

typedef struct {
    int to_host;
    int from_host;
    const char *consent_file;
    SrFrameReader reader;
    gint64 last_id;
    gboolean colours;
    GError *error;
} Browser;

/* --- showing -------------------------------------------------------------------------------- */

static void heading(const Browser *browser, const char *text)
{
    printf("\n%s%s%s\n", browser->colours ? "\033[1m" : "", text,
           browser->colours ? "\033[0m" : "");
}

/* How much of @text goes into a row of @width: up to a comma or space near its end, if any. */
static gsize row_length(const char *text, gsize width)
{
    gsize length = strlen(text);

    if (length <= width)
        return length;
    for (gsize i = width; i > width - BREAK_RANGE; i--)
        if (text[i - 1] == ',' || text[i - 1] == ' ')
            return i;
    return width;
}

static void print_wrapped(const Browser *browser, const char *first, const char *colour,
                          const char *text)
{
    const char *lead = first;

    while (*text) {
        gsize length = row_length(text, COLUMNS - 6);

        printf("%s%s%s%.*s\n", browser->colours ? colour : "", lead,
               browser->colours ? "\033[0m" : "", (int)length, text);
        text += length;
        lead = "      ";
    }
}

/* Long encoded values (the message in hexadecimal, its ReCap in base64url) say little to a reader;
 * the prompt shows the whole text. Owned by the caller. */
static char *shorten(const char *text)
{
    GString *shown = g_string_new(NULL);

    while (*text) {
        gsize run = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_-");

        if (run > RUN_SHOWN && !g_getenv("DEMO_FULL"))
            g_string_append_printf(shown, "%.*s[... %zu more ...]%.*s", RUN_SHOWN / 2, text,
                                   run - RUN_SHOWN, RUN_SHOWN / 2, text + run - RUN_SHOWN / 2);
        else
            g_string_append_len(shown, text, (gssize)run);
        text += run;
        if (*text)
            g_string_append_c(shown, *text++);
    }
    return g_string_free(shown, FALSE);
}

static void show_frame(const Browser *browser, gboolean sent, const char *text)
{
    g_autofree char *shown = shorten(text);

    print_wrapped(browser, sent ? "  \u2192 " : "  \u2190 ", sent ? "\033[36m" : "\033[32m", shown);
}

/* What the prompt showed the user before the agent answered, if it did. */
static gboolean show_consent(Browser *browser)
{
    g_autofree char *text = NULL;
    g_autofree char *rendered = NULL;
    g_autoptr(SrConsentModel) model = NULL;
    g_auto(GStrv) lines = NULL;
    gsize length;

    if (!g_file_get_contents(browser->consent_file, &text, &length, NULL))
        return TRUE;
    g_unlink(browser->consent_file);
    model = sr_consent_model_parse(text, length, &browser->error);
    if (!model)
        return FALSE;
    rendered = sr_consent_model_render(model, COLUMNS - 6);
    lines = g_strsplit(g_strchomp(rendered), "\n", -1);
    printf("    The user is asked:\n");
    for (char **line = lines; *line; line++)
        printf("    %s\u2502%s %s\n", browser->colours ? "\033[33m" : "",
               browser->colours ? "\033[0m" : "", *line);
    printf("    The demo's prompt agrees.\n");
    return TRUE;
}

/* --- frames --------------------------------------------------------------------------------- */

static gboolean fail(Browser *browser, const char *what)
{
    if (!browser->error)
        sr_error_set(&browser->error, SR_ERROR_INTERNAL, "%s", what);
    return FALSE;
}

static gboolean write_all(int fd, const guint8 *bytes, gsize size)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);

        if (count < 0 && errno != EINTR)
            return FALSE;
        if (count > 0) {
            bytes += count;
            size -= (gsize)count;
        }
    }
    return TRUE;
}

static gboolean send_frame(Browser *browser, const char *text)
{
    guint8 header[SR_FRAME_HEADER_SIZE];
    guint32 size = (guint32)strlen(text);

    sr_frame_header(size, header);
    return (write_all(browser->to_host, header, sizeof header) &&
            write_all(browser->to_host, (const guint8 *)text, size)) ||
           fail(browser, "sealring-host does not read");
}

/* The next frame from the host, as text. */
static char *receive_frame(Browser *browser)
{
    const guint8 *body;
    guint32 size;
    SrFrameStatus status;

    while ((status = sr_frame_reader_next(&browser->reader, &body, &size)) == SR_FRAME_MORE) {
        gsize room;
        guint8 *space = sr_frame_reader_space(&browser->reader, &room);
        ssize_t count = space ? read(browser->from_host, space, room) : -1;

        if (count <= 0) {
            fail(browser, "sealring-host ended");
            return NULL;
        }
        sr_frame_reader_added(&browser->reader, (gsize)count);
    }
    if (status == SR_FRAME_OK)
        return g_strndup((const char *)body, size);
    fail(browser, "sealring-host sent a frame that is out of bounds");
    return NULL;
}

/* The "result" of a reply, a new reference. */
static SrJson *take_result(Browser *browser, const char *text)
{
    g_autoptr(SrJson) reply = sr_json_parse(text, strlen(text), &browser->error);
    SrJson *result = NULL;

    if (!reply)
        return NULL;
    if (!json_object_object_get_ex(reply, "result", &result) || !result) {
        fail(browser, "the answer is an error");
        return NULL;
    }
    return json_object_get(result);
}

/* Ask on behalf of the page; takes @params. */
static SrJson *call(Browser *browser, const char *method, SrJson *params)
{
    g_autoptr(SrJson) request = json_object_new_object();
    g_autofree char *text = NULL;
    g_autofree char *answer = NULL;

    sr_json_add_string(request, "jsonrpc", "2.0");
    sr_json_add_integer(request, "id", ++browser->last_id);
    sr_json_add_string(request, "method", method);
    if (params)
        sr_json_add(request, "params", params);
    sr_json_add_string(request, "origin", PAGE);
    text = sr_json_text(request);
    show_frame(browser, TRUE, text);
    if (!send_frame(browser, text))
        return NULL;
    answer = receive_frame(browser);
    if (!answer || !show_consent(browser))
        return NULL;
    show_frame(browser, FALSE, answer);
    return take_result(browser, answer);
}

/* --- the message ---------------------------------------------------------------------------- */

static void add_abilities(SrJson *attenuations, const char *resource, const char *const *abilities)
{
    SrJson *set = json_object_new_object();

    for (; *abilities; abilities++) {
        SrJson *restrictions = json_object_new_array();

        json_object_array_add(restrictions, json_object_new_object());
        sr_json_add(set, *abilities, restrictions);
    }
    sr_json_add(attenuations, resource, set);
}

/* What TinyCloud's SDK asks for: the page's own corner of the user's space, and its secrets. */
static SrJson *attenuations_for(const char *address)
{
    static const char *const kv[] = {"tinycloud.kv/del", "tinycloud.kv/get", "tinycloud.kv/list",
                                     "tinycloud.kv/put", NULL};
    static const char *const sql[] = {"tinycloud.sql/read", "tinycloud.sql/write", NULL};
    static const char *const decrypt[] = {"tinycloud.encryption/decrypt", NULL};
    SrJson *attenuations = json_object_new_object();
    g_autofree char *kv_uri =
        g_strdup_printf("tinycloud:pkh:eip155:1:%s:applications/kv/app.example.com/", address);
    g_autofree char *sql_uri = g_strdup_printf(
        "tinycloud:pkh:eip155:1:%s:applications/sql/app.example.com/notes", address);
    g_autofree char *key_uri =
        g_strdup_printf("urn:tinycloud:encryption:did:pkh:eip155:1:%s:default", address);

    add_abilities(attenuations, kv_uri, kv);
    add_abilities(attenuations, sql_uri, sql);
    add_abilities(attenuations, key_uri, decrypt);
    return attenuations;
}

/* The DID URL of a fresh session key, as the SDK makes one for every sign-in. */
static char *new_session_uri(Browser *browser)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_ED25519, &browser->error);
    g_autofree char *did = NULL;
    gsize size;

    if (!key)
        return NULL;
    did = sr_key_did(SR_KEY_ED25519, sr_key_public(key, &size));
    return g_strdup_printf("%s#%s", did, did + strlen("did:key:"));
}

/* The sign-in message (owned by the caller). */
static char *build_message(Browser *browser, const char *address)
{
    g_autofree char *uri = new_session_uri(browser);
    g_autoptr(SrJson) result = NULL;
    SrJson *params;
    const char *message;

    if (!uri)
        return NULL;
    params = json_object_new_object();
    sr_json_add_string(params, "uri", uri);
    sr_json_add_integer(params, "expirationSeconds", 7 * 24 * 3600);
    sr_json_add(params, "attenuations", attenuations_for(address));
    result = call(browser, "siwe.build", params);
    message = result ? sr_json_string(result, "message", &browser->error) : NULL;
    return g_strdup(message);
}

/* --- signing and verifying ------------------------------------------------------------------ */

static char *request_account(Browser *browser)
{
    g_autoptr(SrJson) result = call(browser, "eth_requestAccounts", json_object_new_array());
    SrJson *first =
        json_object_is_type(result, json_type_array) ? json_object_array_get_idx(result, 0) : NULL;

    if (!first)
        fail(browser, "no account was connected");
    return g_strdup(json_object_get_string(first));
}

static char *sign(Browser *browser, const char *message, const char *address)
{
    g_autofree char *digits = sr_hex_encode((const guint8 *)message, strlen(message), TRUE);
    SrJson *params = json_object_new_array();
    g_autoptr(SrJson) result = NULL;

    json_object_array_add(params, json_object_new_string(digits));
    json_object_array_add(params, json_object_new_string(address));
    result = call(browser, "personal_sign", params);
    return result ? g_strdup(json_object_get_string(result)) : NULL;
}

static gboolean verify_with_agent(Browser *browser, const char *message, const char *signature)
{
    SrJson *params = json_object_new_object();
    g_autoptr(SrJson) result = NULL;
    gboolean valid = FALSE;

    sr_json_add_string(params, "message", message);
    sr_json_add_string(params, "signature", signature);
    sr_json_add_string(params, "domain", DOMAIN);
    result = call(browser, "siwe.verify", params);
    if (result)
        sr_json_boolean_optional(result, "valid", &valid, &browser->error);
    return valid || fail(browser, "the agent says that the signature is not valid");
}

/* What any server does: digest of the bytes, key from digest and signature, address from key. */
static gboolean verify_here(Browser *browser, const char *message, const char *signature,
                            const char *address)
{
    guint8 bytes[SR_SECP256K1_SIGNATURE_SIZE];
    guint8 digest[32];
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 recovered[SR_ADDRESS_SIZE];
    char text[SR_ADDRESS_TEXT_SIZE];

    if (!sr_hex_decode_fixed(signature, strlen(signature), bytes, sizeof bytes))
        return fail(browser, "the signature is not 65 bytes in hexadecimal");
    sr_message_digest((const guint8 *)message, strlen(message), digest);
    if (!sr_secp256k1_recover(bytes, digest, public_key))
        return fail(browser, "no key makes this signature");
    sr_address_from_public_key(public_key, recovered);
    sr_address_text(recovered, text);
    printf("    recovered address  %s\n    account            %s\n", text, address);
    return strcmp(text, address) == 0 || fail(browser, "the signature is by another key");
}

static gboolean sign_in(Browser *browser)
{
    g_autoptr(SrJson) hello = NULL;
    g_autofree char *address = NULL;
    g_autofree char *message = NULL;
    g_autofree char *signature = NULL;

    heading(browser, "3. The browser starts sealring-host; the extension says hello.");
    hello = call(browser, "sealring.hello", NULL);
    if (!hello)
        return FALSE;
    heading(browser, "4. The page " PAGE " asks for an account.");
    address = request_account(browser);
    if (!address)
        return FALSE;
    heading(browser, "5. It composes a TinyCloud sign-in message (EIP-4361 with a ReCap).");
    message = build_message(browser, address);
    if (!message)
        return FALSE;
    heading(browser, "6. It asks for a signature over exactly these bytes.");
    signature = sign(browser, message, address);
    if (!signature)
        return FALSE;
    heading(browser, "7. The signature is verified by the agent ...");
    if (!verify_with_agent(browser, message, signature))
        return FALSE;
    heading(browser, "8. ... and by this program, which only has message and signature.");
    if (!verify_here(browser, message, signature, address))
        return FALSE;
    printf("\nVERIFIED: the sign-in message of %zu bytes was signed by %s\n", strlen(message),
           address);
    return TRUE;
}

int main(int argc, char **argv)
{
    char extension[] = EXTENSION;
    char *words[] = {argc == 3 ? argv[1] : NULL, extension, NULL};
    Browser browser = {.colours = isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR")};
    gboolean done;

    if (argc != 3) {
        fprintf(stderr, "Usage: browser HOST CONSENT\n");
        return 2;
    }
    browser.consent_file = argv[2];
    sr_frame_reader_init(&browser.reader, SR_FRAME_REPLY_MAX);
    done = g_spawn_async_with_pipes(NULL, words, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                                    &browser.to_host, &browser.from_host, NULL, &browser.error) &&
           sign_in(&browser);
    if (!done)
        printf("\nNOT VERIFIED: %s\n", browser.error->message);
    sr_frame_reader_clear(&browser.reader);
    g_clear_error(&browser.error);
    return done ? 0 : 1;
}
