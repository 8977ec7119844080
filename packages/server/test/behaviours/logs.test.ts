import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { promotional } from "../preferences/desk.ts";
import { createPreferences } from "../../src/preferences/preferences.ts";
import {
  delay,
  type ExecutionView,
  node,
  person,
  sms,
  type StepView,
  stepsAt,
  TEXT,
  workflowBody,
  type World,
} from "./world.ts";

/* The execution log's entries for everything that fails, and for every way a run ends. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
});

const email = { subject: "Hello", body: { type: "raw", raw: { html: "<p>Hello</p>", text: "" } } };
const query = (world: World, text: string) => world.services.db.query(text, [world.workspace_id]);
const last = async (world: World): Promise<ExecutionView | undefined> => (await world.executions()).at(-1);

/** The only entry above the level of information. */
async function complaint(world: World): Promise<StepView | undefined> {
  const told = (await last(world))?.steps.filter(({ status }) => status !== "info") ?? [];
  expect(told).toHaveLength(1);
  return told[0];
}

/** Disables the template `wide`, which no API does. */
async function withdraw(world: World): Promise<void> {
  const { db, catalog } = world.services;
  await query(world, "update template set live_version_no = null where workspace_id = $1 and slug = 'wide'");
  await db.tx((tx) => catalog.invalidate(tx, world.workspace_id, "template", "wide"));
}

async function publishNews(world: World): Promise<string[]> {
  const { db, catalog, recipients } = world.services;
  const document = promotional({ category: "news", name: "News", default_preference: "opt_in" });
  const preferences = createPreferences({ db, catalog });
  await db.tx((tx) => preferences.saveCategories(tx, world.workspace_id, document, { message: "test" }));
  await world.call("POST", "/v1/user/ann/", { ...person("ann"), $email: "ann@example.com" });
  const people = await recipients.load(db, world.workspace_id, [{ object_type: "", distinct_id: "ann" }]);
  return [...people.values()].map(({ id }) => id);
}

describe("an entry about what went wrong has a code, and the values that it is about", () => {
  it("no_active_channels: nothing to reach the recipient on", async ({ world }) => {
    await world.workflow("w", [sms("s")]);
    await world.trigger("w", [{ distinct_id: "bob", $email: "bob@example.com" }]);
    expect(await complaint(world)).toMatchObject({
      status: "warning",
      execution_stage: "channels_computed",
      properties: {
        code: "no_active_channels",
        live_channels: ["sms"],
        recipient_channels: ["email", "inbox"],
      },
    });
  });

  it.for<[string, (world: World) => Promise<unknown>, JsonObject]>([
    ["is not live any more", withdraw, {}],
    [
      "has no such channel any more",
      (world) => world.template("wide", { email }),
      { live_channels: ["email"] },
    ],
  ])("template_not_found: the template %s", async ([_title, change, seen], { world }) => {
    await world.template("wide", { ...TEXT, email });
    await world.workflow("w", [delay("d", "1h"), sms("s", "wide")]);
    await world.trigger("w", [person("ann")]);
    await change(world);
    await world.pass("1h");
    expect(await complaint(world)).toMatchObject({
      status: "error",
      execution_stage: "channels_computed",
      properties: { code: "template_not_found", template: "wide", ...seen },
    });
  });

  it("template_render_failed: the channel, and the variable that is not there", async ({ world }) => {
    await world.template("broken", { sms: { type: "basic", body: "{{order.id}}" } });
    await world.workflow("w", [sms("s", "broken")]);
    await world.trigger("w", [person("ann")], { data: { order: {} } });
    expect(await complaint(world)).toMatchObject({
      execution_stage: "template_rendered",
      properties: { code: "template_render_failed", channel: "sms", variant: "default", variable: "id" },
    });
  });

  it("no_vendor: the channel, the category and the provider", async ({ world }) => {
    await query(world, "delete from vendor_config where workspace_id = $1 and channel = 'androidpush'");
    const card = { header: "Hello", body: "Hello" };
    await world.template("push", { androidpush: card });
    await world.workflow("w", [node("send_mobile_push", "p", { template: "push" })]);
    await world.trigger("w", [{ distinct_id: "cem", $androidpush: { token: "token-cem", provider: "fcm" } }]);
    expect(await complaint(world)).toMatchObject({
      status: "error",
      properties: {
        code: "no_vendor",
        channel: "androidpush",
        category: "transactional",
        id_provider: "fcm",
      },
    });
  });

  it.for<[string, JsonObject]>([
    ["user_unsubscribed_category", { preference: "opt_out" }],
    ["user_unsubscribed_channels", { preference: "opt_in", opt_out_channels: ["sms"] }],
  ])("%s: what the recipient chose", async ([code, choice], { world, harness }) => {
    const recipient_ids = await publishNews(world);
    const { db, catalog } = harness.services;
    const who = { recipient_ids, tenant_id: "default" };
    await db.tx((tx) =>
      createPreferences({ db, catalog }).setCategoryPreference(
        tx,
        world.workspace_id,
        who,
        "news",
        choice as never,
      ),
    );
    await world.workflow("w", [sms("s")], { category: "news" });
    await world.trigger("w", ["ann"]);
    expect(await complaint(world)).toMatchObject({
      status: "warning",
      execution_stage: "preference_evaluated",
      properties: { code, category: "news", recipient: choice },
    });
  });

  it("category_not_applicable_tenant: the tenant turned it off", async ({ world, harness }) => {
    await publishNews(world);
    const { db, catalog } = harness.services;
    await db.tx((tx) =>
      createPreferences({ db, catalog }).setTenantCategory(tx, world.workspace_id, "default", "news", {
        enabled_for_tenant: false,
      }),
    );
    await world.workflow("w", [sms("s")], { category: "news" });
    await world.trigger("w", ["ann"]);
    expect(await complaint(world)).toMatchObject({
      properties: { code: "category_not_applicable_tenant", category: "news" },
    });
  });

  it.for([
    ["a user", person("ann"), "no user found with distinct_id: ann"],
    [
      "an object",
      { object_type: "team", id: "red", $sms: "+14155550101" },
      "no object found with id: team/red",
    ],
  ] as const)(
    "user_not_found: %s was deleted while the run slept",
    async ([_who, recipient, message], { world }) => {
      await world.template("plain", { sms: { type: "basic", body: "Hello" } });
      await world.workflow("w", [delay("d", "1h"), sms("s", "plain")]);
      await world.trigger("w", [recipient]);
      await query(world, "delete from recipient where workspace_id = $1");
      await world.pass("1h");
      expect(await complaint(world)).toMatchObject({
        status: "error",
        execution_stage: "run_stopped",
        message,
        properties: { code: "user_not_found" },
      });
    },
  );
});

describe("the last entry of a run", () => {
  const end = async (world: World) => {
    const step = (await last(world))?.steps.at(-1);
    return [step?.execution_stage, step?.status, step?.message];
  };

  it.for<[string, JsonObject[], string]>([
    ["all went well", [sms("s")], "run completed"],
    [
      "there were warnings",
      [sms("s"), node("send_email", "e", { template: "mail" })],
      "run completed with warnings",
    ],
    ["there were errors, and it went on", [sms("s", "broken"), sms("t")], "run completed with errors"],
  ])("says that it came to its end, where %s", async ([_title, nodes, message], { world }) => {
    await world.template("mail", { email });
    await world.template("broken", { sms: { type: "basic", body: "{{nothing.there}}" } });
    await world.workflow("w", nodes);
    await world.trigger("w", [person("ann")]);
    expect(await end(world)).toEqual(["run_completed", "info", message]);
  });

  it("is what stopped it, where something did", async ({ world }) => {
    await world.workflow("w", [delay("d", ".wait", "dynamic"), sms("s")]);
    await world.trigger("w", [person("ann")]);
    expect((await end(world)).slice(0, 2)).toEqual(["node_failed", "error"]);
  });
});

describe("a delay", () => {
  it.for([
    ["of nothing", delay("d", "0s")],
    ["of nothing, found by an expression", delay("d", "0", "dynamic")],
  ] as const)("%s tells the time that it would have waited for", async ([_title, waiting], { world }) => {
    await world.workflow("w", [waiting, sms("s")]);
    await world.trigger("w", [person("ann")]);
    expect(stepsAt(await last(world), "d")).toMatchObject([
      {
        execution_stage: "node_completed",
        status: "info",
        message: "not waiting: 2026-07-16T12:00:00.000Z has come",
        properties: { until: "2026-07-16T12:00:00.000Z" },
      },
    ]);
  });
});

describe("a smart routing", () => {
  it("names the event that ended it as its author wrote it", async ({ world }) => {
    await world.template("wide", { ...TEXT, email });
    const smart = node("send_smart_channel_routing", "smart", {
      template: "wide",
      ttl_value: "1h",
      success: "Order Paid – №1",
      success_is_event: true,
    });
    await world.workflow("w", [smart]);
    await world.trigger("w", [{ ...person("ann"), $email: "ann@example.com" }]);
    await world.event("ann", "ORDER PAID – №1");
    const pending = (await world.messages()).filter(({ status }) => status === "not_to_be_triggered");
    expect(pending.map(({ failure_reason }) => failure_reason)).toEqual([
      "success metric 'Order Paid – №1' was achieved",
    ]);
  });
});

describe("a workflow that another one triggers", () => {
  const invoke = (workflow: string) =>
    node("invokeworkflow", "i", { workflow, recipient_selection: "recipient" });

  it("may be committed after it, so that two may trigger each other", async ({ world }) => {
    await world.workflow("one", [invoke("two"), sms("s")]);
    await world.trigger("one", [person("ann")]);
    const [run] = await world.executions();
    expect(stepsAt(run, "i")).toMatchObject([
      { message: "workflow: workflow 'two' not found", properties: { code: "invoke_failed" } },
    ]);
    // It is the node's error, and the run continues.
    expect(stepsAt(run, "s")).not.toEqual([]);

    await world.workflow("two", [sms("t")]);
    await world.trigger("one", [person("ann")]);
    expect((await world.messages()).map(({ workflow }) => workflow.slug)).toEqual(["one", "one", "two"]);
  });
});

describe("an object that nobody knows", () => {
  it("is named by its id in the request log", async ({ world }) => {
    await world.workflow("w", [sms("s")]);
    const id = await world.trigger("w", [{ object_type: "team", id: "never", $skip_create: true }]);
    expect((await world.request(id)).errors).toMatchObject([
      {
        error_code: "user_not_found",
        error_description: "object 'never' not found",
        recipient: "team/never",
      },
    ]);
  });
});

describe("a number that no double can hold", () => {
  it.for([
    ["/trigger/", '{"workflow":"w","recipients":["ann"],"data":{"a":[1e400]}}', "data.a.0"],
    ["/v2/event/", '{"event":"Paid","distinct_id":"ann","properties":{"a":-1e400}}', "properties.a"],
  ] as const)("is refused by %s, with its place", async ([url, payload, place], { world }) => {
    await world.workflow("w", [sms("s")]);
    const answer = await world.call("POST", url, payload);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(`${place}: is a number too large to be kept`);
  });
});

describe("a wait for an event", () => {
  it("is not committed for a name of spaces only", async ({ world }) => {
    const wait = {
      ...node("branch_waituntil", "w"),
      branches: [
        {
          name: "a",
          ref: "a",
          conditions: [{ type: "future_event", event_name: "  " }],
          nodes: [],
          is_default: false,
        },
        {
          name: "b",
          ref: "b",
          conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: "1h" } }],
          nodes: [],
          is_default: true,
        },
      ],
    };
    const path = "v1/workflow/w/?commit=true&commit_message=test";
    const { json } = await world.manage("POST", path, workflowBody("w", [wait, sms("s")]));
    expect(json).toMatchObject({
      validation_result: { is_valid: false, errors: ["a: conditions[0].event_name: must not be empty"] },
    });
  });
});
