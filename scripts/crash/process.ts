import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/**
 * A Carillon process under a supervisor, as systemd or a container engine would run it: it is started again when
 * it ends by itself, but that is noted, because nothing that happens to a database or to a neighbour may end it.
 */
export interface Supervised {
  name: string;
  /** `kill -9`; resolves when the process is gone. It stays down until `start`. */
  kill: () => Promise<void>;
  /** Resolves when the process listens. */
  start: () => Promise<void>;
  /** The ordinary end: SIGTERM, and by force when that takes too long, which is noted. */
  stop: () => Promise<void>;
  /** What should not have happened: an end that nobody had asked for, or one that did not come. */
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
      // A process that was killed on its way up is not waited for any longer: its successor is.
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

/** A port that is free now. Clients find a process that was started again on the one it had. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("the system named no port");
  return address.port;
}
