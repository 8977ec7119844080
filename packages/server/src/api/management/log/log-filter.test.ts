import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import type { Management } from "../../../../test/management.ts";

/* The filters of both logs over rows as the engine leaves them. Each row is identified by its idempotency key. */

let versions: Map<string, string>;

it.beforeEach(async ({ hub, harness }) => {
  await hub.addWorkflow("welcome");
  await hub.addWorkflow("login", { category: "system" });
  const rows = await harness.services.db.query<{ slug: string; id: string }>(
    "select slug, id from workflow_version where workspace_id = $1",
    [hub.workspace.workspace_id],
  );
  versions = new Map(rows.map(({ slug, id }) => [slug, id]));
});

async function insert(
  hub: Hub,
  table: "request" | "run" | "message",
  row: Record<string, unknown>,
): Promise<void> {
  const columns = { workspace_id: hub.workspace.workspace_id, lane: 1, ...row };
  const names = Object.keys(columns);
  await hub.services.db.query(
    `insert into ${table} (${names.join(", ")}) values (${names.map((_name, index) => `$${index + 1}`).join(", ")})`,
    Object.values(columns),
  );
}

interface Made {
  request_id: string;
  execution_id: string;
}

async function addRequest(hub: Hub, key: string, columns: Record<string, unknown> = {}): Promise<string> {
  const id = hub.services.ids.uuid();
  const { body = {}, errors, ...rest } = columns;
  await insert(hub, "request", {
    id,
    api_type: "workflow",
    name: "welcome",
    idempotency_key: key,
    body: JSON.stringify(body),
    ...(errors === undefined ? {} : { errors: JSON.stringify(errors) }),
    ...rest,
  });
  return id;
}

async function addRun(
  hub: Hub,
  request_id: string,
  key: string,
  columns: Record<string, unknown> = {},
): Promise<string> {
  const id = hub.services.ids.ulid();
  const { steps = [], ...rest } = columns;
  const slug = typeof rest.workflow_slug === "string" ? rest.workflow_slug : "welcome";
  await insert(hub, "run", {
    id,
    request_id,
    workflow_slug: slug,
    version_id: versions.get(slug),
    distinct_id: "ann",
    tenant_id: "default",
    idempotency_key: key,
    status: "completed",
    steps: JSON.stringify(steps),
    ...rest,
  });
  return id;
}

/** A trigger and its only run. */
async function add(hub: Hub, key: string, run: Record<string, unknown> = {}): Promise<Made> {
  const request_id = await addRequest(hub, key, { name: run.workflow_slug ?? "welcome" });
  return { request_id, execution_id: await addRun(hub, request_id, key, run) };
}

const send = (hub: Hub, execution_id: string, template_slug: string, channel: string) =>
  insert(hub, "message", {
    id: hub.services.ids.ulid(),
    execution_id,
    workflow_slug: "welcome",
    version_id: "v",
    node_ref: "n",
    category: "transactional",
    tenant_id: "default",
    distinct_id: "ann",
    channel,
    status: "delivered",
    idempotency_key: "m",
    template_slug,
  });

/** Keys of the log's results, in order of creation; the count must match. */
async function find(management: Management, log: "execution" | "request", query: string): Promise<string[]> {
  const { status, body } = await management.call("GET", `log/${log}?${query}`);
  expect({ query, status }).toEqual({ query, status: 200 });
  const rows = body.results as { idempotency_key: string }[];
  expect(body.meta.count).toBe(rows.length);
  return rows.map(({ idempotency_key }) => idempotency_key).reverse();
}

async function refusal(management: Management, path: string): Promise<string> {
  const { status, body } = await management.call("GET", path);
  expect({ path, status }).toEqual({ path, status: 400 });
  return String(body.message);
}

const step = (l: string) => ({ t: 1, s: "s", m: "m", ...(l === "info" ? {} : { l }) });

describe("GET /v1/{workspace}/log/execution/ 200 finds executions", () => {
  it("by status and by the worst of their log, one or several", async ({ hub, management }) => {
    await add(hub, "done", { status: "completed" });
    await add(hub, "warned", { status: "partial_failure" });
    await add(hub, "broken", { status: "failed" });
    await add(hub, "sleeps", { status: "in_progress", steps: [step("info")] });
    await add(hub, "limps", { status: "in_progress", steps: [step("info"), step("warning"), step("info")] });
    await add(hub, "stopped", { status: "cancelled", steps: [step("warning"), step("error")] });
    const cases = [
      ["status=failed", ["broken"]],
      ["status=failed&status=cancelled", ["broken", "stopped"]],
      ["status=in_progress", ["sleeps", "limps"]],
      ["status=", ["done", "warned", "broken", "sleeps", "limps", "stopped"]],
      ["severity=error", ["broken", "stopped"]],
      ["severity=warning", ["warned", "limps"]],
      ["severity=info", ["done", "sleeps"]],
      ["severity=warning&severity=error&status=in_progress", ["limps"]],
    ] as const;
    for (const [query, keys] of cases)
      expect(await find(management, "execution", query), query).toEqual(keys);
  });

  it("by recipient, by object with its subscribers, and never by half of a name", async ({
    hub,
    management,
  }) => {
    await add(hub, "user", { distinct_id: "ann" });
    await add(hub, "slashed", { distinct_id: "team/red" });
    await add(hub, "object", { object_type: "team", distinct_id: "red" });
    await add(hub, "other", { object_type: "org", distinct_id: "red" });
    await add(hub, "subscriber", { distinct_id: "bob", parent_object: "team/red" });
    await add(hub, "unicode", { distinct_id: "zoë 🦊/x" });
    const cases = [
      ["recipient=ann", ["user"]],
      ["recipient=team%2Fred", ["slashed", "object"]],
      ["recipient=red", []],
      ["recipient=%2Fred", []],
      ["recipient=team%2F", []],
      [`recipient=${encodeURIComponent("zoë 🦊/x")}`, ["unicode"]],
      ["object=team/red", ["object", "subscriber"]],
      ["object=org/red", ["other"]],
      ["object=team/red&recipient=bob", ["subscriber"]],
      ["recipient=__proto__", []],
    ] as const;
    for (const [query, keys] of cases)
      expect(await find(management, "execution", query), query).toEqual(keys);
  });

  it("by workflow under both names, tenant, category, request and key", async ({ hub, management }) => {
    const first = await add(hub, "first");
    await add(hub, "second", { workflow_slug: "login", tenant_id: "acme" });
    const cases = [
      ["workflow=login", ["second"]],
      ["workflow_slug=login", ["second"]],
      ["workflow=login&workflow_slug=login", ["second"]],
      ["tenant_id=acme", ["second"]],
      ["category=system", ["second"]],
      ["category=transactional", ["first"]],
      ["idempotency_key=first", ["first"]],
      ["idempotency_key=fir", []],
      [`request_id=${first.request_id}`, ["first"]],
      ["request_id=", ["first", "second"]],
      ["workflow=login&tenant_id=acme&category=system&status=completed&recipient=ann", ["second"]],
      ["workflow=login&tenant_id=default", []],
    ] as const;
    for (const [query, keys] of cases)
      expect(await find(management, "execution", query), query).toEqual(keys);
  });

  it("by template and channel, both of one message", async ({ hub, management }) => {
    const { execution_id } = await add(hub, "both");
    await send(hub, execution_id, "order", "email");
    await send(hub, execution_id, "offer", "sms");
    await add(hub, "none");
    const cases = [
      ["template=order", ["both"]],
      ["channel=sms", ["both"]],
      ["template=offer&channel=sms", ["both"]],
      ["template=order&channel=sms", []],
      ["channel=webhook", []],
    ] as const;
    for (const [query, keys] of cases)
      expect(await find(management, "execution", query), query).toEqual(keys);
  });

  it("by creation time, the end excluded", async ({ hub, management }) => {
    const now = Math.floor(Date.now() / 1000) * 1000;
    const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
    await add(hub, "early", { created_at: at(-20) });
    await add(hub, "late", { created_at: at(-10) });
    const cases = [
      [`since=${at(-20)}`, ["early", "late"]],
      [`since=${at(-19)}`, ["late"]],
      [`until=${at(-10)}`, ["early"]],
      [`since=${at(-20)}&until=${at(-9)}`, ["early", "late"]],
      ["since=1960-01-01&until=9999-12-31", ["early", "late"]],
      ["until=1960-01-01", []],
    ] as const;
    for (const [query, keys] of cases)
      expect(await find(management, "execution", query), query).toEqual(keys);
  });
});

describe("GET /v1/{workspace}/log/request/ 200 finds requests", () => {
  const problem = (severity: string, workflow_slug: string) => [{ error_code: "c", severity, workflow_slug }];

  it("by status, severity, name, key, tenant and time", async ({ hub, management }) => {
    const second = 1000;
    const now = Date.now();
    const before = new Date(now - 60 * second).toISOString();
    await add(hub, "plain");
    await addRequest(hub, "failed", { status: "failure", errors: problem("error", "welcome") });
    await addRequest(hub, "half", {
      status: "partial_failure",
      errors: problem("warning", "welcome"),
      tenant_id: "acme",
    });
    await addRequest(hub, "refused", { status: "refused" });
    await addRequest(hub, "twice", { status: "skipped" });
    await addRequest(hub, "event", { api_type: "event", name: "Order Paid", created_at: before });
    await addRequest(hub, "page", { api_type: "fanout" });
    const cases = [
      ["", ["plain", "failed", "half", "refused", "twice", "event"]],
      ["status=completed", ["plain", "event"]],
      ["status=failure", ["failed", "refused"]],
      ["status=skipped&status=partial_failure", ["half", "twice"]],
      ["status=in_progress", []],
      ["severity=error", ["failed"]],
      ["severity=warning&severity=error", ["failed", "half"]],
      ["severity=critical", []],
      ["api_name=event", ["event"]],
      ["api_name=workflow&api_name=event&status=completed", ["plain", "event"]],
      ["name=Order%20Paid", ["event"]],
      ["tenant_id=acme", ["half"]],
      ["tenant_id=default&status=failure", ["failed", "refused"]],
      ["idempotency_key=twice", ["twice"]],
      [`until=${new Date(now - 30 * second).toISOString()}`, ["event"]],
      [`since=${new Date(now - 30 * second).toISOString()}&status=completed`, ["plain"]],
    ] as const;
    for (const [query, keys] of cases) expect(await find(management, "request", query), query).toEqual(keys);
  });

  it("by the workflow that they name, or that their event started or failed to", async ({
    hub,
    management,
  }) => {
    await add(hub, "trigger", { workflow_slug: "login" });
    const started = await addRequest(hub, "started", { api_type: "event", name: "e" });
    await addRun(hub, started, "started", { workflow_slug: "login" });
    await addRequest(hub, "unmet", {
      api_type: "event",
      name: "e",
      status: "partial_failure",
      errors: problem("warning", "login"),
    });
    await addRequest(hub, "unheard", { api_type: "event", name: "login" });
    await add(hub, "other");
    expect(await find(management, "request", "workflow=login")).toEqual(["trigger", "started", "unmet"]);
    expect(await find(management, "request", "workflow_slug=login")).toEqual(["trigger", "started", "unmet"]);
    expect(await find(management, "request", "workflow=none")).toEqual([]);
  });

  it("by the recipients they reached or named", async ({ hub, management, harness }) => {
    await add(hub, "reached", { distinct_id: "ann" });
    await add(hub, "object", { object_type: "team", distinct_id: "red" });
    const failed = (recipients: unknown, field = "recipients") => ({
      status: "failure",
      body: { [field]: recipients },
    });
    await addRequest(hub, "by id", failed(["bob", "ann"]));
    await addRequest(hub, "by map", failed([{ distinct_id: "ann" }, 5, null]));
    await addRequest(hub, "by object", failed([{ object_type: "team", id: "red" }]));
    await addRequest(hub, "inline", { ...failed([{ distinct_id: "ann" }], "users"), api_type: "dynamic" });
    await addRequest(hub, "odd", failed({ ann: "ann" }));
    await addRequest(hub, "event", { api_type: "event", body: { distinct_id: "ann" } });
    await addRequest(hub, "other event", { api_type: "event", body: { distinct_id: "annette" } });
    for (const [key, body] of [
      ["refused", '{"recipients":["ann"]}'],
      ["null character", '{"recipients":["ann\\u0000"]}'],
      ["half a pair", '{"distinct_id":"\\ud800"}'],
      ["a text", '"ann"'],
      ["a list", '["ann"]'],
    ] as const) {
      const api_type = key === "half a pair" ? "event" : "workflow";
      const id = await addRequest(hub, key, { status: "refused", api_type });
      await harness.services.db.query("update request set body = $2 where id = $1", [id, body]);
    }
    expect(await find(management, "request", "recipient=ann&status=completed")).toEqual(["reached", "event"]);
    expect(await find(management, "request", "recipient=ann&status=failure")).toEqual([
      "by id",
      "by map",
      "inline",
      "refused",
    ]);
    expect(await find(management, "request", "recipient=team/red")).toEqual(["object", "by object"]);
    expect(await find(management, "request", "recipient=ann&status=failure&api_name=dynamic")).toEqual([
      "inline",
    ]);
  });
});

it("a request 200 is in progress until it is expanded, and found by the recipients it names", async ({
  hub,
  management,
}) => {
  const recipients = ["bob", { distinct_id: "cyd" }];
  const answer = await hub.call("POST", "/trigger/", { workflow: "welcome", recipients });
  expect(answer.status).toBe(202);
  for (const query of ["status=in_progress", "recipient=cyd", "workflow=welcome&recipient=bob"]) {
    expect(await find(management, "request", query), query).toHaveLength(1);
  }
  expect(await find(management, "request", "status=completed")).toEqual([]);
  expect(await find(management, "request", "recipient=dan")).toEqual([]);
});

describe("a log 200 pages", () => {
  it.for(["execution", "request"] as const)(
    "newest first, `after` before `before`: %s",
    async (log, { hub, management }) => {
      for (const key of ["1", "2", "3", "4"]) await add(hub, key, { tenant_id: "acme" });
      await addRequest(hub, "unlike", { name: "login" });
      const read = async (query: string) => {
        const { body } = await management.call("GET", `log/${log}?workflow=welcome&limit=2${query}`);
        return body as { meta: Record<string, unknown>; results: { idempotency_key: string }[] };
      };
      const keys = ({ results }: Awaited<ReturnType<typeof read>>) =>
        results.map(({ idempotency_key }) => idempotency_key);
      const first = await read("");
      expect(keys(first)).toEqual(["4", "3"]);
      expect(first.meta).toMatchObject({ count: 4, limit: 2, has_prev: false, before: null, has_next: true });
      const second = await read(`&after=${String(first.meta.after)}`);
      expect(keys(second)).toEqual(["2", "1"]);
      expect(second.meta).toMatchObject({ has_prev: true, has_next: false, after: null });
      const before = `&before=${String(second.meta.before)}`;
      expect(keys(await read(before))).toEqual(["4", "3"]);
      expect(keys(await read(`${before}&after=${String(first.meta.after)}`))).toEqual(["2", "1"]);
      expect(keys(await read("&after=&before="))).toEqual(["4", "3"]);
    },
  );

  it("clamps a limit to its range", async ({ management }) => {
    for (const [given, limit] of [
      ["-1", 10],
      ["0", 10],
      ["5000", 1000],
    ] as const) {
      expect((await management.call("GET", `log/request?limit=${given}`)).body.meta.limit).toBe(limit);
    }
  });
});

describe("a log 400 refuses", () => {
  it.for([
    ["log/execution?status=bogus", "status", /must be one of \['in_progress' 'completed' .*'cancelled'\]/],
    ["log/execution?status=failed&status=bogus", "status", /must be one of/],
    ["log/execution?severity=fatal", "severity", /must be one of \['info' 'warning' 'error'\]/],
    ["log/execution?channel=pigeon", "channel", /must be one of \['email' /],
    ["log/execution?channel=sms&channel=email", "channel", /must be given only once/],
    ["log/execution?tenant_id=a&tenant_id=b", "tenant_id", /must be given only once/],
    ["log/execution?object=red", "object", /must be object_type\/id/],
    ["log/execution?object=team/", "object", /must be object_type\/id/],
    ["log/execution?request_id=1", "request_id", /must be a UUID/],
    ["log/execution?workflow=a&workflow_slug=b", "workflow_slug", /must be the same as workflow/],
    ["log/execution?since=2026-01-02&until=2026-01-02", "until", /must be after since/],
    ["log/execution?since=yesterday", "since", /must be an RFC 3339 date-time/],
    ["log/execution?after=00000000-0000-4000-8000-000000000000", "after", /is not a cursor of this list/],
    ["log/request?status=failed", "status", /must be one of \['in_progress' .*'failure' 'skipped'/],
    [
      "log/request?api_name=fanout",
      "api_name",
      /must be one of \['workflow' 'dynamic' 'event' 'broadcast' 'user_edit'\]/,
    ],
    ["log/request?before=01HVXXXXXXXXXXXXXXXXXXXX01", "before", /is not a cursor of this list/],
    ["log/request?limit=many", "limit", /must be a whole number/],
  ] as const)("%s by the name of the field", async ([path, field, reason], { management }) => {
    const detail = JSON.parse(await refusal(management, path)) as Record<string, string[]>;
    expect(detail).toEqual({ [field]: [expect.stringMatching(reason) as string] });
  });

  it("unknown names, and lists the known ones", async ({ hub, management }) => {
    expect(await refusal(management, "log/execution?worflow=a")).toMatch(
      /^unknown query parameter 'worflow'; there are: limit, after, before, status, .*request_id, broadcast, since, until$/,
    );
    expect(await refusal(management, "log/request?__proto__=a&template=b")).toMatch(
      /^unknown query parameter '__proto__', 'template'; there are: /,
    );
    const { execution_id } = await add(hub, "k");
    expect(await refusal(management, `log/execution/${execution_id}?full=true`)).toBe(
      "unknown query parameter 'full'; there are none",
    );
  });
});
