import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import type { Server } from "../../test/harness.ts";
import { createHub, type Hub } from "../../test/hub.ts";
import { overlap as inOverlap } from "../../test/overlap.ts";
import { createRandom } from "../../test/random.ts";
import type { JsonObject } from "../core/json.ts";
import type { Operation } from "../core/profile/profile-operations.ts";
import type { Tx } from "../db/db.ts";
import { type EditOutcome, type RecipientEdit, recipientKey } from "./recipients.ts";

const set = (fields: JsonObject): Operation => ({ operator: "$set", fields });
const add = (fields: JsonObject): Operation => ({ operator: "$add", fields });
const append = (fields: JsonObject): Operation => ({ operator: "$append", fields });
const remove = (fields: JsonObject): Operation => ({ operator: "$remove", fields });

/** An API call's edit of a user: lenient, created when missing. */
function edit(
  distinct_id: string,
  operations: Operation[],
  more: Partial<RecipientEdit> = {},
): RecipientEdit {
  return { object_type: "", distinct_id, operations, mode: "lenient", restore: true, create: true, ...more };
}

function apply(hub: Hub, ...edits: RecipientEdit[]): Promise<EditOutcome[]> {
  return hub.services.db.tx((tx) => hub.services.recipients.apply(tx, hub.workspace_id, edits));
}

async function find(hub: Hub, distinct_id: string, object_type = "") {
  const key = { object_type, distinct_id };
  const found = await hub.services.recipients.load(hub.services.db, hub.workspace_id, [key]);
  return found.get(recipientKey(key)) ?? null;
}

/** Values of the active identities of a user on a channel. */
async function addresses(hub: Hub, distinct_id: string, channel: string): Promise<unknown[]> {
  const user = await find(hub, distinct_id);
  return (user?.identities ?? [])
    .filter((identity) => identity.channel === channel && identity.status === "active")
    .map(({ value }) => value);
}

const overlap = (
  harness: Server,
  first: (tx: Tx) => Promise<unknown>,
  second: (tx: Tx) => Promise<unknown>,
) => inOverlap(harness.services.db, first, second);

describe("a bulk edit", () => {
  it("answers in the order of the edits, and each builds on the one before", async ({ hub }) => {
    const outcomes = await apply(
      hub,
      edit("ann", [set({ name: "Ann" }), append({ $email: "ann@example.com" })]),
      edit("bob", [], { create: false }),
      edit("ann", [add({ visits: 2 })]),
      edit("cyd", []),
      edit("ann", [add({ visits: 3 }), append({ $email: "ann@example.org" })]),
    );

    expect(outcomes.map((outcome) => outcome.ok && outcome.recipient?.distinct_id)).toEqual([
      "ann",
      undefined,
      "ann",
      "cyd",
      "ann",
    ]);
    expect((await find(hub, "ann"))?.properties).toEqual({ name: "Ann", visits: 5 });
    expect(await addresses(hub, "ann", "email")).toEqual(["ann@example.com", "ann@example.org"]);
    expect(await find(hub, "bob")).toBeNull();
    expect((await find(hub, "cyd"))?.properties).toEqual({});
  });

  it("applies nothing of a refused strict edit, and all of the others", async ({ hub }) => {
    const [refused, applied] = await apply(
      hub,
      edit("ann", [set({ name: "Ann" }), append({ $email: "not an address" })], { mode: "strict" }),
      edit("bob", [set({ name: "Bob" })], { mode: "strict" }),
    );

    expect(refused).toMatchObject({ ok: false, error: expect.stringContaining("invalid value for channel") });
    expect(applied).toMatchObject({ ok: true });
    expect((await find(hub, "ann"))?.properties).toEqual({});
    expect((await find(hub, "bob"))?.properties).toEqual({ name: "Bob" });
  });

  it("refuses what would make a profile larger than 256 KB, and lets one that is larger shrink", async ({
    hub,
  }) => {
    const refusal = (kb: number) => ({
      ok: false,
      error: `the profile would have ${kb} KB with its channels: at most 256 KB (MAX_PROFILE_KB)`,
    });
    const text = (kb: number) => "é".repeat(kb * 512);
    expect(
      await apply(
        hub,
        edit("ann", [set({ note: text(300) })]),
        edit("ann", [set({ note: text(200) })]),
        edit("ann", [set({ other: text(60) })]),
        edit("cyd", [set({ note: text(300) })], { mode: "strict" }),
      ),
    ).toMatchObject([refusal(301), { ok: true }, refusal(261), refusal(301)]);
    expect((await find(hub, "ann"))?.properties).toEqual({ note: text(200) });

    const large = { note: text(400), other: text(400) };
    await hub.services.db.query(
      "update recipient set properties = $3 where workspace_id = $1 and distinct_id = $2",
      [hub.workspace_id, "ann", large],
    );
    expect(
      await apply(
        hub,
        edit("ann", [set({ more: 1 })]),
        edit("ann", [{ operator: "$unset", keys: ["other"] }]),
      ),
    ).toMatchObject([refusal(801), { ok: true }]);
  });

  it("takes back within a batch what the batch itself added", async ({ hub }) => {
    await apply(
      hub,
      edit("ann", [append({ $email: ["a@example.com", "b@example.com"] })]),
      edit("ann", [remove({ $email: "a@example.com" })]),
      edit("ann", [remove({ $email: "b@example.com" })]),
      edit("ann", [append({ $email: "b@example.com" })]),
    );

    expect(await addresses(hub, "ann", "email")).toEqual(["b@example.com"]);
  });

  it.for(["__proto__", "constructor", "toString", "Zoë 🛎", "a/b", "%", "x'y\"z\\"])(
    "keeps the user %j apart from all others",
    async (distinct_id, { hub }) => {
      await apply(
        hub,
        edit(distinct_id, [set({ name: distinct_id })]),
        edit("other", [set({ name: "other" })]),
      );

      expect((await find(hub, distinct_id))?.properties).toEqual({ name: distinct_id });
      expect((await find(hub, "other"))?.properties).toEqual({ name: "other" });
    },
  );

  it("keeps objects apart whose type and id are cut at another slash", async ({ hub }) => {
    const [first, second] = await apply(
      hub,
      edit("c", [set({ is: "a/b, c" })], { object_type: "a/b" }),
      edit("b/c", [set({ is: "a, b/c" })], { object_type: "a" }),
    );

    expect([first, second].map((outcome) => outcome?.ok && outcome.recipient?.properties)).toEqual([
      { is: "a/b, c" },
      { is: "a, b/c" },
    ]);
    expect((await find(hub, "c", "a/b"))?.properties).toEqual({ is: "a/b, c" });
    expect((await find(hub, "b/c", "a"))?.properties).toEqual({ is: "a, b/c" });
  });

  it("writes no row that it leaves as it was", async ({ hub }) => {
    const operations = [set({ name: "Ann" }), append({ $email: "ann@example.com" })];
    await apply(hub, edit("ann", operations));
    const before = await versionOf(hub, "ann");

    await apply(hub, edit("ann", operations), edit("ann", []));

    expect(await versionOf(hub, "ann")).toEqual(before);
  });

  it("reports for each edit whether it changed a profile, and its timezone", async ({ hub }) => {
    const told = async (...edits: RecipientEdit[]) =>
      (await apply(hub, ...edits)).map(
        (outcome) => outcome.ok && [outcome.changed, outcome.timezone_changed],
      );

    expect(
      await told(
        edit("ann", []),
        edit("ann", [set({ name: "Ann" })]),
        edit("ann", [set({ name: "Ann" })]),
        edit("ann", [set({ $timezone: "Asia/Kolkata" })]),
        edit("ann", [set({ $timezone: "asia/kolkata", name: "Anna" })]),
        edit("ann", [set({ $timezone: "nowhere" })]),
        edit("ann", [append({ $email: "ann@example.com" })]),
        edit("ann", [append({ $email: "ann@example.com" })]),
        edit("ann", [{ operator: "$unset", keys: ["$timezone"] }]),
        edit("bob", [set({ $timezone: "UTC" })]),
        edit("cyd", [set({ $timezone: "UTC" })], { create: false }),
      ),
    ).toEqual([
      [false, false],
      [true, false],
      [false, false],
      [true, true],
      [true, false],
      [false, false],
      [true, false],
      [false, false],
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  async function versionOf(hub: Hub, distinct_id: string): Promise<unknown> {
    const [row] = await hub.services.db.query(
      "select xmin::text, updated_at from recipient where workspace_id = $1 and distinct_id = $2",
      [hub.workspace_id, distinct_id],
    );
    return row;
  }
});

describe("an address that was suppressed", () => {
  it.beforeEach(async ({ hub, harness }) => {
    await apply(hub, edit("ann", [append({ $email: "ann@example.com" })]));
    await harness.services.db.query(
      "update identity set perma_status = 'disabled', perma_until = now() + interval '1 day' where workspace_id = $1",
      [hub.workspace_id],
    );
  });

  const status = async (hub: Hub) =>
    (await find(hub, "ann"))?.identities.map(({ perma_status }) => perma_status);

  it("stays so when a trigger repeats it, and comes back with an explicit edit", async ({ hub }) => {
    await apply(hub, edit("ann", [append({ $email: "ann@example.com" })], { restore: false }));
    expect(await status(hub)).toEqual(["disabled"]);

    await apply(hub, edit("ann", [append({ $email: "ann@example.com" })]));
    expect(await status(hub)).toEqual(["active"]);
  });

  it("comes back automatically when its time is over", async ({ hub, harness }) => {
    await harness.services.db.query(
      "update identity set perma_until = now() - interval '1 second' where workspace_id = $1",
      [hub.workspace_id],
    );

    expect(await status(hub)).toEqual(["active"]);
  });
});

describe("edits at the same time", () => {
  it("lose nothing of one user", async ({ hub }) => {
    const emails = Array.from({ length: 10 }, (_, index) => `ann${index}@example.com`);
    await Promise.all([
      ...emails.map((email) => apply(hub, edit("ann", [add({ visits: 1 }), append({ $email: email })]))),
      ...emails.map((email) => apply(hub, edit("ann", [append({ seen: email })]))),
    ]);

    const user = await find(hub, "ann");
    expect(user?.properties.visits).toBe(10);
    expect(new Set(user?.properties.seen as string[])).toEqual(new Set(emails));
    expect(new Set(await addresses(hub, "ann", "email"))).toEqual(new Set(emails));
  });

  it("see the addresses that the edit they waited for left behind", async ({ hub }) => {
    await apply(hub, edit("ann", [append({ $email: "ann@example.com" })]));

    await overlap(
      hub,
      (tx) =>
        hub.services.recipients.apply(tx, hub.workspace_id, [
          edit("ann", [set({ last: 1 }), remove({ $email: "ann@example.com" })]),
        ]),
      (tx) =>
        hub.services.recipients.apply(tx, hub.workspace_id, [
          edit("ann", [set({ last: 2 }), append({ $email: "ann@example.com" })]),
        ]),
    );

    // The second was applied last, as its property shows, so its address is present too.
    expect((await find(hub, "ann"))?.properties).toEqual({ last: 2 });
    expect(await addresses(hub, "ann", "email")).toEqual(["ann@example.com"]);
  });

  it("create again a user who is deleted before they lock the row", async ({ hub }) => {
    await apply(hub, edit("ann", [set({ old: true }), append({ $email: "old@example.com" })]));

    await overlap(
      hub,
      (tx) => tx.query("delete from recipient where workspace_id = $1", [hub.workspace_id]),
      (tx) =>
        hub.services.recipients.apply(tx, hub.workspace_id, [
          edit("ann", [append({ $email: "new@example.com" })]),
        ]),
    );

    expect((await find(hub, "ann"))?.properties).toEqual({});
    expect(await addresses(hub, "ann", "email")).toEqual(["new@example.com"]);
  });

  it("find nobody where they would not make a user who is deleted meanwhile", async ({ hub }) => {
    await apply(hub, edit("ann", [set({ old: true })]));
    let outcomes: EditOutcome[] = [];

    await overlap(
      hub,
      (tx) => tx.query("delete from recipient where workspace_id = $1", [hub.workspace_id]),
      async (tx) => {
        const wanted = edit("ann", [append({ $email: "new@example.com" })], { create: false });
        outcomes = await hub.services.recipients.apply(tx, hub.workspace_id, [wanted]);
      },
    );

    expect(outcomes).toEqual([
      { ok: true, recipient: null, edit: null, changed: false, created: false, timezone_changed: false },
    ]);
    expect(await find(hub, "ann")).toBeNull();
  });

  it("never deadlock, in whatever order they name the same people", async ({ hub, harness }) => {
    const random = createRandom(20_261_120);
    const people = Array.from({ length: 30 }, (_, index) => `user-${index}`);
    // Half of them exist: some edits insert, all lock.
    await apply(hub, ...people.slice(0, 15).map((id) => edit(id, [set({ old: true })])));
    const batches = Array.from({ length: 24 }, () => random.shuffle(people).slice(0, 20));

    const fates = await Promise.allSettled(
      batches.map((batch) =>
        apply(
          hub,
          ...batch.map((id, index) =>
            edit(id, [add({ edits: 1 }), append({ $androidpush: `token-${index % 5}` })]),
          ),
        ),
      ),
    );

    expect(fates.filter(({ status }) => status === "rejected")).toEqual([]);
    const counted = await Promise.all(people.map(async (id) => (await find(hub, id))?.properties.edits ?? 0));
    expect(counted).toEqual(people.map((id) => batches.filter((batch) => batch.includes(id)).length));
    // Each token was appended by many recipients and belongs to one.
    const owners = await harness.services.db.query(
      "select key, count(*)::int as owners from identity where workspace_id = $1 and status = 'active' group by key",
      [hub.workspace_id],
    );
    expect(owners).toHaveLength(5);
    expect(owners.every((row) => row.owners === 1)).toBe(true);
  });
});

describe("a push token", () => {
  const append_token = append({ $androidpush: "token-1" });

  it("moves to the user who appended it last", async ({ hub }) => {
    await apply(hub, edit("ann", [append_token]));
    await apply(hub, edit("bob", [append_token]));

    expect(await addresses(hub, "ann", "androidpush")).toEqual([]);
    expect(await addresses(hub, "bob", "androidpush")).toEqual(["token-1"]);
  });

  it("comes back to its old owner", async ({ hub }) => {
    await apply(hub, edit("ann", [append_token]));
    await apply(hub, edit("bob", [append_token]));
    await apply(hub, edit("ann", [append_token]));

    expect(await addresses(hub, "ann", "androidpush")).toEqual(["token-1"]);
    expect(await addresses(hub, "bob", "androidpush")).toEqual([]);
  });

  it("belongs to the last user of a batch that names it twice", async ({ hub }) => {
    await apply(hub, edit("ann", [append_token]), edit("bob", [append_token]));

    expect(await addresses(hub, "ann", "androidpush")).toEqual([]);
    expect(await addresses(hub, "bob", "androidpush")).toEqual(["token-1"]);
  });

  it("has one owner when two append it at the same time", async ({ hub }) => {
    await overlap(
      hub,
      (tx) => hub.services.recipients.apply(tx, hub.workspace_id, [edit("ann", [append_token])]),
      (tx) => hub.services.recipients.apply(tx, hub.workspace_id, [edit("bob", [append_token])]),
    );

    expect(await addresses(hub, "ann", "androidpush")).toEqual([]);
    expect(await addresses(hub, "bob", "androidpush")).toEqual(["token-1"]);
  });

  it("of another workspace is another token", async ({ hub, harness }) => {
    const { workspace } = await createHub(harness);
    await apply(hub, edit("ann", [append_token]));
    await harness.services.db.tx((tx) =>
      hub.services.recipients.apply(tx, workspace.workspace_id, [edit("bob", [append_token])]),
    );

    expect(await addresses(hub, "ann", "androidpush")).toEqual(["token-1"]);
  });
});
