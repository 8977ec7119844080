import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import type { Hub } from "../../test/hub.ts";
import { overlap } from "../../test/overlap.ts";
import { createRandom } from "../../test/random.ts";
import type { JsonObject } from "../core/json.ts";
import type { Operation } from "../core/profile/profile-operations.ts";
import { type EditOutcome, type RecipientEdit, recipientKey } from "./recipients.ts";

it.beforeEach(async ({ hub, harness }) => {
  await harness.services.db.query(
    "insert into tenant (workspace_id, tenant_id) values ($1, 'acme'), ($1, 'bell'), ($1, 'constructor')",
    [hub.workspace_id],
  );
  await setMode(hub, "shared");
});

function setMode(hub: Hub, mode: string): Promise<unknown> {
  return hub.services.db.query("update workspace set config = $2 where workspace_id = $1", [
    hub.workspace_id,
    JSON.stringify({ user_tenancy_mode: mode }),
  ]);
}

const set = (fields: JsonObject): Operation => ({ operator: "$set", fields });
const append = (fields: JsonObject): Operation => ({ operator: "$append", fields });
const remove = (fields: JsonObject): Operation => ({ operator: "$remove", fields });

function edit(
  tenant_id: string | null,
  operations: Operation[],
  more: Partial<RecipientEdit> = {},
): RecipientEdit {
  const ann = { object_type: "", distinct_id: "ann" };
  return { ...ann, tenant_id, operations, mode: "lenient", restore: true, create: true, ...more };
}

const apply = (hub: Hub, ...edits: RecipientEdit[]): Promise<EditOutcome[]> =>
  hub.services.db.tx((tx) => hub.services.recipients.apply(tx, hub.workspace_id, edits));

/** Properties and addresses by tenant; the global ones under `global`. */
async function profiles(hub: Hub, distinct_id = "ann") {
  const key = { object_type: "", distinct_id };
  const loaded = await hub.services.recipients.load(
    hub.services.db,
    hub.workspace_id,
    [key],
    ["acme", "bell", "default", "constructor"],
  );
  const person = loaded.get(recipientKey(key));
  if (person === undefined) return null;
  const show = ({ properties, identities }: Pick<typeof person, "properties" | "identities">) => ({
    ...properties,
    at: identities.filter(({ status }) => status === "active").map(({ value }) => value),
  });
  return Object.fromEntries([
    ["global", show(person)],
    ...person.tenant_profiles.map((own) => [
      own.tenant_id,
      show({ ...person, ...own, identities: [...own.identities] }),
    ]),
  ]);
}

describe("an edit for a tenant", () => {
  it("touches that tenant's profile and its addresses, and no other", async ({ hub }) => {
    await apply(hub, edit(null, [set({ name: "Ann" }), append({ $email: "ann@example.com" })]));
    await apply(
      hub,
      edit("acme", [set({ role: "admin" }), append({ $email: ["ann@acme.com", "old@acme.com"] })]),
      edit("bell", [set({ role: "guest" })]),
      edit("acme", [remove({ $email: ["old@acme.com", "ann@example.com"] })]),
    );
    expect(await profiles(hub)).toEqual({
      global: { name: "Ann", at: ["ann@example.com"] },
      acme: { role: "admin", at: ["ann@acme.com"] },
      bell: { role: "guest", at: [] },
    });
  });

  it("takes an address from that tenant's profile alone, also where others have the same", async ({
    hub,
  }) => {
    const address = { $email: "ann@example.com" };
    await apply(
      hub,
      edit(null, [append(address)]),
      edit("acme", [append(address)]),
      edit("bell", [append(address)]),
    );
    await apply(hub, edit("acme", [remove(address)]));
    const at = ["ann@example.com"];
    expect(await profiles(hub)).toEqual({ global: { at }, acme: { at: [] }, bell: { at } });
  });

  it("is refused when the tenant is deleted meanwhile, and costs its neighbours nothing", async ({
    hub,
    harness,
  }) => {
    let outcomes: EditOutcome[] = [];
    await overlap(
      harness.services.db,
      (tx) =>
        tx.query("delete from tenant where workspace_id = $1 and tenant_id = 'acme'", [hub.workspace_id]),
      async (tx) => {
        const edits = [edit("acme", [set({ a: 1 })]), edit("bell", [set({ a: 1 })])];
        outcomes = await hub.services.recipients.apply(tx, hub.workspace_id, edits);
      },
    );
    expect(outcomes).toMatchObject([{ ok: false, error: "tenant 'acme' not found" }, { ok: true }]);
    expect(await profiles(hub)).toEqual({ global: { at: [] }, bell: { a: 1, at: [] } });
  });

  it("makes the user and the profile, even where it says nothing", async ({ hub }) => {
    const [outcome] = await apply(hub, edit("acme", []));
    expect(outcome).toMatchObject({ ok: true, changed: false, recipient: { tenant_count: 1 } });
    expect(await profiles(hub)).toEqual({ global: { at: [] }, acme: { at: [] } });
  });

  it("makes no profile that holds nothing where nobody is to be made", async ({ hub }) => {
    await apply(hub, edit(null, []));
    await apply(hub, edit("acme", [], { create: false }), edit("bell", [set({ a: 1 })], { create: false }));
    expect(await profiles(hub)).toEqual({ global: { at: [] }, bell: { a: 1, at: [] } });
  });

  it("reports whether it changed that profile, and its timezone", async ({ hub }) => {
    const zone = set({ $timezone: "Asia/Tokyo" });
    await apply(hub, edit(null, [zone]));
    const outcomes = await apply(hub, edit("acme", [zone]), edit("acme", [zone]));
    expect(outcomes).toMatchObject([
      { changed: true, timezone_changed: true },
      { changed: false, timezone_changed: false },
    ]);
  });

  it("of a tenant that does not exist is refused, and makes nobody", async ({ hub }) => {
    const [refused, applied] = await apply(
      hub,
      edit("nobody", [set({ a: 1 })]),
      edit("acme", [], { distinct_id: "bob" }),
    );
    expect(refused).toEqual({ ok: false, error: "tenant 'nobody' not found" });
    expect(applied).toMatchObject({ ok: true });
    expect(await profiles(hub)).toBeNull();
  });

  it("of an unknown recipient that is not to be created does nothing", async ({ hub }) => {
    expect(await apply(hub, edit("acme", [set({ a: 1 })], { create: false }))).toMatchObject([
      { ok: true, recipient: null },
    ]);
  });

  it("refuses nothing of a tenant with a name that means something to the language", async ({ hub }) => {
    await apply(hub, edit("constructor", [set({ a: 1 })]));
    expect(await profiles(hub)).toMatchObject({ constructor: { a: 1 } });
  });

  it("applies nothing of a strict edit that is refused", async ({ hub }) => {
    await apply(hub, edit(null, []));
    expect(
      await apply(
        hub,
        edit("acme", [set({ a: 1 }), append({ $email: "not an address" })], { mode: "strict" }),
      ),
    ).toMatchObject([{ ok: false }]);
    expect(await profiles(hub)).toEqual({ global: { at: [] } });
  });

  it("takes a push token from all other recipients, whatever their tenants", async ({ hub }) => {
    const token = append({ $androidpush: "token-1" });
    await apply(hub, edit(null, [token]), edit("acme", [token], { distinct_id: "bob" }));
    expect(await profiles(hub)).toEqual({ global: { at: [] } });
    expect(await profiles(hub, "bob")).toMatchObject({ acme: { at: ["token-1"] } });
    // The same person may have it in many profiles.
    await apply(hub, edit("acme", [token]), edit("bell", [token]));
    expect(await profiles(hub)).toMatchObject({ acme: { at: ["token-1"] }, bell: { at: ["token-1"] } });
    expect(await profiles(hub, "bob")).toMatchObject({ acme: { at: [] } });
  });
});

describe("reading", () => {
  it("includes the profiles of the requested tenants, and counts all", async ({ hub, harness }) => {
    const outcomes = await apply(
      hub,
      edit("acme", [set({ a: 1 })]),
      edit("bell", []),
      edit("default", [set({ d: 1 })]),
    );
    const id = outcomes[0]?.ok === true ? (outcomes[0].recipient?.id ?? "") : "";
    const { db } = harness.services;
    const read = async (...tenant_ids: string[]) =>
      (await hub.services.recipients.loadById(db, hub.workspace_id, [id], tenant_ids)).get(id);
    expect(await read()).toMatchObject({ tenant_profiles: [], tenant_count: 2 });
    expect(await read("acme", "default", "acme", "nobody")).toMatchObject({
      tenant_profiles: [
        { tenant_id: "acme", properties: { a: 1 } },
        { tenant_id: "default", properties: { d: 1 } },
      ],
      tenant_count: 2,
    });
  });

  it("is done by a bulk edit too, for the tenants of its caller", async ({ hub, harness }) => {
    await apply(hub, edit("acme", [set({ a: 1 })]));
    const [outcome] = await harness.services.db.tx((tx) =>
      hub.services.recipients.apply(tx, hub.workspace_id, [edit(null, [])], ["acme"]),
    );
    expect(outcome).toMatchObject({
      recipient: { tenant_profiles: [{ tenant_id: "acme", properties: { a: 1 } }] },
    });
  });
});

describe("an exclusive workspace", () => {
  const REFUSED = {
    ok: false,
    error: "user is already associated with a different tenant; workspace is in exclusive mode",
  };

  it.for(["exclusive", ""])(
    "has nobody in two tenants, also within a batch (mode %j)",
    async (mode, { hub }) => {
      await setMode(hub, mode);
      expect(
        await apply(
          hub,
          edit("acme", [set({ a: 1 })]),
          edit("bell", [set({ a: 2 })]),
          edit("acme", [set({ b: 1 })]),
          edit(null, [set({ c: 1 })]),
          edit("bell", [], { distinct_id: "bob" }),
        ),
      ).toMatchObject([{ ok: true }, REFUSED, { ok: true }, { ok: true }, { ok: true }]);
      expect(await apply(hub, edit("bell", []))).toEqual([REFUSED]);
      expect(await profiles(hub)).toEqual({ global: { c: 1, at: [] }, acme: { a: 1, b: 1, at: [] } });
    },
  );

  it("lets everybody have a profile in the default tenant beside", async ({ hub }) => {
    await setMode(hub, "exclusive");
    expect(
      await apply(hub, edit("default", [set({ a: 1 })]), edit("acme", []), edit("default", [set({ b: 1 })])),
    ).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
  });

  it("has nobody in two tenants who is put there from two sides at once", async ({ hub, harness }) => {
    await setMode(hub, "exclusive");
    const outcomes: EditOutcome[] = [];
    await overlap(
      harness.services.db,
      async (tx) =>
        void outcomes.push(
          ...(await hub.services.recipients.apply(tx, hub.workspace_id, [edit("acme", [])])),
        ),
      async (tx) =>
        void outcomes.push(
          ...(await hub.services.recipients.apply(tx, hub.workspace_id, [edit("bell", [])])),
        ),
    );
    expect(outcomes).toMatchObject([{ ok: true }, REFUSED]);
  });
});

describe("profiles in tenants", () => {
  it("go with the user, and with the tenant", async ({ hub, harness }) => {
    await apply(hub, edit("acme", [set({ a: 1 })]), edit("acme", [set({ a: 1 })], { distinct_id: "bob" }));
    const { db } = harness.services;
    await db.query("delete from recipient where workspace_id = $1 and distinct_id = 'ann'", [
      hub.workspace_id,
    ]);
    await db.query("delete from tenant where workspace_id = $1 and tenant_id = 'acme'", [hub.workspace_id]);
    expect(await profiles(hub, "bob")).toEqual({ global: { at: [] } });
    expect(
      await db.query("select 1 from tenant_profile where workspace_id = $1", [hub.workspace_id]),
    ).toEqual([]);
  });

  it("lose no edit, and never deadlock, in whatever order chunks name people and tenants", async ({
    hub,
  }) => {
    const random = createRandom(20_261_123);
    const people = Array.from({ length: 8 }, (_unused, index) => `u${index}`);
    const pairs = people.flatMap((distinct_id) =>
      ["acme", "bell", null].map((tenant) => ({ distinct_id, tenant })),
    );
    const fates = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        apply(
          hub,
          ...random
            .shuffle(pairs)
            .map(({ distinct_id, tenant }) =>
              edit(tenant, [{ operator: "$add", fields: { n: 1 } }], { distinct_id }),
            ),
        ),
      ),
    );
    expect(fates.filter(({ status }) => status === "rejected")).toEqual([]);
    for (const distinct_id of people) {
      expect(await profiles(hub, distinct_id)).toEqual({
        global: { n: 20, at: [] },
        acme: { n: 20, at: [] },
        bell: { n: 20, at: [] },
      });
    }
  });
});
