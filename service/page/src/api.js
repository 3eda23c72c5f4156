// Asking the service. The browser keeps answers by their ETag, so asking again costs a look at the journal's position.
import { harmless, learn } from "./names.js";

// What stands before Kith says so while it is not there.
const GATEWAYS = [502, 503, 504];

/** An answer that says no: what the service says of it. */
export class Refusal extends Error {
  constructor(problem) {
    super(harmless(problem.detail ?? "no answer"));
    this.status = problem.status;
    /** Whether nothing answered at all: it may be there again soon. */
    this.isAway = problem.status === 0 || GATEWAYS.includes(problem.status);
    this.help = problem.help && harmless(problem.help);
  }
}

async function get(path, signal) {
  let response, body;
  try {
    response = await fetch(path, { signal, headers: { accept: "application/json" } });
    body = await response.json().catch((error) => {
      if (response.ok || error.name === "AbortError") throw error;
      return { status: response.status };
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ status: 0, detail: "Kith does not answer", help: "is kith run or kith serve still running?" });
  }
  if (!response.ok) throw new Refusal(body);
  return { rows: body, more: (response.headers.get("link") ?? "").includes('rel="next"') };
}

export const status = async (signal) => (await get("/api/v1/status", signal)).rows;

/** A report's rows, and whether there are more. */
export function page(name, asked, signal) {
  return get(`/api/v1/reports/${name}?${new URLSearchParams(asked)}`, signal);
}

export const report = async (name, asked, signal) => (await page(name, asked, signal)).rows;

export const explain = async (account, signal) => (await get(`/api/v1/explain/${encodeURIComponent(account)}`, signal)).rows;

const MEMBERS_MAX = 20000;
const PAGE = 5000;
// Handles and statuses change without a word.
const MEMBERS_KEPT_MS = 60000;
let members;

/**
 * The members of the circle by DID, those nearest to the tracked accounts first: as many as can be shown, and whether
 * there are `more`. Kept so long, or until told that the circle changed.
 */
export function circle(kept = MEMBERS_KEPT_MS) {
  if (members && Date.now() - members.read < kept) return members.known;
  const now = { read: Date.now() };
  now.known = (async () => {
    const all = new Map();
    for (let offset = 0; offset < MEMBERS_MAX; offset += PAGE) {
      const { rows, more } = await page("circle", { limit: PAGE, offset });
      for (const row of rows) all.set(row.did, row);
      all.more = more;
      if (!more) break;
    }
    learn([...all.values()]);
    return all;
  })().catch((error) => {
    if (members === now) members = undefined;
    throw error;
  });
  members = now;
  return members.known;
}

const RETRY_MS = 4000;
const heard = new EventTarget();
let last;

/**
 * Listens to what happens; told `state`, `like`, `change`, and `live` when the line opens or breaks. A tab that is not
 * seen does not listen: browsers allow six connections to a host, and other tabs need theirs.
 */
export function listen() {
  let source, again;
  const tell = (type, detail) => heard.dispatchEvent(new CustomEvent(type, { detail }));
  const stop = () => {
    clearTimeout(again);
    source?.close();
    source = undefined;
  };
  const start = () => {
    stop();
    source = new EventSource("/api/v1/events");
    source.onopen = () => tell("live", true);
    source.onerror = () => {
      tell("live", false);
      // After a broken line the browser tries again by itself; after an answer that says no it does not.
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(start, RETRY_MS * (1 + Math.random()));
    };
    for (const type of ["state", "like", "change"]) {
      source.addEventListener(type, (event) => {
        const data = JSON.parse(event.data);
        if (type === "state") {
          if (last && last.change !== data.change) members = undefined;
          last = data;
        }
        tell(type, data);
      });
    }
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => event.persisted && start());
  if (!document.hidden) start();
}

/** Where the database stood when last heard of. */
export const moment = () => last;

/** Calls back on an event until the signal. */
export const on = (type, call, signal) => heard.addEventListener(type, (event) => call(event.detail), { signal });
