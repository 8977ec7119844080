import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { Server } from "../harness.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { createPreferences } from "../../src/preferences/preferences.ts";
import type { DigestOverrides, DigestSelection } from "../../src/core/preferences/digest-schedule.ts";
import { promotional } from "../preferences/desk.ts";
import { complaints, node, person, sms, stepsAt, TEXT, texts, type World } from "./world.ts";

/* Digests whose schedule is the recipient's choice among the options of the workflow's category. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
  const body = "{{#each $batched_events}}{{n}} {{/each}}of {{$batched_events_count}}";
  await world.template("digest", { sms: { type: "basic", body } });
});

const OPTIONS = [
  { id: "now", label: "At once", frequency: "instantly" },
  {
    id: "daily",
    label: "Daily",
    frequency: "daily",
    is_default: true,
    time: { edit_policy: "editable", default_value: "09:00" },
  },
  { id: "weekly", label: "Weekly", frequency: "weekly", weekdays: { default_value: ["mo"] } },
];

const preferences = (harness: Server) => createPreferences(harness.services);

async function publish(world: World, digest_schedule: JsonObject | null, slug = "news"): Promise<void> {
  const document = promotional({
    category: slug,
    name: slug,
    default_preference: "opt_in",
    digest_schedule,
  });
  await world.services.db.tx((tx) =>
    preferences(world).saveCategories(tx, world.workspace_id, document, { message: "test" }),
  );
}

async function select(
  world: World,
  distinct_id: string,
  digest_schedule: DigestSelection | null,
  tenant_id = "default",
): Promise<void> {
  const { db, recipients } = world.services;
  const people = await recipients.load(db, world.workspace_id, [{ object_type: "", distinct_id }]);
  const who = { recipient_ids: [...people.values()].map(({ id }) => id), tenant_id };
  const edit = { preference: "opt_in", digest_schedule } as const;
  await db.tx((tx) => preferences(world).setCategoryPreference(tx, world.workspace_id, who, "news", edit));
}

async function change(world: World, tenant_id: string, digest_schedule: DigestOverrides): Promise<void> {
  await world.services.db.tx((tx) =>
    preferences(world).setTenantCategory(tx, world.workspace_id, tenant_id, "news", { digest_schedule }),
  );
}

const digest = (more: JsonObject = {}) =>
  node("digest", "d", { schedule_type: "category_digest_schedule", ...more });

const workflow = (world: World, more: JsonObject = {}) =>
  world.workflow("letter", [digest(more), sms("s", "digest")], { category: "news" });

const waits = async (world: World) => (await world.executions()).map(({ waiting_until }) => waiting_until);

describe("a digest on its category's schedule", () => {
  it("closes by the category's default, in the recipient's time zone", async ({ world }) => {
    await publish(world, { options: OPTIONS });
    await workflow(world);
    await world.trigger("letter", [person("ann", { $timezone: "Asia/Kathmandu" })], { data: { n: 1 } });
    expect(await waits(world)).toEqual(["2026-07-17T03:15:00.000000Z"]);
    await world.pass("1h");
    await world.trigger("letter", ["ann"], { data: { n: 2 } });
    await world.pass("1d");
    expect(texts(await world.messages())).toEqual(["s: 1 2 of 2"]);
  });

  it("closes by what the recipient selected, and an open one is not moved by another choice", async ({
    world,
  }) => {
    await publish(world, { options: OPTIONS });
    await workflow(world);
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select(world, "ann", { id: "daily", time: "18:30" });
    await world.trigger("letter", ["ann"], { data: { n: 1 } });
    expect(await waits(world)).toEqual(["2026-07-16T18:30:00.000000Z"]);
    await select(world, "ann", { id: "weekly" });
    await world.pass("7h");
    expect(texts(await world.messages())).toEqual(["s: 1 of 1"]);
    await world.trigger("letter", ["ann"], { data: { n: 2 } });
    expect((await waits(world)).at(-1)).toBe("2026-07-20T00:00:00.000000Z");
    const [run] = await world.executions();
    expect(stepsAt(run, "d")[0]).toMatchObject({
      message: "digest schedule 'Daily', selected by the recipient",
      properties: { digest_schedule: { id: "daily", time: "18:30", is_user_selected: true } },
    });
  });

  it("goes by the tenant's default where the recipient selected nothing there", async ({ world }) => {
    await publish(world, { options: OPTIONS });
    await workflow(world);
    await world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select(world, "ann", { id: "weekly" });
    await change(world, "acme", {
      options: [{ id: "daily", is_default: true, time: { default_value: "20:00" } }],
    });
    await world.trigger("letter", ["ann"], { tenant_id: "acme", data: { n: 1 } });
    expect(await waits(world)).toEqual(["2026-07-16T20:00:00.000000Z"]);
  });

  it("delays nobody who wants to be notified at once, and what is sent looks like a digest", async ({
    world,
  }) => {
    await publish(world, { options: OPTIONS });
    await workflow(world, { trigger_min_count: 2 });
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select(world, "ann", { id: "now" });
    await world.trigger("letter", ["ann"], { data: { n: 1 } });
    await world.trigger("letter", ["ann"], { data: { n: 2 } });
    expect(texts(await world.messages())).toEqual(["s: 1 of 1", "s: 2 of 1"]);
    expect((await world.executions()).map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  it.for<[string, JsonObject | null]>([
    ["there is none", null],
    ["it is turned off", { enabled: false, options: OPTIONS }],
  ])("ends the run with an error where %s", async ([_title, schedule], { world }) => {
    await publish(world, schedule);
    await workflow(world);
    await world.trigger("letter", [person("ann")], { data: { n: 1 } });
    const [run] = await world.executions();
    expect(run?.status).toBe("failed");
    expect(complaints(run)).toEqual(["digest: the category of this workflow has no digest schedule"]);
    expect(stepsAt(run, "d").at(-1)?.properties).toEqual({ code: "dynamic_value_invalid" });
  });

  it("is seen by expressions, so that a dynamic schedule may take it from there", async ({ world }) => {
    await publish(world, { options: OPTIONS });
    const dynamic_schedule_expr =
      '."$recipient"."$category_preference".digest_schedule | {frequency, time, tz_selection: "fixed", tz_fixed: "UTC"}';
    await world.workflow(
      "letter",
      [node("digest", "d", { schedule_type: "dynamic", dynamic_schedule_expr }), sms("s", "digest")],
      { category: "news" },
    );
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select(world, "ann", { id: "daily", time: "15:00" });
    await world.trigger("letter", ["ann"], { data: { n: 1 } });
    expect(await waits(world)).toEqual(["2026-07-16T15:00:00.000000Z"]);
  });
});
