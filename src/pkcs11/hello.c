#include "pkcs11/hello.h"

#include "wire/operation.h"
#include "wire/packet.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_MAX 4096u
#define VARIABLE_MAX 1024u
#define VARIABLES 4u
#define ANSWER_ROOM 64u

struct SrHello {
    char *variables[VARIABLES]; /* NULL: not set */
    size_t room;                /* for a request */
    size_t program_size;
    char program[PROGRAM_MAX];
};

static char *copy_variable(const char *name)
{
    const char *value = secure_getenv(name);

    return value && strlen(value) <= VARIABLE_MAX ? strdup(value) : NULL;
}

SrHello *sr_hello_new(void)
{
    static const char *const names[VARIABLES] = {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
                                                 "DBUS_SESSION_BUS_ADDRESS"};
    SrHello *hello = calloc(1, sizeof *hello);
    ssize_t size;

    if (!hello)
        return NULL;
    size = readlink("/proc/self/exe", hello->program, sizeof hello->program);
    hello->program_size = size > 0 ? (size_t)size : 0;
    hello->room = SR_PACKET_HEADER_SIZE + 2 * sizeof(uint32_t) + SR_APPLICATION_SIZE +
                  sizeof(uint32_t) + hello->program_size;
    for (size_t i = 0; i < VARIABLES; i++) {
        hello->variables[i] = copy_variable(names[i]);
        hello->room += sizeof(uint32_t) + (hello->variables[i] ? strlen(hello->variables[i]) : 0);
    }
    return hello;
}

void sr_hello_free(SrHello *hello)
{
    if (!hello)
        return;
    for (size_t i = 0; i < VARIABLES; i++)
        free(hello->variables[i]);
    free(hello);
}

/* The size of the request, 0 when it does not fit. */
static size_t write_request(const SrHello *hello, const uint8_t *application, uint8_t *memory)
{
    SrPacketWriter writer;

    sr_packet_begin(&writer, memory, hello->room, SR_OPERATION_HELLO, 0);
    sr_packet_put_u32(&writer, SR_OPERATION_VERSION);
    sr_packet_put_bytes(&writer, application, application ? SR_APPLICATION_SIZE : 0);
    sr_packet_put_bytes(&writer, hello->program, hello->program_size);
    for (size_t i = 0; i < VARIABLES; i++)
        sr_packet_put_text(&writer, hello->variables[i]);
    return sr_packet_end(&writer);
}

static CK_RV read_answer(const SrAnswer *answer, SrWelcome *ret_welcome)
{
    SrPacketReader reader;
    const uint8_t *application;
    size_t size;

    if (answer->code != CKR_OK)
        return CKR_DEVICE_ERROR;
    sr_packet_read(&reader, answer->body, answer->size);
    application = sr_packet_get_bytes(&reader, &size);
    ret_welcome->tokens = sr_packet_get_u8(&reader);
    if (!sr_packet_is_complete(&reader) || size != SR_APPLICATION_SIZE)
        return CKR_DEVICE_ERROR;
    memcpy(ret_welcome->application, application, SR_APPLICATION_SIZE);
    return CKR_OK;
}

CK_RV sr_hello_say(const SrHello *hello, SrConnection *connection, const uint8_t *application,
                   SrWelcome *ret_welcome)
{
    uint8_t room[ANSWER_ROOM];
    SrAnswer answer = {.body = room, .size = sizeof room};
    uint8_t *request = malloc(hello->room);
    CK_RV result = CKR_DEVICE_ERROR;
    size_t size;

    if (!request)
        return CKR_HOST_MEMORY;
    size = write_request(hello, application, request);
    if (size > 0 && sr_connection_exchange(connection, request, size, &answer) == SR_EXCHANGE_DONE)
        result = read_answer(&answer, ret_welcome);
    if (answer.allocated)
        free(answer.body);
    free(request);
    return result;
}
