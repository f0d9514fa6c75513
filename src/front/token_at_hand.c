#include "front/token_at_hand.h"

#include "wire/frame.h"
#include "wire/socket.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ACCOUNT_MAX 64u
#define BODY_MAX 512u
#define REPLY_MAX (SR_TOKEN_AT_HAND_MAX + 8192u)

static const char attach[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"sealring.attach\",\"params\":{\"version\":\"" SR_VERSION
    "\",\"client\":\"cli\"}}";
/* How the reply begins: members come in a fixed order (docs/PROTOCOL.md). */
static const char beginning[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"accessToken\":\"";

static int send_frame(int fd, const char *body, size_t size)
{
    uint8_t frame[SR_FRAME_HEADER_SIZE + BODY_MAX];

    sr_frame_header((uint32_t)size, frame);
    memcpy(frame + SR_FRAME_HEADER_SIZE, body, size);
    return sr_socket_send(fd, frame, SR_FRAME_HEADER_SIZE + size, -1);
}

/* An id needs no escaping; a name is left to the other program. */
static bool is_id(const char *account)
{
    return strlen(account) <= ACCOUNT_MAX &&
           account[strspn(
               account, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] == '\0';
}

static bool ask(int fd, const char *account)
{
    char body[BODY_MAX];
    const int length =
        snprintf(body, sizeof body,
                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"oauth.token\",\"params\":{%s%s%"
                 "s\"atHand\":true}}",
                 account ? "\"account\":\"" : "", account ? account : "", account ? "\"," : "");

    return length > 0 && (size_t)length < sizeof body &&
           send_frame(fd, attach, sizeof attach - 1) == 0 &&
           send_frame(fd, body, (size_t)length) == 0;
}

/* The first frame with an id; notifications are passed over. */
static bool read_reply(int fd, SrFrameReader *reader, const uint8_t **ret_body, uint32_t *ret_size)
{
    for (;;) {
        const SrFrameStatus status = sr_frame_reader_next(reader, ret_body, ret_size);
        uint8_t *space;
        size_t room;
        ssize_t got;

        if (status == SR_FRAME_OK && memmem(*ret_body, *ret_size, "\"id\":", 5))
            return true;
        if (status != SR_FRAME_OK && status != SR_FRAME_MORE)
            return false;
        space = sr_frame_reader_space(reader, &room);
        got = space ? sr_socket_receive(fd, space, room, NULL) : 0;
        if (got <= 0)
            return false;
        sr_frame_reader_added(reader, (size_t)got);
    }
}

static bool print_token(const uint8_t *body, uint32_t size)
{
    const size_t skip = sizeof beginning - 1;
    const char *token = (const char *)body + skip;
    const char *end;

    if (size <= skip || memcmp(body, beginning, skip) != 0)
        return false;
    end = memchr(token, '"', size - skip);
    if (!end || memchr(token, '\\', (size_t)(end - token)))
        return false;
    return printf("%.*s\n", (int)(end - token), token) > 0 && fflush(stdout) == 0;
}

bool sr_token_at_hand_print(const char *account)
{
    SrFrameReader reader;
    const uint8_t *body;
    uint32_t size;
    bool printed;
    int fd;

    if (account && !is_id(account))
        return false;
    fd = sr_socket_connect_agent(NULL, 0);
    if (fd < 0)
        return false;
    sr_frame_reader_init(&reader, REPLY_MAX);
    printed = ask(fd, account) && read_reply(fd, &reader, &body, &size) && print_token(body, size);
    sr_frame_reader_clear(&reader);
    close(fd);
    return printed;
}
