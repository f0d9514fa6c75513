#include "ethereum/message.h"

#include "crypto/keccak.h"
#include "ethereum/look_alike.h"

#include <stdio.h>
#include <string.h>

static const char phrase[] = "wants you to sign in with your Ethereum account";

void sr_message_digest(const guint8 *bytes, gsize size, guint8 ret_digest[32])
{
    char prefix[64];
    const int length =
        snprintf(prefix, sizeof prefix, "\x19%s%zu", "Ethereum Signed Message:\n", size);
    SrKeccak keccak;

    sr_keccak_init(&keccak);
    sr_keccak_update(&keccak, prefix, (gsize)length);
    sr_keccak_update(&keccak, bytes, size);
    sr_keccak_final(&keccak, 0x01, ret_digest);
}

gboolean sr_message_resembles_siwe(const guint8 *bytes, gsize size)
{
    g_autofree char *backwards = g_utf8_strreverse(phrase, -1);
    g_autofree char *text = sr_look_alike_skeleton(bytes, size);
    g_autofree char *forward_skeleton =
        sr_look_alike_skeleton((const guint8 *)phrase, sizeof phrase - 1);
    g_autofree char *backward_skeleton =
        sr_look_alike_skeleton((const guint8 *)backwards, sizeof phrase - 1);

    /* A right-to-left override shows text that is stored backwards the right way round. */
    return strstr(text, forward_skeleton) || strstr(text, backward_skeleton);
}
