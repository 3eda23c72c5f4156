// The pictures in docs/images: node docs.mjs http://127.0.0.1:9463 FOLDER DID, against `kith serve` on the recording
// (examples/recording.toml); that of the overview was taken of `kith run` while tests/network was being filled.
import { mkdir } from "node:fs/promises";
import { go, launch, open } from "./lib.mjs";

const [base, folder, account] = process.argv.slice(2);
const wide = { width: 1100 };
const phone = { width: 390, height: 760 };
const PICTURES = {
  overview: ["#/", { ...wide, height: 720 }],
  trust: ["#/trust", { ...wide, height: 640 }],
  account: [`#/account/${account}`, { ...wide, height: 900 }],
  circle: ["#/circle", { ...wide, height: 760, dark: true }],
  "phone-overview": ["#/", phone],
  "phone-trust": ["#/trust", { ...phone, dark: true }],
};

await mkdir(folder, { recursive: true });
const browser = await launch();
for (const [name, [place, size]] of Object.entries(PICTURES)) {
  const { tab, wrong } = await open(browser, base, size);
  await go(tab, base, place);
  await tab.screenshot({ path: `${folder}/${name}.png` });
  if (wrong.length > 0) throw new Error(`${name}: ${wrong.join("\n")}`);
  await tab.close();
}
await browser.close();
