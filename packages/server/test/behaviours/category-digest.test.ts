import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { createPreferences } from "../../src/preferences/preferences.ts";
import type { DigestOverrides, DigestSelection } from "../../src/core/preferences/digest-schedule.ts";
import { createHarness, type Harness } from "../harness.ts";
import { promotional } from "../preferences.ts";
import { complaints, createWorld, node, person, sms, stepsAt, TEXT, texts, type World } from "./world.ts";

/* Digests whose schedule is the recipient's choice among the options of the workflow's category. */
let harness: Harness;
let world: World;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  world = await createWorld(harness);
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

const preferences = () => createPreferences(harness.services);

async function publish(digest_schedule: JsonObject | null, slug = "news"): Promise<void> {
  const document = promotional({
    category: slug,
    name: slug,
    default_preference: "opt_in",
    digest_schedule,
  });
  await harness.services.db.tx((tx) =>
    preferences().saveCategories(tx, world.workspace_id, document, { message: "test" }),
  );
}

async function select(
  distinct_id: string,
  digest_schedule: DigestSelection | null,
  tenant_id = "default",
): Promise<void> {
  const { db, recipients } = harness.services;
  const people = await recipients.load(db, world.workspace_id, [{ object_type: "", distinct_id }]);
  const who = { recipient_ids: [...people.values()].map(({ id }) => id), tenant_id };
  const edit = { preference: "opt_in", digest_schedule } as const;
  await db.tx((tx) => preferences().setCategoryPreference(tx, world.workspace_id, who, "news", edit));
}

async function change(tenant_id: string, digest_schedule: DigestOverrides): Promise<void> {
  await harness.services.db.tx((tx) =>
    preferences().setTenantCategory(tx, world.workspace_id, tenant_id, "news", { digest_schedule }),
  );
}

const digest = (more: JsonObject = {}) =>
  node("digest", "d", { schedule_type: "category_digest_schedule", ...more });

const workflow = (more: JsonObject = {}) =>
  world.workflow("letter", [digest(more), sms("s", "digest")], { category: "news" });

const waits = async () => (await world.executions()).map(({ waiting_until }) => waiting_until);

describe("a digest on its category's schedule", () => {
  it("closes by the category's default, in the recipient's time zone", async () => {
    await publish({ options: OPTIONS });
    await workflow();
    await world.trigger("letter", [person("ann", { $timezone: "Asia/Kathmandu" })], { data: { n: 1 } });
    expect(await waits()).toEqual(["2026-07-17T03:15:00.000000Z"]);
    await world.pass("1h");
    await world.trigger("letter", ["ann"], { data: { n: 2 } });
    await world.pass("1d");
    expect(texts(await world.messages())).toEqual(["s: 1 2 of 2"]);
  });

  it("closes by what the recipient selected, and an open one is not moved by another choice", async () => {
    await publish({ options: OPTIONS });
    await workflow();
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select("ann", { id: "daily", time: "18:30" });
    await world.trigger("letter", ["ann"], { data: { n: 1 } });
    expect(await waits()).toEqual(["2026-07-16T18:30:00.000000Z"]);
    await select("ann", { id: "weekly" });
    await world.pass("7h");
    expect(texts(await world.messages())).toEqual(["s: 1 of 1"]);
    await world.trigger("letter", ["ann"], { data: { n: 2 } });
    expect((await waits()).at(-1)).toBe("2026-07-20T00:00:00.000000Z");
    const [run] = await world.executions();
    expect(stepsAt(run, "d")[0]).toMatchObject({
      message: "digest schedule 'Daily', selected by the recipient",
      properties: { digest_schedule: { id: "daily", time: "18:30", is_user_selected: true } },
    });
  });

  it("goes by the tenant's default where the recipient selected nothing there", async () => {
    await publish({ options: OPTIONS });
    await workflow();
    await world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select("ann", { id: "weekly" });
    await change("acme", { options: [{ id: "daily", is_default: true, time: { default_value: "20:00" } }] });
    await world.trigger("letter", ["ann"], { tenant_id: "acme", data: { n: 1 } });
    expect(await waits()).toEqual(["2026-07-16T20:00:00.000000Z"]);
  });

  it("delays nobody who wants to be notified at once, and what is sent looks like a digest", async () => {
    await publish({ options: OPTIONS });
    await workflow({ trigger_min_count: 2 });
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select("ann", { id: "now" });
    await world.trigger("letter", ["ann"], { data: { n: 1 } });
    await world.trigger("letter", ["ann"], { data: { n: 2 } });
    expect(texts(await world.messages())).toEqual(["s: 1 of 1", "s: 2 of 1"]);
    expect((await world.executions()).map(({ status }) => status)).toEqual(["completed", "completed"]);
  });

  it.each<[string, JsonObject | null]>([
    ["there is none", null],
    ["it is turned off", { enabled: false, options: OPTIONS }],
  ])("ends the run with an error where %s", async (_title, schedule) => {
    await publish(schedule);
    await workflow();
    await world.trigger("letter", [person("ann")], { data: { n: 1 } });
    const [run] = await world.executions();
    expect(run?.status).toBe("failed");
    expect(complaints(run)).toEqual(["digest: the category of this workflow has no digest schedule"]);
    expect(stepsAt(run, "d").at(-1)?.properties).toEqual({ code: "dynamic_value_invalid" });
  });

  it("is seen by expressions, so that a dynamic schedule may take it from there", async () => {
    await publish({ options: OPTIONS });
    const dynamic_schedule_expr =
      '."$recipient"."$category_preference".digest_schedule | {frequency, time, tz_selection: "fixed", tz_fixed: "UTC"}';
    await world.workflow(
      "letter",
      [node("digest", "d", { schedule_type: "dynamic", dynamic_schedule_expr }), sms("s", "digest")],
      { category: "news" },
    );
    await world.call("POST", "/v1/user/ann/", person("ann"));
    await select("ann", { id: "daily", time: "15:00" });
    await world.trigger("letter", ["ann"], { data: { n: 1 } });
    expect(await waits()).toEqual(["2026-07-16T15:00:00.000000Z"]);
  });
});
