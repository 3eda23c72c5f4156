// Where the service stands: the circle, the pace, the epoch and its books, sources, gaps.
import * as api from "./api.js";
import { account, bar, card, el, empty, hopClass, hopWord, number, remark, span, stack, table, time } from "./dom.js";
import { chart } from "./chart.js";

const REFRESH_MS = 2000;
// A service that stops says nothing: it is asked for, too.
const LOOK_MS = 15000;
const NEWS_MAX = 12;
const GAPS_MAX = 20;
const EPOCHS_MAX = 5000;
const FOCUSABLE = "a, [tabindex]";
const what = (node) => node.getAttribute("href") ?? node.getAttribute("aria-label");
const MINUTE = 60000000;
const MINUTES = 60;
// Of the journal, what the report pulse looks at.
const PULSE_POSITIONS = 20000;

/** All that the view shows, as of now. */
async function read(signal) {
  const [status, epochs, pulse, gaps] = await Promise.all([
    api.status(signal),
    api.page("epochs", { limit: EPOCHS_MAX }, signal),
    api.report("pulse", { limit: MINUTES }, signal),
    api.report("gaps", { limit: GAPS_MAX }, signal),
  ]);
  return { status, epochs: epochs.rows, olderEpochs: epochs.more, pulse, gaps };
}

export async function overview({ signal }) {
  let now = await read(signal);
  let asOf = Date.now();
  const slots = {};
  const slot = (name, kind, title) => card(kind, title, (slots[name] = el("div")));
  const place = el("span", { class: "soft" });
  const page = [
    el("div", { class: "head" }, el("h1", {}, "Overview"), place),
    el(
      "div",
      { class: "cards" },
      slot("circle", "third", "The circle"),
      slot("epoch", "third", "This epoch"),
      slot("likes", "third", "Likes, by what became of them"),
      slot("pulse", "most", "Likes a minute"),
      slot("news", "third", "As it happens"),
      slot("books", "", "Where all points are"),
      slot("sources", "half", "Sources"),
      slot("backfill", "half", "Reading what came before"),
      slot("gaps", "", "Gaps"),
    ),
  ];
  // What is as it was stays, and who is there with the keyboard keeps the place.
  const fill = (name, ...content) => {
    const [old, fresh] = [slots[name], el("div", {}, ...content)];
    if (fresh.isEqualNode(old)) return;
    const at = old.contains(document.activeElement) && what(document.activeElement);
    old.replaceChildren(...fresh.childNodes);
    if (at) [...old.querySelectorAll(FOCUSABLE)].find((node) => what(node) === at)?.focus({ preventScroll: true });
  };
  const showEpoch = () => fill("epoch", theEpoch(now.status, now.epochs));
  // A chart holds on to much until its signal: the one before goes when the next comes.
  let drawn, shownPulse;
  const showPulse = (pulse) => {
    const said = JSON.stringify(pulse);
    if (said === shownPulse) return;
    shownPulse = said;
    drawn?.abort();
    drawn = new AbortController();
    fill("pulse", thePulse(pulse, now.status.journal.position, drawn.signal));
  };
  const show = () => {
    place.textContent = `journal position ${number(now.status.journal.position)}`;
    fill("circle", theCircle(now.status));
    fill("likes", theLikes(now.status));
    fill("sources", theSources(now.status));
    fill("backfill", theBackfill(now.status));
    fill("books", theBooks(now.epochs, now.olderEpochs));
    fill("gaps", theGaps(now.gaps, now.status));
    showEpoch();
    showPulse(now.pulse);
  };
  show();
  signal.addEventListener("abort", () => drawn.abort());
  // Names that several members claim are known with the members.
  api.circle(Infinity).catch(() => {}).then(() => signal.aborted || theNews(slots.news, signal));

  // One look at a time; what is heard of meanwhile asks for the next.
  let due, looking = false, again = false;
  const look = async () => {
    due = undefined;
    looking = true;
    again = false;
    try {
      now = await read(signal);
      asOf = Date.now();
      show();
    } catch (error) {
      if (!signal.aborted) place.textContent = `Not read again since ${time(asOf * 1000)}: ${error.message}.`;
    }
    looking = false;
    if (again) soon();
  };
  const soon = () => {
    if (signal.aborted) return;
    if (looking) again = true;
    else due ??= setTimeout(look, REFRESH_MS);
  };
  api.on("state", () => {
    showEpoch();
    soon();
  }, signal);
  const clock = setInterval(() => document.hidden || soon(), LOOK_MS);
  signal.addEventListener("abort", () => {
    clearTimeout(due);
    clearInterval(clock);
  });
  return page;
}

function theCircle(status) {
  const hops = Object.entries(status.circle).map(([hop, n]) => [Number(hop), n]);
  const all = hops.reduce((sum, [, n]) => sum + n, 0);
  if (all === 0) {
    return empty("Nobody is in the circle yet.", ["Name the accounts you care about in ", el("code", {}, "kith.toml"), ", or with ", el("code", {}, "kith track add HANDLE"), "."]);
  }
  const most = Math.max(...hops.map(([, n]) => n));
  return [
    el("p", {}, el("span", { class: "big" }, number(all)), " accounts"),
    el("dl", { class: "bars" }, hops.map(([hop, n]) =>
      el("div", { class: hopClass(hop) }, el("dt", {}, hopWord(hop)), el("dd", {}, bar(n / most)), el("dd", {}, number(n))))),
  ];
}

function theEpoch(status, epochs) {
  const now = api.moment();
  const epoch = now?.epoch ?? status.epoch;
  if (epoch === null || epoch === undefined) {
    return empty("No epoch has begun.", ["The first event begins it: ", el("code", {}, "kith run"), " listens for one."]);
  }
  const begins = now?.epoch_begins_micros ?? epochs[0]?.begins_micros;
  const length = now?.epoch_micros;
  if (!length || begins === null || begins === undefined) return el("p", { class: "big" }, String(epoch));
  const gone = Math.min(length, Math.max(0, now.clock_micros - begins));
  const left = (length - gone) / 1e6;
  return [
    el("p", {}, el("span", { class: "big" }, `${Math.floor((gone / length) * 100)} %`), ` of ${span(length / 1e6)} gone`),
    el("div", { class: "hop1" }, bar(gone / length)),
    el("p", { class: "soft small", style: { margin: "0.75rem 0 0" } },
      `Epoch ${epoch} began ${time(begins)}. In ${span(left)} of event time own points are topped up, and what was received fades.`),
  ];
}

function theLikes(status) {
  const likes = Object.entries(status.likes).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  if (likes.length === 0) return empty("No like has come by yet.", "They count when both sides are in the circle.");
  const most = likes[0][1];
  const colour = { accepted: "hop1", held: "hop0", rejected: "minus" };
  return el("dl", { class: "bars" }, likes.map(([name, n]) =>
    el("div", { class: colour[name] ?? "outside" }, el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, bar(n / most)), el("dd", {}, number(n)))));
}

function thePulse(pulse, position, signal) {
  if (pulse.length === 0) return empty("No likes yet.", "Each one that reaches the ledger is a stroke here.");
  const rows = pulse.toReversed();
  // A minute without likes has no row; but what is before the oldest row may not have been looked at.
  const hour = rows.at(-1).minute_micros - (MINUTES - 1) * MINUTE;
  const from = position > PULSE_POSITIONS ? Math.max(hour, rows[0].minute_micros) : hour;
  const byMinute = new Map(rows.map((row) => [row.minute_micros, row]));
  const xs = [], likes = [], accepted = [];
  for (let at = from; at <= rows.at(-1).minute_micros; at += MINUTE) {
    xs.push(at / 1e6);
    likes.push(byMinute.get(at)?.likes ?? 0);
    accepted.push(byMinute.get(at)?.accepted ?? 0);
  }
  const last = rows.at(-1);
  return [
    chart(`Likes a minute over ${xs.length} minutes; ${last.likes} in the last one`, xs,
      [["reached the ledger", "--outside", likes, "bars"], ["accepted", "--hop1", accepted, "bars"]], { signal }),
    el("p", { class: "soft small", style: { margin: "0" } },
      `In the latest minute, ${time(last.minute_micros)}: ${number(last.likes)} likes of ${number(last.likers)} accounts moved ${number(last.points)} points.`),
  ];
}

const LOSSES = [
  ["decayed", "faded", "--outside"],
  ["returned", "came back to their origin", "--hop2"],
  ["expired", "nobody claimed", "--hop3"],
  ["forgotten", "of accounts deleted or forgotten", "--minus"],
  ["burned", "rounding", "--line"],
];

function theBooks(epochs, areMore) {
  if (epochs.length === 0) return empty("No points were made yet.", "The first like makes the first account's own points.");
  const sum = (name) => epochs.reduce((all, row) => all + row[name], 0);
  const minted = sum("minted");
  const losses = LOSSES.map(([name, words, colour]) => [words, sum(name), `var(${colour})`]);
  const sink = sum("sink");
  const there = minted - sink - losses.reduce((all, [, n]) => all + n, 0);
  const residual = epochs[0].residual;
  const verdict =
    residual === null
      ? el("span", { class: "soft" }, "The books are compared when no image lags behind the journal.")
      : residual === 0
        ? el("span", { class: "ok" }, "The books balance: nothing came from nowhere, nothing is missing.")
        : el("span", { class: "bad" }, `The books are off by ${number(residual)}: run kith verify.`);
  return [
    el("p", {}, `Of ${number(minted)} points ${areMore ? `made in the last ${number(epochs.length)} epochs` : "ever made"}. `, verdict),
    stack("Where all points are", [["with accounts", there, "var(--hop1)"], ["the sink", sink, "var(--hop0)"], ...losses]),
  ];
}

function theSources(status) {
  if (status.sources.length === 0) {
    return empty("Nothing was read yet.", ["Name a ", el("code", {}, "[[source]]"), " in ", el("code", {}, "kith.toml"), " and start ", el("code", {}, "kith run"), "."]);
  }
  return table("Sources", [
    ["source", (row) => el("span", { class: "name" }, `${row.kind} ${row.url}`)],
    ["state", (row) => el("span", { class: row.connected ? "ok" : "soft" }, standing(row))],
    ["behind", (row) => (row.lag_seconds === null ? "–" : span(row.lag_seconds)), "num"],
    ["cursor", (row) => number(row.cursor), "num"],
  ], status.sources);
}

function standing(source) {
  if (source.connected) return "connected";
  if (source.kind === "file") return "a file";
  return source.configured ? "not connected" : "not in the config";
}

function theBackfill(status) {
  const dayOne = theDayOne(status.bootstrap);
  const states = Object.entries(status.backfill);
  const all = states.reduce((sum, [, n]) => sum + n, 0);
  if (all === 0) return dayOne ?? empty("No account waits to be read.", "Follows that precede the stream are read from the accounts' own hosts when backfill is \"pds\".");
  const done = status.backfill.done ?? 0;
  return [
    el("p", {}, el("span", { class: "big" }, `${Math.floor((done / all) * 100)} %`), ` of ${number(all)} accounts read`),
    el("div", { class: "hop1" }, bar(done / all)),
    el("ul", { class: "key" }, states.map(([name, n]) => el("li", {}, `${name} `, el("b", {}, number(n))))),
    dayOne ?? [],
  ];
}

/** The likes of before the first start: how far they are read, then taken; null where nobody asked for them. */
function theDayOne(day) {
  if (!day) return null;
  const accounts = day.accounts_read + day.accounts_failed;
  const [words, done, all] = {
    reading: ["of the circle's accounts read for their likes of before", accounts, accounts + day.accounts_left],
    taking: ["of the likes of before taken, each at its time", day.likes_taken, day.likes_read],
  }[day.state] ?? [];
  const counts = [["accounts read", accounts - day.accounts_failed], ["failed", day.accounts_failed], ["left", day.accounts_left],
    ["likes read", day.likes_read], ["taken", day.likes_taken]];
  return el("div", { class: "day-one" },
    el("h3", {}, "Day one"),
    words === undefined
      ? el("p", { class: "soft" }, `${number(day.likes_taken)} likes of before the first start were taken.`)
      : [
          el("p", {}, el("b", {}, `${all > 0 ? Math.floor((done / all) * 100) : 0} %`), ` ${words}. Live events wait.`),
          el("div", { class: "hop0" }, bar(all > 0 ? done / all : 0)),
          el("ul", { class: "key" }, counts.map(([name, n]) => el("li", {}, `${name} `, el("b", {}, number(n))))),
        ]);
}

function theGaps(newest, status) {
  const closed = newest.filter((row) => row.closed_micros !== null);
  const open = status.gaps.toReversed().slice(0, GAPS_MAX);
  const rows = [...open, ...closed].slice(0, GAPS_MAX);
  if (rows.length === 0) return empty("Nothing was missed.", "Where a stream breaks, or a commit does not follow the one before, it is told here, with what was recovered.");
  const leftOut = status.open_gaps - open.length;
  return [
    table("Gaps", [
      ["what", (row) => row.kind],
      ["of", (row) => (row.did ? account(row.did) : el("span", { class: "name" }, row.source ?? "–"))],
      ["noticed", (row) => time(row.opened_micros)],
      ["state", (row) => (open.includes(row) ? `${number(row.accounts_left)} of ${number(row.accounts)} accounts left to read` : "closed")],
      ["likes found", (row) => number(row.likes_found), "num"],
    ], rows),
    leftOut > 0 && remark(`${number(leftOut)} more are open: `, "kith report gaps"),
  ];
}

function theNews(slot, signal) {
  const list = el("ul", { class: "news" });
  const nothing = empty("Quiet so far.", "Likes and changes of the circle appear here as they are committed.");
  slot.append(nothing, list);
  const add = (...content) => {
    nothing.remove();
    list.prepend(el("li", {}, ...content));
    while (list.childElementCount > NEWS_MAX) list.lastChild.remove();
  };
  api.on("like", (like) => add(account(like.liker, like.liker_handle), " gave ", number(like.points), " points to ", account(like.author, like.author_handle)), signal);
  api.on("change", (change) => {
    const what = change.to_hop === null ? "left the circle" : change.from_hop === null ? `entered at ${hopWord(change.to_hop)}` : `is now at ${hopWord(change.to_hop)}`;
    add(account(change.did, change.handle), ` ${what} (${change.cause})`);
  }, signal);
}
