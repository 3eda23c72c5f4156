// The circle as a picture to move through: tracked accounts in the middle, those they follow around them, and so on
// outwards, each near the one that brought it in. Drawn by sigma in WebGL; positions are computed here, once.
import Graph from "graphology";
import Sigma from "sigma";
import * as api from "./api.js";
import { account, badge, card, el, empty, hopWord, number, table } from "./dom.js";
import { name } from "./names.js";

const TIES_MAX = 3000;
// Ties drawn while no account is chosen; beyond this many accounts who brought in whom is left out, too.
const SHOWN_MAX = 250;
const CROWD = 1500;
const STEP = 0.18;
const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export async function circle({ signal }) {
  const [known, flowed, status] = await Promise.all([api.circle(), api.page("ties", { limit: TIES_MAX }, signal), api.status(signal)]);
  const ties = together(flowed.rows);
  const all = Object.values(status.circle).reduce((sum, n) => sum + n, 0);
  const title = el("div", { class: "head" }, el("h1", {}, "The circle"),
    el("p", { class: "soft" }, `${known.more ? `The first ${number(known.size)} of ${number(all)}` : number(known.size)} accounts, and the ${flowed.more ? `${number(ties.length)} strongest` : number(ties.length)} ties among them.`));
  if (known.size === 0) {
    return [title, card("", null, empty("Nobody is in the circle yet.", ["Add an account: ", el("code", {}, "kith track add HANDLE"), "."]))];
  }
  const graph = build(known, ties);
  const canvas = el("div", { tabindex: "0", role: "application", "aria-label": "Picture of the circle: arrow keys move it, plus and minus zoom, 0 shows all. Below, an account can be chosen by its name, and a table names the strongest ties.", "aria-describedby": "chosen" });
  const chosen = el("div", { id: "chosen", "aria-live": "polite" }, el("p", { class: "soft", style: { margin: "0" } }, "Choose an account in the picture, or by its name."));
  // Without WebGL there is no picture, but an account and its ties can be asked for all the same.
  let picture = { move() {}, mark() {}, goTo() {} };
  const tool = (sign, label, key) => el("button", { type: "button", "aria-label": label, onclick: () => picture.move(key) }, sign);
  const map = el("div", { class: "map" }, canvas, el("div", { class: "tools", style: { inset: "auto 0.75rem 0.75rem auto" } }, tool("+", "Zoom in", "+"), tool("−", "Zoom out", "-"), tool("⤢", "Show all", "0")));
  const names = [...known.values()].slice(0, 500);
  const search = el("input", { id: "choose", list: "members", autocomplete: "off", spellcheck: "false" });
  const picker = el("form", { style: { "max-width": "22rem" } }, el("label", { for: "choose" }, "Choose an account"), search,
    el("datalist", { id: "members" }, names.map((row) => el("option", { value: name(row.did, row.handle) }))));

  const choose = (did) => {
    picture.mark(did);
    tell(chosen, did && known.get(did), ties);
  };
  picker.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("change", () => {
    const text = search.value.trim().toLowerCase();
    const row = [...known.values()].find((row) => row.did === text || name(row.did, row.handle).toLowerCase() === text);
    if (!row) {
      chosen.replaceChildren(empty("Nobody in the circle has this name.", "Choose one that the list offers."));
      return;
    }
    choose(row.did);
    picture.goTo(row.did);
  });
  map.addEventListener("shown", () => { picture = draw(canvas, graph, choose, signal) ?? picture; });
  const strongest = ties.slice(0, 8);
  return [
    title, map,
    el("div", { class: "cards" },
      card("half", "In the picture", legend(known), picker, el("div", { style: { "margin-top": "0.9rem" } }, chosen)),
      card("half", "The strongest ties", strongest.length === 0
        ? empty("No points have flowed yet.", "Ties appear with the first likes of tracked accounts.")
        : table("The strongest ties", [
            ["from", (row) => account(row.sender, row.sender_handle)],
            ["to", (row) => account(row.receiver, row.receiver_handle)],
            ["points", (row) => number(row.points), "num"],
          ], strongest))),
  ];
}

/** Ties of several tracked accounts between the same two are one tie. */
function together(legs) {
  const ties = new Map();
  for (const leg of legs) {
    const key = `${leg.sender} ${leg.receiver}`;
    const tie = ties.get(key);
    if (tie) tie.points += leg.points;
    else ties.set(key, { ...leg });
  }
  return [...ties.values()].sort((a, b) => b.points - a.points).map((tie, i) => ({ ...tie, rank: i + 1 }));
}

function legend(known) {
  const hops = [...new Set([...known.values()].map((row) => row.hop))].sort();
  return el("ul", { class: "key", style: { margin: "0 0 0.9rem" } }, hops.map((hop) =>
    el("li", {}, el("i", { style: { background: `var(--hop${Math.min(hop, 3)})`, "border-radius": "50%" } }), hopWord(hop))));
}

/** Nodes at their places, and edges: strong ties, and faint ones to who brought an account in. */
function build(known, ties) {
  const graph = new Graph({ type: "directed" });
  const weight = new Map();
  for (const tie of ties) {
    for (const did of [tie.sender, tie.receiver]) weight.set(did, (weight.get(did) ?? 0) + tie.points);
  }
  const most = Math.max(1, ...weight.values());
  const places = layout(known);
  // Many are small, and their ties thin.
  const scale = Math.max(0.35, Math.min(1, Math.sqrt(200 / known.size)));
  const bold = ties.length > 300 ? 1 : 0.5;
  for (const row of known.values()) {
    const size = (row.hop === 0 ? 8 : 0) + scale * (2.5 + [0, 2, 0, 0][row.hop] + 7 * Math.sqrt((weight.get(row.did) ?? 0) / most));
    graph.addNode(row.did, { ...places.get(row.did), size, hop: row.hop, label: name(row.did, row.handle) });
  }
  for (const row of known.values()) {
    if (row.by && graph.hasNode(row.by) && row.by !== row.did) graph.mergeEdge(row.by, row.did, { size: 0.6, kind: "by" });
  }
  const strong = ties[0]?.points ?? 1;
  for (const tie of ties) {
    if (!graph.hasNode(tie.sender) || !graph.hasNode(tie.receiver) || tie.sender === tie.receiver) continue;
    graph.mergeEdge(tie.sender, tie.receiver, { size: 0.5 + 4 * (tie.points / strong) ** bold * Math.max(0.5, scale), kind: "tie", rank: tie.rank });
  }
  return graph;
}

/** A ring for each hop; each account has a part of the round as wide as what depends on it. */
function layout(known) {
  const children = new Map();
  const roots = [];
  for (const row of known.values()) {
    const parent = row.hop > 0 && known.get(row.by)?.hop < row.hop ? row.by : null;
    if (parent === null) roots.push(row.did);
    else children.set(parent, [...(children.get(parent) ?? []), row.did]);
  }
  const leaves = new Map();
  const inwards = [...known.values()].sort((a, b) => b.hop - a.hop);
  for (const row of inwards) {
    leaves.set(row.did, (children.get(row.did) ?? []).reduce((sum, did) => sum + leaves.get(did), 0) || 1);
  }
  const places = new Map();
  const wide = window.innerWidth > 900 ? 1.6 : 1;
  const tracked = roots.filter((did) => known.get(did).hop === 0).length;
  let pending = [];
  const spread = (dids, from, to) => {
    const all = dids.reduce((sum, did) => sum + leaves.get(did), 0);
    const room = to - from;
    for (const did of dids) {
      const width = (room * leaves.get(did)) / all;
      put(did, from + width / 2);
      pending.push([children.get(did) ?? [], from, from + width]);
      from += width;
    }
  };
  const put = (did, angle) => {
    const hop = known.get(did).hop;
    const ring = hop === 0 ? (tracked === 1 ? 0 : 0.28) : hop;
    const radius = ring + (hop > 0 ? (chance(did) - 0.5) * (hop === 1 ? 0.3 : 0.55) : 0);
    places.set(did, { x: wide * radius * Math.cos(angle), y: radius * Math.sin(angle) });
  };
  spread(roots, 0, 2 * Math.PI);
  while (pending.length > 0) {
    const now = pending;
    pending = [];
    for (const [dids, from, to] of now) if (dids.length > 0) spread(dids, from, to);
  }
  return places;
}

/** 0 to 1, always the same for a name: so the picture is the same each time. */
function chance(text) {
  let sum = 2166136261;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 16777619);
  return ((sum ^ (sum >>> 15)) >>> 0) / 4294967296;
}

/** Draws, calls back when an account is chosen, and returns what moves the picture; nothing where there is no WebGL. */
function draw(canvas, graph, choose, signal) {
  let focus = null;
  let near = new Set();
  let paint = {};
  const isLarge = graph.order > CROWD;
  const colours = () => {
    paint = { soft: variable("--line"), edge: variable("--edge"), tie: variable("--hop0"), ink: variable("--ink"), card: variable("--card"), hops: [0, 1, 2, 3].map((hop) => variable(`--hop${hop}`)) };
  };
  colours();
  let picture;
  try {
    picture = new Sigma(graph, canvas, {
      labelFont: "system-ui, sans-serif",
      labelSize: 13,
      labelColor: { color: paint.ink },
      labelRenderedSizeThreshold: graph.order > 100 ? 7 : 3.5,
      labelDensity: 0.6,
      minCameraRatio: 0.02,
      maxCameraRatio: 3,
      stagePadding: 40,
      zIndex: true,
      allowInvalidContainer: true,
      hideEdgesOnMove: graph.size > 8000,
      defaultDrawNodeHover: (context, data) => hover(context, data, paint),
      nodeReducer: (did, data) => {
        const dim = focus && did !== focus && !near.has(did);
        const colour = dim ? paint.soft : paint.hops[Math.min(data.hop, 3)];
        return { ...data, color: colour, label: dim ? "" : data.label, forceLabel: did === focus || data.hop === 0, zIndex: did === focus ? 3 : dim ? 0 : 3 - data.hop };
      },
      edgeReducer: (edge, data) => {
        const touched = focus && graph.hasExtremity(edge, focus);
        const colour = touched ? paint.tie : data.kind === "tie" ? paint.edge : paint.soft;
        return { ...data, color: colour, hidden: focus ? !touched : data.kind === "tie" ? data.rank > SHOWN_MAX : isLarge, zIndex: touched ? 2 : data.kind === "tie" ? 1 : 0 };
      },
    });
  } catch (error) {
    console.warn(error);
    canvas.append(empty("This browser cannot draw the picture: it has no WebGL.", "The table below names the strongest ties."));
    return undefined;
  }
  const mark = (did) => {
    focus = did;
    near = new Set(did ? graph.neighbors(did) : []);
    picture.refresh({ skipIndexation: true });
  };
  const goTo = (did) => {
    const at = picture.getNodeDisplayData(did);
    picture.getCamera().animate({ x: at.x, y: at.y, ratio: 0.35 }, { duration: 300 });
  };
  picture.on("clickNode", ({ node }) => choose(node));
  picture.on("clickStage", () => choose(null));
  picture.on("enterNode", () => (canvas.style.cursor = "pointer"));
  picture.on("leaveNode", () => (canvas.style.cursor = "grab"));
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => {
    colours();
    picture.setSetting("labelColor", { color: paint.ink });
    picture.refresh();
  }, { signal });
  signal.addEventListener("abort", () => picture.kill());

  const move = (key) => {
    const camera = picture.getCamera();
    const { x, y, ratio } = camera.getState();
    const step = STEP * ratio;
    const to = {
      ArrowLeft: { x: x - step }, ArrowRight: { x: x + step }, ArrowUp: { y: y + step }, ArrowDown: { y: y - step },
      "+": { ratio: ratio / 1.4 }, "=": { ratio: ratio / 1.4 }, "-": { ratio: ratio * 1.4 }, 0: { x: 0.5, y: 0.5, ratio: 1 },
    }[key];
    if (to) camera.animate(to, { duration: 150 });
    if (key === "Escape") choose(null);
    return Boolean(to);
  };
  canvas.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && move(event.key)) event.preventDefault();
  });
  return { move, mark, goTo };
}

/** The label of a node under the pointer, on a plate. */
function hover(context, data, paint) {
  context.font = "600 13px system-ui, sans-serif";
  const width = context.measureText(data.label).width;
  context.fillStyle = paint.card;
  context.strokeStyle = paint.edge;
  context.beginPath();
  context.roundRect(data.x - data.size - 4, data.y - 14, width + data.size * 2 + 16, 28, 8);
  context.fill();
  context.stroke();
  context.fillStyle = data.color;
  context.beginPath();
  context.arc(data.x, data.y, data.size, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = paint.ink;
  context.fillText(data.label, data.x + data.size + 5, data.y + 5);
}

function tell(place, row, ties) {
  if (!row) {
    place.replaceChildren(el("p", { class: "soft", style: { margin: "0" } }, "Choose an account in the picture, or by its name."));
    return;
  }
  const its = ties.filter((tie) => tie.sender === row.did || tie.receiver === row.did).slice(0, 5);
  place.replaceChildren(
    el("p", {}, account(row.did, row.handle), " ", badge(row.hop)),
    its.length === 0
      ? el("p", { class: "soft", style: { margin: "0" } }, "No strong tie.")
      : el("ul", { class: "news" }, its.map((tie) => tie.sender === row.did
          ? el("li", {}, `gave ${number(tie.points)} points to `, account(tie.receiver, tie.receiver_handle))
          : el("li", {}, `got ${number(tie.points)} points from `, account(tie.sender, tie.sender_handle)))));
}
