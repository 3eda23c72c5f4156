// Pictures of every view: node pictures.mjs http://127.0.0.1:9463 FOLDER [DID]
import { mkdir } from "node:fs/promises";
import { go, launch, open } from "./lib.mjs";

const [base, folder, account] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const browser = await launch();
const views = [["overview", "#/"], ["trust", "#/trust"], ["account", `#/account/${account}`], ["circle", "#/circle"]];
for (const [kind, size] of [["light", {}], ["dark", { dark: true }], ["phone", { width: 390, height: 844 }]]) {
  const { tab, wrong } = await open(browser, base, size);
  for (const [name, place] of views) {
    await go(tab, base, place);
    await tab.screenshot({ path: `${folder}/${name}-${kind}.png`, fullPage: true });
  }
  if (wrong.length > 0) console.error(kind, wrong);
  await tab.close();
}
await browser.close();
