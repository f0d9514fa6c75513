#include "cli/siwe_check.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "ethereum/recap.h"
#include "ethereum/siwe.h"
#include "ethereum/siwe_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536u

/* --- one line ------------------------------------------------------------------------------- */

static SrJson *bad(const char *field, const char *reason, gint64 offset)
{
    SrJson *answer = json_object_new_object();

    sr_json_add_boolean(answer, "ok", FALSE);
    sr_json_add_string(answer, "field", field);
    sr_json_add_string(answer, "reason", reason);
    sr_json_add_integer(answer, "offset", MAX(offset, 0));
    return answer;
}

/* @field for what the error does not name itself. */
static SrJson *bad_from_error(const char *field, const GError *error)
{
    const SrErrorDetail *detail = sr_error_detail(error);

    return bad(field, error->message, detail ? detail->offset : 0);
}

static SrJson *answer_message(const char *message, gsize size, gboolean check_recap)
{
    SrSiwe siwe;
    SrSiweProblem problem;
    SrJson *answer;

    if (!sr_siwe_parse(message, size, &siwe, &problem))
        return bad(problem.field, problem.rule, (gint64)problem.offset);
    if (check_recap) {
        g_autoptr(SrRecap) recap = NULL;
        g_autoptr(GError) error = NULL;

        if (!sr_recap_from_siwe(&siwe, message, &recap, &error))
            return bad_from_error("recap", error);
    }
    answer = json_object_new_object();
    sr_json_add_boolean(answer, "ok", TRUE);
    sr_json_add(answer, "fields", sr_siwe_fields_json(&siwe));
    return answer;
}

static SrJson *answer_hex(const char *digits, gsize length, gboolean check_recap)
{
    g_autoptr(GByteArray) message = sr_hex_decode(digits, length);

    if (!message)
        return bad("line", "messageHex is not an even number of hexadecimal digits", 0);
    g_byte_array_append(message, (const guint8 *)"", 1);
    return answer_message((const char *)message->data, message->len - 1, check_recap);
}

/* The string member @name; its length may exceed strlen. */
static gboolean get_text(SrJson *line, const char *name, const char **ret_text, gsize *ret_length)
{
    SrJson *value = NULL;

    if (!json_object_is_type(line, json_type_object) ||
        !json_object_object_get_ex(line, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return FALSE;
    *ret_text = json_object_get_string(value);
    *ret_length = (gsize)json_object_get_string_len(value);
    return TRUE;
}

static SrJson *answer_line(const char *text, gsize length, gboolean check_recap)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) line = sr_json_parse(text, length, &error);
    const char *message;
    const char *digits;
    gsize message_length;
    gsize digits_length;
    gboolean has_message;

    if (!line)
        return bad_from_error("line", error);
    has_message = get_text(line, "message", &message, &message_length);
    if (has_message == get_text(line, "messageHex", &digits, &digits_length))
        return bad("line", "one of message and messageHex must be there, as text", 0);
    return has_message ? answer_message(message, message_length, check_recap)
                       : answer_hex(digits, digits_length, check_recap);
}

/* --- all lines ------------------------------------------------------------------------------ */

typedef struct {
    gboolean check_recap;
    GByteArray *line;  /* begun, not yet ended */
    gboolean skipping; /* it is too long: wait for its end */
} Checker;

static void print_answer(SrJson *answer /* taken */)
{
    size_t length;
    const char *text = json_object_to_json_string_length(
        answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

    fwrite(text, 1, length, stdout);
    fputc('\n', stdout);
    sr_json_free(answer);
}

static void end_line(Checker *checker)
{
    if (checker->skipping)
        print_answer(bad("line", "longer than 1048576 bytes", SR_SIWE_CHECK_LINE_MAX));
    else
        print_answer(answer_line((const char *)checker->line->data, checker->line->len,
                                 checker->check_recap));
    checker->skipping = FALSE;
    g_byte_array_set_size(checker->line, 0);
}

static void add_to_line(Checker *checker, const guint8 *bytes, gsize size)
{
    if (checker->line->len + size > SR_SIWE_CHECK_LINE_MAX)
        checker->skipping = TRUE;
    if (!checker->skipping)
        g_byte_array_append(checker->line, bytes, (guint)size);
}

static void take_chunk(Checker *checker, const guint8 *bytes, gsize size)
{
    const guint8 *newline;

    while ((newline = memchr(bytes, '\n', size)) != NULL) {
        gsize length = (gsize)(newline - bytes);

        add_to_line(checker, bytes, length);
        end_line(checker);
        bytes += length + 1;
        size -= length + 1;
    }
    add_to_line(checker, bytes, size);
}

static gboolean check_descriptor(int fd, const char *path, Checker *checker, GError **error)
{
    g_autofree guint8 *chunk = g_malloc(CHUNK);

    while (!ferror(stdout)) {
        ssize_t count = read(fd, chunk, CHUNK);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            sr_error_set(error, SR_ERROR_INVALID_PARAMS, "cannot read %s: %s", path,
                         g_strerror(errno));
            return FALSE;
        }
        if (count == 0)
            break;
        take_chunk(checker, chunk, (gsize)count);
        fflush(stdout); /* a program at both ends waits for each answer */
    }
    if (checker->line->len > 0 || checker->skipping)
        end_line(checker);
    return TRUE;
}

gboolean sr_siwe_check_file(const char *path, gboolean recap, GError **error)
{
    Checker checker = {.check_recap = recap};
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    gboolean done;

    if (fd < 0) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "cannot open %s: %s", path, g_strerror(errno));
        return FALSE;
    }
    checker.line = g_byte_array_new();
    done = check_descriptor(fd, path, &checker, error);
    g_byte_array_unref(checker.line);
    close(fd);
    return done;
}
