import { errorMessage } from "../../core/text/error-message.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedPostgresError } from "./error.ts";
import { ensureDatabase, ownServer } from "./owner.ts";
import type { Place } from "./place.ts";
import { launchPostmaster } from "./postmaster.ts";
import { hasRoom } from "./server-log.ts";

/**
 * Keeps the server on our folder running from start to stop. A disk that fills up under a running server ends it: it
 * cannot write its log, and nothing may be acknowledged that is not in the log. That is no reason to give up: nothing
 * acknowledged is lost, and as soon as there is room the server is restarted at the same address. Clients must
 * reconnect.
 */
export interface KeptServer {
  port: number;
  /** True while it waits for room. */
  isOutOfRoom: () => boolean;
  stop: () => Promise<void>;
}

export interface KeepRunning {
  place: Place;
  password: string;
  options: {
    port?: number;
    settings?: Record<string, string>;
    log: (line: string) => void;
    onExit?: (line: string) => void;
  };
}

interface Running {
  port: number;
  ended: Promise<string>;
  /** Why the server has ended, according to its log. */
  whyEnded: () => Promise<EmbeddedPostgresError>;
  lastWords: () => Promise<string>;
  stop: () => Promise<void>;
}

const LOOK_AGAIN_MS = 1000;

export async function keepRunning({ place, password, options }: KeepRunning): Promise<KeptServer> {
  const { log, onExit } = options;
  const closing = new AbortController();
  let isOutOfRoom = false;
  let running: Running | undefined = await run(place, password, options);
  const { port } = running;
  const watching = watch();

  async function watch(): Promise<void> {
    // A server that was restarted during `stop` is stopped there.
    while (running !== undefined && !closing.signal.aborted) {
      await running.ended;
      if (closing.signal.aborted) return;
      const why = await running.whyEnded().catch(() => null);
      if (why?.code !== "disk_full") {
        const words = await running.lastWords().catch(String);
        onExit?.(`PostgreSQL ended unexpectedly (${words}). See ${place.home}/postgres.log.`);
        return;
      }
      isOutOfRoom = true;
      log(
        `PostgreSQL has ended, because the disk of ${place.home} is full. It comes back when there is room.`,
      );
      await running.stop();
      running = await runAgain();
    }
  }

  /** Undefined: stopped before there was room, or the restart failed. */
  async function runAgain(): Promise<Running | undefined> {
    for (;;) {
      await sleep(LOOK_AGAIN_MS, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return undefined;
      try {
        if (!(await hasRoom(place))) continue;
        const again = await run(place, password, { ...options, port });
        isOutOfRoom = false;
        log("There is room again: PostgreSQL is back.");
        return again;
      } catch (error) {
        const code = error instanceof EmbeddedPostgresError ? error.code : "";
        // Not enough room yet, or the port is taken for a moment.
        if (code === "disk_full" || code === "port_taken") continue;
        onExit?.(errorMessage(error));
        return undefined;
      }
    }
  }

  return {
    port,
    isOutOfRoom: () => isOutOfRoom,
    async stop() {
      closing.abort();
      // Stops a running server at once instead of waiting for it to end.
      await running?.stop();
      await watching;
      await running?.stop();
    },
  };
}

/** Starts the server and proves that it is ours. */
async function run(place: Place, password: string, options: KeepRunning["options"]): Promise<Running> {
  await using undo = new AsyncDisposableStack();
  const server = undo.use(await launchPostmaster(place, options));
  try {
    const owner = undo.use(await ownServer({ port: server.port, password }, place.folder, server.ended));
    await ensureDatabase(owner.session);
  } catch (error) {
    throw await server.explain(error);
  }
  const life = undo.move();
  let stopping: Promise<void> | undefined;
  return { ...server, stop: () => (stopping ??= life.disposeAsync()) };
}
