// The single entry of every npm verb. Deliberately plain JavaScript: it runs on any Node (18 or newer), installs the
// packages of the lock file if necessary, and starts the pinned Node.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");

/** Each verb is a script run by the pinned Node. */
const VERBS = {
  quickstart: "scripts/quickstart.ts",
  dev: "scripts/dev.ts",
  start: "scripts/start.ts",
  test: "scripts/test.ts",
  check: "scripts/check.ts",
  fix: "scripts/fix.ts",
  gen: "scripts/gen.ts",
  build: "scripts/build.ts",
  bench: "packages/server/bench/main.ts",
  e2e: "scripts/e2e.ts",
  chaos: "scripts/chaos.ts",
};

const [verb, ...args] = process.argv.slice(2);
const script = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
if (!script) {
  console.error(`unknown verb "${verb}". One of: ${Object.keys(VERBS).join(", ")}`);
  process.exit(2);
}
install();
const first = verb === "start" ? ["start"] : [];
run(join(bin, "node"), [join(root, script), ...first, ...args]);

function install() {
  if (isInstalled()) return;
  console.log("Installing dependencies (once per lock file) ...");
  // Another package manager may have started this script; the lock file is npm's.
  const path = process.env.npm_execpath ?? "";
  const npm = basename(path) === "npm-cli.js" ? path : undefined;
  // Not `ci`: it refuses a lock file without the optional packages of every system, which a registry with only some of
  // them produces. Versions and checksums are those of the lock file either way, and it is not changed.
  const flags = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = npm
    ? spawnSync(process.execPath, [npm, ...flags], { cwd: root, stdio: "inherit" })
    : spawnSync("npm", flags, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (result.status !== 0) {
    console.error("npm install failed; its message is above.");
    process.exit(result.status ?? 1);
  }
}

/** Whether npm's own record of the installationmatches the lock file. */
function isInstalled() {
  const wanted = readPackages(join(root, "package-lock.json"));
  const present = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (present === undefined || !existsSync(join(bin, "node"))) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const found = present[path];
    // Optional packages are for other systems. The empty path is this project itself.
    if (found === undefined) return optional === true || path === "";
    return found.version === version && found.integrity === integrity;
  });
}

function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : undefined;
}

function run(command, args) {
  const path = `${bin}${delimiter}${process.env.PATH ?? ""}`;
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, PATH: path } });
  // A terminal sends Ctrl-C to the child as well; a signal to this process alone is forwarded. Either way this process
  // waits for the child's clean end.
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
    });
  }
  if (process.env.npm_lifecycle_event) stopWithoutParent(child);
  child.on("error", (error) => {
    console.error(`${command} cannot be run (${error.message}). Delete node_modules and try again.`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** npm signals the shell between it and this script, and many shells die of it without forwarding it. */
function stopWithoutParent(child) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 500).unref();
}
