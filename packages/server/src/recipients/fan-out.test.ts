import fc from "fast-check";
import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { createHub, type Hub } from "../../test/hub.ts";
import type { JsonObject } from "../core/json.ts";
import { type FanOutAsk, type FanOutCursor, type FanOutPage, fanOut, type Member } from "./fan-out.ts";
import type { RecipientKey } from "./recipient.ts";
import { addSubscriptions } from "./subscriptions.ts";

/** `team:a` is an object, `ann` a user. */
function keyOf(name: string): RecipientKey {
  const [object_type, distinct_id] = name.includes(":") ? name.split(":") : ["", name];
  return { object_type: object_type ?? "", distinct_id: distinct_id ?? "" };
}

const nameOf = ({ object_type, distinct_id }: RecipientKey) =>
  object_type === "" ? distinct_id : `${object_type}:${distinct_id}`;

/** Creates all recipients in this order, so that ids follow it, and then the edges. Returns ids by name. */
async function build(hub: Hub, edges: [object: string, subscriber: string, properties?: JsonObject][]) {
  const { recipients, db, ids } = hub.services;
  const names = [...new Set(edges.flatMap(([object, subscriber]) => [object, subscriber]))].toSorted();
  return db.tx(async (tx) => {
    const outcomes = await recipients.apply(
      tx,
      hub.workspace_id,
      names.map((name) => ({ ...keyOf(name), operations: [], mode: "lenient", restore: true, create: true })),
    );
    await addSubscriptions(
      tx,
      hub.workspace_id,
      edges.map(([object, subscriber, properties = {}]) => {
        const { object_type, distinct_id } = keyOf(object);
        const subscribers = [keyOf(subscriber)];
        return { object_type, object_id: distinct_id, create_if_missing: false, subscribers, properties };
      }),
      ids,
    );
    return new Map(
      outcomes.flatMap((outcome) =>
        outcome.ok && outcome.recipient !== null ? [[nameOf(outcome.recipient), outcome.recipient.id]] : [],
      ),
    );
  });
}

const page = async (hub: Hub, ask: FanOutAsk, limit = 100): Promise<FanOutPage> => {
  const [first] = await fanOut(hub.services.db, hub.workspace_id, [ask], limit);
  if (first === undefined) throw new Error("there was no page");
  return first;
};

/** All pages in order. */
async function readAll(hub: Hub, ask: FanOutAsk, limit: number): Promise<Member[]> {
  const members: Member[] = [];
  let after: FanOutCursor | null = null;
  do {
    const read: FanOutPage = await page(hub, { ...ask, after }, limit);
    expect(read.members.length).toBeLessThanOrEqual(limit);
    members.push(...read.members);
    after = read.next;
  } while (after !== null);
  return members;
}

const idOf = (ids: Map<string, string>, name: string) => ids.get(name) ?? "";
const paths = (members: Member[]) => members.map((member) => `${nameOf(member.parent)} > ${nameOf(member)}`);

describe("the members of an object", () => {
  const COMPANY: Parameters<typeof build>[1] = [
    ["company:c", "ann", { role: "owner" }],
    ["company:c", "bob", { role: "member" }],
    ["company:c", "team:t1"],
    ["company:c", "team:t2"],
    ["team:t1", "bob", { role: "lead" }],
    ["team:t1", "cyd", { role: "dev" }],
    ["team:t2", "cyd", { role: "ops" }],
    ["team:t2", "dan", { role: "ops" }],
    ["team:t2", "squad:s"],
    ["squad:s", "eve"],
  ];

  it.for([
    [0, []],
    [1, ["company:c > ann", "company:c > bob", "company:c > team:t1", "company:c > team:t2"]],
    [
      2,
      [
        "company:c > ann",
        "company:c > bob",
        "company:c > team:t1",
        "company:c > team:t2",
        "team:t1 > cyd",
        "team:t2 > dan",
        "team:t2 > squad:s",
      ],
    ],
  ] as const)(
    "to depth %i are each there once, the nearest path first",
    async ([depth, expected], { hub }) => {
      const ids = await build(hub, COMPANY);
      const ask = { recipient_id: idOf(ids, "company:c"), depth };
      expect(new Set(paths((await page(hub, ask)).members))).toEqual(new Set(expected));
      for (const limit of [1, 2, 3, 100]) {
        expect(new Set(paths(await readAll(hub, ask, limit)))).toEqual(new Set(expected));
      }
    },
  );

  it("come before the members of child objects", async ({ hub }) => {
    const ids = await build(hub, COMPANY);
    const { members } = await page(hub, { recipient_id: idOf(ids, "company:c"), depth: 2 });
    const parents = members.map(({ parent }) => nameOf(parent));
    expect(parents).toEqual([
      ...Array.from({ length: 4 }, () => "company:c"),
      "team:t1",
      "team:t2",
      "team:t2",
    ]);
  });

  it("carry the properties of the path by which they are reached first", async ({ hub }) => {
    const ids = await build(hub, COMPANY);
    const { members } = await page(hub, { recipient_id: idOf(ids, "company:c"), depth: 2 });
    const roles = Object.fromEntries(members.map((member) => [nameOf(member), member.properties.role]));
    expect(roles).toMatchObject({ ann: "owner", bob: "member", cyd: "dev", dan: "ops" });
  });

  it("leave out recipients that the request itself names, and those that an earlier object reaches", async ({
    hub,
  }) => {
    const ids = await build(hub, [
      ...COMPANY,
      ["list:first", "ann"],
      ["list:first", "team:t2"],
      ["list:first", "zoe"],
    ]);
    const ask = (earlier: FanOutAsk["earlier"]): FanOutAsk => ({
      recipient_id: idOf(ids, "company:c"),
      depth: 2,
      earlier: earlier ?? [],
      skip: [idOf(ids, "bob")],
    });
    const first = idOf(ids, "list:first");
    const reached = async (depth: 0 | 1 | 2) =>
      (await readAll(hub, ask([{ recipient_id: first, depth }]), 2)).map(nameOf).toSorted();
    expect(await reached(0)).toEqual(["ann", "cyd", "dan", "squad:s", "team:t1", "team:t2"]);
    expect(await reached(1)).toEqual(["cyd", "dan", "squad:s", "team:t1"]);
    // Its members are also reached through t2, which is in the first.
    expect(await reached(2)).toEqual(["team:t1"]);
  });

  it("are read for many objects at once, each by itself and in their order", async ({ hub, harness }) => {
    const ids = await build(hub, COMPANY);
    const asks: FanOutAsk[] = ["team:t2", "company:c", "ann", "team:t1"].map((name) => ({
      recipient_id: idOf(ids, name),
      depth: name === "company:c" ? 0 : 1,
    }));
    const pages = await fanOut(harness.services.db, hub.workspace_id, asks, 2);
    expect(pages.map(({ members }) => members.map(nameOf).toSorted())).toEqual([
      ["cyd", "dan"],
      [],
      [],
      ["bob", "cyd"],
    ]);
    expect(pages.map(({ next }) => next !== null)).toEqual([true, false, false, true]);
  });

  it("end where objects contain each other", async ({ hub, harness }) => {
    const ids = await build(hub, [
      ["ring:a", "ring:b"],
      ["ring:b", "ann"],
    ]);
    // Two edges created at the same instant can close a cycle that neither would alone.
    await harness.services.db.query(
      `insert into subscription (workspace_id, object_id, subscriber_id, subscriber_is_object, id)
       values ($1, $2, $3, true, 'x')`,
      [hub.workspace_id, idOf(ids, "ring:b"), idOf(ids, "ring:a")],
    );
    const members = await readAll(hub, { recipient_id: idOf(ids, "ring:a"), depth: 2 }, 1);
    expect(paths(members)).toEqual(["ring:a > ring:b", "ring:b > ann"]);
  });

  it("belong to no other workspace", async ({ hub, harness }) => {
    const ids = await build(hub, COMPANY);
    const other = (await createHub(harness)).workspace.workspace_id;
    const ask: FanOutAsk = { recipient_id: idOf(ids, "company:c"), depth: 2 };
    expect(await fanOut(harness.services.db, other, [ask], 10)).toEqual([{ members: [], next: null }]);
  });

  it("continue after a child object that left between two pages", async ({ hub, harness }) => {
    const ids = await build(hub, [
      ["company:c", "team:t1"],
      ["company:c", "team:t2"],
      ["team:t1", "ann"],
      ["team:t1", "bob"],
      ["team:t2", "cyd"],
    ]);
    const ask: FanOutAsk = { recipient_id: idOf(ids, "company:c"), depth: 2 };
    const first = await page(hub, ask, 3);
    expect(first.members.map(nameOf).at(-1)).toBe("ann");
    await harness.services.db.query(
      "delete from subscription where workspace_id = $1 and subscriber_id = $2",
      [hub.workspace_id, idOf(ids, "team:t1")],
    );
    const second = await page(hub, { ...ask, after: first.next }, 3);
    expect(paths(second.members)).toEqual(["team:t2 > cyd"]);
  });
});

describe("paging", () => {
  it("ends a page also when it only met empty objects, and continues after them", async ({ hub }) => {
    const children = Array.from({ length: 12 }, (_unused, index) => `team:t${index + 10}`);
    const ids = await build(hub, [
      ...children.map((child): [string, string] => ["company:c", child]),
      ["team:t21", "ann"],
    ]);
    const ask: FanOutAsk = { recipient_id: idOf(ids, "company:c"), depth: 2 };
    const sizes: number[] = [];
    for (let after: FanOutCursor | null | undefined; after !== null;) {
      const read = await page(hub, { ...ask, after: after ?? null }, 4);
      sizes.push(read.members.length);
      after = read.next;
    }
    // Three pages of children; a page then visits at most four of them and the one at which the last page ended.
    expect(sizes.slice(0, 3)).toEqual([4, 4, 4]);
    expect(sizes.slice(3).reduce((sum, size) => sum + size, 0)).toBe(1);
    expect(sizes.length).toBeGreaterThanOrEqual(6);
  });

  const USERS = ["ann", "bob", "cyd", "dan"];
  const OBJECTS = ["o:a", "o:b", "o:c"];
  const edge = fc.tuple(fc.constantFrom(...OBJECTS), fc.constantFrom(...OBJECTS, ...USERS));

  it("reaches exactly the reachable recipients, once, whatever the graph and the size of the pages", async ({
    hub,
    harness,
  }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(edge, { maxLength: 16, selector: (pair) => pair.join() }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(1 as const, 2 as const),
        async (drawn, limit, depth) => {
          hub = await createHub(harness);
          // Objects subscribe only to earlier ones: cycles are refused, and are not the subject here.
          const edges = drawn.filter(
            ([object, subscriber]) => !subscriber.includes(":") || object < subscriber,
          );
          fc.pre(edges.some(([object]) => object === "o:a"));
          const ids = await build(
            hub,
            edges.map(([object, subscriber]) => [object, subscriber]),
          );
          const ask: FanOutAsk = { recipient_id: idOf(ids, "o:a"), depth };
          const read = paths(await readAll(hub, ask, limit));
          expect(read.toSorted()).toEqual(reachable(edges, depth).toSorted());
        },
      ),
      { numRuns: 40 },
    );
  });

  /** The same by hand: the shortest path to each, through the first child by name. */
  function reachable(edges: [string, string][], depth: number): string[] {
    const under = (object: string) =>
      edges.filter(([parent]) => parent === object).map(([, subscriber]) => subscriber);
    const found = new Map<string, string>();
    const direct = under("o:a");
    for (const name of direct) found.set(name, "o:a");
    const children = depth === 2 ? direct.filter((name) => name.includes(":")).toSorted() : [];
    for (const child of children) {
      for (const name of under(child)) if (!found.has(name) && name !== "o:a") found.set(name, child);
    }
    return [...found].map(([name, parent]) => `${parent} > ${name}`);
  }
});
