import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Hub } from "../../../../../test/hub.ts";
import type { Management } from "../../../../../test/management.ts";

const NOTHING = {
  payload: {},
  tenant_id: null,
  is_batch: false,
  batch_count: 2,
  recipient_sub_type: "user",
  recipient_object: null,
  recipient_distinct_id: null,
  actor_sub_type: "user",
  actor_object: null,
  actor_distinct_id: null,
};

const read = async (m: Management) => (await m.template("GET", "welcome/mock_data")).body;

async function addPeople({ call }: Hub): Promise<void> {
  await call("POST", "/v1/user/ann/", { name: "Ann", $email: "ann@example.com", plan: "pro" });
  await call("POST", "/v1/user/bob/", { name: "Bob" });
  await call("POST", "/v1/object/team/red/", { name: "Red" });
  await call("POST", "/v1/tenant/acme/", { tenant_name: "Acme Inc.", primary_color: "#1a73e8" });
}

it.beforeEach(async ({ management: m }) => {
  await m.template("POST", "welcome", { enabled_channels: ["sms"] });
});

describe("200", () => {
  it("is that of nobody before any was saved, with every reserved key", async ({ management: m }) => {
    const { status, body } = await m.template("GET", "welcome/mock_data?mode=live");
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      data: NOTHING,
      transformed_data: {
        $batch_key: "evaluated batch_key",
        $batched_events: [{}, {}],
        $batched_events_count: 2,
        $batched_event_count: 2,
        $recipient: {},
        $user: {},
        $actor: {},
        $brand: expect.objectContaining({ brand_id: "default", properties: {} }),
        $tenant: expect.objectContaining({ brand_id: "default" }),
        $category: { slug: "transactional", name: expect.any(String), properties: {} },
        $organization: expect.objectContaining({ name: "Test" }),
        $workflow: expect.objectContaining({ category: "transactional" }),
        $embedded_preference_url: "",
        $hosted_preference_url: "",
        $unsubscribe_url: "",
      },
    });
  });

  it.for(["bare", "wrapped"] as const)(
    "is changed by the fields of a %s body, and shown as templates see it",
    async (form, { hub, management: m }) => {
      await addPeople(hub);
      const edit = async (data: object) => {
        const { status, body } = await m.template(
          "PATCH",
          "welcome/mock_data",
          form === "bare" ? data : { data },
        );
        expect(status).toBe(200);
        return body;
      };
      await edit({ payload: { old: 1 }, batch_count: 3, is_batch: true });
      const edited = await edit({
        payload: { order: { id: "A-1" } },
        tenant_id: "acme",
        recipient_distinct_id: "ann",
        actor_sub_type: "object",
        actor_object: { object_type: "team", id: "red" },
        unknown: "ignored",
      });
      expect(edited.data).toStrictEqual({
        ...NOTHING,
        payload: { order: { id: "A-1" } },
        tenant_id: "acme",
        is_batch: true,
        batch_count: 3,
        recipient_distinct_id: "ann",
        actor_sub_type: "object",
        actor_object: { object_type: "team", id: "red" },
      });
      expect(edited.transformed_data).toMatchObject({
        order: { id: "A-1" },
        $batched_events: [1, 2, 3].map(() => ({ order: { id: "A-1" } })),
        $batched_events_count: 3,
        $recipient: { name: "Ann", plan: "pro", distinct_id: "ann", $type: "user" },
        $user: { name: "Ann" },
        $actor: { name: "Red", $type: "object", object_type: "team", id: "red" },
        $brand: { brand_id: "acme", brand_name: "Acme Inc.", primary_color: "#1a73e8" },
      });
      expect(edited.transformed_data).not.toHaveProperty("old");
      expect(await read(m)).toStrictEqual(edited);
    },
  );

  it("written back as it was read changes nothing, and never edits the template", async ({
    hub,
    management: m,
  }) => {
    await addPeople(hub);
    await m.template("PATCH", "welcome/mock_data", { payload: { a: 1 }, recipient_distinct_id: "bob" });
    const before = (await m.template("GET", "welcome")).body;
    const { data } = await read(m);
    await m.template("PATCH", "welcome/mock_data", { data });
    expect((await read(m)).data).toStrictEqual(data);
    expect((await m.template("GET", "welcome")).body).toStrictEqual(before);
  });

  it("follows what becomes of its people", async ({ hub, management: m }) => {
    await addPeople(hub);
    await m.template("PATCH", "welcome/mock_data", { recipient_distinct_id: "bob" });
    await hub.call("POST", "/v1/user/bob/", { name: "Robert" });
    expect((await read(m)).transformed_data.$recipient).toMatchObject({ name: "Robert" });
    await hub.call("DELETE", "/v1/user/bob/");
    expect((await read(m)).transformed_data.$recipient).toStrictEqual({});
  });

  it("goes with a clone", async ({ management: m }) => {
    await m.template("PATCH", "welcome/mock_data", { payload: { a: 1 } });
    await m.template("POST", "welcome/clone", { slug: "copy" });
    expect((await m.template("GET", "copy/mock_data")).body.data.payload).toStrictEqual({ a: 1 });
  });
});

describe("400", () => {
  it.for<[object, string]>([
    [{ payload: [] }, "payload"],
    [{ payload: { a: "x".repeat(70_000) } }, "payload"],
    [{ tenant_id: 5 }, "tenant_id"],
    [{ is_batch: "yes" }, "is_batch"],
    [{ batch_count: 0 }, "batch_count"],
    [{ batch_count: 101 }, "batch_count"],
    [{ recipient_sub_type: "team" }, "recipient_sub_type"],
    [{ recipient_object: { id: "red" } }, "recipient_object.object_type"],
    [{ actor_distinct_id: {} }, "actor_distinct_id"],
  ])("%j names the field, bare and wrapped", async ([edit, field], { management: m }) => {
    for (const [payload, path] of [
      [edit, field],
      [{ data: edit }, `data.${field}`],
    ] as const) {
      const { status, body } = await m.template("PATCH", "welcome/mock_data", payload);
      expect([status, Object.keys(body.detail)]).toEqual([400, [path]]);
    }
    expect((await read(m)).data).toStrictEqual(NOTHING);
  });
});

it("404: of an unknown template", async ({ management: m }) => {
  expect((await m.template("GET", "nope/mock_data")).status).toBe(404);
  expect((await m.template("PATCH", "nope/mock_data", {})).status).toBe(404);
});
