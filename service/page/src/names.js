// What accounts are called. Names come from strangers, who may write anything, and may claim somebody else's.

// Controls, and characters that act unseen: what the command line makes harmless, too.
const UNSEEN = /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** A stranger's text, without what is not seen but acts. */
export const harmless = (text) => String(text).replace(UNSEEN, "\ufffd");

let shared = new Set();

/** Takes note of handles that several accounts claim, since they name none of them. */
export function learn(rows) {
  const once = new Set();
  const twice = new Set();
  for (const { handle } of rows) {
    const key = handle?.toLowerCase();
    if (key) (once.has(key) ? twice : once).add(key);
  }
  shared = twice;
}

/** How an account is called: by its handle, if it has one alone, or else by its DID. */
export const name = (did, handle) => harmless(handle && !shared.has(handle.toLowerCase()) ? handle : did);
