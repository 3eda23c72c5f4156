// What moves, fails and comes late: node moving.mjs BASE, on most of the recording, with a handle that two members
// claim. A line of this program's output that begins with "> " is a wish ("> replay", "> kill", "> serve"), which who
// started it fulfils and answers with a line. Prints what is wrong, and ends with 1 if anything is.
import { createInterface } from "node:readline";
import { audit, go, launch, open, overflow, settled } from "./lib.mjs";

const [base] = process.argv.slice(2);
const TWIN = "twin.example";
const OUTSIDER = "user020.pds1.test";
const failures = [];
const check = (is, what) => {
  if (!is) failures.push(what);
};
const text = (tab, selector = "main") => tab.$eval(selector, (node) => node.innerText);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const wish = async (what) => {
  console.log(`> ${what}`);
  await answers.next();
};
/** Waits until the page says so. */
const says = (tab, words, what, { timeout = 30000, selector = "body" } = {}) =>
  tab.waitForFunction((words, selector) => document.querySelector(selector)?.innerText.includes(words), { timeout }, words, selector)
    .catch(async () => failures.push(`${what}: does not say ${JSON.stringify(words)}, but ${(await text(tab, "body")).slice(0, 500)}`));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const answer = (request, body, headers = {}) =>
  request.respond({ status: 200, contentType: "application/json", headers, body: JSON.stringify(body) });
const get = async (path) => (await fetch(base + path)).json();
/** Answers some requests itself: `bend` returns true for those. */
async function bent(browser, bend, how) {
  const { tab, wrong } = await open(browser, base, how);
  await tab.setRequestInterception(true);
  tab.on("request", (request) => bend(request, new URL(request.url())) || request.continue());
  return { tab, wrong };
}

const browser = await launch();

// Two members claim one name: it names neither.
{
  const { tab } = await open(browser, base);
  await go(tab, base, `#/account/${TWIN}`);
  check((await text(tab)).includes("say that the handle"), `a shared handle: ${await text(tab)}`);
  await go(tab, base, "#/circle");
  check(!(await tab.$eval("#members", (list) => list.innerHTML)).includes(TWIN), "a shared handle is offered as a name");
  await tab.close();
}

// Asked for by its name: an account that left; by its DID: one of which nothing is known.
{
  const { tab, wrong } = await open(browser, base);
  await go(tab, base, `#/account/${OUTSIDER}`);
  const shown = await text(tab);
  for (const words of [OUTSIDER, "outside", "did:plc:bfgyhbcueiu4s622tgovisuc", "It is not in the circle"]) {
    check(shown.includes(words), `an outsider: does not say ${JSON.stringify(words)}, but ${shown.slice(0, 500)}`);
  }
  await go(tab, base, "#/account/did:plc:zzzzzzzzzzzzzzzzzzzzzzzz");
  check((await text(tab)).includes("Nothing of it was ever seen"), `an unknown account: ${await text(tab)}`);
  for (const found of await audit(tab)) failures.push(`an unknown account: ${found}`);
  check(wrong.length === 0, wrong.join("\n"));
  await tab.close();
}

// Of two choices the later one is shown, even if its answer comes first; and of many legs it is said how many.
{
  let slow;
  const { tab, wrong } = await bent(browser, (request, url) => {
    if (!url.pathname.endsWith("/reports/why")) return false;
    const viewer = url.searchParams.get("viewer");
    const legs = Array.from({ length: 60 }, (_, i) => ({
      step: 1, sender: i === 0 ? viewer : `did:web:s${i}.example`, sender_handle: null, receiver: url.searchParams.get("holder"),
      receiver_handle: null, points: 60 - i, share: 0.1, first_epoch: 1, last_epoch: 1,
    }));
    if (viewer === slow) setTimeout(() => answer(request, legs), 1500);
    else answer(request, legs);
    return true;
  });
  await go(tab, base, "#/account/user001.pds1.test");
  const [first, second] = await tab.$$eval("#viewer option", (options) => options.map((option) => option.value));
  slow = second;
  await tab.select("#viewer", second);
  await tab.select("#viewer", first);
  await pause(2000);
  const label = await tab.$eval("svg.flow", (picture) => picture.getAttribute("aria-label"));
  check(label.includes(`from ${first}`) && (await tab.$("svg.flow .from")), `the later choice is not shown, but ${label}`);
  check((await text(tab)).includes("The picture has 40 legs, those nearest to this account, of 60"), "what a picture leaves out is not said");
  check(wrong.length === 0, wrong.join("\n"));
  await tab.close();
}

// More members, gaps and likes than are asked for.
{
  const status = await get("/api/v1/status");
  const members = await get("/api/v1/reports/circle?limit=5");
  const gap = (id, closed) => ({
    id, kind: "chain", did: members[0].did, source: null, accounts: 1, accounts_left: closed ? 0 : 1, opened_micros: 1e15,
    closed_micros: closed ? 2e15 : null, likes_found: 0,
  });
  const { tab, wrong } = await bent(browser, (request, url) => {
    if (url.pathname.endsWith("/status")) {
      answer(request, { ...status, circle: { 0: 100 }, open_gaps: 30, gaps: [gap(7, false)], journal: { ...status.journal, position: 40000 } });
    } else if (url.pathname.endsWith("/reports/circle")) {
      const offset = Number(url.searchParams.get("offset"));
      const rows = members.map((row, i) => ({ ...row, did: `did:web:m${offset}-${i}.example`, handle: null }));
      answer(request, rows, { link: '</more>; rel="next"' });
    } else if (url.pathname.endsWith("/reports/gaps")) answer(request, Array.from({ length: 20 }, (_, i) => gap(100 - i, true)));
    else if (url.pathname.endsWith("/reports/pulse")) {
      answer(request, [2, 1, 0].map((i) => ({ minute_micros: 1.7e15 + i * 6e7, likes: 4, accepted: 4, points: 4, likers: 2 })));
    } else return false;
    return true;
  });
  await go(tab, base, "#/");
  const shown = await text(tab);
  check(shown.includes("1 of 1 accounts left to read"), "an open gap is shown, however many were closed since");
  check(shown.includes("29 more are open"), "and how many more there are");
  check((await tab.$$eval("[role=img]", (all) => all.map((one) => one.getAttribute("aria-label")).join())).includes("over 3 minutes"), "minutes that were not looked at are not drawn");
  await go(tab, base, "#/circle");
  check((await text(tab)).includes("The first 20 of 100 accounts"), `how many there are: ${(await text(tab)).slice(0, 200)}`);
  check(wrong.length === 0, wrong.join("\n"));
  await tab.close();
}

// An answer that says no can be asked for again.
{
  let refused = 0;
  const { tab } = await bent(browser, (request, url) => {
    if (!url.pathname.endsWith("/reports/trust") || refused++ > 0) return false;
    request.respond({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ status: 503, detail: "the database does not answer", help: "try again" }) });
    return true;
  });
  await go(tab, base, "#/trust");
  check((await text(tab)).includes("the database does not answer"), "a refusal is shown");
  await tab.evaluate(() => [...document.querySelectorAll("main button")].find((button) => button.textContent === "Try again")?.click());
  await says(tab, "directly", "asked again", { selector: "main" });
  await tab.close();
}

// A stream of events that was refused is asked for again; and a service whose sources are gone is seen to be.
{
  let refuse = true, status = await get("/api/v1/status"), connected = true;
  const { tab } = await bent(browser, (request, url) => {
    if (url.pathname.endsWith("/status")) {
      const source = { kind: "relay", url: "wss://relay.example", cursor: 5, lag_seconds: 1, connected, configured: true };
      answer(request, { ...status, sources: [source] });
      return true;
    }
    if (!url.pathname.endsWith("/events") || !refuse) return false;
    request.respond({ status: 503, body: "" });
    return true;
  });
  await go(tab, base, "#/");
  check((await text(tab, "footer")).includes("no connection"), "a refused stream is told of");
  refuse = false;
  await says(tab, "connected", "a refused stream", { selector: "#live" });
  const place = () => tab.evaluate(() => document.activeElement.getAttribute("aria-label"));
  await tab.focus('[aria-label="Sources"]');
  connected = false;
  await says(tab, "not connected", "a service that died", { selector: "main" });
  check((await place()) === "Sources", `who reads keeps the place: ${await place()}`);
  await tab.close();
}

// Without WebGL an account can be chosen all the same.
{
  const plain = await launch(["--disable-3d-apis"]);
  const { tab, wrong } = await open(plain, base);
  await go(tab, base, "#/circle");
  check((await text(tab)).includes("it has no WebGL"), "no WebGL is told of");
  await tab.focus("#choose");
  await tab.keyboard.type("user000.pds1.test");
  await tab.keyboard.press("Enter");
  await says(tab, "user000.pds1.test", "without WebGL", { selector: "#chosen" });
  check((await overflow(tab)) <= 0, "without WebGL: is wider than the window");
  const others = wrong.filter((one) => !/webgl/i.test(one));
  check(others.length === 0, others.join("\n"));
  await plain.close();
}

// What is committed is shown, while it happens.
{
  let under = 0, most = 0;
  const { tab, wrong } = await open(browser, base);
  tab.on("request", (request) => request.url().endsWith("/status") && (most = Math.max(most, ++under)));
  const done = (request) => request.url().endsWith("/status") && under--;
  tab.on("requestfinished", done);
  tab.on("requestfailed", done);
  await go(tab, base, "#/");
  await says(tab, "Quiet so far", "before anything happens");
  const before = Number((await text(tab, ".head")).match(/position ([\d,]+)/)?.[1].replaceAll(",", ""));
  await wish("replay");
  const { journal } = await get("/api/v1/status");
  check(journal.position > before, `nothing happened: ${before}, ${journal.position}`);
  await says(tab, `journal position ${journal.position}`, "what was committed");
  const news = await text(tab, ".news");
  check(news.includes("gave"), "news are told");
  check(!news.includes(TWIN), `a shared handle is told as a name: ${news}`);
  check(most === 1, `${most} looks at once`);
  for (const found of await audit(tab)) failures.push(`while it happens: ${found}`);

  await wish("kill");
  await says(tab, "no connection; trying again", "a service that is gone", { selector: "footer" });
  await says(tab, "Not read again since", "a service that is gone", { selector: ".head" });
  await tab.evaluate(() => (location.hash = "#/trust"));
  await says(tab, "Kith does not answer", "a view of a service that is gone", { selector: "main" });
  await wish("serve");
  await says(tab, "connected", "a service that is back", { selector: "#live" });
  await says(tab, "Whom", "the view comes by itself", { selector: "main" });
  // Chromium writes what it cannot reach to the console by itself.
  const others = wrong.filter((one) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(one));
  check(others.length === 0, others.join("\n"));
  await settled(tab);
  await tab.close();
}

await browser.close();
for (const failure of failures) console.error(`- ${failure}`);
console.log(failures.length === 0 ? "all is told" : `${failures.length} things are wrong`);
process.exit(failures.length === 0 ? 0 : 1);
