import { errorMessage } from "../../core/text/error-message.ts";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { complaintIn, EmbeddedPostgresError, portTaken } from "./error.ts";
import { explainFailure, openServerLog, type ServerLog, TRIM_EVERY_MS } from "./server-log.ts";
import { readPidFile } from "./pid-file.ts";
import type { Place } from "./place.ts";
import { childEnv, identityOf, run } from "./run.ts";

/**
 * Sized for a small machine; the caller can override each. Durability is PostgreSQL's default: on. So is
 * wal_compression, off: this build has pglz only, which saved 3 % of the log and no time.
 */
const SETTINGS = {
  shared_buffers: "256MB",
  max_connections: "100",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  random_page_cost: "1.1",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_messages: "warning",
  log_checkpoints: "off",
};

export interface LaunchOptions {
  port?: number | undefined;
  settings?: Record<string, string> | undefined;
  log: (line: string) => void;
}

export interface Postmaster extends AsyncDisposable {
  port: number;
  /** Resolves when the process has ended, with a description of how. */
  ended: Promise<string>;
  /** Why a server has ended, as far as its log and its disk show. */
  whyEnded: () => Promise<EmbeddedPostgresError>;
  /** The last complaint in the log of a server that has ended. */
  lastWords: () => Promise<string>;
  /** The better of two explanations of a failure: the server's log, if it is specific, or the error. */
  explain: (error: unknown) => Promise<unknown>;
}

/** How often to retry when the free port that was found is taken a moment later. */
const PORT_TRIES = 5;

/** Starts the server and waits until it accepts connections, however long recovery takes. */
export async function launchPostmaster(place: Place, options: LaunchOptions): Promise<Postmaster> {
  for (let tries = 1; ; tries += 1) {
    const port = await findPort(options.port);
    try {
      return await launchOn(port, place, options);
    } catch (error) {
      const lostRace = error instanceof EmbeddedPostgresError && error.code === "port_taken";
      if (!lostRace || options.port !== undefined || tries === PORT_TRIES) throw error;
    }
  }
}

/** Tests the requested port, or lets the system choose a free one. */
async function findPort(wanted: number | undefined): Promise<number> {
  const probe = createServer();
  try {
    probe.listen({ port: wanted ?? 0, host: "127.0.0.1", exclusive: true });
    await once(probe, "listening");
    const address = probe.address();
    if (address === null || typeof address === "string") throw new Error("the system named no port");
    return address.port;
  } catch (error) {
    throw portTaken(wanted, errorMessage(error));
  } finally {
    probe.close();
  }
}

async function launchOn(port: number, place: Place, options: LaunchOptions): Promise<Postmaster> {
  const serverLog = await openServerLog(place);
  const { child, exited } = await spawnServer(place, argumentsFor(port, place, options.settings), serverLog);
  const onExit = () => quitNow(child, place);
  process.on("exit", onExit);
  void exited.catch(() => {}).then(() => process.off("exit", onExit));
  try {
    await untilReady(child, exited, place, options.log);
  } catch (error) {
    await stop(child, exited, place);
    throw error;
  }
  if (hasEnded(child)) {
    throw await explainFailure(serverLog, place, options.port);
  }
  const trimming = setInterval(() => void serverLog.trim().catch(() => {}), TRIM_EVERY_MS).unref();
  return {
    port,
    ended: exited,
    whyEnded: () => explainFailure(serverLog, place, options.port),
    lastWords: async () => `${await exited}: ${complaintIn(await serverLog.read()) ?? "it said nothing"}`,
    explain: async (error) => {
      const logged = await explainFailure(serverLog, place, options.port);
      return logged.code === "start_failed" ? error : logged;
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(trimming);
      await stop(child, exited, place);
    },
  };
}

async function spawnServer(
  place: Place,
  args: string[],
  log: ServerLog,
): Promise<{ child: ChildProcess; exited: Promise<string> }> {
  // A file, not a pipe: the server must be able to write when we are gone.
  await using handle = await log.open();
  const child = spawn(place.binaries.postgres, args, {
    ...identityOf(place.account),
    cwd: place.home,
    env: childEnv(),
    stdio: ["ignore", handle.fd, handle.fd],
    // Ctrl-C reaches every process of the terminal's group. The database must outlive our own shutdown.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  const exited = exitOf(child);
  // Prevents an unhandled rejection while the handle is being closed; callers that await `exited` still get it.
  exited.catch(() => {});
  return { child, exited };
}

function argumentsFor(port: number, place: Place, settings: Record<string, string> = {}): string[] {
  const values = {
    ...SETTINGS,
    ...settings,
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    logging_collector: "off",
    log_destination: "stderr",
  };
  return [
    "-D",
    place.cluster,
    ...Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}

/** How the process ended, in words. Rejects when it could not be started. */
async function exitOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}

const SLOW_START_MS = 5_000;

/** Resolves when the server is ready or has ended. */
async function untilReady(
  child: ChildProcess,
  exited: Promise<string>,
  { cluster, home }: Place,
  log: (line: string) => void,
): Promise<void> {
  const begun = performance.now();
  let told = false;
  while (!hasEnded(child)) {
    const file = await readPidFile(cluster);
    if (file?.pid === child.pid && file?.status === "ready") return;
    const waited = performance.now() - begun;
    if (!told && waited > SLOW_START_MS) {
      told = true;
      log(
        `PostgreSQL is still starting; after an unclean end it recovers first. It reports in ${home}/postgres.log.`,
      );
    }
    await Promise.race([exited, sleep(waited < 1_000 ? 10 : 100)]);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The ways to stop a server and the time limit of each: cleanly, with a checkpoint, then immediately. */
export const STOPS = [
  { signal: "SIGINT", seconds: 20 },
  { signal: "SIGQUIT", seconds: 10 },
] as const;

/** Stops the server and waits for it; kills it as a last resort. */
async function stop(child: ChildProcess, exited: Promise<string>, place: Place): Promise<void> {
  if (child.pid === undefined) return;
  const gone = exited.catch(() => "");
  for (const { signal, seconds } of STOPS) {
    if (hasEnded(child)) return;
    await signalServer(child.pid, signal, place);
    const patience = new AbortController();
    const timer = sleep(seconds * 1000, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([gone, timer]);
    patience.abort();
  }
  if (!hasEnded(child)) child.kill("SIGKILL");
  await gone;
}

/**
 * Without waiting, for a process that exits while its server runs: PostgreSQL drops its connections and ends at once.
 * What is committed is in its log, and the next start recovers from there.
 */
function quitNow(child: ChildProcess, { binaries }: Place): void {
  if (child.pid === undefined || hasEnded(child)) return;
  if (process.platform === "win32") spawnSync(binaries.pg_ctl, ["kill", "QUIT", String(child.pid)]);
  else child.kill("SIGQUIT");
}

/** Windows has no signals: PostgreSQL's own tool delivers them through a pipe. */
export async function signalServer(
  pid: number,
  signal: "SIGINT" | "SIGQUIT",
  { binaries }: Place,
): Promise<void> {
  if (process.platform === "win32") {
    await run(binaries.pg_ctl, ["kill", signal.replace("SIG", ""), String(pid)]);
    return;
  }
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
