// The view of a tracked account, or of a blend of several, each with a weight that may be negative.
import * as api from "./api.js";
import { account, badge, bar, card, el, empty, failed, number, percent, remark, table } from "./dom.js";
import { name } from "./names.js";

const WEIGHT_MAX = 5;
const ROWS = 50;
const TYPING_MS = 250;

export async function trust({ query, signal }) {
  const known = await api.circle();
  const tracked = [...known.values()].filter((row) => row.hop === 0);
  if (tracked.length === 0) {
    return [el("h1", {}, "Trust"), card("", null, empty("Nobody is tracked, so there is no view to show.", ["Add an account: ", el("code", {}, "kith track add HANDLE"), "."]))];
  }
  const weights = read(query.get("viewers"), tracked);
  const answer = el("section", { class: "card", "aria-busy": "false" });
  // Of a ranking that changed its title is said; nobody wants fifty rows read aloud.
  const said = el("p", { class: "unseen", role: "status" });
  let timer, asking;
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const mine = asking;
    answer.setAttribute("aria-busy", "true");
    try {
      const content = await show(weights, known, mine.signal);
      if (mine.signal.aborted) return;
      answer.replaceChildren(...content);
      said.textContent = content[0].textContent;
    } catch (error) {
      if (mine.signal.aborted) return;
      answer.replaceChildren(...failed(error, ask));
    }
    answer.setAttribute("aria-busy", "false");
  };
  const changed = () => {
    const said = write(weights);
    history.replaceState(null, "", said ? `#/trust?${new URLSearchParams({ viewers: said })}` : "#/trust");
    clearTimeout(timer);
    timer = setTimeout(ask, TYPING_MS);
  };
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    asking?.abort();
  });
  await ask();
  return [
    el("div", { class: "head" }, el("h1", {}, "Trust"), el("p", { class: "soft" }, "Who ended up holding the points that these accounts once gave.")),
    el("div", { class: "side" },
      card("", "Whose view",
        el("p", { class: "soft small" }, "One account, or several blended. A weight below zero takes its holders' points away."),
        el("div", { class: "weights" }, tracked.map((row) => slider(row, weights, changed)))),
      answer, said),
  ];
}

/** `did=2,did=-1`; without any, the first tracked account alone. */
function read(text, tracked) {
  const weights = new Map(tracked.map((row) => [row.did, 0]));
  for (const one of (text ?? "").split(",")) {
    const at = one.lastIndexOf("=");
    const weight = Number(one.slice(at + 1));
    if (weights.has(one.slice(0, at)) && Number.isInteger(weight)) weights.set(one.slice(0, at), Math.max(-WEIGHT_MAX, Math.min(WEIGHT_MAX, weight)));
  }
  if (!text) weights.set(tracked[0].did, 1);
  return weights;
}

const write = (weights) => [...weights].filter(([, weight]) => weight !== 0).map(([did, weight]) => `${did}=${weight}`).join(",");

function slider(row, weights, changed) {
  const id = `weight-${row.did}`;
  const shown = (weight) => (weight > 0 ? `+${weight}` : weight < 0 ? `−${-weight}` : "0");
  const output = el("output", { for: id }, shown(weights.get(row.did)));
  const input = el("input", { type: "range", id, min: -WEIGHT_MAX, max: WEIGHT_MAX, step: 1, value: String(weights.get(row.did)) });
  input.value = String(weights.get(row.did));
  input.addEventListener("input", () => {
    weights.set(row.did, Number(input.value));
    output.textContent = shown(Number(input.value));
    changed();
  });
  return el("div", {}, el("label", { for: id }, el("bdi", {}, name(row.did, row.handle)), output), input);
}

async function show(weights, known, signal) {
  const given = [...weights].filter(([, weight]) => weight !== 0);
  if (given.length === 0) return [empty("No view is chosen.", "Move a slider: whose trust do you want to see?")];
  const [viewer, weight] = given[0];
  const single = given.length === 1 && weight > 0;
  const { rows, more } = single
    ? await api.page("trust", { viewer, limit: ROWS }, signal)
    : await api.page("blend", { viewers: write(weights), limit: ROWS }, signal);
  if (rows.length === 0) {
    return [empty("Nobody holds points of this view yet.", "They appear as soon as the account likes somebody's post.")];
  }
  const title = single
    ? ["Whom ", account(viewer, known.get(viewer)?.handle), " trusts"]
    : ["Whom these accounts trust together"];
  const content = [el("h2", {}, ...title), single ? direct(rows, viewer) : blended(rows)];
  if (more) content.push(remark(`The first ${ROWS}; all of them: `, single ? "kith report trust" : "kith report blend"));
  return content;
}

const who = ["account", (row) => account(row.did, row.handle)];
const rank = ["rank", (row) => number(row.rank), "num"];
const hop = ["distance", (row) => badge(row.hop)];

function direct(rows, viewer) {
  const most = rows[0].share;
  return table("Holders of this account's points", [
    rank, who, hop,
    ["points", (row) => number(row.points), "num"],
    ["share", (row) => percent(row.share), "num"],
    ["", (row) => split(row, most), "wide"],
    ["why", (row) => el("a", { href: `#/account/${encodeURIComponent(row.did)}?viewer=${encodeURIComponent(viewer)}`, "aria-label": `Why ${name(row.did, row.handle)} is trusted` }, ways(row))],
  ], rows);
}

function ways(row) {
  if (row.direct === null) return "how";
  if (row.direct === 0) return "through others";
  return row.second_hand > 0 ? "directly and through others" : "directly";
}

/** Direct points in one colour, those of second hand in another; in a third, if it is not known. */
function split(row, most) {
  const whole = (row.share / most) * 100;
  const direct = row.direct === null ? whole : (whole * row.direct) / row.points;
  const known = row.direct === null ? "var(--hop3)" : "var(--hop1)";
  return el("span", { class: "bar two", "aria-hidden": "true" },
    el("i", { style: { left: "0", width: `${direct}%`, background: known } }),
    el("i", { style: { left: `${direct}%`, width: `${whole - direct}%`, background: "var(--hop2)" } }));
}

function blended(rows) {
  const most = Math.max(...rows.map((row) => Math.abs(row.points)), 1);
  return table("Holders in this blend", [
    rank, who, hop,
    ["points", (row) => number(row.points), "num"],
    ["", (row) => el("span", { class: row.points < 0 ? "minus" : "hop1" }, bar(Math.abs(row.points) / most)), "wide"],
    ["added", (row) => number(row.added), "num"],
    ["taken", (row) => number(row.taken), "num"],
    ["views", (row) => number(row.viewers), "num"],
  ], rows);
}
