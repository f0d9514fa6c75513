/*
 * A connection that carries packets (packet.h), for both ends, with waiting made for short answers.
 *
 * On a virtual machine waking a process that sleeps costs more than a signature. So a receiver that
 * expects something soon first looks again and again for a moment, and sleeps only then. On a busy
 * machine that only keeps others from working, perhaps the peer itself: after looking in vain (a
 * slow answer also is that), and where other threads wait for the CPU, the receiver sleeps at once
 * the next times, each time twice as often as before, until looking pays again. With one CPU nobody
 * looks, and nobody does while idle.
 *
 * One thread at a time uses a channel.
 */
#pragma once

#include "wire/packet.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A packet of up to this size is read at once, header and body. */
#define SR_CHANNEL_AHEAD 1024u

typedef struct {
    int fd;
    uint32_t pause;  /* how many times to sleep at once after having looked in vain */
    uint32_t paused; /* how many are left of them */
    uint32_t looked; /* how many times looking was in time since the last pause or judgement */
    long preempted;  /* forced switches of the thread that began to look then */
    pthread_t looker;
    bool may_look;  /* more than one CPU */
    bool hurried;   /* what comes next is expected at once */
    uint32_t begin; /* what was read ahead and not yet taken: [begin, end) */
    uint32_t end;
    uint8_t ahead[SR_CHANNEL_AHEAD]; /* wiped once taken: it may have held a PIN */
} SrChannel;

/* Use the connected stream socket @fd, which stays the caller's. */
void sr_channel_init(SrChannel *channel, int fd);

/*
 * Send @size bytes; they are on their way when this returns 0. At most @timeout_ms (-1: no end).
 * -ETIMEDOUT when the peer does not read, -EPIPE and the like when it is gone; the connection is
 * then of no more use.
 */
int sr_channel_send(SrChannel *channel, const void *bytes, size_t size, int timeout_ms);

/*
 * Receive a packet: its header, and the body into @body. At most @timeout_ms (-1: no end) until it
 * is complete. -ETIMEDOUT; -ENODATA when the peer closed between two packets; -EPROTO when it
 * closed within one; -EMSGSIZE when the body is longer than @room or SR_PACKET_BODY_MAX
 * (*ret_header is set, the body unread). After any error but -ETIMEDOUT with nothing received the
 * connection is of no more use.
 */
int sr_channel_receive(SrChannel *channel, SrPacketHeader *ret_header, void *body, size_t room,
                       int timeout_ms);

/* The same in two steps, for a receiver that makes room for the body first. */
int sr_channel_receive_header(SrChannel *channel, SrPacketHeader *ret_header, int timeout_ms);
int sr_channel_receive_body(SrChannel *channel, void *body, size_t size, int timeout_ms);
