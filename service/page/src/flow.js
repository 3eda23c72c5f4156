// The path of points from a viewer to a holder, as a picture: accounts in columns by their distance from the holder,
// a band for each leg, as wide as the points that went there. A leg that skips columns has a place of its own in each.
import { el, number } from "./dom.js";
import { harmless, name } from "./names.js";

const COLUMN = 260;
const NODE = 14;
const GAP = 34;
const BAND_MAX = 44;
/** Legs in a picture: of more, those nearest to the holder. */
export const LEGS_DRAWN = 40;
const NAME_MAX = 26;

export function flow(legs, viewer, holder) {
  const shown = legs.slice(0, LEGS_DRAWN);
  const nodes = place(shown, viewer, holder);
  const most = Math.max(...shown.map((leg) => leg.points));
  const band = (points) => Math.max(1.5, (points / most) * BAND_MAX);

  const ways = shown.map((leg) => ({ leg, wide: band(leg.points), stops: [nodes.get(leg.sender), nodes.get(leg.receiver)] }));
  const columns = [];
  const put = (step, one) => (columns[step] ??= []).push(one);
  for (const one of nodes.values()) put(one.step, one);
  for (const way of ways) {
    const [from, to] = way.stops;
    const between = [];
    for (let step = from.step - 1; step > to.step; step--) {
      const stop = { step, wide: way.wide, weight: 0 };
      put(step, stop);
      between.push(stop);
    }
    way.stops = [from, ...between, to];
    from.out += way.wide;
    to.in += way.wide;
  }
  const last = columns.length - 1;
  let height = 0;
  for (const column of columns) {
    for (const one of column) one.tall = one.wide ?? Math.max(18, one.in, one.out);
    column.sort((a, b) => b.weight - a.weight);
    height = Math.max(height, column.reduce((sum, one) => sum + one.tall + GAP, 20));
  }
  for (const [step, column] of columns.entries()) {
    let y = (height - column.reduce((sum, one) => sum + one.tall + GAP, -GAP)) / 2;
    for (const one of column) {
      Object.assign(one, { x: (last - step) * COLUMN + 8, y });
      y += one.tall + GAP;
    }
  }
  const width = last * COLUMN + 230;
  const called = (did) => nodes.get(did)?.name ?? harmless(did);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The path of the points" },
    el("svg:svg", { class: "flow", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${shown.length} legs from ${called(viewer)} to ${called(holder)}`, style: { "min-width": `${Math.min(width, 640)}px`, "max-width": `${width * 1.2}px` } },
      bands(ways),
      [...nodes.values()].map((one) => label(one, viewer))));
}

/** The accounts, each as many columns from the holder as the nearest of its ways has legs. */
function place(legs, viewer, holder) {
  const nodes = new Map();
  const node = (did, handle) => {
    if (!nodes.has(did)) nodes.set(did, { did, name: name(did, handle), step: 1, weight: 0, in: 0, out: 0, came: 0 });
    return nodes.get(did);
  };
  for (const leg of legs) {
    const [from, to] = [node(leg.sender, leg.sender_handle), node(leg.receiver, leg.receiver_handle)];
    // A leg of step s ends s - 1 legs from the holder.
    to.step = leg.receiver === holder ? 0 : leg.step - 1;
    to.came += leg.points;
    from.weight += leg.points;
    to.weight += leg.points;
  }
  for (const one of nodes.values()) {
    if (one.did !== holder && one.did !== viewer) one.step = Math.max(1, one.step);
  }
  const others = [...nodes.values()].filter((one) => one.did !== viewer).map((one) => one.step);
  if (viewer !== holder && nodes.has(viewer)) nodes.get(viewer).step = Math.max(...others) + 1;
  return nodes;
}

/** The bands, stacked along the accounts' sides in the order of where they lead. */
function bands(ways) {
  const used = new Map();
  const share = (one, side, wide) => {
    if (one.wide) return one.y + one.tall / 2;
    const all = side === "out" ? one.out : one.in;
    const key = `${one.did} ${side}`;
    const before = used.get(key) ?? 0;
    used.set(key, before + wide);
    return one.y + (one.tall - all) / 2 + before + wide / 2;
  };
  const second = (way) => way.stops[1].y + way.stops[1].tall / 2;
  const penultimate = (way) => way.stops.at(-2).y + way.stops.at(-2).tall / 2;
  for (const way of [...ways].sort((a, b) => second(a) - second(b))) way.begin = share(way.stops[0], "out", way.wide);
  for (const way of [...ways].sort((a, b) => penultimate(a) - penultimate(b))) way.end = share(way.stops.at(-1), "in", way.wide);
  return ways.map(({ leg, wide, stops, begin, end }) => {
    let [x, y] = [stops[0].x + NODE, begin];
    let path = `M${x} ${y}`;
    for (const [i, stop] of stops.slice(1).entries()) {
      const isLast = i === stops.length - 2;
      const [to, at] = [stop.x + (isLast ? 0 : NODE / 2), isLast ? end : stop.y + stop.tall / 2];
      const bend = x < to ? (to - x) / 2 : 90;
      path += ` C${x + bend} ${y} ${to - bend} ${at} ${to} ${at}`;
      [x, y] = [to, at];
    }
    return el("svg:path", { d: path, "stroke-width": wide },
      el("svg:title", {}, `${stops[0].name} → ${stops.at(-1).name}: ${number(leg.points)} points`));
  });
}

function label(one, viewer) {
  const name = one.name.length > NAME_MAX ? `${one.name.slice(0, NAME_MAX - 1)}…` : one.name;
  const middle = one.y + one.tall / 2;
  return el("svg:g", {},
    el("svg:rect", { x: one.x, y: one.y, width: NODE, height: one.tall, rx: 4, class: one.did === viewer ? "from" : undefined }),
    el("svg:text", { x: one.x + NODE + 8, y: middle - 2 }, name),
    el("svg:text", { x: one.x + NODE + 8, y: middle + 14, class: "points" },
      one.did === viewer ? "whose points they are" : `${number(one.came)} points came`));
}
