import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A command that a user would type, run as a child of the test. */
export interface Command extends AsyncDisposable {
  /** The output so far, both streams. */
  output: () => string;
  /** Resolves with the first match in the output; rejects when the command ends or falls silent before it. */
  says: (pattern: RegExp, seconds?: number) => Promise<RegExpExecArray>;
  ended: Promise<Ended>;
  /** Sends a signal and waits for the end. */
  stop: (signal?: NodeJS.Signals) => Promise<Ended>;
}

export interface Ended {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** Since the start, or since the signal that was sent. */
  seconds: number;
}

export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const CLI = "packages/cli/src/main.ts";

/** Runs `node <args>` in the repository. Disposing of it stops it, by force if necessary. */
export function command(args: string[], env: Record<string, string> = {}): Command {
  const child = spawn(process.execPath, args, {
    cwd: repository,
    // The command does not inherit the environment of the shell or the test runner.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let since = performance.now();
  let stdout = "";
  let stderr = "";
  let output = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => hear((stdout += text), text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => hear((stderr += text), text));
  function hear(_stream: string, text: string): void {
    output += text;
    for (const listener of listeners) listener();
  }

  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  child.on("close", (code) => {
    resolve({ code, stdout, stderr, seconds: (performance.now() - since) / 1000 });
  });

  async function says(pattern: RegExp, seconds = 30): Promise<RegExpExecArray> {
    const { promise: found, resolve: find } = Promise.withResolvers<RegExpExecArray | null>();
    const look = () => {
      const match = pattern.exec(output);
      if (match !== null) find(match);
    };
    const patience = setTimeout(() => find(null), seconds * 1000);
    listeners.add(look);
    look();
    const match = await Promise.race([found, ended.then(() => pattern.exec(output))]);
    listeners.delete(look);
    clearTimeout(patience);
    if (match === null) throw new Error(`it never said ${String(pattern)}:\n${output}`);
    return match;
  }

  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    since = performance.now();
    child.kill(signal);
    return ended;
  }

  return {
    output: () => output,
    says,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      const force = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await stop();
      clearTimeout(force);
    },
  };
}
