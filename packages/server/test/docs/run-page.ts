import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Harness } from "../harness.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** A fenced block of a page: its language and its content. */
export const FENCED = /^```(\w*)[^\n]*\n(.*?)^```$/gms;

/** Less than a test's time limit, so that a page that waits forever is reported with its output. */
const PATIENCE_MS = 45_000;

/**
 * Runs the page's `bash` blocks in one shell, in order, in an empty folder; returns their output. Throws unless there
 * are some and all of them succeed.
 */
export async function runPage(harness: Harness, file: string): Promise<string> {
  const page = await readFile(join(root, file), "utf8");
  const blocks = [...page.matchAll(FENCED)].flatMap(([, language, block = ""]) =>
    language === "bash" ? [block] : [],
  );
  if (blocks.length === 0) throw new Error(`${file}: has no commands`);
  const cwd = await mkdtemp(join(tmpdir(), "carillon-page-"));
  try {
    const shell = spawn("bash", ["-euo", "pipefail"], {
      cwd,
      // A process group of its own, including what it started in the background.
      detached: true,
      env: {
        PATH: process.env.PATH,
        URL: harness.url,
        API_KEY: harness.apiKey,
        TOKEN: harness.serviceToken,
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const end = () => endGroup(shell.pid);
    shell.once("exit", end);
    AbortSignal.timeout(PATIENCE_MS).addEventListener("abort", end);
    shell.stdin.end(blocks.map((block, index) => `echo "== block ${index + 1}"\n${block}`).join("\n"));
    const [out, error, [code]] = await Promise.all([
      text(shell.stdout),
      text(shell.stderr),
      once(shell, "close") as Promise<[number | null]>,
    ]);
    if (code !== 0) throw new Error(`${file}: the shell ended with ${code} after:\n${out}\n${error}`);
    return out;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group has already ended.
  }
}
