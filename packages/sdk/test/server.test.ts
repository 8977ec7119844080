import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../server/test/harness.ts";
import {
  type Carillon,
  CarillonError,
  createCarillon,
  type DefinedWorkflow,
  defineWorkflow,
} from "../src/index.ts";

/** The modern door against a running server: what is sent is read back. */
interface Workflows {
  "order-confirmed": { order: { id: string } };
}

let harness: Harness;
let carillon: Carillon<Workflows>;
/** With the API key instead of the signature. */
let bearer: Carillon;

beforeAll(async () => {
  harness = await createHarness();
  const { url, wsKey: key, wsSecret: secret, apiKey, serviceToken, workspace } = harness;
  const management = { serviceToken, workspace: workspace.slug };
  carillon = createCarillon<Workflows>({ url, key, secret, ...management });
  bearer = createCarillon({ url, apiKey });
  await publish();
});
afterAll(() => harness.close());

async function publish(): Promise<void> {
  const { templates, workflows } = carillon;
  await templates.upsert("order", { name: "Order", enabled_channels: ["inbox", "sms"] });
  await templates.upsertVariant("order", "sms", "default", {
    locale: "en",
    content: { type: "basic", body: 'Order {{default order.id "none"}} of {{default $actor.name "nobody"}}' },
  });
  await templates.commit("order", { commit_message: "first", variants: [{ channel: "sms", id: "default" }] });
  const nodes = [{ node_type: "send_sms", name: "Text", ref: "text", properties: { template: "order" } }];
  const body = { name: "Order", category: "transactional", tree: { nodes } } as const;
  const commit = { commit: true, commit_message: "first" };
  await workflows.admin.upsert("order-confirmed", { ...body, trigger_type: "api" }, commit);
  await workflows.admin.upsert(
    "order-placed",
    { ...body, trigger_type: "event", trigger_events: ["Order Placed"] },
    commit,
  );
}

const order = { order: { id: "A-1" } };

/** What the simulator caught for somebody, once it has. */
const caughtFor = (recipient: string) =>
  until(async () => {
    const { results } = await carillon.simulator.list({ recipient }).page();
    return results.length > 0 && results;
  });

/** What is thrown; anything else than our error fails. */
async function refusal(work: Promise<unknown>): Promise<CarillonError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CarillonError)) throw new Error("was not refused as it should be", { cause: error });
  return error;
}

describe("a trigger", () => {
  it("is signed, accepted and sent, with its recipient's profile stored", async () => {
    const accepted = await carillon.workflows.trigger("order-confirmed", {
      to: { distinct_id: "ada", $sms: "+14155552671", name: "Ada Ångström" },
      actor: { is_transient: true, name: "Grace" },
      data: order,
    });

    expect(accepted).toEqual({ status: "success", message_id: expect.any(String) });
    expect(JSON.stringify(await caughtFor("ada"))).toContain("Order A-1 of Grace");
    expect((await carillon.users.get("ada")).properties).toMatchObject({ name: "Ada Ångström" });
  });

  it("works with an API key", async () => {
    const accepted = await bearer.workflows.trigger("order-confirmed", { to: "ada", data: order });
    expect(accepted.status).toBe("success");
  });

  it("sent twice under one key is one request", async () => {
    const trigger = { to: "ada", data: order, idempotencyKey: "  order-A-1 " };
    const [first, second] = [
      await carillon.workflows.trigger("order-confirmed", trigger),
      await carillon.workflows.trigger("order-confirmed", trigger),
    ];
    expect(second.message_id).toBe(first.message_id);
  });

  it("of an unknown workflow is refused with the server's reason, help and request id", async () => {
    const error = await refusal(bearer.workflows.trigger("no-such", { to: "ada" }));
    expect(error).toMatchObject({
      code: "not_found",
      status: 404,
      message: "workflow 'no-such' not found",
      help: expect.stringContaining("Check the slug"),
      requestId: expect.stringMatching(/^[0-9A-Z]{26}$/),
    });
  });

  it("with a wrong secret is refused, and with a wrong service token", async () => {
    const { url, wsKey: key, workspace } = harness;
    const stranger = createCarillon({
      url,
      key,
      secret: "wrong",
      serviceToken: "wrong",
      workspace: workspace.slug,
    });
    expect(await refusal(stranger.users.get("ada"))).toMatchObject({
      code: "not_authenticated",
      status: 401,
    });
    expect(await refusal(stranger.clock.get())).toMatchObject({ code: "authentication_failed", status: 401 });
  });

  it("can be rehearsed and explained", async () => {
    const { recipients, is_complete } = await carillon.workflows.dryRun("order-confirmed", {
      to: { distinct_id: "ada", $sms: "+14155552671" },
      data: { order: { id: "A-2" } },
    });
    expect(is_complete).toBe(true);
    expect(recipients).toMatchObject([{ distinct_id: "ada", messages: [{ channel: "sms" }] }]);
    const { summary } = await carillon.workflows.explain({ user: "ada", workflow: "order-confirmed" });
    expect(summary).toMatch(/\w/);
  });

  it("that contains its template is sent", async () => {
    await carillon.workflows.triggerInline({
      name: "One off",
      template: "order",
      category: "transactional",
      to: { distinct_id: "inline", $sms: "+14155552672" },
      data: { order: { id: "I-1" } },
    });
    expect(JSON.stringify(await caughtFor("inline"))).toContain("Order I-1");
  });

  it("that contains its template can be one of many; bad ones are named", async () => {
    const one = { name: "One off", template: "order", category: "transactional", to: "ada" } as const;
    const result = await carillon.workflows.triggerInlineMany([
      one,
      { ...one, to: [] },
      { ...one, tenant: "t".repeat(65) },
      one,
    ]);
    expect(result).toMatchObject({ status: "partial", total: 4, success: 2, failure: 2 });
    expect(result.failed_records.map(({ index, error }) => [index, error])).toEqual([
      [1, "to: must contain at least 1 item"],
      [2, "tenant: must be at most 64 characters, and has 65"],
    ]);
  });
});

describe("many triggers", () => {
  it("have their own outcomes, in order, whatever becomes of the others", async () => {
    const records = Array.from({ length: 230 }, (_none, index) => ({
      workflow: index === 3 ? "no-such-workflow" : "order-confirmed",
      to: index === 120 ? "" : `crowd-${index}`,
      data: order,
    }));
    const outcomes = [];
    for await (const outcome of bearer.workflows.triggerStream(records)) outcomes.push(outcome);

    expect(outcomes.map(({ index }) => index)).toEqual(records.map((_record, index) => index));
    expect(outcomes.map(({ record }) => record)).toEqual(records);
    const failed = outcomes.filter(({ status }) => status === "error");
    expect(failed).toMatchObject([
      { index: 3, status_code: 404, error: { message: "workflow 'no-such-workflow' not found" } },
      { index: 120, status_code: 0, error: { message: "to: must not be empty", field: "to" } },
    ]);
    const summary = await bearer.workflows.triggerMany(records.slice(0, 10));
    expect(summary).toMatchObject({ status: "partial", total: 10, success: 9, failure: 1, warnings: [] });
    expect(summary.failed_records).toMatchObject([
      { index: 3, record: records[3], error: "workflow 'no-such-workflow' not found", code: 404 },
    ]);
  });

  it("of nothing are nothing", async () => {
    expect(await bearer.workflows.triggerMany([])).toEqual({
      status: "success",
      total: 0,
      success: 0,
      failure: 0,
      failed_records: [],
      warnings: [],
    });
  });
});

describe("an event", () => {
  it("triggers the workflows that wait for it, alone or among many", async () => {
    await carillon.users.upsert("eve", { $sms: "+14155552673" });
    await carillon.events.track("Order Placed", { user: "eve", properties: { order: { id: "E-1" } } });
    expect(JSON.stringify(await caughtFor("eve"))).toContain("Order E-1");
    const result = await carillon.events.trackMany([
      { event: "Order Placed", user: "eve" },
      { event: "$mine", user: "eve" },
    ]);
    expect(result).toMatchObject({ status: "partial", success: 1, failure: 1 });
    expect(result.failed_records[0]?.error).toContain("event: must not begin with $");
  });
});

describe("users", () => {
  it("are created, read, edited and deleted", async () => {
    const made = await carillon.users.upsert("a@b/ü 1", { $email: "a@example.com", seats: 1, tags: ["x"] });
    expect(made).toMatchObject({ distinct_id: "a@b/ü 1", properties: { seats: 1 } });
    const edited = await carillon.users.edit("a@b/ü 1", (user) =>
      user
        .addEmail("b@example.com")
        .removeEmail("a@example.com")
        .addAndroidpush("token", { provider: "fcm" })
        .increment({ seats: 4 })
        .append({ tags: "y" })
        .setTimezone("Europe/Berlin")
        .set({ gone: 1 })
        .unset("gone"),
    );
    expect(edited).toEqual(await carillon.users.get("a@b/ü 1"));
    expect(edited.properties).toEqual({ seats: 5, tags: ["x", "y"], $timezone: "Europe/Berlin" });
    expect(edited.$email).toMatchObject([{ value: "b@example.com" }]);
    expect(edited.$androidpush).toMatchObject([{ value: "token", id_provider: "fcm" }]);
    const whole = await carillon.users.export("a@b/ü 1");
    expect(whole).toMatchObject({ distinct_id: "a@b/ü 1", user: edited, messages: [] });
    expect(await carillon.users.export("a@b/ü 1", { pageSize: 1 })).toEqual({
      ...whole,
      exported_at: expect.any(String) as string,
    });
    const { erasure_id } = await carillon.users.delete("a@b/ü 1");
    await harness.services.erasures.eraseWaiting(() => {});
    const receipt = await until(async () => {
      const found = await carillon.users.erasure(erasure_id ?? "");
      return found.status === "completed" ? found : null;
    });
    expect(receipt).toMatchObject({ distinct_id: "a@b/ü 1", erased: { identities: 2 } });
    expect(await refusal(carillon.users.get("a@b/ü 1"))).toMatchObject({ code: "not_found" });
  });

  it("are edited by the hundred, with each refusal in its place", async () => {
    const result = await carillon.users.editMany([
      { user: "many-1", edit: (user) => user.set({ plan: "gold" }) },
      { user: "many-2", edit: [{ $set: { plan: "gold" } }] },
      { user: "many-3", edit: [] },
      { user: "many-4", tenant: "nowhere", edit: [{ $set: { plan: "gold" } }] },
    ]);
    expect(result).toMatchObject({ status: "partial", success: 2, failure: 2 });
    expect(result.failed_records.map(({ index, error }) => [index, error])).toEqual([
      [2, "edit: must do something: it has no operation"],
      [3, "tenant 'nowhere' not found"],
    ]);
    expect((await carillon.users.get("many-2")).properties).toEqual({ plan: "gold" });
  });

  it("are listed page by page, all or one page", async () => {
    for (const id of ["p-1", "p-2", "p-3", "p-4", "p-5"]) await carillon.users.upsert(id);
    const seen: string[] = [];
    for await (const { distinct_id } of carillon.users.list({ limit: 2 })) {
      if (!distinct_id.startsWith("p-")) break;
      seen.push(distinct_id);
    }
    expect(seen).toEqual(["p-5", "p-4", "p-3", "p-2", "p-1"]);
    const { meta, results } = await carillon.users.list({ limit: 2 }).page();
    expect(results.map(({ distinct_id }) => distinct_id)).toEqual(["p-5", "p-4"]);
    const next = await carillon.users.list({ limit: 1, after: meta.after ?? "" }).page();
    expect(next.results.map(({ distinct_id }) => distinct_id)).toEqual(["p-3"]);
  });

  it("have profiles in tenants", async () => {
    await carillon.tenants.upsert("acme", { tenant_name: "Acme" });
    await carillon.users.upsert("tina", { name: "Tina" });
    const merged = await carillon.users.tenants.upsert("tina", "acme", { name: "Tina of Acme" });
    expect(merged).toMatchObject({ properties: { name: "Tina of Acme" }, tenant: { tenant_id: "acme" } });
    await carillon.users.tenants.edit("tina", "acme", (user) => user.set({ role: "owner" }));
    expect(await carillon.users.tenants.get("tina", "acme")).toMatchObject({
      properties: { name: "Tina of Acme", role: "owner" },
    });
    const tenants = [];
    for await (const { tenant } of carillon.users.tenants.list("tina")) tenants.push(tenant.tenant_id);
    expect(tenants).toEqual(["acme"]);
    await carillon.users.tenants.delete("tina", "acme");
    const { erasure_ids } = await carillon.users.deleteMany(["tina", "unknown"]);
    expect(erasure_ids).toHaveLength(1);
    expect(await refusal(carillon.users.get("tina"))).toMatchObject({ code: "not_found" });
    await carillon.tenants.delete("acme");
    expect(await refusal(carillon.tenants.get("acme"))).toMatchObject({ status: 404, code: "not_found" });
  });

  it("with a wrong address are refused by the field", async () => {
    const error = await refusal(carillon.users.upsert("bad", { $email: "not an address" }));
    expect(error).toMatchObject({ code: "invalid_request_error", status: 400 });
    expect(error.message).toContain("invalid value for channel 'email'");
  });
});

describe("a workflow in code", () => {
  const defined = (title: string, template: string) =>
    defineWorkflow({
      slug: "order-shipped",
      name: title,
      category: "transactional",
      payload: {
        type: "object",
        required: ["order_id"],
        properties: { order_id: { type: "string" } },
      },
      nodes: [{ node_type: "send_sms", name: "Text", ref: "text", properties: { template } }],
    });

  it("is published once however often it is deployed, and holds triggers to its payload", async () => {
    const { workflows, schemas } = carillon;
    const shipped = defined("Order shipped", "order");
    await workflows.admin.publish(shipped);
    const again = await workflows.admin.publish(shipped, { commit_message: "the same" });
    expect(again).toMatchObject({ slug: "order-shipped", payload_schema: { schema: "order-shipped" } });
    const { results: versions } = await workflows.admin.versions("order-shipped").page();
    expect(versions).toMatchObject([{ version_no: 1, commit_message: "Published from code", is_live: true }]);
    expect(await schemas.get("order-shipped", { mode: "live" })).toMatchObject({ version_no: 1 });
    const to = { distinct_id: "shipped", $sms: "+14155552675" };
    await workflows.trigger(shipped, { to, data: { order_id: "A-7" } });
    expect(await caughtFor("shipped")).toHaveLength(1);
    const untyped: DefinedWorkflow<string, Record<string, unknown>> = shipped;
    expect(await refusal(workflows.trigger(untyped, { to, data: {} }))).toMatchObject({
      code: "schema_validation_error",
      status: 400,
    });
    await workflows.admin.publish(defined("Order sent", "order"), { commit_message: "renamed" });
    const { meta } = await workflows.admin.versions("order-shipped").page();
    expect(meta.count).toBe(2);
  });

  it("with faults is not live, and says which", async () => {
    const faulty = defineWorkflow({
      slug: "order-lost",
      name: "Order lost",
      category: "transactional",
      nodes: [{ node_type: "send_sms", name: "Text", ref: "text", properties: {} }],
    });
    const error = await refusal(carillon.workflows.admin.publish(faulty));
    expect(error).toMatchObject({
      code: "validation_error",
      field: "workflow",
      detail: [expect.any(String)],
    });
    expect(error.message).toMatch(/^workflow 'order-lost' is stored as a draft and is not live: /);
    expect(await refusal(carillon.workflows.trigger(faulty, { to: "ada" }))).toMatchObject({
      message: "workflow version not found",
    });
  });
});

describe("the management API", () => {
  it("shows what ran, what failed, and moves the clock", async () => {
    const { message_id } = await carillon.workflows.trigger("order-confirmed", {
      to: { distinct_id: "log", $sms: "+14155552674" },
      data: order,
      cancellationKey: "c-1",
    });
    const execution = await until(async () => {
      const { results } = await carillon.logs.executions({ request_id: message_id }).page();
      return results.find(({ status }) => status === "completed");
    });
    const { execution_id } = execution;
    expect(await carillon.logs.execution(String(execution_id))).toMatchObject({ execution_id });
    const requests = await carillon.logs.requests({ limit: 1 }).page();
    expect(requests.results).toHaveLength(1);
    expect(await carillon.workflows.cancel({ cancellationKey: "c-1" })).toEqual({ execution_ids: [] });
    expect(await carillon.redrive.failures()).toMatchObject({ requests: expect.any(Array) });
    expect(await carillon.redrive.run({ filter: {}, dry_run: true })).toMatchObject({ dry_run: true });
    const messages = await carillon.messages.list({ recipient_id: "log" }).page();
    expect(messages.results).toMatchObject([{ channel: "sms" }]);
    const content = await carillon.messages.content(String(messages.results[0]?.message_id));
    expect(content).toMatchObject({ channel: "sms" });
    await carillon.clock.freeze();
    const before = await carillon.clock.get();
    const { now, frozen } = await carillon.clock.advance({ by: "1d" });
    expect(Date.parse(now) - Date.parse(before.now)).toBe(86_400_000);
    expect(frozen).toBe(true);
    expect((await carillon.clock.reset()).frozen).toBe(false);
  });

  it("keeps versions of workflows and schemas, and settings of vendors", async () => {
    const { admin } = carillon.workflows;
    const { tree } = await admin.get("order-confirmed", { mode: "live" });
    expect(tree).toMatchObject({ nodes: [{ node_type: "send_sms" }] });
    await admin.enable("order-confirmed", false);
    expect(
      await refusal(carillon.workflows.trigger("order-confirmed", { to: "ada", data: order })),
    ).toMatchObject({
      code: "validation_error",
      message: "workflow with slug 'order-confirmed' is disabled",
    });
    await admin.enable("order-confirmed", true);
    const versions = [];
    for await (const version of admin.versions("order-confirmed")) versions.push(version);
    expect(versions).toHaveLength(1);
    expect(await admin.version("order-confirmed", 1)).toMatchObject({ slug: "order-confirmed" });
    expect(await admin.rollback("order-confirmed", 1)).toMatchObject({ slug: "order-confirmed" });
    const json_schema = { type: "object", required: ["order"], properties: { order: { type: "object" } } };
    await carillon.schemas.upsert("order", { name: "Order", json_schema }, { commit: true });
    expect(await carillon.schemas.get("order", { mode: "live" })).toMatchObject({ json_schema });
    await carillon.events.admin.upsert({ name: "Order Placed", payload_schema: { schema: "order" } });
    expect(await carillon.events.admin.linkedWorkflows("Order Placed")).toMatchObject({
      results: [{ slug: "order-placed" }],
    });
    const error = await refusal(carillon.events.track("Order Placed", { user: "eve" }));
    expect(error).toMatchObject({ code: "schema_validation_error", status: 400 });
    await carillon.events.admin.delinkSchema("Order Placed");
    const { results } = await carillon.vendors.list();
    expect(results.length).toBeGreaterThan(0);
  });
});
