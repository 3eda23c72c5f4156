// The path of points from a viewer to a holder, as a picture: accounts in columns by their distance from the holder,
// a band for each leg, as wide as the points that went there.
import { el, harmless, number } from "./dom.js";

const COLUMN = 250;
const NODE = 14;
const ROW = 46;
const BAND_MAX = 30;
const LEGS_MAX = 40;

export function flow(legs, viewer, holder) {
  const shown = legs.slice(0, LEGS_MAX);
  const nodes = new Map();
  const node = (did, handle) => {
    if (!nodes.has(did)) nodes.set(did, { did, name: harmless(handle ?? did), step: Infinity, in: 0, out: 0 });
    return nodes.get(did);
  };
  // A leg of step s ends at an account s - 1 legs from the holder.
  for (const leg of shown) {
    const to = node(leg.receiver, leg.receiver_handle);
    to.step = Math.min(to.step, leg.step - 1);
    to.in += leg.points;
    node(leg.sender, leg.sender_handle).out += leg.points;
  }
  for (const one of nodes.values()) {
    if (one.step === Infinity) one.step = Math.max(0, ...shown.filter((leg) => leg.sender === one.did).map((leg) => leg.step));
  }
  const steps = Math.max(1, ...[...nodes.values()].map((one) => one.step), nodes.get(viewer) ? 1 : 0);
  const source = nodes.get(viewer);
  if (source && viewer !== holder) source.step = steps + (([...nodes.values()].some((one) => one.did !== viewer && one.step === steps)) ? 1 : 0);
  const last = Math.max(...[...nodes.values()].map((one) => one.step));

  const columns = new Map();
  for (const one of [...nodes.values()].sort((a, b) => b.in + b.out - a.in - a.out)) {
    columns.set(one.step, [...(columns.get(one.step) ?? []), one]);
  }
  const tallest = Math.max(...[...columns.values()].map((column) => column.length));
  const height = Math.max(150, tallest * ROW + 30);
  const width = last * COLUMN + 230;
  for (const [step, column] of columns) {
    column.forEach((one, i) => {
      one.x = (last - step) * COLUMN + 8;
      one.y = height / 2 + (i - (column.length - 1) / 2) * ROW;
    });
  }
  const most = Math.max(...shown.map((leg) => leg.points));
  const band = (points) => Math.max(1.5, (points / most) * BAND_MAX);
  const label = (one) => (one.name.length > 26 ? `${one.name.slice(0, 25)}…` : one.name);
  const summary = `${shown.length} legs from ${nodes.get(viewer)?.name ?? viewer} to ${nodes.get(holder)?.name ?? holder}`;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The path of the points" },
    el("svg:svg", { class: "flow", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary, style: { "min-width": `${Math.min(width, 620)}px`, "max-width": `${width * 1.15}px` } },
      shown.map((leg) => {
        const [from, to] = [nodes.get(leg.sender), nodes.get(leg.receiver)];
        const [x1, x2] = [from.x + NODE, to.x];
        const bend = x1 < x2 ? Math.max(40, (x2 - x1) / 2) : 90;
        return el("svg:path", { d: `M${x1} ${from.y} C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`, "stroke-width": band(leg.points) },
          el("svg:title", {}, `${from.name} → ${to.name}: ${number(leg.points)} points`));
      }),
      [...nodes.values()].map((one) => {
        const tall = Math.max(16, band(Math.min(most, Math.max(one.in, one.out))));
        return el("svg:g", {},
          el("svg:rect", { x: one.x, y: one.y - tall / 2, width: NODE, height: tall, rx: 4, class: one.did === viewer ? "from" : undefined }),
          el("svg:text", { x: one.x + NODE + 8, y: one.y + 1 }, label(one)),
          el("svg:text", { x: one.x + NODE + 8, y: one.y + 16, class: "points" },
            one.did === viewer ? "whose points they are" : `${number(one.in)} points came`));
      })));
}
