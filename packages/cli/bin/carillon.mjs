#!/usr/bin/env node
// The sources run on Node 24, which is installed as a package; on an older Node, this starts it.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = new URL("../src/main.ts", import.meta.url);
if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(main);
} else {
  const pinned = dirname(createRequire(import.meta.url).resolve("node/package.json"));
  const args = [fileURLToPath(main), ...process.argv.slice(2)];
  const child = spawn(join(pinned, "bin", "node"), args, { stdio: "inherit" });
  // Ctrl-C in a terminal reaches the whole group; forwarding it would count as the second signal, which ends at once.
  const signals = process.stdin.isTTY ? ["SIGTERM"] : ["SIGTERM", "SIGINT"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  if (process.stdin.isTTY) process.on("SIGINT", () => {});
  child.on("exit", (code) => process.exit(code ?? 1));
}
