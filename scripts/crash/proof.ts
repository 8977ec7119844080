import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, type Random } from "../../packages/server/test/random.ts";
import { examine, type Findings, isAtRest } from "./findings.ts";
import { startLoad } from "./load.ts";
import { findFreePort, type Supervised, supervise } from "./process.ts";
import { startSink } from "./sink.ts";
import { createWorld, SECRET_KEY, type World } from "./world.ts";

/**
 * The proof that nothing is lost or done twice in silence: one API process, two workers and a PostgreSQL under
 * load, killed at random moments and started again. In the end every 202 has exactly one run that has ended, every
 * message is settled, and whatever the vendor was given twice says why.
 */
export interface ProofOptions {
  /** At least one, which is the database's. */
  kills: number;
  /** Decides who is killed and when, and what the load is. */
  seed: number;
  clients: number;
  /** Hears what is done, line by line. */
  log: (line: string) => void;
  /** Ends the proof early, and everything it has started. */
  signal?: AbortSignal;
}

export interface Proof extends Findings {
  seconds_to_end_of_runs: number;
  seconds_to_settlement: number;
}

/** Who is killed, at the same moment. */
type Victims = readonly Name[] | "postgres";
type Name = "api" | "worker 1" | "worker 2";

const PROCESSES: readonly (readonly Name[])[] = [
  ["worker 1"],
  ["api"],
  ["worker 2"],
  ["worker 1", "worker 2"],
];

/** From the moment everything is up again. A dead worker's jobs are free after 15 s at most, its leases too. */
const RUNS_END_SECONDS = 20;
/** A lease that ran out, the sweep that sees it, the waker, the call. */
const MESSAGES_SETTLE_SECONDS = 30;

export async function proveCrashes({ kills, seed, clients, log, signal }: ProofOptions): Promise<Proof> {
  const random = createRandom(seed);
  const pause = (ms: number) => sleep(ms, undefined, signal === undefined ? {} : { signal });
  await using undo = new AsyncDisposableStack();
  const sink = await startSink(createRandom(seed + 1));
  undo.defer(sink.close);
  const world = await createWorld(sink.url);
  undo.defer(world.close);
  const { url, processes } = await startProcesses(world, undo);
  log(`seed ${seed}: one API process, two workers, a PostgreSQL and a vendor are up`);
  const listeners = await countListeners(world);

  const load = startLoad({ url, apiKey: world.apiKey, clients, random: createRandom(seed + 2) });
  undo.defer(load.stop);
  for (const victims of planKills(kills, random)) {
    await pause(random.between(300, 2500));
    const down_ms = random.below(1500);
    const names = [victims].flat().join(" and ");
    log(`kill -9 ${names}, down for ${down_ms} ms, after ${load.triggers.length} triggers`);
    const restart = await kill(victims, world, processes);
    await pause(down_ms);
    await restart();
  }
  const restarted = performance.now();
  await pause(500);
  await load.stop();

  const secondsSince = () => (performance.now() - restarted) / 1000;
  const ended = await waitFor(world, "runs", RUNS_END_SECONDS, secondsSince);
  const settled = await waitFor(world, "messages", MESSAGES_SETTLE_SECONDS, secondsSince);
  const findings = await world.observe((db) => examine(db, load.triggers, sink));
  const problems = [...load.wrong.map((answer) => `a trigger was answered ${answer}`), ...findings.problems];
  if (ended > RUNS_END_SECONDS)
    problems.push(`runs were under way ${RUNS_END_SECONDS} s after the last restart`);
  if (settled > MESSAGES_SETTLE_SECONDS) {
    problems.push(`messages were under way ${MESSAGES_SETTLE_SECONDS} s after the last restart`);
  }
  const now = await countListeners(world);
  if (now !== listeners)
    problems.push(`${now} connections listen where ${listeners} did before the first kill`);
  await Promise.all([...processes.values()].map((process) => process.stop()));
  problems.push(...[...processes.values()].flatMap((process) => process.troubles));
  return {
    counts: findings.counts,
    problems,
    seconds_to_end_of_runs: ended,
    seconds_to_settlement: settled,
  };
}

/** A process that finds its way back to the database must not do so more than once. */
async function countListeners(world: World): Promise<number> {
  return world.observe(async (db) => {
    const [row] = await db.query<{ count: number }>(
      "select count(*)::int as count from pg_stat_activity where application_name = 'carillon-listen'",
    );
    return row?.count ?? 0;
  });
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

/** Everybody in turn, in random order; the database exactly once. */
function planKills(kills: number, random: Random): Victims[] {
  const rest = Array.from(
    { length: kills - 1 },
    (_unused, index) => PROCESSES[index % PROCESSES.length] ?? [],
  );
  return random.shuffle<Victims>(["postgres", ...rest]);
}

/** Resolves when they are gone, with what brings them back. */
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

/** Seconds since the last restart at which everything was at rest; more than `limit` when it was not. */
async function waitFor(
  world: World,
  of: "runs" | "messages",
  limit: number,
  secondsSince: () => number,
): Promise<number> {
  return world.observe(async (db) => {
    while (secondsSince() <= limit) {
      if (await isAtRest(db, of)) return secondsSince();
      await sleep(100);
    }
    return secondsSince();
  });
}
