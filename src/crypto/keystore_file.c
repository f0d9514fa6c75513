#include "crypto/keystore_file.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/keystore.h"

#include <string.h>

#define DERIVED_SIZE_MIN 32
#define DERIVED_SIZE_MAX 1024
#define PRIVATE_SIZE_MIN 30u

/* An object of the file and the path of its members, for errors. */
typedef struct {
    SrJson *object;
    const char *path;
} Node;

static gboolean fail(GError **error, const Node *node, const char *name, const char *rule)
{
    g_autofree char *field = g_strconcat(node->path, name, NULL);

    sr_error_set_at(error, SR_ERROR_MALFORMED_KEY, field, -1, "%s", rule);
    return FALSE;
}

/* The member called @name in any case; NULL in *ret_member when it is absent or null. */
static gboolean find(const Node *node, const char *name, SrJson **ret_member, GError **error)
{
    guint found = 0;

    *ret_member = NULL;
    json_object_object_foreach (node->object, other, value) {
        if (g_ascii_strcasecmp(other, name) == 0) {
            found++;
            *ret_member = value;
        }
    }
    if (found > 1)
        return fail(error, node, name, "occurs twice, in different case");
    return TRUE;
}

/* The member @name, which must be there and of @type. */
static gboolean find_typed(const Node *node, const char *name, enum json_type type,
                           const char *rule, SrJson **ret_member, GError **error)
{
    if (!find(node, name, ret_member, error))
        return FALSE;
    if (!*ret_member)
        return fail(error, node, name, "is missing");
    if (!json_object_is_type(*ret_member, type))
        return fail(error, node, name, rule);
    return TRUE;
}

static gboolean read_object(const Node *node, const char *name, const char *path, Node *ret_node,
                            GError **error)
{
    ret_node->path = path;
    return find_typed(node, name, json_type_object, "must be an object", &ret_node->object, error);
}

static gboolean read_positive(const Node *node, const char *name, guint64 *ret_value,
                              GError **error)
{
    static const char rule[] = "must be an integer above 0";
    SrJson *member;

    if (!find_typed(node, name, json_type_int, rule, &member, error))
        return FALSE;
    if (json_object_get_int64(member) <= 0)
        return fail(error, node, name, rule);
    *ret_value = (guint64)json_object_get_int64(member);
    return TRUE;
}

/* As read_positive; what is too large for 32 bits is over every limit, and stays so. */
static gboolean read_positive32(const Node *node, const char *name, guint32 *ret_value,
                                GError **error)
{
    guint64 value;

    if (!read_positive(node, name, &value, error))
        return FALSE;
    *ret_value = (guint32)MIN(value, G_MAXUINT32);
    return TRUE;
}

static gboolean read_string(const Node *node, const char *name, const char **ret_string,
                            GError **error)
{
    SrJson *member;

    if (!find_typed(node, name, json_type_string, "must be a string", &member, error))
        return FALSE;
    *ret_string = json_object_get_string(member);
    return TRUE;
}

/* A string that can only be @only. */
static gboolean read_constant(const Node *node, const char *name, const char *only, GError **error)
{
    g_autofree char *rule = g_strdup_printf("must be \"%s\"", only);
    const char *string;

    if (!read_string(node, name, &string, error))
        return FALSE;
    return strcmp(string, only) == 0 || fail(error, node, name, rule);
}

/* @minimum to @maximum bytes in hexadecimal; *ret_size may be NULL when both are the same. */
static gboolean read_hex(const Node *node, const char *name, gsize minimum, gsize maximum,
                         guint8 *ret_bytes, gsize *ret_size, GError **error)
{
    g_autofree char *rule =
        minimum == maximum
            ? g_strdup_printf("must be %zu bytes in hexadecimal", minimum)
            : g_strdup_printf("must be %zu to %zu bytes in hexadecimal", minimum, maximum);
    g_autoptr(GByteArray) bytes = NULL;
    const char *string;

    if (!read_string(node, name, &string, error))
        return FALSE;
    bytes = sr_hex_decode(string, strlen(string));
    if (!bytes || bytes->len < minimum || bytes->len > maximum)
        return fail(error, node, name, rule);
    if (bytes->len)
        memcpy(ret_bytes, bytes->data, bytes->len);
    if (ret_size)
        *ret_size = bytes->len;
    return TRUE;
}

static gboolean read_scrypt(const Node *params, SrKeystoreFile *file, GError **error)
{
    file->kdf = SR_KEYSTORE_SCRYPT;
    return read_positive(params, "n", &file->cost.n, error) &&
           read_positive32(params, "r", &file->cost.r, error) &&
           read_positive32(params, "p", &file->cost.p, error) &&
           sr_scrypt_cost_check(file->cost, params->path, error);
}

static gboolean read_pbkdf2(const Node *params, SrKeystoreFile *file, GError **error)
{
    file->kdf = SR_KEYSTORE_PBKDF2;
    if (!read_positive32(params, "c", &file->iterations, error) ||
        !read_constant(params, "prf", "hmac-sha256", error))
        return FALSE;
    if (file->iterations > SR_PBKDF2_ITERATIONS_MAX) {
        g_autofree char *field = g_strconcat(params->path, "c", NULL);

        sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, field, -1, "must be at most %u",
                        SR_PBKDF2_ITERATIONS_MAX);
        return FALSE;
    }
    return TRUE;
}

/* dklen: only 32 bytes are used, and they do not depend on how many more are asked for. */
static gboolean check_derived_size(const Node *params, GError **error)
{
    guint64 size;

    if (!read_positive(params, "dklen", &size, error))
        return FALSE;
    if (size < DERIVED_SIZE_MIN || size > DERIVED_SIZE_MAX)
        return fail(error, params, "dklen", "must be 32 or a little more");
    return TRUE;
}

static gboolean read_kdf(const Node *crypto, SrKeystoreFile *file, GError **error)
{
    const char *name;
    Node params;

    if (!read_string(crypto, "kdf", &name, error) ||
        !read_object(crypto, "kdfparams", "crypto.kdfparams.", &params, error) ||
        !check_derived_size(&params, error) ||
        !read_hex(&params, "salt", 0, SR_KEYSTORE_SALT_MAX, file->salt, &file->salt_size, error))
        return FALSE;
    if (strcmp(name, "scrypt") == 0)
        return read_scrypt(&params, file, error);
    if (strcmp(name, "pbkdf2") == 0)
        return read_pbkdf2(&params, file, error);
    return fail(error, crypto, "kdf", "must be \"scrypt\" or \"pbkdf2\"");
}

static gboolean read_crypto(const Node *root, SrKeystoreFile *file, GError **error)
{
    Node crypto;
    Node cipher;

    return read_object(root, "crypto", "crypto.", &crypto, error) &&
           read_constant(&crypto, "cipher", "aes-128-ctr", error) &&
           read_object(&crypto, "cipherparams", "crypto.cipherparams.", &cipher, error) &&
           read_hex(&cipher, "iv", SR_KEYSTORE_IV_SIZE, SR_KEYSTORE_IV_SIZE, file->iv, NULL,
                    error) &&
           read_hex(&crypto, "ciphertext", PRIVATE_SIZE_MIN, sizeof file->ciphertext,
                    file->ciphertext, &file->ciphertext_size, error) &&
           read_hex(&crypto, "mac", SR_KEYSTORE_MAC_SIZE, SR_KEYSTORE_MAC_SIZE, file->mac, NULL,
                    error) &&
           read_kdf(&crypto, file, error);
}

static gboolean read_address(const Node *root, SrKeystoreFile *file, GError **error)
{
    SrJson *member;

    if (!find(root, "address", &member, error))
        return FALSE;
    file->has_address = member != NULL;
    return !member || read_hex(root, "address", SR_KEYSTORE_ADDRESS_SIZE, SR_KEYSTORE_ADDRESS_SIZE,
                               file->address, NULL, error);
}

static gboolean read_version(const Node *root, GError **error)
{
    guint64 version;

    if (!read_positive(root, "version", &version, error))
        return FALSE;
    return version == 3 || fail(error, root, "version", "must be 3");
}

/* The JSON of a keystore; what is wrong with it as JSON is a malformed key, offset kept. */
static SrJson *parse_json(const char *text, gsize length, GError **error)
{
    SrJson *json;
    GError *problem = NULL;

    if (length > SR_KEYSTORE_TEXT_MAX) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY,
                     "a keystore file of %zu bytes is over the limit of %u", length,
                     SR_KEYSTORE_TEXT_MAX);
        return NULL;
    }
    json = sr_json_parse(text, length, &problem);
    if (problem) {
        problem->code = SR_ERROR_MALFORMED_KEY;
        g_propagate_error(error, problem);
    }
    return json;
}

gboolean sr_keystore_file_parse(const char *text, gsize length, SrKeystoreFile *ret_file,
                                GError **error)
{
    g_autoptr(SrJson) json = parse_json(text, length, error);
    const Node root = {json, ""};
    SrKeystoreFile file = {0};

    if (!json)
        return FALSE;
    if (!json_object_is_type(json, json_type_object)) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY, "a keystore file must be a JSON object");
        return FALSE;
    }
    if (!read_version(&root, error) || !read_crypto(&root, &file, error) ||
        !read_address(&root, &file, error))
        return FALSE;
    *ret_file = file;
    return TRUE;
}
