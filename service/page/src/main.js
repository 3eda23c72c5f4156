// The page: which view the address asks for, and what is around it.
import "./page.css";
import "uplot/dist/uPlot.min.css";
import * as api from "./api.js";
import { el, failed } from "./dom.js";
import { harmless } from "./names.js";
import { overview } from "./overview.js";
import { trust } from "./trust.js";
import { account } from "./account.js";
import { circle } from "./circle.js";

const VIEWS = { overview, trust, account, circle };
const main = document.getElementById("main");
let leaving = new AbortController();
let first = true;

/** `#/account/did:…?viewer=…` as its parts. */
function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  let argument = rest.join("/");
  try {
    argument = decodeURIComponent(argument);
  } catch {
    // As it stands.
  }
  return { name: name || "overview", argument, query: new URLSearchParams(query) };
}

async function show() {
  const { name, argument, query } = place();
  if (name === "main") return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.replaceChildren(el("p", { class: "wait", role: "status" }, "One moment …"));
  const view = Object.hasOwn(VIEWS, name) && VIEWS[name];
  try {
    if (!view) throw new api.Refusal({ detail: "There is no such page", help: "the pages are named above" });
    const content = await view({ argument, query, signal });
    if (signal.aborted) return;
    main.replaceChildren(...content);
    // Sizes are known only now.
    for (const node of content) node.dispatchEvent(new Event("shown"));
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof api.Refusal)) console.error(error);
    main.replaceChildren(
      el("section", { class: "card", role: "alert" }, el("h1", {}, "That did not work"), failed(error, show)),
    );
  }
  const title = main.querySelector("h1")?.textContent;
  document.title = title ? `${title} · Kith` : "Kith";
  if (!first) main.focus({ preventScroll: true });
  first = false;
  window.scrollTo(0, 0);
}

document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = document.getElementById("find-text").value.trim();
  if (!text) return;
  const hash = `#/account/${encodeURIComponent(text)}`;
  // The same address again is no change, but somebody who asks again wants an answer.
  if (location.hash === hash) show();
  else location.hash = hash;
});

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

const NAMES_MAX = 500;
document.getElementById("find-text").addEventListener("focus", async () => {
  const list = document.getElementById("accounts");
  const known = await api.circle(Infinity).catch(() => new Map());
  const named = [...known.values()].filter((row) => row.handle).slice(0, NAMES_MAX);
  list.replaceChildren(...named.map((row) => el("option", { value: harmless(row.handle) })));
});

const live = document.getElementById("live");
api.on("live", (on) => {
  live.classList.toggle("on", on);
  live.lastElementChild.textContent = on ? "connected" : "no connection; trying again";
  if (on) for (const button of main.querySelectorAll("button.away")) button.click();
});

window.addEventListener("hashchange", show);
api.listen();
show();
