// The one entry of every npm verb. Plain JavaScript on purpose: it is run by whatever Node (18 or newer) the
// machine has, installs what the lock file names when that is not yet done, and hands over to the pinned Node.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const stamp = join(root, "node_modules", ".carillon-lock-hash");

/** Each verb is a script run by the pinned Node. */
const VERBS = {
  quickstart: "scripts/quickstart.ts",
  dev: "scripts/dev.ts",
  start: "packages/cli/src/main.ts",
  test: "scripts/test.ts",
  check: "scripts/check.ts",
  fix: "scripts/fix.ts",
  gen: "scripts/gen.ts",
  build: "scripts/build.ts",
  bench: "packages/server/bench/main.ts",
  e2e: "scripts/e2e.ts",
};

install();
const [verb, ...args] = process.argv.slice(2);
const script = VERBS[verb];
if (!script) {
  console.error(`unknown verb "${verb}". One of: ${Object.keys(VERBS).join(", ")}`);
  process.exit(2);
}
const first = verb === "start" ? ["start"] : [];
run(join(bin, "node"), [join(root, script), ...first, ...args], process.env);

function install() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(join(bin, "node"))) return;
  console.log("Installing dependencies (once per lock file) ...");
  const npm = process.env.npm_execpath;
  const flags = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = npm
    ? spawnSync(process.execPath, [npm, ...flags], { cwd: root, stdio: "inherit" })
    : spawnSync("npm", flags, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (result.status !== 0) {
    console.error("npm ci failed; its message is above.");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}

function run(command, args, env) {
  const path = `${bin}${delimiter}${env.PATH ?? ""}`;
  // Ctrl-C reaches the child directly; the parent waits for its clean end.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
  const result = spawnSync(command, args, {
    cwd: process.cwd(),
    stdio: "inherit",
    env: { ...env, PATH: path },
  });
  process.exit(result.status ?? 1);
}
