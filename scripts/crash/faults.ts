import type { Door } from "../../packages/server/test/outside/door.ts";
import type { Random } from "../../packages/server/test/random.ts";
import type { Outage } from "./evidence.ts";
import type { Supervised } from "./process.ts";
import type { World } from "./world.ts";

/**
 * What goes wrong while the load runs, each in several places by turns:
 *
 *     kill      processes or the database end by `kill -9` and come back within moments
 *     absence   both workers are down for longer than waits for an event last
 *     silence   connections to the database lose all that is sent in them, as when a firewall has forgotten them
 *     lock      a table is locked, and a limit that an administrator has set ends the statements that wait for it
 */
export type FaultKind = "kill" | "absence" | "silence" | "lock";

export type FaultCounts = Readonly<Record<FaultKind, number>>;

export type Name = "api" | "worker 1" | "worker 2";

export interface Fault {
  kind: FaultKind;
  /** In words, for the log. */
  what: string;
  /** What it hits. */
  names: Outage["names"];
  lasts_ms: number;
  /** How long after its end things may happen because of it. */
  echoes_ms: number;
  /** Resolves when it has begun, to what ends it. */
  begin: (stage: Stage) => Promise<() => Promise<unknown>>;
}

/** What faults act on. */
export interface Stage {
  world: World;
  processes: ReadonlyMap<Name, Supervised>;
  /** The way of each process to the database. */
  doors: ReadonlyMap<Name, Door>;
}

const API = ["api"] as const;
const WORKERS = ["worker 1", "worker 2"] as const;

/** The database first, so that it is among the fewest of kills. */
const VICTIMS: readonly (readonly Name[] | "postgres")[] = [
  "postgres",
  ["worker 1"],
  API,
  ["worker 2"],
  WORKERS,
];
const SILENCED: readonly (readonly Name[])[] = [[...API, ...WORKERS], API, WORKERS];
const LOCKED = ["run", "pgboss.job", "message", "request", "waiter", "batch", "recipient"];
/** Whichever is shorter ends a statement that waits. */
const LIMITS = [
  { name: "lock_timeout", value: "1s" },
  { name: "statement_timeout", value: "2s" },
];

/** When the database's side of a silent connection is given up: ten seconds and three unanswered probes. */
const KEEPALIVE_MS = 25_000;

/** In random order. The load of the same seed meets the same faults. */
export function planFaults(counts: FaultCounts, random: Random): Fault[] {
  const plan = (count: number, make: (index: number) => Fault) =>
    Array.from({ length: count }, (_unused, index) => make(index));
  return random.shuffle([
    ...plan(counts.kill, (index) => kill(turn(VICTIMS, index), random.below(1500))),
    ...plan(counts.absence, () => ({ ...kill(WORKERS, random.between(5000, 9000)), kind: "absence" })),
    ...plan(counts.silence, (index) => silence(turn(SILENCED, index))),
    ...plan(counts.lock, (index) =>
      lock(turn(LOCKED, index), turn(LIMITS, index), random.between(5000, 12_000)),
    ),
  ]);
}

function turn<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error("there is nothing to take turns");
  return item;
}

function kill(victims: readonly Name[] | "postgres", lasts_ms: number): Fault {
  const names = [victims].flat();
  return {
    kind: "kill",
    what: `kill -9 ${names.join(" and ")}`,
    names,
    lasts_ms,
    echoes_ms: 0,
    async begin({ world, processes }) {
      if (victims === "postgres") {
        await world.killPostgres();
        return world.startPostgres;
      }
      const chosen = victims.flatMap((name) => processes.get(name) ?? []);
      await Promise.all(chosen.map((process) => process.kill()));
      return () => Promise.all(chosen.map((process) => process.start()));
    },
  };
}

/** It never ends: what was sent in one of these connections has to be given up, and sent in another. */
function silence(names: readonly Name[]): Fault {
  return {
    kind: "silence",
    what: `silence between ${names.join(", ")} and postgres`,
    names,
    lasts_ms: 0,
    echoes_ms: 30_000,
    async begin({ doors }) {
      const silent = names.flatMap((name) => doors.get(name) ?? []);
      for (const door of silent) door.silence();
      setTimeout(() => silent.forEach((door) => door.forget()), KEEPALIVE_MS).unref();
      return async () => {};
    },
  };
}

function lock(table: string, limit: (typeof LIMITS)[number], lasts_ms: number): Fault {
  return {
    kind: "lock",
    what: `lock ${table} under a ${limit.name} of ${limit.value}`,
    names: ["postgres"],
    lasts_ms,
    echoes_ms: 20_000,
    async begin({ world: { db } }) {
      await db.query(`alter system set ${limit.name} = '${limit.value}'`);
      await db.query("select pg_reload_conf()");
      const administrator = await db.session(() => {});
      await administrator.query("set lock_timeout = 0");
      await administrator.query("set statement_timeout = 0");
      await administrator.query("begin");
      await administrator.query(`lock table ${table} in access exclusive mode`);
      return async () => {
        await administrator.query("commit");
        await administrator.stop();
        await db.query(`alter system reset ${limit.name}`);
        await db.query("select pg_reload_conf()");
      };
    },
  };
}
