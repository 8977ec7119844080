import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../packages/server/src/db/db.ts";
import { createDoor, type Door } from "../../packages/server/test/outside/door.ts";
import { createRandom } from "../../packages/server/test/random.ts";
import type { Outage } from "./evidence.ts";
import { type FaultCounts, type Name, planFaults, type Stage } from "./faults.ts";
import { examine, isAtRest, isContinued } from "./findings.ts";
import type { Findings } from "./journeys/journey.ts";
import { startLoad } from "./load.ts";
import { findFreePort, type Supervised, supervise } from "./process.ts";
import { startSink } from "./sink.ts";
import { createWorld, SECRET_KEY, type World } from "./world.ts";

/**
 * The proof that nothing is lost or silently done twice: one API process, two workers and a PostgreSQL under a load of
 * all kinds of nodes, and at random moments a fault of each kind (faults.ts). In the end every 202 has exactly one run for each
 * recipient, which has ended in the only allowed way; every message is settled, and anything that the vendor or an API
 * received twice is explained.
 */
export interface ProofOptions {
  faults: FaultCounts;
  /** Determines the faults, when they come, and the load. */
  seed: number;
  clients: number;
  /** Receives the progress, line by line. */
  log: (line: string) => void;
  /** Ends the proof early, and everything it has started. */
  signal?: AbortSignal;
}

export interface Proof extends Findings {
  /** From the end of the last fault until all work that was held then was done, or held again. */
  seconds_to_continuation: number;
  /** From the end of the last fault until nothing was in progress. */
  seconds_to_rest: number;
  /** The longest time from a silence until a trigger was accepted that was sent after it. */
  seconds_of_silence: number;
}

/** From when everything is up again. A dead worker's jobs are free after 15 s at most, and so are its leases. */
const CONTINUED_SECONDS = 20;
/** A worker whose connections are silent has to notice first, by a statement's deadline. */
const NOTICED_SECONDS = 15;
/** Statements have a deadline of 10 s, clients wait as long before they send again. */
const ACCEPTED_SECONDS = 30;
/** For the database to notice that clients are gone. */
const FORGOTTEN_SECONDS = 5;
/** After that, runs wait, call and sleep by turns, and texts in doubt are retried. It only has to end. */
const EVENTS_SECONDS = 60;
const REST_SECONDS = 120;

export async function proveCrashes({ faults, seed, clients, log, signal }: ProofOptions): Promise<Proof> {
  const random = createRandom(seed);
  const pause = (ms: number) => sleep(ms, undefined, signal === undefined ? {} : { signal });
  await using undo = new AsyncDisposableStack();
  const sink = await startSink(createRandom(seed + 1));
  undo.defer(sink.close);
  const world = await createWorld(sink);
  undo.defer(world.close);
  const { url, ...stage } = await startProcesses(world, undo);
  const { processes } = stage;
  log(`seed ${seed}: one API process, two workers, a PostgreSQL and a vendor are up`);
  const { db } = world;
  const listeners = await countListeners(db);

  const load = startLoad({
    url,
    apiKey: world.apiKey,
    workspace: world.workspace,
    clients,
    random: createRandom(seed + 2),
    db,
  });
  undo.defer(load.abort);
  const outages: Outage[] = [];
  let silence = 0;
  for (const { kind, names, what, lasts_ms, echoes_ms, begin } of planFaults(faults, random)) {
    await pause(random.between(300, 2500));
    log(`${what}, for ${lasts_ms} ms, after ${load.triggers.length} triggers`);
    const from = performance.now();
    const secondsOf = createStopwatch();
    const end = await begin({ world, ...stage });
    await pause(lasts_ms);
    await end();
    if (kind === "silence" && names.includes("api")) {
      const isAccepting = async () => load.lastAccepted() > from;
      silence = Math.max(silence, await waitFor(isAccepting, ACCEPTED_SECONDS, secondsOf));
    }
    outages.push({ kind, names, from, to: performance.now() + echoes_ms });
  }
  const secondsSince = createStopwatch();
  const continuedSeconds = CONTINUED_SECONDS + (faults.silence > 0 ? NOTICED_SECONDS : 0);
  const then = await readClock(db);
  const [continued] = await Promise.all([
    waitFor(() => isContinued(db, then), continuedSeconds, secondsSince),
    pause(500)
      .then(load.stop)
      .then(() => load.eventsSent(EVENTS_SECONDS)),
  ]);
  const rested = await waitFor(() => isAtRest(db), REST_SECONDS, secondsSince);

  const findings = await examine(db, { triggers: load.triggers, events: load.events, sink, outages });
  const problems = [...load.wrong.map((answer) => `a client was answered ${answer}`), ...findings.problems];
  if (silence > ACCEPTED_SECONDS)
    problems.push(`nothing was accepted for ${ACCEPTED_SECONDS} s after connections went silent`);
  if (continued > continuedSeconds)
    problems.push(`work of the dead was not taken over ${continuedSeconds} s after the last fault`);
  if (rested > REST_SECONDS) problems.push(`work was under way ${REST_SECONDS} s after the last fault`);
  for (const door of stage.doors.values()) door.forget();
  const isListening = async () => (await countListeners(db)) === listeners;
  if ((await waitFor(isListening, FORGOTTEN_SECONDS, createStopwatch())) > FORGOTTEN_SECONDS)
    problems.push(
      `${await countListeners(db)} connections listen where ${listeners} did before the first fault`,
    );
  await Promise.all([...processes.values()].map((process) => process.stop()));
  problems.push(...[...processes.values()].flatMap((process) => process.troubles));
  return {
    counts: findings.counts,
    problems,
    seconds_to_continuation: continued,
    seconds_to_rest: rested,
    seconds_of_silence: silence,
  };
}

/** A process that reconnects to the database must do so only once. */
async function countListeners(db: Db): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where application_name = 'carillon-listen'",
  );
  return row?.count ?? 0;
}

async function readClock(db: Db): Promise<Date> {
  const [row] = await db.query<{ now: Date }>("select now() as now");
  if (row === undefined) throw new Error("the database has no time");
  return row.now;
}

async function startProcesses(
  world: World,
  undo: AsyncDisposableStack,
): Promise<{ url: string } & Pick<Stage, "processes" | "doors">> {
  const port = String(await findFreePort());
  const processes = new Map<Name, Supervised>();
  const doors = new Map<Name, Door>();
  for (const [name, env] of [
    ["api", { ROLE: "api", PORT: port }],
    ["worker 1", { ROLE: "worker", PORT: "0" }],
    ["worker 2", { ROLE: "worker", PORT: "0" }],
  ] as const) {
    const door = await createDoor(world.databaseUrl);
    undo.defer(() => {
      door.shut();
      door.server.close();
    });
    const common = { DATABASE_URL: door.url, SECRET_KEY, ALLOW_PRIVATE_HOSTS: "127.0.0.1" };
    const process = supervise(name, { ...common, ...env });
    undo.defer(process.stop);
    doors.set(name, door);
    processes.set(name, process);
  }
  await Promise.all([...processes.values()].map((process) => process.start()));
  return { url: `http://127.0.0.1:${port}`, processes, doors };
}

/** Gives the seconds since it was made. */
function createStopwatch(): () => number {
  const from = performance.now();
  return () => (performance.now() - from) / 1000;
}

/** Seconds until it held; more than `limit` if it never did. */
async function waitFor(
  isSo: () => Promise<boolean>,
  limit: number,
  secondsSince: () => number,
): Promise<number> {
  while (secondsSince() <= limit) {
    if (await isSo()) return secondsSince();
    await sleep(100);
  }
  return secondsSince();
}
