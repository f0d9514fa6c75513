// Signs for Ethereum through PKCS#11: node ethereum.mjs pkcs11js|graphene MODULE ADDRESS
// Prints one line for each thing that it found.
import { randomBytes } from "node:crypto";
import graphene from "graphene-pk11";
import pkcs11js from "pkcs11js";
import { secp256k1 } from "@noble/curves/secp256k1";
import { keccak_256 } from "@noble/hashes/sha3";

const [way, library, address] = process.argv.slice(2);
const KECCAK_256 = 0xd3520001, PERSONAL_SIGN = 0xd3520002, SIWE = 0xd3520003;
const say = (name, value) => console.log(`${name}: ${value}`);
const utf8 = (text) => Buffer.from(text, "utf8");
const hash = (data) => Buffer.from(keccak_256(data));
const personal = (text) => hash(Buffer.concat([utf8(`\x19Ethereum Signed Message:\n${utf8(text).length}`), utf8(text)]));

const message = "What is signed.";
const siwe = `app.example.com wants you to sign in with your Ethereum account:\n${address}\n\nHello.\n\n` +
    `URI: https://app.example.com/login\nVersion: 1\nChain ID: 1\nNonce: ${randomBytes(8).toString("hex")}\n` +
    `Issued At: ${new Date().toISOString()}`;

// CKA_EC_POINT is a DER OCTET STRING around 04 X Y.
const addressOf = (point) => "0x" + hash(point.subarray(point.length - 64)).subarray(12).toString("hex");

// What every program does with r || s: make s low, find the v that gives the key back.
function complete(raw, digest) {
    let signature = secp256k1.Signature.fromCompact(raw);
    say("s was low", !signature.hasHighS());
    signature = signature.normalizeS();
    const v = [0, 1].find((bit) => recovered(signature.addRecoveryBit(bit), digest) === address.toLowerCase());
    return v === undefined ? "no v" : 27 + v;
}

const recovered = (signature, digest) =>
    addressOf(Buffer.from(signature.recoverPublicKey(digest).toRawBytes(false)));

// A signature of 65 bytes that has its v already.
const signer = (bytes, digest) =>
    recovered(secp256k1.Signature.fromCompact(bytes.subarray(0, 64)).addRecoveryBit(bytes[64] - 27), digest);

function withPkcs11js() {
    const module = new pkcs11js.PKCS11();
    module.load(library);
    module.C_Initialize();
    const slot = module.C_GetSlotList(true).find((id) => module.C_GetTokenInfo(id).label.trim() === "sealring accounts");
    const session = module.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
    const find = (type) => {
        module.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_CLASS, value: type }, { type: pkcs11js.CKA_LABEL, value: "Main" }]);
        const handle = module.C_FindObjects(session);
        module.C_FindObjectsFinal(session);
        return handle;
    };
    const [{ value: point }] = module.C_GetAttributeValue(session, find(pkcs11js.CKO_PUBLIC_KEY), [{ type: pkcs11js.CKA_EC_POINT }]);
    say("address of the public key", addressOf(point));
    module.C_Login(session, pkcs11js.CKU_USER, ""); // no PIN: the user is asked
    const key = find(pkcs11js.CKO_PRIVATE_KEY);
    const sign = (mechanism, data, size) => {
        module.C_SignInit(session, { mechanism }, key);
        return module.C_Sign(session, data, Buffer.alloc(size));
    };
    say("v of a digest", complete(sign(pkcs11js.CKM_ECDSA, personal(message), 64), personal(message)));
    module.C_DigestInit(session, { mechanism: KECCAK_256 });
    say("keccak", module.C_Digest(session, utf8(message), Buffer.alloc(32)).equals(hash(utf8(message))));
    say("signer of a message", signer(sign(PERSONAL_SIGN, utf8(message), 65), personal(message)));
    say("signer of a sign-in", signer(sign(SIWE, utf8(siwe), 65), personal(siwe)));
    module.C_Logout(session);
    module.C_CloseSession(session);
    module.C_Finalize();
}

function withGraphene() {
    const module = graphene.Module.load(library, "sealring");
    module.initialize();
    const slots = [...Array(module.getSlots(true).length).keys()].map((index) => module.getSlots(true).items(index));
    const open = (label) => {
        const slot = slots.find((one) => one.getToken().label.trim() === label);
        return slot.open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION);
    };
    const accounts = open("sealring accounts");
    accounts.login("");
    const key = accounts.find({ class: graphene.ObjectClass.PRIVATE_KEY, label: "Main" }).items(0).toType();
    say("sensitive", key.sensitive && !key.extractable);
    say("v of a digest", complete(accounts.createSign("ECDSA", key).once(personal(message)), personal(message)));
    const mechanisms = slots.map((slot) => slot.getMechanisms().length);
    say("mechanisms", mechanisms.every((count) => count > 3));
    const keys = open("sealring keys");
    keys.login("");
    const pair = keys.generateKeyPair(graphene.KeyGenMechanism.ECDSA, {
        keyType: graphene.KeyType.ECDSA, token: false, verify: true,
        paramsECDSA: graphene.NamedCurve.getByName("secp256r1").value,
    }, { keyType: graphene.KeyType.ECDSA, token: false, sign: true });
    const signature = keys.createSign("ECDSA_SHA256", pair.privateKey).once(utf8(message));
    say("key of the session", keys.createVerify("ECDSA_SHA256", pair.publicKey).once(utf8(message), signature));
    keys.close();
    accounts.close();
    module.finalize();
}

({ pkcs11js: withPkcs11js, graphene: withGraphene })[way]();
