import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");

/** Runs one of the installed tools; resolves with its exit code. */
export function tool(name: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  const child = spawn(join(bin, name), args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  const release = passSignals(child);
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  }).finally(release);
}

/** Like in run.mjs: a terminal's Ctrl-C reaches the child directly, everything else is forwarded. */
function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => {
    if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, pass);
  return () => {
    for (const signal of signals) process.off(signal, pass);
  };
}

/** Runs steps in order and exits with 1 after the first that fails, naming it. */
export async function steps(list: [title: string, run: () => Promise<number>][]): Promise<void> {
  for (const [title, run] of list) {
    const started = performance.now();
    const code = await run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? "ok  " : "FAIL"} ${title} (${seconds} s)`);
    if (code !== 0) process.exit(1);
  }
}
