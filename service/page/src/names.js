// What accounts are called. Names come from strangers, who may write anything, and may claim somebody else's.

// Controls, and characters that act unseen: what the command line makes harmless, too.
const UNSEEN = /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** A stranger's text, without what is not seen but acts. */
export const harmless = (text) => String(text).replace(UNSEEN, "\ufffd");

/** Of handles that several accounts claim, whose they are: the tracked one's, if that is one, or else nobody's. */
let owners = new Map();

/** Takes note of the handles of members. */
export function learn(rows) {
  const claims = new Map();
  for (const row of rows) {
    const key = row.handle?.toLowerCase();
    if (key) claims.set(key, [...(claims.get(key) ?? []), row]);
  }
  owners = new Map();
  for (const [key, all] of claims) {
    const tracked = all.filter((row) => row.hop === 0);
    if (all.length > 1) owners.set(key, tracked.length === 1 ? tracked[0].did : null);
  }
}

const isIts = (did, key) => !owners.has(key) || owners.get(key) === did;

/** How an account is called: by its handle, if that is its own, or else by its DID. */
export const name = (did, handle) => harmless(handle && isIts(did, handle.toLowerCase()) ? handle : did);
