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
  kills: number;
  /** Decides who is killed and when, and what the load is. */
  seed: number;
  clients: number;
  /** Hears what is done, line by line. */
  log: (line: string) => void;
}

export interface Proof extends Findings {
  seconds_to_end_of_runs: number;
  seconds_to_settlement: number;
}

type Victim = "api" | "worker 1" | "worker 2" | "postgres";

/** From the moment everything is up again. A dead worker's jobs are free after 15 s at most, its leases too. */
const RUNS_END_SECONDS = 20;
/** A lease that ran out, the sweep that sees it, the waker, the call. */
const MESSAGES_SETTLE_SECONDS = 30;

export async function proveCrashes({ kills, seed, clients, log }: ProofOptions): Promise<Proof> {
  const random = createRandom(seed);
  await using undo = new AsyncDisposableStack();
  const sink = await startSink(createRandom(seed + 1));
  undo.defer(sink.close);
  const world = await createWorld(sink.url);
  undo.defer(world.close);
  const { url, processes } = await startProcesses(world, undo);
  log(`seed ${seed}: one API process, two workers, a PostgreSQL and a vendor are up`);

  const load = startLoad({ url, apiKey: world.apiKey, clients, random: createRandom(seed + 2) });
  undo.defer(load.stop);
  for (const victim of planKills(kills, random)) {
    await sleep(random.between(300, 2500));
    const down_ms = random.below(1500);
    log(`kill -9 ${victim}, down for ${down_ms} ms, after ${load.triggers.length} triggers`);
    await killAndRestart(victim, down_ms, world, processes);
  }
  const restarted = performance.now();
  await sleep(500);
  await load.stop();

  const secondsSince = () => (performance.now() - restarted) / 1000;
  const ended = await waitFor(world, "runs", RUNS_END_SECONDS, secondsSince);
  const settled = await waitFor(world, "messages", MESSAGES_SETTLE_SECONDS, secondsSince);
  const findings = await world.observe((db) => examine(db, load.triggers, sink));
  const late = [
    ...(ended > RUNS_END_SECONDS ? [`runs were under way ${RUNS_END_SECONDS} s after the last restart`] : []),
    ...(settled > MESSAGES_SETTLE_SECONDS
      ? [`messages were under way ${MESSAGES_SETTLE_SECONDS} s after the last restart`]
      : []),
  ];
  const exits = [...processes.values()].flatMap((process) => process.exits);
  return {
    counts: findings.counts,
    problems: [
      ...load.wrong.map((answer) => `a trigger was answered ${answer}`),
      ...exits,
      ...late,
      ...findings.problems,
    ],
    seconds_to_end_of_runs: ended,
    seconds_to_settlement: settled,
  };
}

async function startProcesses(
  world: World,
  undo: AsyncDisposableStack,
): Promise<{ url: string; processes: Map<Victim, Supervised> }> {
  const port = String(await findFreePort());
  const env = { DATABASE_URL: world.databaseUrl, SECRET_KEY, ALLOW_PRIVATE_HOSTS: "127.0.0.1" };
  const processes = new Map<Victim, Supervised>([
    ["api", supervise("api", { ...env, ROLE: "api", PORT: port })],
    ["worker 1", supervise("worker 1", { ...env, ROLE: "worker", PORT: "0" })],
    ["worker 2", supervise("worker 2", { ...env, ROLE: "worker", PORT: "0" })],
  ]);
  for (const process of processes.values()) undo.defer(process.stop);
  await Promise.all([...processes.values()].map((process) => process.start()));
  return { url: `http://127.0.0.1:${port}`, processes };
}

/** Everybody in turn, in random order; the database exactly once. */
function planKills(kills: number, random: Random): Victim[] {
  const processes: Victim[] = ["worker 1", "api", "worker 2"];
  const rest = Array.from(
    { length: Math.max(0, kills - 1) },
    (_unused, index) => processes[index % 3] ?? "api",
  );
  return random.shuffle<Victim>(["postgres", ...rest]).slice(0, kills);
}

async function killAndRestart(
  victim: Victim,
  down_ms: number,
  world: World,
  processes: Map<Victim, Supervised>,
): Promise<void> {
  if (victim === "postgres") {
    await world.killPostgres();
    await sleep(down_ms);
    await world.startPostgres();
    return;
  }
  const process = processes.get(victim);
  await process?.kill();
  await sleep(down_ms);
  await process?.start();
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
