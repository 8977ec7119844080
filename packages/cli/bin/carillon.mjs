#!/usr/bin/env node
// The sources run on Node 24, which comes along as a package; called by an older one, this hands over to it.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = new URL("../src/main.ts", import.meta.url);
if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(main);
} else {
  const pinned = dirname(createRequire(import.meta.url).resolve("node/package.json"));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
  const args = [fileURLToPath(main), ...process.argv.slice(2)];
  const { status } = spawnSync(join(pinned, "bin", "node"), args, { stdio: "inherit" });
  process.exit(status ?? 1);
}
