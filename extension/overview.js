/*
 * What the popup shows, collected from sealring, as plain data. Nothing here makes sealring ask the
 * user: while it is locked only what it says without a key is asked for.
 */

/* The options of a request for a site, or for the extension itself (null). */
export function actingFor(origin) {
  return origin === null ? {} : { origin };
}

/* What a site's own requests answer, or nothing when it may not (any more). */
async function ofSite(sealring, origin, method, member) {
  try {
    return (await sealring.request(method, undefined, actingFor(origin)))[member];
  } catch (error) {
    if (error.code === 4900) throw error;
    return [];
  }
}

/* {origin, grants, keys, sessions, accounts}: one site, or the extension itself (origin null). */
async function collect(sealring, origin, grants, isOpen) {
  const [keys, sessions, accounts] = await Promise.all(
    [["keys.list", "keys"], ["session.list", "sessions"], ["oauth.accounts", "accounts"]].map(([method, member]) =>
      isOpen ? ofSite(sealring, origin, method, member) : [],
    ),
  );
  return { origin, grants, keys, sessions, accounts };
}

/* Grants by origin; those of the extension itself under null. */
function byOrigin(grants, self) {
  const sites = new Map([[null, []]]);
  for (const grant of grants) {
    const origin = grant.origin === self ? null : grant.origin;
    sites.set(origin, [...(sites.get(origin) ?? []), grant]);
  }
  return sites;
}

/*
 * {store: {name, state}, prompt, version, promptsWaiting, account, own, sites}. self: the extension's own id as sealring
 * writes it. account: the key that is the default, or else the first one known; null when no site
 * (nor the popup) was given one. sites: in the order of their names.
 */
export async function overview(sealring, self) {
  const { store, prompt, version, promptsWaiting } = await sealring.request("sealring.status");
  const { grants } = await sealring.request("grants.list");
  const isOpen = store.state === "open";
  const all = await Promise.all([...byOrigin(grants, self)].map(([origin, own]) => collect(sealring, origin, own, isOpen)));
  const keys = all.flatMap((site) => site.keys);
  const sites = all.filter((site) => site.origin !== null).sort((a, b) => (a.origin < b.origin ? -1 : 1));
  return {
    store,
    prompt,
    version,
    promptsWaiting,
    account: keys.find((key) => key.default) ?? keys.find((key) => key.address) ?? null,
    own: all.find((site) => site.origin === null),
    sites,
  };
}
