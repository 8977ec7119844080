import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import type { Hub } from "../../test/hub.ts";
import { overlap } from "../../test/overlap.ts";
import { createRandom } from "../../test/random.ts";
import type { JsonObject } from "../core/json.ts";
import type { RecipientKey } from "./recipient.ts";
import { addSubscriptions, type NewSubscription, removeSubscriptions } from "./subscriptions.ts";

const user = (distinct_id: string): RecipientKey => ({ object_type: "", distinct_id });
const object = (distinct_id: string): RecipientKey => ({ object_type: "team", distinct_id });

function item(
  object_id: string,
  subscribers: RecipientKey[],
  more: Partial<NewSubscription> = {},
): NewSubscription {
  return { object_type: "team", object_id, create_if_missing: false, subscribers, properties: {}, ...more };
}

function make(hub: Hub, ...keys: RecipientKey[]) {
  const { db, recipients } = hub.services;
  return db.tx((tx) =>
    recipients.apply(
      tx,
      hub.workspace_id,
      keys.map((key) => ({ ...key, operations: [], mode: "lenient", restore: true, create: true })),
    ),
  );
}

const add = (hub: Hub, ...items: NewSubscription[]) =>
  hub.services.db.tx((tx) => addSubscriptions(tx, hub.workspace_id, items, hub.services.ids));

const remove = (hub: Hub, ...items: NewSubscription[]) =>
  hub.services.db.tx((tx) => removeSubscriptions(tx, hub.workspace_id, items));

/** `team/a > ann` and its properties. */
async function edges(hub: Hub): Promise<Record<string, JsonObject>> {
  const rows = await hub.services.db.query<{ path: string; properties: JsonObject }>(
    `select o.distinct_id || ' > ' || r.distinct_id as path, s.properties
       from subscription s
       join recipient o on o.workspace_id = s.workspace_id and o.id = s.object_id
       join recipient r on r.workspace_id = s.workspace_id and r.id = s.subscriber_id
      where s.workspace_id = $1 order by path`,
    [hub.workspace_id],
  );
  return Object.fromEntries(rows.map(({ path, properties }) => [path, properties]));
}

const done = (changed: number, missing: RecipientKey[] = []) => ({ ok: true, changed, missing });

describe("adding subscribers", () => {
  it("writes given keys over those of an edge that is there, and keeps the others", async ({ hub }) => {
    await make(hub, object("a"), user("ann"));
    await add(hub, item("a", [user("ann")], { properties: { role: "dev", since: 1, deep: { a: 1, b: 2 } } }));
    const again = item("a", [user("ann")], { properties: { role: "lead", deep: { a: 2 } } });
    expect(await add(hub, again)).toEqual([done(1)]);
    expect(await edges(hub)).toEqual({ "a > ann": { role: "lead", since: 1, deep: { a: 2 } } });
    expect(await add(hub, again)).toEqual([done(0)]);
  });

  it("makes a missing object only when asked to, and never a missing subscriber", async ({
    hub,
    harness,
  }) => {
    await make(hub, user("ann"));
    expect(
      await add(
        hub,
        item("a", [user("ann")]),
        item("b", [user("ann"), user("nobody")], { create_if_missing: true }),
        item("b", [object("nothing")]),
      ),
    ).toEqual([
      { ok: false, error: "object 'team/a' not found" },
      done(1, [user("nobody")]),
      done(0, [object("nothing")]),
    ]);
    expect(await edges(hub)).toEqual({ "b > ann": {} });
    expect(
      (await harness.services.recipients.load(harness.services.db, hub.workspace_id, [object("a")])).size,
    ).toBe(0);
  });

  it("puts edges that a batch names twice together", async ({ hub }) => {
    await make(hub, object("a"), user("ann"));
    const outcomes = await add(
      hub,
      item("a", [user("ann"), user("ann")], { properties: { role: "dev", since: 1 } }),
      item("a", [user("ann")], { properties: { role: "lead" } }),
    );
    expect(outcomes).toEqual([done(1), done(1)]);
    expect(await edges(hub)).toEqual({ "a > ann": { role: "lead", since: 1 } });
  });

  it("refuses cycles of objects, also those that only the batch closes, and adds the rest", async ({
    hub,
  }) => {
    await make(hub, object("a"), object("b"), object("c"), user("ann"));
    await add(hub, item("a", [object("b")]));
    const refused = (what: string, of: string) => ({
      ok: false,
      error: `object 'team/${what}' must not subscribe to 'team/${of}': it contains it`,
    });
    expect(
      await add(
        hub,
        item("a", [object("a")]),
        item("b", [user("ann"), object("a")]),
        item("b", [object("c")]),
        item("c", [object("a")]),
        item("c", [user("ann")]),
      ),
    ).toEqual([refused("a", "a"), refused("a", "b"), done(1), refused("a", "c"), done(1)]);
    expect(Object.keys(await edges(hub))).toEqual(["a > b", "b > c", "c > ann"]);
  });

  it("refuses a cycle that another transaction is closing", async ({ hub, harness }) => {
    await make(hub, object("a"), object("b"));
    const { db, ids } = harness.services;
    let outcome: unknown;
    await overlap(
      db,
      (tx) => addSubscriptions(tx, hub.workspace_id, [item("a", [object("b")])], ids),
      async (tx) => {
        [outcome] = await addSubscriptions(tx, hub.workspace_id, [item("b", [object("a")])], ids);
      },
    );
    expect(outcome).toMatchObject({ ok: false });
    expect(Object.keys(await edges(hub))).toEqual(["a > b"]);
  });

  it.for([
    ["no type", item("a", [], { object_type: " " }), "object_type: must not be empty"],
    ["no id", item("", []), "object_id: must not be empty"],
    [
      "a long type",
      item("a", [], { object_type: "x".repeat(65) }),
      "object_type: must be at most 64 characters",
    ],
    ["a long id", item("x".repeat(256), []), "object_id: must be at most 255 characters"],
    [
      "half a character",
      item("\ud800", []),
      "object_id: must be valid Unicode (it has half of a surrogate pair)",
    ],
    ["a null character", item("a\u0000", []), "object_id: must not contain the null character"],
    ["a subscriber no database holds", item("a", [user("\u0000")]), "must not contain the null character"],
    [
      "properties no database holds",
      item("a", [user("ann")], { properties: { deep: ["\u0000"] } }),
      "properties: deep.0: must not contain the null character",
    ],
  ] as const)("refuses %s, and adds its neighbour", async ([_title, wrong, error], { hub }) => {
    await make(hub, object("a"), user("ann"));
    expect(await add(hub, wrong, item("a", [user("ann")]))).toEqual([{ ok: false, error }, done(1)]);
  });

  it("takes keys that mean something to the language", async ({ hub, harness }) => {
    await make(hub, { object_type: "__proto__", distinct_id: "constructor" }, user("__proto__"));
    const properties = JSON.parse('{"__proto__": 1, "constructor": {"a": 1}}') as JsonObject;
    const odd = item("constructor", [user("__proto__")], { object_type: "__proto__", properties });
    expect(await add(hub, odd)).toEqual([done(1)]);
    const [stored] = await harness.services.db.query<{ text: string }>(
      "select properties::text as text from subscription where workspace_id = $1",
      [hub.workspace_id],
    );
    expect(stored?.text).toBe('{"__proto__": 1, "constructor": {"a": 1}}');
  });

  it("writes a thousand edges at once", async ({ hub }) => {
    const people = Array.from({ length: 1000 }, (_unused, index) => user(`u${index}`));
    await make(hub, object("a"), ...people);
    expect(await add(hub, item("a", people))).toEqual([done(1000)]);
    expect(await remove(hub, item("a", people))).toEqual([done(1000)]);
  });

  it("does nothing when asked for nothing", async ({ hub }) => {
    expect(await add(hub)).toEqual([]);
    expect(await remove(hub)).toEqual([]);
  });
});

describe("taking subscribers away", () => {
  it("needs the object and nothing else", async ({ hub }) => {
    await make(hub, object("a"), user("ann"), user("bob"));
    await add(hub, item("a", [user("ann"), user("bob")]));
    expect(
      await remove(
        hub,
        item("a", [user("ann"), user("nobody"), object("nothing")]),
        item("z", [user("bob")]),
      ),
    ).toEqual([
      done(1, [user("nobody"), object("nothing")]),
      { ok: false, error: "object 'team/z' not found" },
    ]);
    expect(await remove(hub, item("a", [user("ann")]))).toEqual([done(0)]);
    expect(Object.keys(await edges(hub))).toEqual(["a > bob"]);
  });

  it("happens automatically when either end is deleted", async ({ hub, harness }) => {
    await make(hub, object("a"), object("b"), user("ann"), user("bob"));
    await add(hub, item("a", [user("ann"), user("bob")]), item("b", [user("ann")]));
    await harness.services.db.query(
      "delete from recipient where workspace_id = $1 and distinct_id in ('ann', 'a')",
      [hub.workspace_id],
    );
    expect(await edges(hub)).toEqual({});
  });
});

it("chunks that add and remove the same edges in any order never deadlock", async ({ hub }) => {
  const random = createRandom(20_261_121);
  const teams = Array.from({ length: 6 }, (_unused, index) => `t${index}`);
  const people = Array.from({ length: 10 }, (_unused, index) => user(`u${index}`));
  await make(hub, ...teams.slice(0, 3).map(object), ...people);
  const fates = await Promise.allSettled(
    Array.from({ length: 24 }, (_unused, index) => {
      const items = random
        .shuffle(teams)
        .map((team) =>
          item(team, random.shuffle(people), { create_if_missing: true, properties: { by: index } }),
        );
      return index % 3 === 0 ? remove(hub, ...items) : add(hub, ...items);
    }),
  );
  expect(fates.filter(({ status }) => status === "rejected")).toEqual([]);
});
