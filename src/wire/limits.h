/* Limits of the wire that both ends rely on (ARCHITECTURE: the JSON-RPC contract). */
#pragma once

#define SR_FRAME_REQUEST_MAX 1048576u /* bytes of a frame from a client, without its length */
#define SR_FRAME_REPLY_MAX 1048576u   /* browsers close the port above this */
#define SR_FRAME_HEADER_SIZE 4u
#define SR_CLIENTS_MAX 64u
#define SR_PATH_MAX 108u /* sun_path */
