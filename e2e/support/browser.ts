import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

/**
 * A real browser for the tests of pages: the system's Chromium, or the one that CHROMIUM_PATH names. Pages are not
 * tested without one: it is installed if it is missing and that is allowed, otherwise the error says what to install.
 */
const DEBIAN = "/usr/bin/chromium";
const execute = promisify(execFile);

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(),
    headless: true,
    // Chromium refuses to run as root in its sandbox.
    chromiumSandbox: process.geteuid?.() !== 0,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The path of a runnable Chromium. Throws an error that says what to install. */
export async function findChromium(named = process.env.CHROMIUM_PATH): Promise<string> {
  if (named !== undefined && named !== "") {
    if (await isExecutable(named)) return named;
    throw new Error(`CHROMIUM_PATH names ${named}, which cannot be run. Name a Chromium or Chrome there.`);
  }
  if (await isExecutable(DEBIAN)) return DEBIAN;
  if (process.geteuid?.() === 0 && (await isExecutable("/usr/bin/apt-get"))) await installChromium();
  if (await isExecutable(DEBIAN)) return DEBIAN;
  throw new Error(
    `The tests of pages need a Chromium: install Debian's (apt-get install chromium, as root), or set CHROMIUM_PATH to one.`,
  );
}

async function installChromium(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await execute("apt-get", ["update", "-qq"], { env });
  await execute("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], { env });
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
