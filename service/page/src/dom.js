// Building the document. Whatever comes from strangers becomes a text node: nothing here, or anywhere in the page,
// reads markup.
import { harmless, name } from "./names.js";

/** An element: properties, attributes (`aria-…`, `role`, …), listeners (`onclick`), children (texts or elements). */
export function el(tag, given = {}, ...children) {
  const node = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const whole = new Intl.NumberFormat("en");
const parts = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const number = (n) => (n === null || n === undefined ? "–" : whole.format(n));
export const percent = (n) => (n === null || n === undefined ? "–" : parts.format(n));
export const short = (n) => compact.format(n);
export const time = (micros) => (micros === null || micros === undefined ? "–" : moment.format(micros / 1000));

/** A duration in words: the two largest units. */
export function span(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  let rest = Math.max(0, Math.round(seconds));
  const words = [];
  for (const [unit, length] of units) {
    const n = Math.floor(rest / length);
    rest -= n * length;
    if (n > 0 && words.length < 2) words.push(`${n} ${unit}`);
  }
  return words.join(" ") || "0 s";
}

export const hopWord = (hop) => (hop === null || hop === undefined ? "outside" : hop === 0 ? "tracked" : `hop ${hop}`);
export const hopClass = (hop) => (hop === null || hop === undefined ? "outside" : `hop${Math.min(hop, 3)}`);
export const badge = (hop) => el("span", { class: `badge ${hopClass(hop)}` }, hopWord(hop));

/** A link to an account's page, by name where one is known. */
export function account(did, handle) {
  if (!did) return document.createTextNode("–");
  return el("a", { href: `#/account/${encodeURIComponent(did)}`, title: harmless(did) }, el("bdi", {}, name(did, handle)));
}

export const card = (kind, title, ...children) =>
  el("section", { class: `card ${kind}` }, title && el("h2", {}, title), ...children);

/** What to show where there is nothing: what that means, and what to do. */
export const empty = (...lines) => el("div", { class: "empty" }, ...lines.map((line) => el("p", {}, ...[line].flat())));

/** Why there is no answer, and a button that asks again: by itself, if Kith was away and is back. */
export const failed = (error, again) => [
  empty(error.message, error.help ?? ""),
  el("button", { type: "button", class: error.isAway && "away", onclick: () => again() }, "Try again"),
];

/** A remark below a table or a picture, and the command that says more. */
export const remark = (text, command) => el("p", { class: "soft small below" }, text, command && el("code", {}, command));

/** A table. Columns: title, how to show a row, and a class. */
export function table(label, columns, rows) {
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, columns.map(([title, , kind]) => (title ? el("th", { scope: "col", class: kind }, title) : el("td"))))),
      el("tbody", {}, rows.map((row, i) => el("tr", {}, columns.map(([, show, kind]) => el("td", { class: kind }, show(row, i)))))),
    ),
  );
}

/** A part of one, 0 to 1, as a bar. The figure stands beside it, so it is hidden from readers. */
export const bar = (part, kind = "") =>
  el("span", { class: `bar ${kind}`, "aria-hidden": "true" }, el("i", { style: { width: `${Math.min(1, Math.max(0, part)) * 100}%` } }));

/** Parts of a whole side by side, with their key: [name, amount, colour, shown]. */
export function stack(label, parts) {
  const shown = parts.filter(([, amount]) => amount > 0);
  const all = shown.reduce((sum, [, amount]) => sum + amount, 0);
  return [
    el("div", { class: "stack", role: "img", "aria-label": `${label}: ${shown.map(([name, n]) => `${name} ${percent(n / all)}`).join(", ")}` },
      shown.map(([, amount, colour]) => el("i", { style: { "flex-grow": String(amount / all), background: colour } }))),
    el("ul", { class: "key" }, shown.map(([name, amount, colour]) =>
      el("li", {}, el("i", { style: { background: colour } }), `${name} `, el("b", {}, number(amount))))),
  ];
}
