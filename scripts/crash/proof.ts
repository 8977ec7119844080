import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../packages/server/src/db/db.ts";
import { createRandom, type Random } from "../../packages/server/test/random.ts";
import type { Outage } from "./evidence.ts";
import { examine, isAtRest, isContinued } from "./findings.ts";
import type { Findings } from "./journeys/journey.ts";
import { startLoad } from "./load.ts";
import { findFreePort, type Supervised, supervise } from "./process.ts";
import { startSink } from "./sink.ts";
import { createWorld, SECRET_KEY, type World } from "./world.ts";

/**
 * The proof that nothing is lost or silently done twice: one API process, two workers and a PostgreSQL under a load of
 * all kinds of nodes, killed at random moments and restarted. In the end every 202 has exactly one run for each
 * recipient, which has ended in the only allowed way; every message is settled, and anything that the vendor or an API
 * received twice is explained.
 */
export interface ProofOptions {
  /** At least one, which is the database's. */
  kills: number;
  /** Determines what is killed and when, and the load. */
  seed: number;
  clients: number;
  /** Receives the progress, line by line. */
  log: (line: string) => void;
  /** Ends the proof early, and everything it has started. */
  signal?: AbortSignal;
}

export interface Proof extends Findings {
  /** From the last restart until others had taken over the work of the killed processes. */
  seconds_to_continuation: number;
  /** From the last restart until nothing was in progress. */
  seconds_to_rest: number;
}

/** The processes killed at the same moment. */
type Victims = readonly Name[] | "postgres";
type Name = "api" | "worker 1" | "worker 2";

const VICTIMS: readonly Victims[] = [
  "postgres",
  ["worker 1"],
  ["api"],
  ["worker 2"],
  ["worker 1", "worker 2"],
];

/** From when everything is up again. A dead worker's jobs are free after 15 s at most, and so are its leases. */
const CONTINUED_SECONDS = 20;
/** After that, runs wait, call and sleep by turns, and texts in doubt are retried. It only has to end. */
const EVENTS_SECONDS = 60;
const REST_SECONDS = 120;

export async function proveCrashes({ kills, seed, clients, log, signal }: ProofOptions): Promise<Proof> {
  const random = createRandom(seed);
  const pause = (ms: number) => sleep(ms, undefined, signal === undefined ? {} : { signal });
  await using undo = new AsyncDisposableStack();
  const sink = await startSink(createRandom(seed + 1));
  undo.defer(sink.close);
  const world = await createWorld(sink);
  undo.defer(world.close);
  const { url, processes } = await startProcesses(world, undo);
  log(`seed ${seed}: one API process, two workers, a PostgreSQL and a vendor are up`);
  const { db } = world;
  const listeners = await countListeners(db);

  const load = startLoad({ url, apiKey: world.apiKey, clients, random: createRandom(seed + 2), db });
  undo.defer(load.abort);
  const outages: Outage[] = [];
  for (const victims of planKills(kills, random)) {
    await pause(random.between(300, 2500));
    const down_ms = random.below(1500);
    const names = [victims].flat();
    log(`kill -9 ${names.join(" and ")}, down for ${down_ms} ms, after ${load.triggers.length} triggers`);
    const from = performance.now();
    const restart = await kill(victims, world, processes);
    await pause(down_ms);
    await restart();
    outages.push({ names, from, to: performance.now() });
  }
  const restarted = performance.now();
  const secondsSince = () => (performance.now() - restarted) / 1000;
  const then = await readClock(db);
  const [continued] = await Promise.all([
    waitFor(() => isContinued(db, then), CONTINUED_SECONDS, secondsSince),
    pause(500)
      .then(load.stop)
      .then(() => load.eventsSent(EVENTS_SECONDS)),
  ]);
  const rested = await waitFor(() => isAtRest(db), REST_SECONDS, secondsSince);

  const findings = await examine(db, { triggers: load.triggers, sink, outages });
  const problems = [...load.wrong.map((answer) => `a client was answered ${answer}`), ...findings.problems];
  if (continued > CONTINUED_SECONDS)
    problems.push(`work of the dead was not taken over ${CONTINUED_SECONDS} s after the last restart`);
  if (rested > REST_SECONDS) problems.push(`work was under way ${REST_SECONDS} s after the last restart`);
  const now = await countListeners(db);
  if (now !== listeners)
    problems.push(`${now} connections listen where ${listeners} did before the first kill`);
  await Promise.all([...processes.values()].map((process) => process.stop()));
  problems.push(...[...processes.values()].flatMap((process) => process.troubles));
  return {
    counts: findings.counts,
    problems,
    seconds_to_continuation: continued,
    seconds_to_rest: rested,
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
): Promise<{ url: string; processes: Map<Name, Supervised> }> {
  const port = String(await findFreePort());
  const env = { DATABASE_URL: world.databaseUrl, SECRET_KEY, ALLOW_PRIVATE_HOSTS: "127.0.0.1" };
  const processes = new Map<Name, Supervised>([
    ["api", supervise("api", { ...env, ROLE: "api", PORT: port })],
    ["worker 1", supervise("worker 1", { ...env, ROLE: "worker", PORT: "0" })],
    ["worker 2", supervise("worker 2", { ...env, ROLE: "worker", PORT: "0" })],
  ]);
  for (const process of processes.values()) undo.defer(process.stop);
  await Promise.all([...processes.values()].map((process) => process.start()));
  return { url: `http://127.0.0.1:${port}`, processes };
}

/** Every process in turn, the database first, in random order. */
function planKills(kills: number, random: Random): Victims[] {
  return random.shuffle(
    Array.from({ length: kills }, (_unused, index) => VICTIMS[index % VICTIMS.length] ?? []),
  );
}

/** Resolves when they are gone, to a function that restarts them. */
async function kill(
  victims: Victims,
  world: World,
  processes: Map<Name, Supervised>,
): Promise<() => Promise<unknown>> {
  if (victims === "postgres") {
    await world.killPostgres();
    return world.startPostgres;
  }
  const chosen = victims.flatMap((name) => processes.get(name) ?? []);
  await Promise.all(chosen.map((process) => process.kill()));
  return () => Promise.all(chosen.map((process) => process.start()));
}

/** Seconds from the last restart until it held; more than `limit` if it never did. */
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
