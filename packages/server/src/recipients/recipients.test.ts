import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../test/harness.ts";
import { createHub } from "../../test/hub.ts";
import { overlap as inOverlap } from "../../test/overlap.ts";
import { createRandom } from "../../test/random.ts";
import type { JsonObject } from "../core/json.ts";
import type { Operation } from "../core/profile/profile-operations.ts";
import type { Tx } from "../db/db.ts";
import { type EditOutcome, type RecipientEdit, recipientKey, type Recipients } from "./recipients.ts";

let harness: Harness;
let workspace_id: number;
let recipients: Recipients;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  ({ recipients } = harness.services);
});
afterAll(() => harness.close());
beforeEach(async () => {
  ({ workspace_id } = (await createHub(harness)).workspace);
});

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

function apply(...edits: RecipientEdit[]): Promise<EditOutcome[]> {
  return harness.services.db.tx((tx) => recipients.apply(tx, workspace_id, edits));
}

async function find(distinct_id: string, object_type = "") {
  const key = { object_type, distinct_id };
  const found = await recipients.load(harness.services.db, workspace_id, [key]);
  return found.get(recipientKey(key)) ?? null;
}

/** Values of the active identities of a user on a channel. */
async function addresses(distinct_id: string, channel: string): Promise<unknown[]> {
  const user = await find(distinct_id);
  return (user?.identities ?? [])
    .filter((identity) => identity.channel === channel && identity.status === "active")
    .map(({ value }) => value);
}

const overlap = (first: (tx: Tx) => Promise<unknown>, second: (tx: Tx) => Promise<unknown>) =>
  inOverlap(harness.services.db, first, second);

describe("a bulk edit", () => {
  it("answers in the order of the edits, and each builds on the one before", async () => {
    const outcomes = await apply(
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
    expect((await find("ann"))?.properties).toEqual({ name: "Ann", visits: 5 });
    expect(await addresses("ann", "email")).toEqual(["ann@example.com", "ann@example.org"]);
    expect(await find("bob")).toBeNull();
    expect((await find("cyd"))?.properties).toEqual({});
  });

  it("applies nothing of a refused strict edit, and all of the others", async () => {
    const [refused, applied] = await apply(
      edit("ann", [set({ name: "Ann" }), append({ $email: "not an address" })], { mode: "strict" }),
      edit("bob", [set({ name: "Bob" })], { mode: "strict" }),
    );

    expect(refused).toMatchObject({ ok: false, error: expect.stringContaining("invalid value for channel") });
    expect(applied).toMatchObject({ ok: true });
    expect((await find("ann"))?.properties).toEqual({});
    expect((await find("bob"))?.properties).toEqual({ name: "Bob" });
  });

  it("takes back within a batch what the batch itself added", async () => {
    await apply(
      edit("ann", [append({ $email: ["a@example.com", "b@example.com"] })]),
      edit("ann", [remove({ $email: "a@example.com" })]),
      edit("ann", [remove({ $email: "b@example.com" })]),
      edit("ann", [append({ $email: "b@example.com" })]),
    );

    expect(await addresses("ann", "email")).toEqual(["b@example.com"]);
  });

  it.each(["__proto__", "constructor", "toString", "Zoë 🛎", "a/b", "%", "x'y\"z\\"])(
    "keeps the user %j apart from all others",
    async (distinct_id) => {
      await apply(edit(distinct_id, [set({ name: distinct_id })]), edit("other", [set({ name: "other" })]));

      expect((await find(distinct_id))?.properties).toEqual({ name: distinct_id });
      expect((await find("other"))?.properties).toEqual({ name: "other" });
    },
  );

  it("keeps objects apart whose type and id are cut at another slash", async () => {
    const [first, second] = await apply(
      edit("c", [set({ is: "a/b, c" })], { object_type: "a/b" }),
      edit("b/c", [set({ is: "a, b/c" })], { object_type: "a" }),
    );

    expect([first, second].map((outcome) => outcome?.ok && outcome.recipient?.properties)).toEqual([
      { is: "a/b, c" },
      { is: "a, b/c" },
    ]);
    expect((await find("c", "a/b"))?.properties).toEqual({ is: "a/b, c" });
    expect((await find("b/c", "a"))?.properties).toEqual({ is: "a, b/c" });
  });

  it("writes no row that it leaves as it was", async () => {
    const operations = [set({ name: "Ann" }), append({ $email: "ann@example.com" })];
    await apply(edit("ann", operations));
    const before = await versionOf("ann");

    await apply(edit("ann", operations), edit("ann", []));

    expect(await versionOf("ann")).toEqual(before);
  });

  it("reports for each edit whether it changed a profile, and its timezone", async () => {
    const told = async (...edits: RecipientEdit[]) =>
      (await apply(...edits)).map((outcome) => outcome.ok && [outcome.changed, outcome.timezone_changed]);

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

  async function versionOf(distinct_id: string): Promise<unknown> {
    const [row] = await harness.services.db.query(
      "select xmin::text, updated_at from recipient where workspace_id = $1 and distinct_id = $2",
      [workspace_id, distinct_id],
    );
    return row;
  }
});

describe("an address that was suppressed", () => {
  beforeEach(async () => {
    await apply(edit("ann", [append({ $email: "ann@example.com" })]));
    await harness.services.db.query(
      "update identity set perma_status = 'disabled', perma_until = now() + interval '1 day' where workspace_id = $1",
      [workspace_id],
    );
  });

  const status = async () => (await find("ann"))?.identities.map(({ perma_status }) => perma_status);

  it("stays so when a trigger repeats it, and comes back with an explicit edit", async () => {
    await apply(edit("ann", [append({ $email: "ann@example.com" })], { restore: false }));
    expect(await status()).toEqual(["disabled"]);

    await apply(edit("ann", [append({ $email: "ann@example.com" })]));
    expect(await status()).toEqual(["active"]);
  });

  it("comes back automatically when its time is over", async () => {
    await harness.services.db.query(
      "update identity set perma_until = now() - interval '1 second' where workspace_id = $1",
      [workspace_id],
    );

    expect(await status()).toEqual(["active"]);
  });
});

describe("edits at the same time", () => {
  it("lose nothing of one user", async () => {
    const emails = Array.from({ length: 10 }, (_, index) => `ann${index}@example.com`);
    await Promise.all([
      ...emails.map((email) => apply(edit("ann", [add({ visits: 1 }), append({ $email: email })]))),
      ...emails.map((email) => apply(edit("ann", [append({ seen: email })]))),
    ]);

    const user = await find("ann");
    expect(user?.properties.visits).toBe(10);
    expect(new Set(user?.properties.seen as string[])).toEqual(new Set(emails));
    expect(new Set(await addresses("ann", "email"))).toEqual(new Set(emails));
  });

  it("see the addresses that the edit they waited for left behind", async () => {
    await apply(edit("ann", [append({ $email: "ann@example.com" })]));

    await overlap(
      (tx) =>
        recipients.apply(tx, workspace_id, [
          edit("ann", [set({ last: 1 }), remove({ $email: "ann@example.com" })]),
        ]),
      (tx) =>
        recipients.apply(tx, workspace_id, [
          edit("ann", [set({ last: 2 }), append({ $email: "ann@example.com" })]),
        ]),
    );

    // The second was applied last, as its property shows, so its address is present too.
    expect((await find("ann"))?.properties).toEqual({ last: 2 });
    expect(await addresses("ann", "email")).toEqual(["ann@example.com"]);
  });

  it("create again a user who is deleted before they lock the row", async () => {
    await apply(edit("ann", [set({ old: true }), append({ $email: "old@example.com" })]));

    await overlap(
      (tx) => tx.query("delete from recipient where workspace_id = $1", [workspace_id]),
      (tx) => recipients.apply(tx, workspace_id, [edit("ann", [append({ $email: "new@example.com" })])]),
    );

    expect((await find("ann"))?.properties).toEqual({});
    expect(await addresses("ann", "email")).toEqual(["new@example.com"]);
  });

  it("find nobody where they would not make a user who is deleted meanwhile", async () => {
    await apply(edit("ann", [set({ old: true })]));
    let outcomes: EditOutcome[] = [];

    await overlap(
      (tx) => tx.query("delete from recipient where workspace_id = $1", [workspace_id]),
      async (tx) => {
        const wanted = edit("ann", [append({ $email: "new@example.com" })], { create: false });
        outcomes = await recipients.apply(tx, workspace_id, [wanted]);
      },
    );

    expect(outcomes).toEqual([
      { ok: true, recipient: null, edit: null, changed: false, timezone_changed: false },
    ]);
    expect(await find("ann")).toBeNull();
  });

  it("never deadlock, in whatever order they name the same people", async () => {
    const random = createRandom(20_261_120);
    const people = Array.from({ length: 30 }, (_, index) => `user-${index}`);
    // Half of them exist: some edits insert, all lock.
    await apply(...people.slice(0, 15).map((id) => edit(id, [set({ old: true })])));
    const batches = Array.from({ length: 24 }, () => random.shuffle(people).slice(0, 20));

    const fates = await Promise.allSettled(
      batches.map((batch) =>
        apply(
          ...batch.map((id, index) =>
            edit(id, [add({ edits: 1 }), append({ $androidpush: `token-${index % 5}` })]),
          ),
        ),
      ),
    );

    expect(fates.filter(({ status }) => status === "rejected")).toEqual([]);
    const counted = await Promise.all(people.map(async (id) => (await find(id))?.properties.edits ?? 0));
    expect(counted).toEqual(people.map((id) => batches.filter((batch) => batch.includes(id)).length));
    // Each token was appended by many recipients and belongs to one.
    const owners = await harness.services.db.query(
      "select key, count(*)::int as owners from identity where workspace_id = $1 and status = 'active' group by key",
      [workspace_id],
    );
    expect(owners).toHaveLength(5);
    expect(owners.every((row) => row.owners === 1)).toBe(true);
  });
});

describe("a push token", () => {
  const append_token = append({ $androidpush: "token-1" });

  it("moves to the user who appended it last", async () => {
    await apply(edit("ann", [append_token]));
    await apply(edit("bob", [append_token]));

    expect(await addresses("ann", "androidpush")).toEqual([]);
    expect(await addresses("bob", "androidpush")).toEqual(["token-1"]);
  });

  it("comes back to its old owner", async () => {
    await apply(edit("ann", [append_token]));
    await apply(edit("bob", [append_token]));
    await apply(edit("ann", [append_token]));

    expect(await addresses("ann", "androidpush")).toEqual(["token-1"]);
    expect(await addresses("bob", "androidpush")).toEqual([]);
  });

  it("belongs to the last user of a batch that names it twice", async () => {
    await apply(edit("ann", [append_token]), edit("bob", [append_token]));

    expect(await addresses("ann", "androidpush")).toEqual([]);
    expect(await addresses("bob", "androidpush")).toEqual(["token-1"]);
  });

  it("has one owner when two append it at the same time", async () => {
    await overlap(
      (tx) => recipients.apply(tx, workspace_id, [edit("ann", [append_token])]),
      (tx) => recipients.apply(tx, workspace_id, [edit("bob", [append_token])]),
    );

    expect(await addresses("ann", "androidpush")).toEqual([]);
    expect(await addresses("bob", "androidpush")).toEqual(["token-1"]);
  });

  it("of another workspace is another token", async () => {
    const { workspace } = await createHub(harness);
    await apply(edit("ann", [append_token]));
    await harness.services.db.tx((tx) =>
      recipients.apply(tx, workspace.workspace_id, [edit("bob", [append_token])]),
    );

    expect(await addresses("ann", "androidpush")).toEqual(["token-1"]);
  });
});
