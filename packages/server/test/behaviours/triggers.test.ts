import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { addSubscriptions } from "../../src/recipients/subscriptions.ts";
import { all, leaf } from "../conditions.ts";
import { branches, delay, on, person, refs, sms, START, TEXT, texts, whom, type World } from "./world.ts";

/* From an API call to runs: which recipients get one, how often, and on which version of the workflow. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
});

const hours = (count: number) => new Date(Date.parse(START) + count * 3_600_000).toISOString();

describe("requests", () => {
  it("16.1 a bulk trigger of good and bad records is a 207 in the order of the request, readable by the SDKs", async ({
    world,
  }) => {
    await world.workflow("hello", [sms("s")]);
    const good = { workflow: "hello", recipients: [person("ann")] };
    const unknown = { workflow: "nowhere", recipients: ["ann"] };
    const empty = { workflow: "hello", recipients: [] };
    const answer = await world.callSigned("POST", "/trigger/", [good, unknown, empty, good]);
    expect(answer.status).toBe(207);
    const { status, records } = answer.json as { status: string; records: JsonObject[] };
    expect(status).toBe("success");
    // Python indexes `error.message`, Go dereferences it; both read `status_code` as a number.
    expect(records).toMatchObject([
      { status: "success", status_code: 202, message_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      {
        status: "error",
        status_code: 404,
        error: { message: expect.stringContaining("not found"), type: "not_found" },
      },
      { status: "error", status_code: 400, error: { message: expect.stringContaining("at least 1 item") } },
      { status: "success", status_code: 202, message_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ]);
    await world.settle();
    expect(whom(await world.messages())).toEqual(["ann", "ann"]);
  });

  it("16.2 the same idempotency key makes one run within a day, and a second one after it", async ({
    world,
  }) => {
    await world.workflow("hello", [sms("s")]);
    const again = () => world.trigger("hello", [person("ann")], { $idempotency_key: "order-7" });
    const rehearsed = () =>
      world.call("POST", "/trigger/?dry_run=true", {
        workflow: "hello",
        recipients: ["ann"],
        $idempotency_key: "order-7",
      });
    const first = await again();
    expect(await again()).toBe(first);
    await world.reach(hours(23));
    expect(await again()).toBe(first);
    expect(await world.executions()).toHaveLength(1);
    expect(await rehearsed()).toMatchObject({ json: { duplicate_of: first } });

    await world.reach(hours(25));
    expect(await rehearsed()).toMatchObject({ json: { duplicate_of: null } });
    expect(await again()).not.toBe(first);
    expect(await world.executions()).toHaveLength(2);
    expect((await world.messages()).map(({ idempotency_key }) => idempotency_key)).toEqual([
      "order-7",
      "order-7",
    ]);
  });
});

it("the $insert_id of an edit makes it apply once within a day of the workspace's clock", async ({
  world,
}) => {
  const edit = { distinct_id: "ann", $insert_id: "i1", $add: { visits: 1 } };
  const visits = async () => {
    expect((await world.call("POST", "/event/", edit)).status).toBe(202);
    const user = (await world.call("GET", "/v1/user/ann/")).json as { properties: { visits: number } };
    return user.properties.visits;
  };
  expect([await visits(), await visits()]).toEqual([1, 1]);
  await world.reach(hours(23));
  expect(await visits()).toBe(1);
  await world.reach(hours(25));
  expect([await visits(), await visits()]).toEqual([2, 2]);
});

describe("objects", () => {
  async function subscribe(
    world: World,
    object_id: string,
    subscribers: { object_type?: string; distinct_id: string }[],
  ) {
    const { db, ids } = world.services;
    const keys = subscribers.map(({ object_type = "", distinct_id }) => ({ object_type, distinct_id }));
    const item = {
      object_type: "team",
      object_id,
      create_if_missing: true,
      subscribers: keys,
      properties: {},
    };
    const outcomes = await db.tx((tx) => addSubscriptions(tx, world.workspace_id, [item], ids));
    expect(outcomes).toMatchObject([{ ok: true, missing: [] }]);
  }

  const team = (more: JsonObject = {}) => ({ object_type: "team", id: "all", $sms: "+14155550100", ...more });

  it.beforeEach(async ({ world }) => {
    await world.workflow("hello", [sms("s")]);
    for (const name of ["ann", "ben"]) {
      await world.call("POST", `/v1/user/${name}/`, { $sms: "+14155550101" });
    }
    // Ben is in both.
    await subscribe(world, "eu", [{ distinct_id: "ben" }]);
    await subscribe(world, "all", [
      { distinct_id: "ann" },
      { distinct_id: "ben" },
      { object_type: "team", distinct_id: "eu" },
    ]);
  });

  it("16.3 an object brings its subscribers and its child object, who is in both once, all tied to the object's run", async ({
    world,
  }) => {
    await world.trigger("hello", [team()]);
    const runs = await world.executions();
    expect(runs.map(({ recipient }) => recipient).toSorted()).toEqual(["ann", "ben", "team/all", "team/eu"]);
    const root = runs.find(({ recipient }) => recipient === "team/all");
    expect(root?.parent_object_execution_id).toBeNull();
    for (const run of runs.filter((one) => one !== root)) {
      expect(run.parent_object_execution_id).toBe(root?.execution_id);
    }
    // The child object has no address.
    const messages = await world.messages();
    expect(whom(messages)).toEqual(["all", "ann", "ben"]);
    for (const message of messages.filter(({ recipient }) => recipient.distinct_id !== null)) {
      expect(message).toMatchObject({
        parent_entity_id: "team/all",
        parent_execution_id: root?.execution_id,
      });
    }
  });

  it("16.4 depth 0 reaches the object alone", async ({ world }) => {
    await world.trigger("hello", [team({ $object_subscriptions_query: { depth: 0 } })]);
    expect((await world.executions()).map(({ recipient }) => recipient)).toEqual(["team/all"]);
  });
});

describe("events", () => {
  it("16.5 a recipients override makes one run each; if it finds no recipient the request log says so and nothing runs", async ({
    world,
  }) => {
    await world.workflow("notify", [sms("s")], {
      ...on("Order placed"),
      override_recipients_type: "user",
      override_recipients_user_expr: ".recipients[]",
    });
    for (const name of ["ann", "ben"]) {
      await world.call("POST", `/v1/user/${name}/`, { $sms: "+14155550101" });
    }
    const place = async (recipients: string[]) => {
      const body = { distinct_id: "shop", event: "Order placed", properties: { recipients } };
      const answer = await world.call("POST", "/v2/event/", body);
      await world.settle();
      return world.request((answer.json as { message_id: string }).message_id);
    };
    expect((await place(["ann", "ben"])).status).toBe("completed");
    expect(whom(await world.messages())).toEqual(["ann", "ben"]);

    const empty = await place([]);
    expect(empty).toMatchObject({ status: "failure", executions: [] });
    expect(empty.errors[0]?.error_description).toContain(
      "[workflow: notify] recipients_override: jq-expression '.recipients[]' evaluated to empty value",
    );
    expect(await world.executions()).toHaveLength(2);
  });
});

describe("conditions", () => {
  it("16.6 entries are OR-ed and leaves AND-ed; a type mismatch is false, and EMPTY of a missing key true", async ({
    world,
  }) => {
    const conditions = [
      all(leaf("plan", "==", '"pro"'), leaf("amount", ">", "100")),
      all(leaf("urgent", "==", "true"), leaf("note", "EMPTY")),
    ];
    await world.workflow("picky", [sms("s")], { conditions });
    const cases: [JsonObject, boolean][] = [
      [{ plan: "pro", amount: 101, note: "x" }, true],
      [{ plan: "pro", amount: 100, note: "x" }, false],
      [{ plan: "free", amount: 101, note: "x" }, false],
      [{ plan: "pro", amount: "101", note: "x" }, false],
      [{ plan: "pro", amount: [101], note: "x" }, false],
      [{ urgent: true }, true],
      [{ urgent: true, note: "" }, true],
      [{ urgent: true, note: null }, true],
      [{ urgent: true, note: "x" }, false],
      [{ urgent: "true" }, false],
      [{ plan: "pro", urgent: true, amount: 1, note: "x" }, false],
      [{}, false],
    ];
    for (const [data, passes] of cases) {
      const request = await world.request(await world.trigger("picky", [person("ann")], { data }));
      const expected = passes ? { status: "completed" } : { status: "partial_failure", executions: [] };
      expect(request, JSON.stringify(data)).toMatchObject(expected);
      if (!passes)
        expect(request.errors).toMatchObject([{ error_code: "conditions_false", severity: "warning" }]);
    }
    expect(await world.messages()).toHaveLength(cases.filter(([, passes]) => passes).length);
  });

  it("16.7 now+1d is counted from when the node runs, not from the trigger", async ({ world }) => {
    const soon = all(leaf("due", "DATETIME_LT", '"now+1d"'));
    await world.workflow("reminder", [
      branches("at_trigger", [{ when: [soon], nodes: [sms("early_soon")] }, { nodes: [sms("early_far")] }]),
      delay("d", "2d"),
      branches("at_node", [{ when: [soon], nodes: [sms("late_soon")] }, { nodes: [sms("late_far")] }]),
    ]);
    await world.trigger("reminder", [person("ann")], { data: { due: hours(60) } });
    await world.pass("2d");
    expect(refs(await world.messages())).toEqual(["early_far", "late_soon"]);
  });
});

describe("throttling and versions", () => {
  it("16.8 a throttle of 3 in 15 minutes drops the fourth and lets the first after the window pass", async ({
    world,
  }) => {
    await world.workflow("limited", [sms("s")], { ratelimit: { count: 3, sliding_window: "15m" } });
    const again = async () => world.request(await world.trigger("limited", [person("ann")]));
    for (let minute = 0; minute < 3; minute++) {
      expect((await again()).status).toBe("completed");
      await world.pass("1m");
    }
    await world.reach(new Date(Date.parse(START) + 15 * 60_000 - 1000).toISOString());
    const dropped = await again();
    expect(dropped).toMatchObject({ status: "partial_failure", executions: [] });
    expect(dropped.errors).toMatchObject([{ error_code: "throttled", severity: "warning" }]);

    await world.pass("1s");
    expect((await again()).status).toBe("completed");
    expect((await again()).status).toBe("partial_failure");
    expect(await world.messages()).toHaveLength(4);
  });

  it("16.9 a run that waits finishes on its version when another is committed, and finishes when the workflow is disabled", async ({
    world,
  }) => {
    await world.template("news", { sms: { type: "basic", body: "New" } });
    await world.workflow("slow", [delay("d", "1d"), sms("s")]);
    await world.trigger("slow", [person("ann")]);
    await world.workflow("slow", [delay("d", "1h"), sms("s", "news")]);
    await world.trigger("slow", [person("ben")]);
    const disabled = await world.manage("PATCH", "v1/workflow/slow/enable/", { is_enabled: false });
    expect(disabled.status).toBe(202);
    const refused = await world.call("POST", "/trigger/", { workflow: "slow", recipients: [person("cem")] });
    expect(refused).toMatchObject({ status: 400, text: expect.stringContaining("is disabled") });

    await world.pass("1d");
    expect(texts(await world.messages())).toEqual(["s: New", "s: Hello ann"]);
    const runs = await world.executions();
    expect(runs.map((run) => [run.recipient, run.workflow_version, run.status])).toEqual([
      ["ann", 1, "completed"],
      ["ben", 2, "completed"],
    ]);
  });
});

describe("profiles", () => {
  const userOf = (world: World, distinct_id: string) => world.call("GET", `/v1/user/${distinct_id}/`);

  it.beforeEach(async ({ world }) => {
    await world.template("both", {
      ...TEXT,
      email: { subject: "Hi", body: { type: "raw", raw: { html: "<p>Hi</p>", text: "" } } },
    });
    await world.workflow("hello", [
      { node_type: "send_multi_channel", ref: "m", properties: { template: "both" } },
    ]);
  });

  it("16.28 a transient recipient without a channel is refused; with an e-mail address one is sent to, and leaves no profile", async ({
    world,
  }) => {
    const recipients = [{ is_transient: true, name: "Ann" }];
    const refused = await world.call("POST", "/trigger/", { workflow: "hello", recipients });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("channel details missing for transient user");

    await world.trigger("hello", [{ is_transient: true, distinct_id: "ghost", $email: "ghost@example.com" }]);
    expect(await world.messages()).toMatchObject([
      { channel: "email", channel_identity: { email: "ghost@example.com" } },
    ]);
    expect((await userOf(world, "ghost")).status).toBe(404);
    const { json } = await world.call("GET", "/v1/user/");
    expect((json as { results: unknown[] }).results).toEqual([]);
  });

  it("16.29 $skip_create leaves no profile behind, of recipients or actors", async ({ world }) => {
    await world.trigger("hello", [person("ann", { $skip_create: true })], {
      actor: { distinct_id: "boss", $skip_create: true, name: "Boss" },
    });
    expect((await userOf(world, "ann")).status).toBe(404);
    expect((await userOf(world, "boss")).status).toBe(404);
    await world.trigger("hello", [person("ann")]);
    expect((await userOf(world, "ann")).status).toBe(200);
  });

  it("16.30 with an allow-list, channels that neither the list nor the tenant's own profile has are dropped in a tenant", async ({
    world,
    harness,
  }) => {
    await harness.services.db.query(
      `update workspace set config = '{"user_tenancy_channel_fallback_mode": "allowlist",
                                       "user_tenancy_channel_fallback": ["$email"]}' where workspace_id = $1`,
      [world.workspace_id],
    );
    harness.services.workspaces.forget();
    await world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const global = { $email: "ann@example.com", $sms: "+14155550101", plan: "free", city: "Rome" };
    await world.call("POST", "/v1/user/ann/", global);
    await world.call("POST", "/v1/user/ann/tenant/acme/", { plan: "pro" });
    await world.template("who", {
      ...TEXT,
      email: {
        subject: "{{$recipient.plan}} {{$recipient.city}}",
        body: { type: "raw", raw: { html: "<p>Hi</p>", text: "" } },
      },
    });
    await world.workflow("who", [
      { node_type: "send_multi_channel", ref: "m", properties: { template: "who" } },
    ]);

    await world.trigger("who", ["ann"], { tenant_id: "acme" });
    expect(await world.messages()).toMatchObject([{ channel: "email", content: { subject: "pro Rome" } }]);

    await world.call("POST", "/v1/user/ann/tenant/acme/", { $sms: "+14155550102" });
    await world.trigger("who", ["ann"], { tenant_id: "acme" });
    const second = (await world.messages()).slice(1);
    expect(second.map(({ channel_identity }) => channel_identity)).toEqual(
      expect.arrayContaining([{ email: "ann@example.com" }, { sms: "+14155550102" }]),
    );
    expect(second).toHaveLength(2);
  });

  it("16.31 an inline profile for another tenant than the trigger's is refused", async ({ world }) => {
    await world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const send = (tenant_id: string | undefined, context: string) =>
      world.call("POST", "/trigger/", {
        workflow: "hello",
        recipients: [person("ann", { $context: { tenant_id: context } })],
        ...(tenant_id === undefined ? {} : { tenant_id }),
      });
    for (const [tenant_id, context] of [
      ["acme", "other"],
      [undefined, "acme"],
      ["default", "acme"],
    ] as const) {
      const refused = await send(tenant_id, context);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain("$context.tenant_id must be the same as the tenant_id of the trigger");
    }
    expect((await send("acme", "acme")).status).toBe(202);
    await world.settle();
    expect(whom(await world.messages())).toEqual(["ann"]);
  });
});
