/**
 * `npm run build`: the dashboard, which the server serves, and the published packages as plain JavaScript with types, each with its own package.json, in their
 * `dist` folders: what is published is `packages/<name>/dist`.
 */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildInbox } from "./build-inbox.ts";
import { buildDashboard } from "./build-dashboard.ts";
import { buildSdk } from "./build-sdk.ts";
import { bundleDoors } from "./bundle.ts";
import { pointDeclarationsAtJavaScript } from "./declarations.ts";
import { root, steps, tool } from "./run-steps.ts";

/** By the compiler alone; the SDK and the inbox have builds of their own. */
const PUBLISHED = ["languages"];
/** Those that also come as one file for each door, for pages without a bundler. */
const BUNDLED = ["languages"];

type Target = string | { [condition: string]: Target };

interface Manifest {
  exports: Record<string, Target>;
  [field: string]: unknown;
}

await steps([
  ["dashboard", () => buildDashboard().then(() => 0)],
  ["sdk", () => buildSdk(join(root, "packages", "sdk", "dist"))],
  ["inbox", () => buildInbox(join(root, "packages", "inbox", "dist"))],
  ...PUBLISHED.map((name): [string, () => Promise<number>] => [name, () => compile(name)]),
  ...BUNDLED.map((name): [string, () => Promise<number>] => [`${name} for browsers`, () => bundle(name)]),
]);

async function compile(name: string): Promise<number> {
  const home = join(root, "packages", name);
  const dist = join(home, "dist");
  await rm(dist, { recursive: true, force: true });
  const code = await tool("tsc", ["-p", join("packages", name, "tsconfig.build.json")]);
  if (code !== 0) return code;
  await pointDeclarationsAtJavaScript(dist);
  const manifest = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as Manifest;
  const exports = builtTarget(manifest.exports);
  const bundles = BUNDLED.includes(name) ? { "./browser/*": "./browser/*" } : {};
  const built = { ...manifest, exports: { ...(exports as object), ...bundles } };
  await writeFile(join(dist, "package.json"), `${JSON.stringify(built, null, 2)}\n`);
  await cp(join(root, "LICENSE"), join(dist, "LICENSE"));
  if (existsSync(join(home, "README.md"))) await cp(join(home, "README.md"), join(dist, "README.md"));
  return 0;
}

/** `./src/door.ts` as what it was compiled to. */
function builtTarget(target: Target): Target {
  if (typeof target === "string") {
    const path = target.replace("./src/", "./").replace(/\.ts$/, "");
    return { types: `${path}.d.ts`, default: `${path}.js` };
  }
  return Object.fromEntries(Object.entries(target).map(([key, value]) => [key, builtTarget(value)]));
}

async function bundle(name: string): Promise<number> {
  for (const { file, size } of await bundleDoors(name, join(root, "packages", name, "dist", "browser"))) {
    console.log(`     ${file} ${(size / 1000).toFixed(0)} kB`);
  }
  return 0;
}
