import type { EffectDeps } from "../deps.ts";
import * as fc from "fast-check";
import { beforeEach, describe, expect } from "vitest";
import { onDatabase as it } from "../../../test/fixture.ts";
import { overlap } from "../../../test/overlap.ts";
import { createRandom } from "../../../test/random.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Db, Tx } from "../../db/db.ts";
import { createIdSource } from "../../ids.ts";
import type { Gathered, Gathering, Sealed } from "../effect.ts";
import { nothingLeft, type Run, type ChunkData } from "../run.ts";
import { gather } from "./gather.ts";
import { seal } from "./seal.ts";

/* The two effects alone, in transactions that the tests interleave. How nodes use them is tested with the nodes. */
const ids = createIdSource();
/** Neither effect reads the chunk's data. */
const noData = {} as ChunkData;
const effects = { ids } as EffectDeps;
const NOON = new Date("2026-07-17T12:00:00Z");
const LATER = new Date("2026-07-17T13:00:00Z");

let workspace_id = 0;

beforeEach(() => {
  workspace_id += 1;
});

interface Arrival {
  run?: Partial<Run>;
  request?: Partial<Gathering>;
  slug?: string;
  ref?: string;
}

function arrive({ run, request, slug = "orders", ref = "batch_1" }: Arrival = {}) {
  const made = {
    workspace_id,
    id: ids.ulid(),
    object_type: "",
    distinct_id: "ann",
    tenant_id: "default",
    idempotency_key: "",
    inline: null,
    position: [0],
    now: NOON,
    left: nothingLeft(),
    workflow: { slug, nodes: [{ type: "batch", ref, name: "", config: null, problem: null }] },
    ...run,
  } as unknown as Run;
  const asked: Gathering = {
    key: "",
    closes_at: LATER,
    flush_leading: false,
    items: [{}],
    count: 1,
    ...request,
  };
  return { run: made, request: asked };
}

type Arrived = ReturnType<typeof arrive>;

const gatherIn = (tx: Tx, arrivals: Arrived[]) => gather(tx, arrivals, noData, effects);
const gathered = (db: Db, ...arrivals: Arrived[]) => db.tx((tx) => gatherIn(tx, arrivals));

/** The batch that the first of them opens and the others join. */
async function openBatch(db: Db, opener: Arrived, ...others: Arrived[]): Promise<string> {
  const [opened] = await gathered(db, opener, ...others);
  if (opened?.role !== "carrier") throw new Error("no batch was opened");
  return opened.batch_id;
}

const sealIn = (tx: Tx, run: Run, batch_id: string, order: "first" | "last" = "first", keep = 10) =>
  seal(tx, [{ run, request: { batch_id, retain_count: keep, retain_order: order } }], noData, effects);

async function sealed(
  db: Db,
  run: Run,
  batch_id: string,
  order?: "first" | "last",
  keep?: number,
): Promise<Sealed> {
  const [result] = await db.tx((tx) => sealIn(tx, run, batch_id, order, keep));
  if (result === undefined) throw new Error("nothing was answered");
  return result;
}

const roles = (results: Gathered[]) => results.map(({ role }) => role);
const item = (n: number): Partial<Gathering> => ({ items: [{ n }] });

describe("gathering", () => {
  it("lets the first run open the batch and the others join it, in whatever order they are passed", async ({
    db,
  }) => {
    const runs = [1, 2, 3].map((n) => arrive({ request: item(n) }));
    const results = await gathered(db, ...runs.toReversed());

    expect(roles(results)).toEqual(["joined", "joined", "carrier"]);
    const batch_id = results[0]?.batch_id ?? "";
    expect(results.map((result) => result.batch_id)).toEqual([batch_id, batch_id, batch_id]);
    expect(results[0]).toMatchObject({ carrier_run_id: runs[0]?.run.id, closes_at: LATER });
    expect(await sealed(db, runs[0]?.run as Run, batch_id)).toEqual({
      count: 3,
      items: [{ n: 1 }, { n: 2 }, { n: 3 }],
    });
  });

  it("keeps the closing time of the opener", async ({ db }) => {
    await gathered(db, arrive());
    const [result] = await gathered(db, arrive({ request: { closes_at: new Date("2030-01-01T00:00:00Z") } }));
    expect(result).toMatchObject({ role: "joined", closes_at: LATER });
  });

  const transient = (...identities: [string, string][]): Partial<Run> => ({
    distinct_id: `_transient_${ids.ulid()}`,
    inline: {
      properties: {},
      identities: identities.map(([channel, key]) => ({ channel, key })),
      only: null,
      is_transient: true,
    } as unknown as Run["inline"],
  });
  const mail: [string, string] = ["email", "ann@example.com"];
  const phone: [string, string] = ["sms", "+14155550100"];

  it.for<[string, Arrival, Arrival]>([
    ["tenant", {}, { run: { tenant_id: "acme" } }],
    ["recipient", {}, { run: { distinct_id: "bob" } }],
    ["object of the same name", {}, { run: { object_type: "team" } }],
    ["type of object", { run: { object_type: "room" } }, { run: { object_type: "team" } }],
    ["key", {}, { request: { key: "post" } }],
    ["node", {}, { ref: "batch_2" }],
    ["workflow", {}, { slug: "likes" }],
    ["transient recipient", { run: transient(mail) }, { run: transient(phone) }],
    ["person who is not transient", { run: transient(mail) }, { run: { distinct_id: "transient" } }],
  ])("opens another batch for another %s", async ([_name, one, other], { db }) => {
    expect(roles(await gathered(db, arrive(one), arrive(other)))).toEqual(["carrier", "carrier"]);
    expect(roles(await gathered(db, arrive(one), arrive(other)))).toEqual(["joined", "joined"]);
  });

  it("opens another batch for another workspace", async ({ db }) => {
    const neighbour = { run: { workspace_id: workspace_id + 1_000_000 } };
    expect(roles(await gathered(db, arrive(), arrive(neighbour)))).toEqual(["carrier", "carrier"]);
  });

  it("recognises transient recipients by their channels, in any order", async ({ db }) => {
    const results = await gathered(
      db,
      arrive({ run: transient(mail, phone) }),
      arrive({ run: transient(phone, mail) }),
    );
    expect(roles(results)).toEqual(["carrier", "joined"]);
  });

  it("counts items that an earlier batch gathered but did not retain", async ({ db }) => {
    const opener = arrive({ request: { items: [{ n: 1 }, { n: 2 }], count: 12 } });
    const batch_id = await openBatch(db, opener);
    await gathered(db, arrive({ request: item(3) }));
    expect(await sealed(db, opener.run, batch_id)).toEqual({
      count: 13,
      items: [{ n: 1 }, { n: 2 }, { n: 3 }],
    });
  });

  it("stores any payload unchanged", async ({ db }) => {
    const odd = JSON.parse(
      '{"__proto__":{"a":1},"constructor":"c","ключ":"👩‍👩‍👧","":[null,-0.5,1e21]}',
    ) as JsonObject;
    const opener = arrive({ request: { items: [odd] } });
    const batch_id = await openBatch(db, opener);
    const { items } = await sealed(db, opener.run, batch_id);
    expect(JSON.stringify(items)).toBe(JSON.stringify([odd]));
  });
});

describe("a leading item", () => {
  const leading = { flush_leading: true };

  it("passes, the second carries, the others join, and only these are counted", async ({ db }) => {
    const runs = [1, 2, 3].map((n) => arrive({ request: { ...item(n), ...leading } }));
    const results = await gathered(db, ...runs);
    expect(roles(results)).toEqual(["leading", "carrier", "joined"]);
    const more = arrive({ request: { ...item(4), ...leading } });
    expect(await gathered(db, more)).toMatchObject([{ role: "joined", carrier_run_id: runs[1]?.run.id }]);
    expect(await sealed(db, runs[1]?.run as Run, results[1]?.batch_id ?? "")).toEqual({
      count: 3,
      items: [{ n: 2 }, { n: 3 }, { n: 4 }],
    });
    expect(roles(await gathered(db, arrive({ request: leading })))).toEqual(["leading"]);
  });

  it("leads again after a window in which nothing gathered", async ({ db }) => {
    const [first] = await gathered(db, arrive({ request: leading }));
    const until = new Date("2026-07-17T15:00:00Z");
    const late = (request: Partial<Gathering>) =>
      arrive({ run: { now: LATER }, request: { ...request, closes_at: until } });
    const results = await gathered(db, late(leading), late(leading));
    expect(results).toMatchObject([
      { role: "leading", closes_at: until },
      { role: "carrier", closes_at: until },
    ]);
    expect(results[0]?.batch_id).not.toBe(first?.batch_id);
  });

  it("leaves no expired window that a run of another mode would join", async ({ db }) => {
    await gathered(db, arrive({ request: leading }));
    const until = new Date("2026-07-17T15:00:00Z");
    const late = arrive({ run: { now: LATER }, request: { closes_at: until } });
    expect(await gathered(db, late)).toMatchObject([{ role: "carrier", closes_at: until }]);
  });
});

describe("closing", () => {
  it.for<["first" | "last", number, number[]]>([
    ["first", 3, [1, 2, 3]],
    ["last", 3, [10, 11, 12]],
    ["first", 1, [1]],
    ["last", 1, [12]],
    ["first", 100, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["last", 100, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ])("returns the %s %i in order of arrival and counts all", async ([order, keep, expected], { db }) => {
    const opener = arrive({ request: item(1) });
    const batch_id = await openBatch(db, opener);
    for (let n = 2; n <= 12; n += 1) await gathered(db, arrive({ request: item(n) }));
    expect(await sealed(db, opener.run, batch_id, order, keep)).toEqual({
      count: 12,
      items: expected.map((n) => ({ n })),
    });
  });

  it("deletes the batch, counts nothing the second time, and lets the next arrival open a new one", async ({
    db,
  }) => {
    const opener = arrive();
    const batch_id = await openBatch(db, opener, arrive());
    expect(await sealed(db, opener.run, batch_id)).toMatchObject({ count: 2 });
    expect(await sealed(db, opener.run, batch_id)).toEqual({ count: 0, items: [] });
    expect(await db.query("select 1 from batch_item where workspace_id = $1", [workspace_id])).toHaveLength(
      0,
    );
    expect(roles(await gathered(db, arrive()))).toEqual(["carrier"]);
  });

  it("is reserved to its carrier", async ({ db }) => {
    const opener = arrive();
    const other = arrive();
    const batch_id = await openBatch(db, opener, other);
    expect(await sealed(db, other.run, batch_id)).toEqual({ count: 0, items: [] });
    expect(await sealed(db, opener.run, batch_id)).toMatchObject({ count: 2 });
  });

  it("closes many of one chunk, each with its own", async ({ db }) => {
    const openers = Array.from({ length: 50 }, (_, n) =>
      arrive({ run: { distinct_id: `user-${n}` }, request: item(n) }),
    );
    const results = await gathered(
      db,
      ...openers,
      ...openers.map(({ run, request }) => arrive({ run: { distinct_id: run.distinct_id }, request })),
    );
    const answers = await db.tx((tx) =>
      seal(
        tx,
        openers.map(({ run }, n) => ({
          run,
          request: { batch_id: results[n]?.batch_id ?? "", retain_count: 1, retain_order: "last" },
        })),
        noData,
        effects,
      ),
    );
    expect(answers).toEqual(openers.map((_, n) => ({ count: 2, items: [{ n }] })));
  });
});

describe("a carrier that has ended", () => {
  /** Stores the run as if the engine had given it up: it has ended, and its batch still exists. */
  async function record(db: Db, run: Run, status: string): Promise<void> {
    await db.query(
      `insert into run (workspace_id, id, request_id, workflow_slug, version_id, lane, distinct_id, tenant_id,
                        idempotency_key, status, steps)
       values ($1, $2, gen_random_uuid(), 'orders', '', 1, 'ann', 'default', '', $3, '[]')`,
      [run.workspace_id, run.id, status],
    );
  }

  it("leaves its items to the next arrival, and can no longer close the batch", async ({ db }) => {
    const opener = arrive({ request: item(1) });
    const [result] = await gathered(db, opener, arrive({ request: item(2) }));
    await record(db, opener.run, "failed");
    const heir = arrive({ request: item(3) });
    const third = arrive({ request: item(4) });
    expect(await gathered(db, heir, third)).toMatchObject([
      { role: "carrier", batch_id: result?.batch_id, closes_at: LATER },
      { role: "joined", carrier_run_id: heir.run.id },
    ]);
    expect(await sealed(db, opener.run, result?.batch_id ?? "")).toMatchObject({ count: 0 });
    expect(await sealed(db, heir.run, result?.batch_id ?? "")).toMatchObject({ count: 4 });
  });

  it("keeps its batch while it is in progress", async ({ db }) => {
    const opener = arrive();
    await gathered(db, opener);
    await record(db, opener.run, "in_progress");
    expect(roles(await gathered(db, arrive()))).toEqual(["joined"]);
  });

  it("finds its batch again when it is retried, and is counted once", async ({ db }) => {
    const opener = arrive({ request: item(1) });
    const [result] = await gathered(db, opener, arrive({ request: item(2) }));
    expect(await gathered(db, opener)).toMatchObject([{ role: "carrier", batch_id: result?.batch_id }]);
    expect(await sealed(db, opener.run, result?.batch_id ?? "")).toMatchObject({ count: 2 });
  });
});

describe("two at the same time", () => {
  it("open one batch, carried by the one that wrote first", async ({ db }) => {
    const results: Gathered[] = [];
    const one = arrive();
    const other = arrive();
    await overlap(
      db,
      async (tx) => results.push(...(await gatherIn(tx, [one]))),
      async (tx) => results.push(...(await gatherIn(tx, [other]))),
    );
    expect(roles(results)).toEqual(["carrier", "joined"]);
  });

  it("open a batch although the first is rolled back", async ({ db }) => {
    let second: Promise<Gathered[]> | undefined;
    const first = db.tx(async (tx) => {
      await gatherIn(tx, [arrive()]);
      second = gathered(db, arrive());
      throw new Error("the worker died");
    });
    await expect(first).rejects.toThrow("the worker died");
    expect(roles((await second) ?? [])).toEqual(["carrier"]);
  });

  it("close and append: an append that waited for the close opens the next batch", async ({ db }) => {
    const opener = arrive();
    const [opened] = await gathered(db, opener);
    let closed: Sealed[] = [];
    let late: Gathered[] = [];
    await overlap(
      db,
      async (tx) => (closed = await sealIn(tx, opener.run, opened?.batch_id ?? "")),
      async (tx) => (late = await gatherIn(tx, [arrive()])),
    );
    expect(closed).toMatchObject([{ count: 1 }]);
    expect(roles(late)).toEqual(["carrier"]);
    expect(late[0]?.batch_id).not.toBe(opened?.batch_id);
  });

  it("append and close: an item appended before the close is counted", async ({ db }) => {
    const opener = arrive();
    const batch_id = await openBatch(db, opener);
    let late: Gathered[] = [];
    let closed: Sealed[] = [];
    await overlap(
      db,
      async (tx) => (late = await gatherIn(tx, [arrive()])),
      async (tx) => (closed = await sealIn(tx, opener.run, batch_id)),
    );
    expect(roles(late)).toEqual(["joined"]);
    expect(closed).toMatchObject([{ count: 2 }]);
  });

  it("close: one counts the items, the other counts nothing", async ({ db }) => {
    const opener = arrive();
    const batch_id = await openBatch(db, opener, arrive());
    const counts: number[] = [];
    const close = async (tx: Tx) => {
      const [result] = await sealIn(tx, opener.run, batch_id);
      counts.push(result?.count ?? -1);
    };
    await overlap(db, close, close);
    expect(counts).toEqual([2, 0]);
  });

  it("close, and the first is rolled back: the other counts all", async ({ db }) => {
    const opener = arrive();
    const batch_id = await openBatch(db, opener, arrive());
    const died = db.tx(async (tx) => {
      await sealIn(tx, opener.run, batch_id);
      throw new Error("the worker died");
    });
    await expect(died).rejects.toThrow("the worker died");
    expect(await sealed(db, opener.run, batch_id)).toMatchObject({ count: 2 });
  });

  it("gather for many people in different orders without a deadlock", async ({ db }) => {
    const people = Array.from({ length: 40 }, (_, n) => `user-${n}`);
    const random = createRandom(7);
    const chunk = () => random.shuffle(people).map((distinct_id) => arrive({ run: { distinct_id } }));
    const rounds = Array.from({ length: 60 }, chunk);
    const results = (await Promise.all(rounds.map((round) => gathered(db, ...round)))).flat();
    expect(roles(results).filter((role) => role === "carrier")).toHaveLength(people.length);
    expect(results).toHaveLength(60 * people.length);
  });
});

describe("thousands of races", () => {
  /** Openers whose batch is not closed yet. */
  interface Open {
    run: Run;
    batch_id: string;
  }

  it.for([
    ["accumulating", false],
    ["with a leading item", true],
  ] as const)(
    "%s: every item is in exactly one batch, though every third transaction dies",
    async ([_name, flush_leading], { db }) => {
      const random = createRandom(11);
      const open: Open[] = [];
      const put: number[] = [];
      const got: number[] = [];
      let count = 0;
      let died = 0;
      let closed = 0;

      /** Returns the result of `work`, unless its transaction dies before it commits. */
      async function orDie<T>(work: (tx: Tx) => Promise<T>): Promise<T | null> {
        const isDoomed = random.chance(1 / 3);
        try {
          return await db.tx(async (tx) => {
            const result = await work(tx);
            if (isDoomed) throw new Error("the worker died");
            return result;
          });
        } catch (error) {
          if (!isDoomed) throw error;
          died += 1;
          return null;
        }
      }

      async function add(): Promise<void> {
        const chunk = Array.from({ length: random.between(1, 6) }, () =>
          arrive({
            run: { distinct_id: `user-${random.below(4)}` },
            request: { ...item(count++), flush_leading },
          }),
        );
        const results = await orDie((tx) => gatherIn(tx, chunk));
        results?.forEach((result, index) => {
          const asked = chunk[index];
          if (asked === undefined) return;
          const n = asked.request.items[0]?.n;
          if (result.role === "leading") return;
          put.push(Number(n));
          if (result.role === "carrier") open.push({ run: asked.run, batch_id: result.batch_id });
        });
      }

      async function close(): Promise<void> {
        const some = open.splice(0, random.between(1, 3));
        if (some.length === 0) return void (await db.query("select 1"));
        const results = await orDie((tx) =>
          seal(
            tx,
            some.map(({ run, batch_id }) => {
              return { run, request: { batch_id, retain_count: 1_000_000, retain_order: "first" as const } };
            }),
            noData,
            effects,
          ),
        );
        if (results === null) return void open.push(...some);
        closed += results.length;
        for (const result of results) {
          expect(result.items).toHaveLength(result.count);
          got.push(...result.items.map(({ n }) => Number(n)));
        }
      }

      let turns = 1200;
      async function addAll(): Promise<void> {
        while (turns-- > 0) await add();
      }
      async function closeAll(): Promise<void> {
        while (turns > 0 || open.length > 0) await close();
      }
      await Promise.all([...Array.from({ length: 8 }, addAll), ...Array.from({ length: 6 }, closeAll)]);
      while (open.length > 0) await close();

      expect(died).toBeGreaterThan(300);
      expect(closed).toBeGreaterThan(300);
      expect(put.length).toBeGreaterThan(1000);
      const ascending = (one: number, other: number) => one - other;
      expect(got.toSorted(ascending)).toEqual(put.toSorted(ascending));
      const left = "select 1 from batch_item where workspace_id = $1";
      expect(await db.query(left, [workspace_id])).toHaveLength(0);
    },
  );
});

it("answers every history as sequential execution would", async ({ db }) => {
  const step = fc.record({
    op: fc.constantFrom("arrive", "close", "wait"),
    who: fc.constantFrom("ann", "bob"),
    many: fc.integer({ min: 1, max: 4 }),
    keep: fc.integer({ min: 1, max: 5 }),
    order: fc.constantFrom("first" as const, "last" as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, flush_leading) => {
      workspace_id += 1;
      /** The model's open batches, by person. */
      const model = new Map<
        string,
        { carrier: Run | null; batch_id: string; closes: number; items: number[] }
      >();
      let time = NOON.getTime();
      let n = 0;
      for (const { op, who, many, keep, order } of steps) {
        if (op === "wait") time += 600_000;
        const known = model.get(who);
        if (op === "arrive") {
          const chunk = Array.from({ length: many }, () =>
            arrive({
              run: { distinct_id: who, now: new Date(time) },
              request: { ...item((n += 1)), flush_leading, closes_at: new Date(time + 1_000_000) },
            }),
          );
          const results = await gathered(db, ...chunk);
          let batch = known;
          for (const [index, { run, request }] of chunk.entries()) {
            const result = results[index];
            const isStale = batch?.carrier === null && batch.closes <= time;
            let role = "joined";
            if (batch === undefined || isStale) {
              role = flush_leading ? "leading" : "carrier";
              batch = {
                carrier: flush_leading ? null : run,
                batch_id: result?.batch_id ?? "",
                closes: time + 1_000_000,
                items: [],
              };
            } else if (batch.carrier === null) {
              role = "carrier";
              batch.carrier = run;
            }
            if (role !== "leading") batch.items.push(Number(request.items[0]?.n));
            expect(result).toMatchObject({
              role,
              batch_id: batch.batch_id,
              closes_at: new Date(batch.closes),
            });
            if (role === "joined") expect(result).toMatchObject({ carrier_run_id: batch.carrier?.id });
          }
          if (batch !== undefined) model.set(who, batch);
        }
        if (op === "close" && known !== undefined && known.carrier !== null) {
          const kept = order === "first" ? known.items.slice(0, keep) : known.items.slice(-keep);
          expect(await sealed(db, known.carrier, known.batch_id, order, keep)).toEqual({
            count: known.items.length,
            items: kept.map((number) => ({ n: number })),
          });
          model.delete(who);
        }
      }
    }),
    { numRuns: 40 },
  );
});
