import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/**
 * A Carillon process under a supervisor, as systemd or a container engine would run it: it is restarted when it ends
 * unexpectedly, but that is recorded, because nothing that happens to a database or to another process may end it.
 */
export interface Supervised {
  name: string;
  /** `kill -9`; resolves when the process is gone. It stays down until `start`. */
  kill: () => Promise<void>;
  /** Resolves when the process listens. */
  start: () => Promise<void>;
  /** The ordinary shutdown: SIGTERM, then a kill if that takes too long, which is recorded. */
  stop: () => Promise<void>;
  /** What should not have happened: an unexpected end, or one that did not come. */
  troubles: string[];
}

const CLI = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const LAST_WORDS = 2000;
const START_SECONDS = 30;
const STOP_SECONDS = 10;

export function supervise(name: string, env: Record<string, string>): Supervised {
  const troubles: string[] = [];
  let child: ChildProcess | undefined;
  let wanted = false;

  async function start(): Promise<void> {
    wanted = true;
    const started = spawn(process.execPath, [CLI, "start"], {
      env: { ...process.env, LOG_LEVEL: "info", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    let said = "";
    const { promise: up, resolve } = Promise.withResolvers<void>();
    const hear = (chunk: unknown) => {
      said = (said + String(chunk)).slice(-LAST_WORDS);
      if (said.includes('"carillon is up"')) resolve();
    };
    started.stdout?.on("data", hear);
    started.stderr?.on("data", hear);
    started.once("exit", (code, signal) => {
      // Stops waiting for a process that was killed during its start; its successor is awaited instead.
      resolve();
      if (child !== started || !wanted) return;
      troubles.push(`${name} ended by itself (${signal ?? `exit code ${code}`}): ${said.trim()}`);
      void start().catch(() => {});
    });
    const patience = AbortSignal.timeout(START_SECONDS * 1000);
    await Promise.race([up, once(patience, "abort")]);
    if (patience.aborted) throw new Error(`${name} did not start within ${START_SECONDS} s: ${said}`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    wanted = false;
    const ending = child;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, "exit");
    ending.kill(signal);
    const force = setTimeout(() => {
      troubles.push(`${name} did not stop within ${STOP_SECONDS} s`);
      ending.kill("SIGKILL");
    }, STOP_SECONDS * 1000);
    await gone;
    clearTimeout(force);
  }

  return { name, troubles, start, kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
}

/** A port that is currently free. A restarted process keeps its port, so that clients find it. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  return address.port;
}
