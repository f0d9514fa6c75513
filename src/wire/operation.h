/*
 * What the PKCS#11 module asks of the agent: one request packet, one reply packet, in turn, on each
 * connection. Before the reply of a request that waits for the user the agent sends a packet with
 * the code SR_PACKET_WAIT once a second.
 *
 * A reply's code is a CKR value of PKCS#11; a reply that is not CKR_OK has an empty body. Bodies
 * are written below as lists of fields (packet.h): numbers by their size, "bytes" with their count.
 * Objects are named by 64-bit numbers that stay the same for good (an object of the session: as
 * long as the application is connected). The agent decides; what the module checks itself is only
 * for answering the right CKR early.
 */
#pragma once

#define SR_SOCKET_PKCS11 "pkcs11.sock"

#define SR_OPERATION_VERSION 1u

/* The two tokens, and the place of objects that belong to the application only. */
typedef enum {
    SR_TOKEN_ACCOUNTS = 0, /* "sealring accounts": secp256k1 */
    SR_TOKEN_KEYS = 1,     /* "sealring keys": P-256, Ed25519 */
    SR_TOKEN_SESSION = 2,
} SrToken;

#define SR_TOKENS 2u

/* Key types, with the numbers of SrKeyType. */
#define SR_CURVE_SECP256K1 0u
#define SR_CURVE_P256 1u
#define SR_CURVE_ED25519 2u

/* How to sign. The agent gets what is to be signed, never only its hash, where it can be shown. */
typedef enum {
    SR_SCHEME_DIGEST = 0,   /* CKM_ECDSA: data is a digest of 1 to 64 bytes; result r || s */
    SR_SCHEME_SHA256 = 1,   /* CKM_ECDSA_SHA256: data is the message; r || s */
    SR_SCHEME_SHA384 = 2,   /* CKM_ECDSA_SHA384 */
    SR_SCHEME_SHA512 = 3,   /* CKM_ECDSA_SHA512 */
    SR_SCHEME_EDDSA = 4,    /* CKM_EDDSA (Ed25519, RFC 8032 §5.1): data is the message; R || S */
    SR_SCHEME_PERSONAL = 5, /* EIP-191 personal_sign: data is the message; r || s || v */
    SR_SCHEME_SIWE = 6,     /* as PERSONAL, and the message must be an EIP-4361 message */
} SrScheme;

/* Who logs in: CKU_SO, CKU_USER, CKU_CONTEXT_SPECIFIC of PKCS#11, by their numbers. */
#define SR_USER_SO 0u
#define SR_USER_USER 1u
#define SR_USER_CONTEXT 2u

/* Flags of a key entry. */
#define SR_ENTRY_SEALED 1u      /* needs its own passphrase, which the agent asks for */
#define SR_ENTRY_ALWAYS_AUTH 2u /* CKA_ALWAYS_AUTHENTICATE */
#define SR_ENTRY_LOCAL 4u       /* CKA_LOCAL: made by C_GenerateKeyPair */

/* Kinds of entries: what follows the u8 in replies that have entries. */
typedef enum {
    /* u64 object, u8 curve, u8 flags, u64 created (seconds since 1970), bytes label, bytes id
     * (CKA_ID), bytes public key (65-byte point or 32 bytes) */
    SR_ENTRY_KEY = 1,
    /* u64 object, u32 class (CKO_CERTIFICATE, CKO_DATA, CKO_PUBLIC_KEY), bytes attributes */
    SR_ENTRY_OBJECT = 2,
} SrEntryKind;

/* The longest that the agent takes, in bytes: CKA_LABEL and CKA_ID of a key, attributes of another
 * object. */
#define SR_LABEL_MAX 255u
#define SR_ID_MAX 255u
#define SR_ATTRIBUTES_MAX 65536u

/* Attributes in one "bytes": pairs of u32 type and bytes value, numbers in values as CK_ULONG. */

typedef enum {
    /*
     * The first request of every connection.
     * → u32 SR_OPERATION_VERSION, bytes application (16 bytes of an earlier HELLO of the same
     *   process, or empty), bytes program (the module's own /proc/self/exe), and for the agent's
     *   prompts bytes DISPLAY, bytes WAYLAND_DISPLAY, bytes XAUTHORITY, bytes session bus
     * ← bytes application, u8 bit mask of the tokens this program may see
     * CKR_ARGUMENTS_BAD for another version. The connections of one application share their logins.
     */
    SR_OPERATION_HELLO = 1,

    /*
     * What C_GetTokenInfo says.
     * → u32 token
     * ← u32 flags (CKF_… of CK_TOKEN_INFO, of those that change: LOGIN_REQUIRED,
     *   PROTECTED_AUTHENTICATION_PATH, USER_PIN_*, SO_PIN_*), bytes label, u64 objects' generation
     */
    SR_OPERATION_TOKEN = 2,

    /*
     * All objects of a token, in pages. The generation changes with every change of an object.
     * → u32 token, u64 generation the module knows (0: none), u32 from (0: the first page)
     * ← u64 generation, u32 next (0: that was all), u32 count, count entries
     *   When the known generation is the current one: count 0xffffffff and nothing more.
     * A store that is locked shows no object, and what has CKA_PRIVATE beside the keys is shown to
     * nobody before his login, which changes the generation. Never asks.
     */
    SR_OPERATION_LIST = 3,

    /*
     * C_Login.
     * → u32 token, u32 user, u64 object (for SR_USER_CONTEXT: the key), u8 whether there is a PIN,
     *   bytes PIN
     * ← nothing. Without a PIN, or with an empty one where none is set, the agent asks the user.
     * CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_USER_PIN_NOT_INITIALIZED, CKR_FUNCTION_CANCELED (the
     * user said no).
     */
    SR_OPERATION_LOGIN = 4,

    /* C_Logout. → u32 token ← nothing */
    SR_OPERATION_LOGOUT = 5,

    /*
     * → u64 object, u32 scheme, bytes data
     * ← bytes signature
     * CKR_USER_NOT_LOGGED_IN, CKR_KEY_HANDLE_INVALID, CKR_DATA_LEN_RANGE, CKR_DATA_INVALID,
     * CKR_KEY_TYPE_INCONSISTENT, CKR_FUNCTION_REJECTED (the user said no).
     */
    SR_OPERATION_SIGN = 6,

    /* → u8 curve, bytes public key, u32 scheme, bytes data, bytes signature
     * ← nothing. CKR_SIGNATURE_INVALID, CKR_SIGNATURE_LEN_RANGE, CKR_DATA_LEN_RANGE. */
    SR_OPERATION_VERIFY = 7,

    /* ECDH on P-256 (SP 800-56A §5.7.1.2). → u64 object, bytes peer's point (65 bytes)
     * ← bytes x (32 bytes). CKR_MECHANISM_PARAM_INVALID for a point that is none. */
    SR_OPERATION_DERIVE = 8,

    /* C_GenerateKeyPair. → u32 token (or SR_TOKEN_SESSION), u8 curve, u8 flags, bytes label, bytes
     * id (empty: the agent chooses) ← an entry */
    SR_OPERATION_GENERATE = 9,

    /* C_CreateObject of a private key. → as GENERATE, then bytes private key (32) ← an entry
     * CKR_ATTRIBUTE_VALUE_INVALID for a key out of range; CKR_FUNCTION_REJECTED when it is there.
     */
    SR_OPERATION_IMPORT = 10,

    /* C_CreateObject of another token object. → u32 token, u32 class, bytes attributes ← an entry
     */
    SR_OPERATION_CREATE = 11,

    /* C_SetAttributeValue. → u64 object, bytes attributes (a key: CKA_LABEL, CKA_ID only)
     * ← the changed entry */
    SR_OPERATION_CHANGE = 12,

    /* C_DestroyObject; for a key the user is asked. → u64 object ← nothing */
    SR_OPERATION_DESTROY = 13,

    /* C_InitToken: removes all objects of the token after asking the user. → u32 token, u8 whether
     * there is a PIN, bytes SO PIN, bytes label (32) ← nothing */
    SR_OPERATION_INIT_TOKEN = 14,

    /* C_InitPIN by the logged-in SO, and C_SetPIN of whoever is logged in (nobody: the user).
     * → u32 token, u8 whether PINs are given, bytes old PIN (empty for C_InitPIN), bytes new PIN,
     *   u8 1 for C_InitPIN ← nothing. CKR_PIN_INCORRECT, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED. */
    SR_OPERATION_SET_PIN = 15,

    /*
     * C_CopyObject of a private key of the session; keys of a token are not copied. The new key is
     * as the session's (CKA_LOCAL, CKA_ALWAYS_AUTHENTICATE), which stays.
     * → u64 object, u32 token (or SR_TOKEN_SESSION), bytes label, bytes id (as GENERATE)
     * ← an entry
     * CKR_OBJECT_HANDLE_INVALID; CKR_FUNCTION_REJECTED when the token has the key.
     */
    SR_OPERATION_COPY = 16,
} SrOperation;

/* Length of a PIN in bytes. */
#define SR_PIN_MIN 4u
#define SR_PIN_MAX 255u
