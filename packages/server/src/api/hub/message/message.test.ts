import { beforeEach, describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";

let made: number;

beforeEach(async () => {
  made = 0;
});

/** A message as the engine leaves it; `m1`, `m2` … are its idempotency keys. */
async function addMessage(hub: Hub, columns: Record<string, unknown> = {}): Promise<string> {
  const { db, ids } = hub.services;
  const row = {
    workspace_id: hub.workspace.workspace_id,
    id: ids.ulid(),
    execution_id: "run-1",
    workflow_slug: "welcome",
    version_id: "v1",
    node_ref: "email_1",
    category: "transactional",
    lane: 1,
    tenant_id: "default",
    distinct_id: "u1",
    channel: "email",
    status: "sent_by_vendor",
    idempotency_key: `m${(made += 1)}`,
    channel_value: JSON.stringify("a@x.com"),
    ...columns,
  };
  const names = Object.keys(row);
  await db.query(
    `insert into message (${names.join(", ")}) values (${names.map((_name, index) => `$${index + 1}`).join(", ")})`,
    Object.values(row),
  );
  return row.id;
}

interface List {
  meta: Record<string, unknown>;
  results: Record<string, unknown>[];
}

const list = async (hub: Hub, query = "") => (await hub.call("GET", `/v1/message/${query}`)).json as List;
/** The idempotency keys of the messages that a query returns. */
const find = async (hub: Hub, query: string) =>
  (await list(hub, query)).results
    .map(({ idempotency_key }) => String(idempotency_key))
    .sort((left, right) => left.localeCompare(right));

describe("GET /v1/message/ 200", () => {
  it("names workflow, template, vendor and parent run where they are known", async ({ hub, harness }) => {
    const { workspace_id } = hub.workspace;
    const { db } = harness.services;
    await hub.addWorkflow("welcome");
    const [version] = await db.query<{ id: string }>(
      "select id from workflow_version where workspace_id = $1",
      [workspace_id],
    );
    await db.query("insert into template (workspace_id, slug, name) values ($1, 'order', 'Order')", [
      workspace_id,
    ]);
    await db.query(
      `insert into vendor_config (workspace_id, id, vendor_slug, channel, nickname, config) values ($1, 'c1', 'smtp-email', 'email', 'Our SMTP', '')`,
      [workspace_id],
    );
    const run = harness.services.ids.ulid();
    await db.query(
      `insert into run (workspace_id, id, request_id, parent_run_id, workflow_slug, version_id, lane, distinct_id, tenant_id, idempotency_key, steps)
       values ($1, $2, gen_random_uuid(), 'parent', 'welcome', $3, 1, 'u1', 'default', 'k', '[]')`,
      [workspace_id, run, version?.id],
    );
    await addMessage(hub, {
      execution_id: run,
      version_id: version?.id,
      template_slug: "order",
      template_version_no: 3,
      variant_id: "default",
      vendor_config_id: "c1",
      vendor_slug: "smtp-email",
      status: "failure_by_vendor",
      failure_reason: "mailbox full",
    });
    const { results } = await list(hub);
    expect(results).toMatchObject([
      {
        status: "delivery_failure",
        failure_reason: "mailbox full",
        execution_id: run,
        parent_execution_id: "parent",
        workflow: { slug: "welcome", version_id: version?.id, name: "welcome", node_ref: "email_1" },
        template: { name: "Order", slug: "order", version_no: 3, variant_id: "default" },
        vendor: { name: "smtp", nickname: "Our SMTP" },
        channel_identity: { email: "a@x.com" },
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ]);
    expect(results[0]).not.toHaveProperty("content");
  });

  it("shows a message whose workflow, template and vendor are gone", async ({ hub }) => {
    await addMessage(hub, {
      template_slug: "gone",
      vendor_config_id: "gone",
      vendor_slug: "twilio-sms",
      channel: "sms",
    });
    expect((await list(hub)).results).toMatchObject([
      {
        workflow: { name: null },
        template: { name: null, slug: "gone" },
        vendor: { name: "twilio", nickname: null },
      },
    ]);
  });

  it("pages newest first, counting all matches", async ({ hub }) => {
    for (let n = 0; n < 5; n++) await addMessage(hub);
    await addMessage(hub, { channel: "sms" });
    const first = await list(hub, "?limit=2&channel=email");
    expect(first.results.map(({ idempotency_key }) => idempotency_key)).toEqual(["m5", "m4"]);
    expect(first.meta).toEqual({
      count: 5,
      limit: 2,
      has_prev: false,
      before: null,
      has_next: true,
      after: expect.any(String),
    });
    const second = await list(hub, `?limit=2&channel=email&after=${String(first.meta.after)}`);
    expect(second.results.map(({ idempotency_key }) => idempotency_key)).toEqual(["m3", "m2"]);
    const back = await list(hub, `?limit=2&channel=email&before=${String(second.meta.before)}`);
    expect(back.results).toEqual(first.results);
    const both = `&before=${String(second.meta.before)}&after=${String(first.meta.after)}`;
    expect((await list(hub, `?limit=2&channel=email${both}`)).results).toEqual(second.results);
  });

  it("contains nothing of another workspace", async ({ hub, harness }) => {
    await addMessage(hub);
    expect(await list(await createHub(harness))).toMatchObject({ meta: { count: 0 }, results: [] });
  });

  it("includes the content on demand", async ({ hub }) => {
    await addMessage(hub, { content: JSON.stringify({ subject: "Hi" }) });
    expect((await list(hub, "?include_content=true")).results).toMatchObject([
      { content: { subject: "Hi" } },
    ]);
  });

  it("filters by status: any of those asked for, in every spelling clients use", async ({ hub }) => {
    const statuses = [
      "triggered",
      "sent_by_vendor",
      "trigger_failed",
      "failure_by_vendor",
      "delivered",
      "seen",
      "clicked",
    ];
    for (const status of statuses) await addMessage(hub, { status });
    await addMessage(hub, { status: "seen", is_read: true, is_archived: true });
    expect(await find(hub, "?status=triggered")).toEqual(["m1", "m2"]);
    expect(await find(hub, "?status%5B%5D=delivery_failed")).toEqual(["m3", "m4"]);
    expect(await find(hub, "?status[]=delivery_failure")).toEqual(["m4"]);
    expect(await find(hub, "?status%5B%5D=delivered&status%5B%5D=clicked")).toEqual(["m5", "m7"]);
    expect(await find(hub, "?status=read")).toEqual(["m8"]);
    expect(await find(hub, "?status=archived&status=clicked")).toEqual(["m7", "m8"]);
    expect(await find(hub, "?status=unread")).toEqual(["m1", "m2", "m3", "m4", "m5", "m6", "m7"]);
  });

  it("finds every row by its shown status, and by its stored one", async ({ hub }) => {
    const statuses = [
      "to_be_triggered",
      "not_to_be_triggered",
      "trigger_blocked",
      "triggered",
      "trigger_failed",
      "sent_by_vendor",
      "failure_by_vendor",
      "delivered",
      "seen",
      "clicked",
      "dismissed",
    ];
    for (const status of statuses) await addMessage(hub, { status });
    const shown = (await list(hub, "?limit=100")).results;
    expect(shown).toHaveLength(statuses.length);
    for (const { status, idempotency_key } of shown) {
      const stored = statuses[Number(String(idempotency_key).slice(1)) - 1];
      expect(await find(hub, `?status=${String(status)}`)).toContain(idempotency_key);
      expect(await find(hub, `?status[]=${stored}`)).toContain(idempotency_key);
    }
    expect(await find(hub, "?status=sent_by_vendor")).toEqual(["m6"]);
    expect(await find(hub, "?status=trigger_failed&status=trigger_blocked")).toEqual(["m3", "m5"]);
  });

  it("filters by everything else, all together", async ({ hub }) => {
    const id = await addMessage(hub, {
      channel: "sms",
      distinct_id: "u 2",
      category: "otp",
      workflow_slug: "login",
      broadcast_id: "broadcast_1",
      tenant_id: "acme",
    });
    await addMessage(hub);
    const filters = [
      "channel=sms",
      "recipient_id[]=u%202",
      "recipient_id%5B%5D=u%202&recipient_id%5B%5D=nobody",
      "category=otp",
      "category%5B%5D=otp",
      "workflow_slug=login",
      "execution_id=broadcast_1",
      "idempotency_key=m1",
      `message_id=${id}`,
      "tenant_id=acme",
      "is_campaign=true",
    ];
    const found = await Promise.all(filters.map(async (filter) => [filter, await find(hub, `?${filter}`)]));
    expect(found).toEqual(filters.map((filter) => [filter, ["m1"]]));
    expect(await find(hub, `?${filters.join("&")}`)).toEqual(["m1"]);
    expect(await find(hub, "?is_campaign=false")).toEqual(["m2"]);
    expect(await find(hub, "?channel=sms&tenant_id=default")).toEqual([]);
  });

  it("filters by an object: what it was sent, and what its subscribers were", async ({ hub }) => {
    await addMessage(hub, { object_type: "team", distinct_id: "t1" });
    await addMessage(hub, { parent_object: "team/t1" });
    await addMessage(hub, { object_type: "org", distinct_id: "t1" });
    await addMessage(hub, { parent_object: "team/t2" });
    expect(await find(hub, "?object_type=team&object_id=t1")).toEqual(["m1", "m2"]);
  });

  it("filters by time, whole seconds included", async ({ hub }) => {
    const now = Date.now();
    const at = (seconds: number) => new Date(Math.floor(now / 1000) * 1000 + seconds * 1000);
    await addMessage(hub, { created_at: new Date(at(-2).getTime() + 900) });
    await addMessage(hub, { created_at: at(-1) });
    await addMessage(hub, { created_at: at(0) });
    const query = (gte: Date, lte: Date) =>
      `?created_at_gte=${gte.toISOString()}&created_at_lte=${lte.toISOString()}`;
    expect(await find(hub, query(at(-2), at(-2)))).toEqual(["m1"]);
    expect(await find(hub, query(new Date(at(-1).getTime() + 500), at(-1)))).toEqual(["m2"]);
    expect(await find(hub, query(at(-2), at(0)))).toEqual(["m1", "m2", "m3"]);
    expect(await find(hub, `?created_at_gte=${at(60).toISOString()}`)).toEqual([]);
    expect(
      await find(hub, "?created_at_gte=1960-01-01T00:00:00Z&created_at_lte=9999-12-31T23:59:59Z"),
    ).toHaveLength(3);
  });
});

describe("GET /v1/message/ 400", () => {
  it.for([
    ["an unknown status", "?status=sent", /"status":"must be one of \['triggered' /],
    ["an unknown status in brackets", "?status%5B%5D=seen&status%5B%5D=sent", /"status\[\]":"must be one of/],
    ["an unknown channel", "?channel=fax", /"channel":"must be one of \['email' /],
    ["a cursor that is none", "?after=newest", /"after":"is not a cursor of this list/],
    ["a limit that is none", "?limit=ten", /"limit":"must be a whole number"/],
    ["a limit twice", "?limit=2&limit=3", /"limit":"must be given only once"/],
    ["a time that is none", "?created_at_gte=today", /created_at_gte/],
    ["an object without its type", "?object_id=1", /object_type/],
    [
      "a span that ends before it begins",
      "?created_at_gte=2026-01-02T00:00:00Z&created_at_lte=2026-01-01T00:00:00Z",
      /created_at_lte/,
    ],
  ] as const)("for %s", async ([_title, query, message], { hub }) => {
    const answer = await hub.call("GET", `/v1/message/${query}`);
    expect(answer).toMatchObject({
      status: 400,
      json: { code: 400, message: expect.stringMatching(message) },
    });
  });
});

describe("GET /v1/message/{message_id}/content/", () => {
  it("200: the rendered content", async ({ hub }) => {
    const id = await addMessage(hub, { channel: "sms", content: JSON.stringify({ body: "Hi é✓" }) });
    expect(await hub.call("GET", `/v1/message/${id}/content/`)).toMatchObject({
      status: 200,
      json: {
        channel: "sms",
        content: { schema_version: "1.0", templating_language: "handlebars", body: "Hi é✓" },
      },
    });
  });

  it("200: null for a message that could not be rendered", async ({ hub }) => {
    const id = await addMessage(hub, { status: "trigger_failed" });
    expect((await hub.call("GET", `/v1/message/${id}/content`)).json).toEqual({
      channel: "email",
      content: null,
    });
  });

  it("404: an unknown message, or one of another workspace", async ({ hub, harness }) => {
    const id = await addMessage(hub, { content: "{}" });
    const other = await createHub(harness);
    expect(await other.call("GET", `/v1/message/${id}/content/`)).toMatchObject({
      status: 404,
      json: { code: 404, message: `message '${id}' not found` },
    });
  });
});
