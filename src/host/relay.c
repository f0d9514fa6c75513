#include "host/relay.h"

#include "host/fault.h"
#include "host/flow.h"
#include "wire/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FRAME_DEADLINE_MS 10000
#define WRITE_DEADLINE_MS 5000
#define LAST_WORDS_MS 1000
#define MESSAGE_SIZE (PATH_MAX + 128)

typedef struct {
    const SrAgentLink *link;
    int from_browser;
    int to_browser;
    int agent; /* -1 while there is no connection */
    SrFlow requests;
    SrFlow replies;
    unsigned in_flight;     /* requests sent and not answered, counted when their burst is made */
    bool answered;          /* on this connection, anything */
    bool resent;            /* this burst was already tried on an earlier connection */
    int64_t frame_deadline; /* for the rest of a frame from the browser; 0: none */
    int64_t write_deadline; /* for the browser to take a reply; 0: none */
} Relay;

/* --- last words ----------------------------------------------------------------------------- */

/* Finish the reply that is half written: an error frame must not land in the middle of it. */
static bool finish_replies(Relay *relay, int64_t deadline)
{
    while (sr_flow_is_busy(&relay->replies)) {
        struct pollfd out = {.fd = relay->to_browser, .events = POLLOUT};
        const int64_t left = deadline - sr_clock_ms();
        int result;

        if (left <= 0 || poll(&out, 1, (int)left) == 0)
            return false;
        result = sr_flow_write(&relay->replies, relay->to_browser);
        if (result != 0 && result != -EAGAIN)
            return false;
    }
    return true;
}

/* An error frame has fewer bytes than a pipe takes at once, and is the last thing written. */
static SrRelayStatus fail(Relay *relay, SrFault fault, const char *message)
{
    uint8_t frame[SR_FAULT_FRAME_MAX];
    const size_t size = sr_fault_frame(fault, message, frame);
    const int64_t deadline = sr_clock_ms() + LAST_WORDS_MS;
    size_t done = 0;

    if (!finish_replies(relay, deadline))
        return SR_RELAY_FAILED;
    while (done < size) {
        struct pollfd out = {.fd = relay->to_browser, .events = POLLOUT};
        const ssize_t put = write(relay->to_browser, frame + done, size - done);
        const int64_t left = deadline - sr_clock_ms();

        if (put < 0 && errno != EAGAIN && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
        if (done < size && (left <= 0 || poll(&out, 1, (int)left) == 0))
            break;
    }
    return SR_RELAY_FAILED;
}

/* --- the agent's connection ----------------------------------------------------------------- */

static SrRelayStatus open_agent(Relay *relay)
{
    char message[MESSAGE_SIZE];
    const int fd = sr_agent_link_open(relay->link);

    if (fd >= 0) {
        relay->agent = fd;
        relay->answered = false;
        return SR_RELAY_RUNNING;
    }
    sr_agent_link_explain(relay->link, fd, message, sizeof(message));
    return fail(relay, SR_FAULT_AGENT_UNAVAILABLE, message);
}

static void close_agent(Relay *relay)
{
    close(relay->agent);
    relay->agent = -1;
}

/* The agent went away. With nothing outstanding the next request finds, or starts, another one. */
static SrRelayStatus lose_agent(Relay *relay)
{
    char message[128];

    close_agent(relay);
    sr_flow_clear(&relay->replies);
    if (relay->in_flight == 0 && relay->requests.written == 0)
        return SR_RELAY_RUNNING;
    snprintf(message, sizeof(message), "sealring-agent ended before it answered; %u request%s lost",
             relay->in_flight, relay->in_flight == 1 ? " was" : "s were");
    return fail(relay, SR_FAULT_AGENT_UNAVAILABLE, message);
}

/* --- from the browser to the agent ---------------------------------------------------------- */

/*
 * The agent closed its end. What reached nobody, with no answer outstanding, can go to the next
 * agent. Otherwise the requests are lost: reading what answers there are ends in lose_agent.
 */
static void fail_to_send(Relay *relay)
{
    const bool alone = relay->in_flight == relay->requests.frames;

    if (alone && relay->requests.written == 0 && !relay->resent &&
        !sr_flow_is_busy(&relay->replies)) {
        relay->resent = true;
        close_agent(relay);
        sr_flow_clear(&relay->replies);
    } else {
        sr_flow_drop_burst(&relay->requests);
    }
}

/* Send as much as the agent takes now. */
static SrRelayStatus send_requests(Relay *relay)
{
    while (sr_flow_is_busy(&relay->requests)) {
        SrRelayStatus status = SR_RELAY_RUNNING;
        int result;

        if (relay->agent < 0)
            status = open_agent(relay);
        if (status != SR_RELAY_RUNNING)
            return status;
        result = sr_flow_write(&relay->requests, relay->agent);
        if (result == -EAGAIN)
            return SR_RELAY_RUNNING;
        if (result != 0)
            fail_to_send(relay);
    }
    relay->resent = false;
    return SR_RELAY_RUNNING;
}

static SrRelayStatus refuse_frame(Relay *relay, SrFrameStatus why)
{
    char message[128];

    if (why == SR_FRAME_EMPTY)
        return fail(relay, SR_FAULT_INVALID_REQUEST, "a frame of length 0");
    snprintf(message, sizeof(message), "a frame of more than %u bytes", SR_FRAME_REQUEST_MAX);
    return fail(relay, SR_FAULT_LIMIT_EXCEEDED, message);
}

/* Pass on every whole frame that was read; then see whether one was begun. */
static SrRelayStatus pass_requests(Relay *relay)
{
    for (;;) {
        SrRelayStatus status = send_requests(relay);
        SrFrameStatus frame;

        if (status != SR_RELAY_RUNNING || sr_flow_is_busy(&relay->requests))
            return status;
        frame = sr_flow_collect(&relay->requests);
        if (frame == SR_FRAME_OK) {
            relay->in_flight += relay->requests.frames;
            relay->frame_deadline = 0;
            continue;
        }
        if (frame != SR_FRAME_MORE)
            return refuse_frame(relay, frame);
        if (!sr_frame_reader_is_partial(&relay->requests.reader))
            relay->frame_deadline = 0;
        else if (relay->frame_deadline == 0)
            relay->frame_deadline = sr_clock_ms() + FRAME_DEADLINE_MS;
        return SR_RELAY_RUNNING;
    }
}

static SrRelayStatus on_browser(Relay *relay, short events)
{
    ssize_t got;

    if (sr_flow_is_busy(&relay->requests)) /* not reading; only the end is of interest */
        return events & (POLLHUP | POLLRDHUP | POLLERR) ? SR_RELAY_CLOSED : SR_RELAY_RUNNING;
    got = sr_flow_read(&relay->requests, relay->from_browser);
    if (got > 0)
        return pass_requests(relay);
    if (got == -EAGAIN)
        return SR_RELAY_RUNNING;
    if (got == -ENOMEM)
        return fail(relay, SR_FAULT_LIMIT_EXCEEDED, "no memory for a frame");
    return sr_frame_reader_is_partial(&relay->requests.reader) ? SR_RELAY_CUT_SHORT
                                                               : SR_RELAY_CLOSED;
}

/* --- from the agent to the browser ---------------------------------------------------------- */

static SrRelayStatus write_replies(Relay *relay)
{
    while (sr_flow_is_busy(&relay->replies)) {
        const int result = sr_flow_write(&relay->replies, relay->to_browser);

        if (result == -EAGAIN) {
            if (relay->write_deadline == 0)
                relay->write_deadline = sr_clock_ms() + WRITE_DEADLINE_MS;
            return SR_RELAY_RUNNING;
        }
        if (result != 0) /* the browser reads no more; there is nobody left to tell */
            return SR_RELAY_FAILED;
        relay->write_deadline = 0;
    }
    return SR_RELAY_RUNNING;
}

static SrRelayStatus refuse_reply(Relay *relay, SrFrameStatus why)
{
    if (why == SR_FRAME_EMPTY)
        return fail(relay, SR_FAULT_AGENT_UNAVAILABLE, "the agent sent a frame of length 0");
    return fail(relay, SR_FAULT_LIMIT_EXCEEDED,
                "the agent's answer is larger than a browser takes");
}

/*
 * A first answer whose id is null refuses the attach frame and answers no request: those that are
 * in flight will be lost, and must not be forgotten.
 */
static void count_answers(Relay *relay)
{
    unsigned answers = relay->replies.answers;

    if (!relay->answered && relay->replies.refusals > 0)
        answers--;
    relay->answered = relay->answered || relay->replies.answers > 0;
    relay->in_flight -= answers < relay->in_flight ? answers : relay->in_flight;
}

static SrRelayStatus pass_replies(Relay *relay)
{
    for (;;) {
        SrRelayStatus status = write_replies(relay);
        SrFrameStatus frame;

        if (status != SR_RELAY_RUNNING || sr_flow_is_busy(&relay->replies))
            return status;
        frame = sr_flow_collect(&relay->replies);
        if (frame == SR_FRAME_MORE)
            return SR_RELAY_RUNNING;
        if (frame != SR_FRAME_OK)
            return refuse_reply(relay, frame);
        count_answers(relay);
    }
}

static SrRelayStatus on_agent(Relay *relay)
{
    const ssize_t got = sr_flow_read(&relay->replies, relay->agent);

    if (got > 0)
        return pass_replies(relay);
    if (got == -EAGAIN)
        return SR_RELAY_RUNNING;
    if (got == -ENOMEM)
        return fail(relay, SR_FAULT_LIMIT_EXCEEDED, "no memory for an answer");
    return lose_agent(relay);
}

/* --- the loop ------------------------------------------------------------------------------- */

static SrRelayStatus check_deadlines(Relay *relay, int *ret_timeout)
{
    int64_t next = relay->frame_deadline;
    int64_t now;

    *ret_timeout = -1;
    if (relay->write_deadline && (!next || relay->write_deadline < next))
        next = relay->write_deadline;
    if (!next)
        return SR_RELAY_RUNNING;
    now = sr_clock_ms();
    if (relay->write_deadline && now >= relay->write_deadline)
        return SR_RELAY_FAILED;
    if (relay->frame_deadline && now >= relay->frame_deadline)
        return fail(relay, SR_FAULT_INVALID_REQUEST, "a frame was begun but not finished in 10 s");
    *ret_timeout = (int)(next - now);
    return SR_RELAY_RUNNING;
}

/* Wait and do what became possible. The agent's answers go first: they make room for requests. */
static SrRelayStatus step(Relay *relay, int timeout)
{
    const bool sending = sr_flow_is_busy(&relay->requests);
    const bool replying = sr_flow_is_busy(&relay->replies);
    struct pollfd fds[] = {
        {.fd = relay->from_browser, .events = (short)(sending ? POLLRDHUP : POLLIN)},
        {.fd = sending || !replying ? relay->agent : -1,
         .events = (short)((sending ? POLLOUT : 0) | (replying ? 0 : POLLIN))},
        {.fd = replying ? relay->to_browser : -1, .events = POLLOUT},
    };
    SrRelayStatus status = SR_RELAY_RUNNING;

    if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout) <= 0)
        return SR_RELAY_RUNNING;
    if (fds[2].revents)
        status = pass_replies(relay);
    if (status == SR_RELAY_RUNNING && !replying && fds[1].revents & ~POLLOUT)
        status = on_agent(relay);
    if (status == SR_RELAY_RUNNING && sending && fds[1].revents)
        status = pass_requests(relay);
    if (status == SR_RELAY_RUNNING && fds[0].revents)
        status = on_browser(relay, fds[0].revents);
    return status;
}

SrRelayStatus sr_relay_run(const SrAgentLink *link, int from_browser, int to_browser)
{
    Relay relay = {
        .link = link, .from_browser = from_browser, .to_browser = to_browser, .agent = -1};
    SrRelayStatus status;
    int timeout;

    sr_flow_init(&relay.requests, SR_FRAME_REQUEST_MAX);
    sr_flow_init(&relay.replies, SR_FRAME_REPLY_MAX);
    status = open_agent(&relay);
    while (status == SR_RELAY_RUNNING) {
        status = check_deadlines(&relay, &timeout);
        if (status == SR_RELAY_RUNNING)
            status = step(&relay, timeout);
    }
    sr_flow_clear(&relay.requests);
    sr_flow_clear(&relay.replies);
    if (relay.agent >= 0)
        close_agent(&relay);
    return status;
}
