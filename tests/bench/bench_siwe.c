/*
 * How fast one core parses a sign-in message of 400 bytes (EIP-55 check included), hashes it, and
 * refuses long hostile input. One line a figure: name, value, unit.
 */
#include "crypto/keccak.h"
#include "ethereum/message.h"
#include "ethereum/siwe.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS 5
#define HOSTILE_SIZE (1024u * 1024u)

static const char message[] =
    "app.example.com wants you to sign in with your Ethereum account:\n"
    "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\n"
    "\n"
    "I accept the Example Terms of Service: https://app.example.com/terms\n"
    "\n"
    "URI: https://app.example.com/login\n"
    "Version: 1\n"
    "Chain ID: 1\n"
    "Nonce: 4kXh2bQ9Zp0aLr7c\n"
    "Issued At: 2026-06-21T12:00:00.000Z\n"
    "Expiration Time: 2026-06-28T12:00:00.000Z\n"
    "Resources:\n"
    "- https://app.example.com/claims/1\n"
    "- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ua";

static void work_parse(void)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    if (!sr_siwe_parse(message, sizeof message - 1, &siwe, &problem))
        g_error("%s: %s", problem.field, problem.rule);
}

static void work_digest(void)
{
    guint8 digest[32];

    sr_message_digest((const guint8 *)message, sizeof message - 1, digest);
}

static void work_block(void)
{
    static guint8 block[135];
    guint8 digest[32];

    sr_keccak256(block, sizeof block, digest);
    block[0] ^= digest[0];
}

static void work_resembles(void)
{
    if (!sr_message_resembles_siwe((const guint8 *)message, sizeof message - 1))
        g_error("the message does not resemble itself");
}

/* Microseconds for one call: the best of some rounds of @calls calls. */
static double measure(void (*work)(void), guint calls)
{
    double best = G_MAXDOUBLE;

    for (guint round = 0; round < ROUNDS; round++) {
        const gint64 start = g_get_monotonic_time();

        for (guint i = 0; i < calls; i++)
            work();
        best = MIN(best, (double)(g_get_monotonic_time() - start) / calls);
    }
    return best;
}

/* Milliseconds to refuse a megabyte of @c, in the first line and where a URI stands. */
static double refuse(char c)
{
    g_autofree char *text = g_malloc(HOSTILE_SIZE);
    const gint64 start = g_get_monotonic_time();
    SrSiweProblem problem;
    SrSiwe siwe;

    memset(text, c, HOSTILE_SIZE);
    if (sr_siwe_parse(text, HOSTILE_SIZE, &siwe, &problem))
        g_error("a megabyte of '%c' was accepted", c);
    return (double)(g_get_monotonic_time() - start) / 1000;
}

int main(void)
{
    printf("siwe-message-size %zu bytes\n", sizeof message - 1);
    printf("siwe-parse %.0f per second\n", 1e6 / measure(work_parse, 100000));
    printf("siwe-digest %.0f per second\n", 1e6 / measure(work_digest, 100000));
    printf("siwe-resembles %.0f per second\n", 1e6 / measure(work_resembles, 10000));
    printf("keccak-block %.3f microseconds\n", measure(work_block, 100000));
    printf("siwe-refuse-colons %.2f ms\n", refuse(':'));
    printf("siwe-refuse-percents %.2f ms\n", refuse('%'));
    return 0;
}
