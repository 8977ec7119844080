import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { createHub, type Hub } from "../../test/hub.ts";
import { overlap } from "../../test/overlap.ts";
import { createRandom } from "../../test/random.ts";
import { createIdSource } from "../ids.ts";
import { createLists, type ListAddition, type ListOutcome, type Lists } from "./lists.ts";

const lists = createLists({ ids: createIdSource() });

const TRACKED = { track_user_entry: true, track_user_exit: true };

/** Ids by name; `team:a` is an object. */
async function make(hub: Hub, ...names: string[]): Promise<(name: string) => string> {
  const { db, recipients } = hub.services;
  const outcomes = await db.tx((tx) =>
    recipients.apply(
      tx,
      hub.workspace_id,
      names.map((name) => ({
        object_type: name.startsWith("team:") ? "team" : "",
        distinct_id: name.replace("team:", ""),
        operations: [],
        mode: "lenient",
        restore: true,
        create: true,
      })),
    ),
  );
  const ids = new Map(names.map((name, index) => [name, idOf(outcomes[index])]));
  return (name) => ids.get(name) ?? "";
}

const idOf = (outcome: unknown) => (outcome as { recipient: { id: string } }).recipient.id;

function addition(list_id: string, recipient_ids: string[], more: Partial<ListAddition> = {}): ListAddition {
  return { list_id, recipient_ids, list_name: null, create_if_missing: true, ...more };
}

const add = (hub: Hub, ...changes: ListAddition[]) =>
  hub.services.db.tx((tx) => lists.add(tx, hub.workspace_id, changes));
const remove = (hub: Hub, ...changes: ListAddition[]) =>
  hub.services.db.tx((tx) => lists.remove(tx, hub.workspace_id, changes));

const moved = (outcomes: ListOutcome[]) =>
  outcomes.map((outcome) =>
    outcome.ok ? outcome.members.map(({ distinct_id }) => distinct_id) : outcome.error,
  );

/** Name, stored count and real members of each list. */
function stored(hub: Hub) {
  return hub.services.db.query(
    `select l.list_id, l.list_name, v.subscribers_count as count,
            array(select r.distinct_id from list_member m
                    join recipient r on r.workspace_id = m.workspace_id and r.id = m.recipient_id
                   where m.workspace_id = l.workspace_id and m.version_id = l.version_id order by 1)::text[] as members
       from list l join list_version v on v.workspace_id = l.workspace_id and v.version_id = l.version_id
      where l.workspace_id = $1 order by l.list_id`,
    [hub.workspace_id],
  );
}

describe("adding users to a list", () => {
  it("reports who really entered, and the event for each of them", async ({ hub }) => {
    const id = await make(hub, "ann", "bob");
    await hub.call("POST", "/v1/subscriber_list/", {
      list_id: "beta",
      list_name: "Beta testers",
      ...TRACKED,
    });
    await add(hub, addition("beta", [id("ann")], { list_name: " Beta testers " }));
    const outcomes = await add(hub, addition("beta", [id("ann"), id("bob")], { list_name: "Another name" }));
    expect(outcomes).toEqual([
      {
        ok: true,
        members: [{ recipient_id: id("bob"), distinct_id: "bob" }],
        event: {
          event: "$USER_ENTERED_LIST - beta",
          properties: { list_id: "beta", list_name: "Beta testers" },
        },
      },
    ]);
    expect(await stored(hub)).toEqual([
      { list_id: "beta", list_name: "Beta testers", count: 2, members: ["ann", "bob"] },
    ]);
  });

  it("names no event that neither the list nor a workflow asks for", async ({ hub }) => {
    const id = await make(hub, "ann", "bob");
    const eventsOf = (outcomes: ListOutcome[]) =>
      outcomes.map((outcome) => (outcome.ok ? (outcome.event?.event ?? null) : outcome.error));
    expect(eventsOf(await add(hub, addition("beta", [id("ann")])))).toEqual([null]);
    await hub.addWorkflow("welcome", { events: ["$USER_ENTERED_LIST - beta"] });
    expect(eventsOf(await add(hub, addition("beta", [id("bob")])))).toEqual(["$USER_ENTERED_LIST - beta"]);
    expect(eventsOf(await remove(hub, addition("beta", [id("bob")])))).toEqual([null]);
  });

  it("makes a list only when asked to, and leaves its neighbours alone", async ({ hub }) => {
    const id = await make(hub, "ann");
    expect(
      moved(
        await add(
          hub,
          addition("no", [id("ann")], { create_if_missing: false }),
          addition("yes", [id("ann")]),
        ),
      ),
    ).toEqual(["list_id: no not found", ["ann"]]);
    expect(await stored(hub)).toMatchObject([{ list_id: "yes", list_name: "yes", count: 1 }]);
  });

  it("counts a user once whom several changes name", async ({ hub }) => {
    const id = await make(hub, "ann", "bob");
    const outcomes = await add(
      hub,
      addition("beta", [id("ann"), id("ann")]),
      addition("beta", [id("bob"), id("ann")], { create_if_missing: false }),
    );
    expect(moved(outcomes)).toEqual([["ann"], ["bob"]]);
    expect(await stored(hub)).toMatchObject([{ count: 2 }]);
  });

  it("leaves out objects, unknown users, and users of another workspace", async ({ hub, harness }) => {
    const id = await make(hub, "ann", "team:a");
    const mine = id("ann");
    const team = id("team:a");
    ({ workspace_id: hub.workspace_id } = (await createHub(harness)).workspace);
    const bob = (await make(hub, "bob"))("bob");
    expect(moved(await add(hub, addition("beta", [mine, team, "nobody", bob])))).toEqual([["bob"]]);
  });

  it.for([
    ["", "list_id: '' must be made of a-z, 0-9, - and _"],
    ["Beta", "list_id: 'Beta' must be made of a-z, 0-9, - and _"],
    ["a b", "list_id: 'a b' must be made of a-z, 0-9, - and _"],
    ["liste\u0301", "list_id: 'liste\u0301' must be made of a-z, 0-9, - and _"],
    ["a\n", "list_id: 'a\n' must be made of a-z, 0-9, - and _"],
    ["x".repeat(65), "list_id: must be at most 64 characters"],
    ["all_users", "list_id: all_users is kept by the product and cannot be changed"],
  ] as const)("refuses the list %j", async ([list_id, error], { hub }) => {
    const id = await make(hub, "ann");
    const outcomes = await add(hub, addition(list_id, [id("ann")]), addition("ok", [id("ann")]));
    expect(moved(outcomes)).toEqual([error, ["ann"]]);
  });

  it("refuses a list whose members a query chooses", async ({ hub, harness }) => {
    const id = await make(hub, "ann");
    await harness.services.db.query(
      "insert into list (workspace_id, list_id, list_type, version_id) values ($1, 'segment', 'dynamic_list', 'v')",
      [hub.workspace_id],
    );
    const error = "list_id: segment is a dynamic list and cannot be changed by hand";
    expect(moved(await add(hub, addition("segment", [id("ann")])))).toEqual([error]);
    expect(moved(await remove(hub, addition("segment", [id("ann")])))).toEqual([error]);
  });

  it.for([
    ["nothing", "  ", "beta"],
    ["a null character", "a\u0000", "beta"],
    ["half a character", "\ud800", "beta"],
    ["too much, without half of a character", `${"x".repeat(254)}🛎`, "x".repeat(254)],
    ["a word of the language", "__proto__", "__proto__"],
  ] as const)(
    "takes a name of %s as far as it can be stored",
    async ([_title, list_name, expected], { hub }) => {
      const id = await make(hub, "ann");
      await add(hub, addition("beta", [id("ann")], { list_name }));
      expect(await stored(hub)).toMatchObject([{ list_name: expected, count: 1 }]);
    },
  );

  it.for(["constructor", "__proto__", "-", "0"])(
    "has no trouble with a list called %s",
    async (list_id, { hub }) => {
      const id = await make(hub, "ann");
      expect(moved(await add(hub, addition(list_id, [id("ann")])))).toEqual([["ann"]]);
      expect(moved(await remove(hub, addition(list_id, [id("ann")])))).toEqual([["ann"]]);
    },
  );
});

describe("taking users off a list", () => {
  it("reports who really left, and the event for each of them", async ({ hub }) => {
    const id = await make(hub, "ann", "bob");
    await hub.call("POST", "/v1/subscriber_list/", { list_id: "beta", list_name: "Beta", ...TRACKED });
    await add(hub, addition("beta", [id("ann")], { list_name: "Beta" }));
    const outcomes = await remove(
      hub,
      addition("beta", [id("bob"), id("ann")]),
      addition("beta", [id("ann")]),
    );
    expect(moved(outcomes)).toEqual([["ann"], []]);
    expect(outcomes[0]).toMatchObject({
      event: { event: "$USER_EXITED_LIST - beta", properties: { list_id: "beta", list_name: "Beta" } },
    });
    expect(await stored(hub)).toMatchObject([{ count: 0, members: [] }]);
  });

  it("needs the list, and never makes one", async ({ hub }) => {
    const id = await make(hub, "ann");
    expect(moved(await remove(hub, addition("beta", [id("ann")])))).toEqual(["list_id: beta not found"]);
    expect(await stored(hub)).toEqual([]);
  });
});

it("a deleted user is in no list and no count", async ({ hub }) => {
  const id = await make(hub, "ann", "bob", "cyd");
  await add(hub, addition("beta", [id("ann"), id("bob")]), addition("gamma", [id("ann"), id("cyd")]));
  expect((await hub.call("DELETE", "/v1/user/ann/")).status).toBe(204);
  expect((await hub.call("DELETE", "/v1/bulk/user/", { distinct_ids: ["cyd", "nobody"] })).status).toBe(204);
  expect(await stored(hub)).toMatchObject([
    { list_id: "beta", count: 1, members: ["bob"] },
    { list_id: "gamma", count: 0, members: [] },
  ]);
});

describe("changes at the same time", () => {
  it("and the deletion of their users never deadlock", async ({ hub }) => {
    const id = await make(hub, "ann", "bob", "cyd");
    const everybody = ["ann", "bob", "cyd"].map(id);
    await add(hub, addition("a", everybody), addition("b", everybody));
    const fates = await Promise.allSettled([
      ...Array.from({ length: 10 }, () => add(hub, addition("b", everybody), addition("a", everybody))),
      ...["cyd", "ann"].map((name) => hub.call("DELETE", `/v1/user/${name}/`)),
      ...Array.from({ length: 10 }, () => remove(hub, addition("b", everybody), addition("a", everybody))),
    ]);
    expect(fates.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(fates.flatMap((fate) => (fate.status === "fulfilled" ? [fate.value] : []))).not.toContainEqual(
      expect.objectContaining({ status: 500 }),
    );
    for (const { count, members } of (await stored(hub)) as { count: number; members: string[] }[]) {
      expect(count).toBe(members.length);
    }
  });

  it("let a user enter once", async ({ hub, harness }) => {
    const id = await make(hub, "ann");
    await add(hub, addition("beta", []));
    const outcomes: ListOutcome[] = [];
    const enter = async (tx: Parameters<Lists["add"]>[0]) =>
      void outcomes.push(...(await lists.add(tx, hub.workspace_id, [addition("beta", [id("ann")])])));
    await overlap(harness.services.db, enter, enter);
    expect(moved(outcomes)).toEqual([["ann"], []]);
    expect(await stored(hub)).toMatchObject([{ count: 1 }]);
  });

  it("keep counts true and never deadlock, whatever the order of lists and users", async ({ hub }) => {
    const random = createRandom(20_261_122);
    const names = Array.from({ length: 12 }, (_unused, index) => `u${index}`);
    const id = await make(hub, ...names);
    const fates = await Promise.allSettled(
      Array.from({ length: 24 }, (_unused, index) => {
        const changes = random
          .shuffle(["a", "b", "c", "d"])
          .map((list) => addition(list, random.shuffle(names).slice(0, 6).map(id)));
        return index % 2 === 0 ? add(hub, ...changes) : remove(hub, ...changes);
      }),
    );
    expect(fates.filter(({ status }) => status === "rejected")).toEqual([]);
    for (const { count, members } of (await stored(hub)) as { count: number; members: string[] }[]) {
      expect(count).toBe(members.length);
    }
  });
});
