// Charts over time, by uPlot, in the page's colours.
import uPlot from "uplot";
import { el, short } from "./dom.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A chart: `xs` ascending (unix seconds if `isTime`), series of [label, colour variable, values, "bars" or "line"].
 * It fits its place, and follows dark and light until the signal.
 */
export function chart(label, xs, series, { isTime = true, signal, height = 190 } = {}) {
  const place = el("div", { class: "chart", role: "img", "aria-label": label });
  let plot;
  const draw = () => {
    plot?.destroy();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    plot = new uPlot(
      {
        width: Math.max(200, place.clientWidth),
        height,
        scales: { x: { time: isTime, range: padded(xs) }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
        axes: [
          { ...axis, ...(isTime ? { values: (_, at) => at.map(clock), incrs: [60, 300, 600, 900, 1800, 3600, 7200], space: 64 } : { values: (_, at) => at.map((x) => (Number.isInteger(x) ? String(x) : "")), space: 80 }) },
          { ...axis, size: 48, values: (_, at) => at.map(short) },
        ],
        legend: { show: series.length > 1, live: false, markers: { width: 8 } },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        series: [
          {},
          ...series.map(([name, variable, , kind]) => ({
            label: name,
            stroke: colour(variable),
            width: kind === "bars" ? 0 : 2,
            fill: kind === "bars" ? colour(variable) : undefined,
            paths: kind === "bars" ? uPlot.paths.bars({ size: [0.75, 40] }) : undefined,
            points: { show: kind !== "bars", size: 6 },
          })),
        ],
      },
      [xs, ...series.map(([, , values]) => values)],
      place,
    );
  };
  const observer = new ResizeObserver(() => {
    if (place.clientWidth === 0) return;
    if (!plot) draw();
    else if (plot.width !== Math.max(200, place.clientWidth)) plot.setSize({ width: Math.max(200, place.clientWidth), height });
  });
  observer.observe(place);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => plot && draw(), { signal });
  signal?.addEventListener("abort", () => {
    observer.disconnect();
    plot?.destroy();
  });
  return place;
}

const hours = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clock = (seconds) => hours.format(seconds * 1000);

/** Half a step of room on either side, so that bars at the ends are whole. */
function padded(xs) {
  const step = xs.length > 1 ? (xs.at(-1) - xs[0]) / (xs.length - 1) : 60;
  return () => [xs[0] - step / 2, xs.at(-1) + step / 2];
}
