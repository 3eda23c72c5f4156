// One account: whose points it holds, how it fared, to whom it gave, why it is in the circle, why it is trusted.
import * as api from "./api.js";
import { account as link, badge, bar, card, el, empty, failed, hopWord, number, percent, remark, stack, table, time } from "./dom.js";
import { chart } from "./chart.js";
import { flow, LEGS_DRAWN } from "./flow.js";
import { harmless, name } from "./names.js";

const COLOURS = { tracked: "var(--hop0)", "hop 1": "var(--hop1)", "hop 2": "var(--hop2)", "hop 3": "var(--hop3)", outside: "var(--outside)", collapsed: "var(--edge)" };

const LEGS_MAX = 200;
const GIVEN_ROWS = 12;
const EPOCH_ROWS = 8;

export async function account({ argument, query, signal }) {
  // Whose a name is, only the service knows: several accounts may claim it, and some are not in the circle.
  const found = await api.explain(argument.replace(/^@/, ""), signal);
  const id = found.did;
  const wasSeen = found.status !== null;
  const ask = (name, asked) => (wasSeen ? api.page(name, { account: id, ...asked }, signal) : { rows: [], more: false });
  const [known, composition, history, given] = await Promise.all([
    api.circle(), ask("composition"), ask("history", { limit: 200 }), ask("given", { limit: GIVEN_ROWS }),
  ]);
  const tracked = [...known.values()].filter((row) => row.hop === 0);
  return [
    el("div", { class: "head" }, el("h1", {}, el("bdi", {}, name(id, found.handle))), badge(found.hop)),
    el("div", { class: "cards" },
      card("third", "Who it is", facts(found, composition.rows)),
      card("most", "Whose points it holds", holds(composition.rows, known)),
      card("", "Why it is trusted", wasSeen ? await why(id, tracked, query.get("viewer"), signal) : empty(REASONS.unknown)),
      card("half", "How it fared", fared(history.rows, signal)),
      card("half", "To whom it gave in this epoch", gave(given)),
      card("", "Why it is in the circle", ways(found))),
  ];
}

function facts(found, composition) {
  const points = composition.reduce((sum, row) => sum + row.points, 0);
  const fact = (title, ...said) => el("div", {}, el("dt", {}, title), el("dd", {}, ...said));
  const isIn = found.hop !== null;
  return el("dl", { class: "fact" },
    fact("points it holds", el("span", { class: "big" }, number(points))),
    fact("distance", hopWord(found.hop)),
    found.status !== null && fact("status", found.status),
    isIn && fact("in the circle since", found.since_micros === null ? "the beginning" : time(found.since_micros)),
    fact("DID", el("code", {}, harmless(found.did))));
}

function holds(composition, known) {
  if (composition.length === 0) return empty("It holds no points.", "Points come with likes from members of the circle.");
  return [
    ...stack("Whose points it holds", composition.map((row) => [row.origins_are, row.points, COLOURS[row.origins_are] ?? "var(--edge)"])),
    table("Points by distance of their origin", [
      ["of", (row) => row.origins_are],
      ["accounts", (row) => number(row.origins), "num"],
      ["points", (row) => number(row.points), "num"],
      ["share", (row) => percent(row.share), "num"],
      ["most from", (row) => (row.most ? el("span", {}, link(row.most, known.get(row.most)?.handle), ` (${number(row.most_points)})`) : "–")],
    ], composition),
  ];
}

async function why(id, tracked, asked, signal) {
  const viewers = tracked.filter((row) => row.did !== id);
  if (viewers.length === 0) return empty("There is no tracked account whose points could have come here.", "Flows are kept for tracked accounts.");
  const place = el("div");
  const select = el("select", { id: "viewer" }, viewers.map((row) => el("option", { value: row.did, selected: row.did === asked }, name(row.did, row.handle))));
  let asking;
  const show = async () => {
    asking?.abort();
    asking = new AbortController();
    // The answer to an earlier choice is of no use any more.
    const mine = AbortSignal.any([signal, asking.signal]);
    const viewer = select.value;
    try {
      const { rows: legs, more } = await api.page("why", { viewer, holder: id, limit: LEGS_MAX }, mine);
      if (legs.length === 0) {
        place.replaceChildren(empty("No point of this account has come here.", "Choose another one above."));
        return;
      }
      const all = more ? `the first ${number(legs.length)}` : number(legs.length);
      place.replaceChildren(
        flow(legs, viewer, id),
        el("details", {}, el("summary", {}, `The same as a table: ${all} legs`),
          table("Legs by which the points came", [
            ["from", (row) => link(row.sender, row.sender_handle)],
            ["to", (row) => link(row.receiver, row.receiver_handle)],
            ["points", (row) => number(row.points), "num"],
            ["share of what came there", (row) => percent(row.share), "num"],
          ], legs)));
      if (legs.length > LEGS_DRAWN || more) {
        place.append(remark(`The picture has ${number(LEGS_DRAWN)} legs, those nearest to this account, of ${more ? "more than " : ""}${number(legs.length)}; all of them: `, "kith report why"));
      }
    } catch (error) {
      if (!mine.aborted) place.replaceChildren(...failed(error, show));
    }
  };
  select.addEventListener("change", show);
  // Whoever gave most is the best answer to begin with; but one asked for goes first.
  if (!viewers.some((row) => row.did === asked)) {
    for (const row of viewers.slice(0, 8)) {
      if ((await api.report("why", { viewer: row.did, holder: id, limit: 1 }, signal)).length > 0) {
        select.value = row.did;
        break;
      }
    }
  }
  await show();
  return el("div", {}, el("p", { style: { "max-width": "24rem" } }, el("label", { for: "viewer" }, "By which way the points came of "), select), place);
}

function fared(history, signal) {
  if (history.length === 0) return empty("It has not taken part yet.", "Its first like, given or received, begins its history.");
  const rows = history.toReversed();
  const over = rows.filter((row) => row.own !== null);
  const parts = [];
  if (over.length > 1) {
    parts.push(chart(`Points it held at the end of ${over.length} epochs; ${over.at(-1).tally} at the last`, over.map((row) => row.epoch),
      [["points held", "--hop1", over.map((row) => row.tally), "line"], ["of them, of tracked accounts", "--hop0", over.map((row) => row.tracked), "line"]],
      { isTime: false, signal }));
  }
  parts.push(table("Epoch by epoch", [
    ["epoch", (row) => String(row.epoch)],
    ["held", (row) => number(row.tally), "num"],
    ["rank", (row) => number(row.rank), "num"],
    ["received", (row) => number(row.received), "num"],
    ["given", (row) => number(row.given), "num"],
  ], history.slice(0, EPOCH_ROWS)));
  if (history.length > EPOCH_ROWS) parts.push(remark(`The last ${EPOCH_ROWS} epochs; all of them: `, "kith report history"));
  return parts;
}

function gave({ rows, more }) {
  if (rows.length === 0) return empty("It gave nothing in this epoch.", "Whom it likes appears here. How it fared tells of earlier epochs.");
  const most = Math.max(...rows.map((row) => row.points), 1);
  return [
    table("To whom it gave in this epoch", [
      ["account", (row) => link(row.did, row.handle)],
      ["likes", (row) => number(row.likes), "num"],
      ["points", (row) => number(row.points), "num"],
      ["", (row) => el("span", { class: "hop1" }, bar(row.points / most)), "wide"],
    ], rows),
    more && remark(`The first ${number(rows.length)}; all of them: `, "kith report given"),
  ];
}

const REASONS = {
  unknown: "Nothing of it was ever seen.",
  forgotten: "It asked to be forgotten.",
  skipped: "The configuration says to skip it.",
  left: "It was there, and left.",
  not_followed: "Nobody nearer to the tracked accounts follows it.",
  not_yet: "The configuration tracks it, but no service has taken that up yet.",
};

function ways(found) {
  const parts = [];
  const who = (did) => link(did, found.handles[did]);
  const cause = (change) => change.cause === "follow" && change.subject
    ? [who(change.by), " followed ", change.subject === found.did ? "it" : who(change.subject)]
    : [change.cause, change.by && [" of ", who(change.by)]];
  const moved = (word, change) => change && el("p", { class: "soft" }, `${word} ${change.micros > 0 ? time(change.micros) : "at the beginning"}: `, cause(change));
  if (found.hop === null) parts.push(empty("It is not in the circle.", REASONS[found.reason] ?? ""), moved("It left", found.left));
  else if (found.hop === 0) parts.push(empty("It is tracked: the configuration names it."));
  else {
    parts.push(moved("It entered", found.entered),
      found.moved && moved(`It moved from ${hopWord(found.moved.from_hop)} to ${hopWord(found.moved.to_hop)}`, found.moved),
      el("p", { class: "soft" }, "Each follows the next; the first is tracked."),
      found.paths.map((path) => el("ol", { class: "path" }, path.map((did) => el("li", {}, who(did))))));
  }
  return el("div", {}, ...parts);
}
