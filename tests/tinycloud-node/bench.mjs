// How often a second the npm libraries do what sealring's agent does: one JSON object with the figures.
//
//     node bench.mjs [SECONDS for each figure]
import { sessionKey, signSession, signUcan } from "./sign.mjs";
import { verifySession } from "./verify.mjs";

const SECONDS = Number(process.argv[2] ?? 2);
const PRIVATE_KEY = `0x${"1".padStart(64, "0")}`;
const ADDRESS = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
const IAT = "2026-11-27T12:00:00.000Z";
const EXP = "2026-12-04T12:00:00.000Z";
const NOW = Date.parse(IAT) / 1000 + 60;
const CAPABILITY = ["tinycloud.capabilities/read"];
const KV = ["del", "get", "list", "metadata", "put"].map((name) => `tinycloud.kv/${name}`);
const SQL = ["admin", "read", "schema", "write"].map((name) => `tinycloud.sql/${name}`);
const DUCKDB = ["admin", "export", "import", "read", "write"].map((name) => `tinycloud.duckdb/${name}`);
const NETWORK = ["decrypt", "network.create"].map((name) => `tinycloud.encryption/${name}`);
const HOOKS = ["list", "register", "subscribe", "unregister"].map((name) => `tinycloud.hooks/${name}`);

const space = (name) => `tinycloud:pkh:eip155:1:${ADDRESS}:${name}`;

// What the SDK asks for at a sign-in without a manifest: 13 resources, a record of about 14 KB.
const GRANTS = {
    [`${space("account")}/capabilities`]: CAPABILITY,
    [`${space("account")}/delegation`]: ["tinycloud.delegation/list", "tinycloud.delegation/revoke", "tinycloud.delegation/status"],
    [`${space("account")}/kv/applications/`]: KV,
    [`${space("account")}/kv/spaces/`]: KV,
    [`${space("account")}/kv/system/bootstrap/complete`]: KV,
    [`${space("account")}/sql/account`]: SQL,
    [`${space("default")}/capabilities`]: CAPABILITY,
    [`${space("default")}/duckdb`]: DUCKDB,
    [`${space("default")}/hooks`]: HOOKS,
    [`${space("default")}/kv`]: KV,
    [`${space("default")}/sql`]: SQL,
    [`${space("secrets")}/kv/vault/secrets/`]: KV,
    [`urn:tinycloud:encryption:did:pkh:eip155:1:${ADDRESS}:default`]: NETWORK,
};

const signIn = () => signSession({ privateKey: PRIVATE_KEY, grants: GRANTS, spaceId: space("default"), iat: IAT, exp: EXP });

async function perSecond(work) {
    for (let i = 0; i < 20; i++) await work();
    const begin = process.hrtime.bigint();
    let count = 0;
    let elapsed = 0;
    while (elapsed < SECONDS) {
        await work();
        count++;
        elapsed = Number(process.hrtime.bigint() - begin) / 1e9;
    }
    return Math.round(count / elapsed);
}

const record = await signIn();
const { seed } = sessionKey();
const invocation = { seed, grants: { [`${space("default")}/kv/notes/one`]: ["tinycloud.kv/get"] }, exp: NOW + 60,
                     parents: [record.tinycloudSession.delegationCid] };
console.log(JSON.stringify({
    signIn: await perSecond(signIn),
    invoke: await perSecond(() => signUcan(invocation)),
    restore: await perSecond(() => verifySession(record, NOW)),
    recordBytes: Buffer.byteLength(JSON.stringify(record)),
}));
