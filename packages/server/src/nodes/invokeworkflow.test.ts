import { describe, expect } from "vitest";
import { onOwnServer as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { createBench, refusals } from "../../test/node-context.ts";
import { node, type Pipeline, type RunRow, sms } from "../../test/pipeline.ts";
import type { JsonObject } from "../core/json.ts";
import { createQueue } from "../queue/queue.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { createSilentLog } from "../log.ts";
import definition from "./invokeworkflow.ts";

const invokeNode = definition as unknown as NodeDefinition;

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100", plan: "pro" };
const bob = { distinct_id: "bob", $sms: "+14155550101" };

const invoke = (properties: JsonObject = {}) =>
  node("invokeworkflow", "invoke_1", { workflow: "child", recipient_selection: "recipient", ...properties });

/** Resolves when every run has ended, and every request that one of them made has become runs. */
async function begin(
  pipeline: Pipeline,
  properties: JsonObject,
  trigger: JsonObject = {},
): Promise<{ parent: RunRow; children: Child[] }> {
  await pipeline.commit("parent", [invoke(properties), sms("after")]);
  const answer = await pipeline.call("POST", "/trigger/", {
    workflow: "parent",
    recipients: [ann],
    ...trigger,
  });
  expect(answer.status).toBe(202);
  return family(pipeline);
}

interface Child extends RunRow {
  workflow_slug: string;
  object_type: string;
  parent_run_id: string | null;
  actor: JsonObject | null;
  inline: JsonObject | null;
  idempotency_key: string;
  data: JsonObject | null;
  body: JsonObject;
  state: JsonObject | null;
}

async function family(pipeline: Pipeline): Promise<{ parent: RunRow; children: Child[] }> {
  const { db } = pipeline.services;
  const all = await until(async () => {
    // Checks for open jobs first: finished work is then in the rows that are read after it.
    const [jobs] = await db.query<{ open: number }>(
      "select count(*)::int as open from pgboss.job where state < 'completed' and name like 'e%'",
    );
    const rows = await db.query<Child>(
      `select r.*, q.body from run r join request q on q.workspace_id = r.workspace_id and q.id = r.request_id
        where r.workspace_id = $1 order by r.id`,
      [pipeline.workspace_id],
    );
    return rows.length > 0 && jobs?.open === 0 && rows.every(({ status }) => status !== "in_progress")
      ? rows
      : null;
  });
  const parent = all.find(({ parent_run_id }) => parent_run_id === null);
  if (parent === undefined) throw new Error("no parent");
  return { parent, children: all.filter(({ parent_run_id }) => parent_run_id !== null) };
}

const errorOf = ({ steps }: RunRow) => steps.find(({ l }) => l === "error");

describe("triggering another workflow", () => {
  it.beforeEach(async ({ pipeline }) => {
    await pipeline.commit("child", [sms("child_1")]);
  });

  it("makes a run linked to its parent, which continues at once", async ({ pipeline }) => {
    const { parent, children } = await begin(pipeline, {}, { data: { order: 1 } });
    expect(parent).toMatchObject({ status: "completed" });
    expect(children).toMatchObject([
      {
        workflow_slug: "child",
        distinct_id: "ann",
        status: "completed",
        parent_run_id: parent.id,
        idempotency_key: `${parent.id}:invoke_1`,
        actor: null,
        body: { data: { order: 1 }, tenant_id: "default" },
      },
    ]);
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref).toSorted()).toEqual([
      "after",
      "child_1",
    ]);
    const { json } = await pipeline.call("GET", "/v1/message/?workflow_slug=child");
    expect(json).toMatchObject({ results: [{ parent_execution_id: parent.id }] });
  });

  it.for<[string, JsonObject, JsonObject]>([
    [
      "passes the payload, overridden by the node's data",
      { data: "{ b: data.a + 1, c: 3 }" },
      { a: 1, b: 2, c: 3 },
    ],
    [
      "passes only the node's data when configured so",
      { data: "{ b: 2 }", append_current_run_data: false },
      { b: 2 },
    ],
    ["passes nothing when there is neither", { append_current_run_data: false }, {}],
    [
      "treats empty settings as unset",
      { data: " ", actor_selection: "", recipient_expression: null },
      { a: 1, b: 1 },
    ],
  ])("%s", async ([_title, properties, data], { pipeline }) => {
    const { children } = await begin(pipeline, properties, { data: { a: 1, b: 1 } });
    expect(children).toMatchObject([{ body: { data } }]);
    expect(Object.keys((children[0]?.body.data ?? {}) as JsonObject).toSorted()).toEqual(
      Object.keys(data).toSorted(),
    );
  });

  it.for<[string, string, string[]]>([
    ["an id", '"bob"', ["bob"]],
    ["a map", "{ distinct_id: 'bob', '$sms': '+14155550101' }", ["bob"]],
    [
      "a list of both",
      "['cyd', { distinct_id: 'bob' }, data['$recipient'].distinct_id]",
      ["ann", "bob", "cyd"],
    ],
    ["a list that repeats", "['bob', 'bob']", ["bob"]],
  ])(
    "takes its recipients from an expression that gives %s",
    async ([_title, recipient_expression, expected], { pipeline }) => {
      const { children } = await begin(pipeline, { recipient_selection: "expression", recipient_expression });
      expect(children.map(({ distinct_id }) => distinct_id).toSorted()).toEqual(expected);
    },
  );

  it("can be for the actor, with another actor", async ({ pipeline }) => {
    const properties = { recipient_selection: "actor", actor_selection: "recipient" };
    const { children } = await begin(pipeline, properties, { actor: bob });
    expect(children).toMatchObject([{ distinct_id: "bob", actor: { distinct_id: "ann" } }]);
  });

  it("takes the actor from an expression", async ({ pipeline }) => {
    const { children } = await begin(pipeline, {
      actor_selection: "expression",
      actor_expression: "{ distinct_id: 'cyd' }",
    });
    expect(children).toMatchObject([{ distinct_id: "ann", actor: { distinct_id: "cyd" } }]);
  });

  it("is for nobody when there is no actor: a warning", async ({ pipeline }) => {
    const { parent, children } = await begin(pipeline, { recipient_selection: "actor" });
    expect(parent.status).toBe("partial_failure");
    expect(children).toEqual([]);
  });

  it("passes an object as an object", async ({ pipeline }) => {
    const recipients = [{ object_type: "team", id: "a", $sms: "+14155550102" }];
    const { children } = await begin(pipeline, {}, { recipients });
    expect(children).toMatchObject([{ object_type: "team", distinct_id: "a" }]);
  });

  it("passes the inline data of a recipient who is not stored, and does not store them", async ({
    pipeline,
    harness,
  }) => {
    const recipients = [
      { is_transient: true, $sms: "+14155550103", name: "Trans" },
      { distinct_id: "skip", $skip_create: true, $sms: "+14155550104" },
    ];
    const { children } = await begin(pipeline, {}, { recipients });
    expect(children.map(({ status }) => status)).toEqual(["completed", "completed"]);
    const sent = (await pipeline.messages()).filter(({ node_ref }) => node_ref === "child_1");
    expect(new Set(sent.map(({ channel_value }) => channel_value))).toEqual(
      new Set(["+14155550103", "+14155550104"]),
    );
    const stored = await harness.services.db.query(
      "select distinct_id from recipient where workspace_id = $1",
      [pipeline.workspace_id],
    );
    expect(stored).toEqual([]);
  });

  it("passes device tokens with their provider", async ({ pipeline }) => {
    const $androidpush = [{ token: "t-1", provider: "oppo", device_id: "d-1" }];
    const { children } = await begin(pipeline, {}, { recipients: [{ is_transient: true, $androidpush }] });
    expect(children).toMatchObject([
      {
        inline: {
          identities: [{ channel: "androidpush", value: "t-1", provider: "oppo", device_id: "d-1" }],
        },
      },
    ]);
  });

  it("sees the payload as it was before a batch", () => {
    const bench = createBench({ id: 1, $batched_events: [{}] }, { data_before_batch: { id: 1 } });
    const outcome = bench.run(invokeNode, {
      workflow: "child",
      recipient_selection: "recipient",
      data: "{ saw: std.objectHas(data, '$batched_events') }",
    });
    expect(outcome).toMatchObject({ kind: "effect", request: { data: { id: 1, saw: false } } });
  });

  it.for<[string, JsonObject, RegExp]>([
    ["a workflow that does not exist", { workflow: "nope" }, /^workflow: workflow 'nope' not found$/],
    [
      "invalid recipients",
      { recipient_selection: "expression", recipient_expression: "7" },
      /^recipient_expression: must give an id, a map or an array of them, gave 7$/,
    ],
    [
      "no recipients",
      { recipient_selection: "expression", recipient_expression: "[]" },
      /^recipient_expression: must give 1 to 100 recipients, gave 0$/,
    ],
    [
      "101 recipients",
      {
        recipient_selection: "expression",
        recipient_expression: "[std.toString(i) for i in std.range(0, 100)]",
      },
      /^recipient_expression: must give 1 to 100 recipients, gave 101$/,
    ],
    [
      "an expression that fails",
      { recipient_selection: "expression", recipient_expression: "data.nope" },
      /^recipient_expression: .*nope/,
    ],
    [
      "a map without an id",
      { recipient_selection: "expression", recipient_expression: "{ name: 'x' }" },
      /one of \[distinct_id, object_type\/id\] must be present$/,
    ],
    [
      "an invalid actor",
      { actor_selection: "expression", actor_expression: "[]" },
      /^actor_expression: must give an id or a map, gave \[\]$/,
    ],
    ["data that is not a map", { data: "[1]" }, /^data: must give a map, gave \[1\]$/],
  ])("fails with %s, and the run continues", async ([_title, properties, message], { pipeline }) => {
    const { parent, children } = await begin(pipeline, properties);
    expect(children).toEqual([]);
    expect(parent.status).toBe("failed");
    expect(errorOf(parent)).toMatchObject({
      n: "invoke_1",
      p: { code: "invoke_failed" },
      m: expect.stringMatching(message),
    });
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).toEqual(["after"]);
  });

  it("fails with a workflow that is disabled", async ({ pipeline, harness }) => {
    const { db, catalog } = harness.services;
    await db.tx(async (tx) => {
      await tx.query("update workflow set is_enabled = false where workspace_id = $1 and slug = 'child'", [
        pipeline.workspace_id,
      ]);
      await catalog.invalidate(tx, pipeline.workspace_id, "workflow", "child");
    });
    const { parent, children } = await begin(pipeline, {});
    expect(children).toEqual([]);
    expect(errorOf(parent)?.m).toBe("workflow: workflow with slug 'child' is disabled");
  });
});

it("workflows that trigger each other end, ten deep", async ({ pipeline }) => {
  await pipeline.commit("child", [invoke({ workflow: "parent" }), sms("child_1")]);
  const { children } = await begin(pipeline, {});
  expect(children).toHaveLength(10);
  const [last] = children.toReversed();
  expect(errorOf(last as RunRow)?.m).toBe("workflow: workflows trigger each other more than 10 deep");
  expect(children.slice(0, -1).map(({ status }) => status)).toEqual(
    Array.from({ length: 9 }, () => "completed"),
  );
});

it("a run that enters its node again does not trigger twice", async ({ pipeline, harness }) => {
  await pipeline.commit("child", [sms("child_1")]);
  const { parent, children } = await begin(pipeline, {});
  expect(children).toHaveLength(1);
  const { db } = harness.services;
  const queue = createQueue({
    db,
    url: harness.databaseUrl,
    log: createSilentLog(),
    observe: () => {},
  });
  await queue.start({ worker: false });
  await db.tx(async (tx) => {
    await tx.query(
      `update run set status = 'in_progress', position = '0', state = '{"failed_at":"0"}'
        where workspace_id = $1 and id = $2`,
      [pipeline.workspace_id, parent.id],
    );
    await queue.enqueue(tx, "execute", [{ workspace_id: pipeline.workspace_id, id: parent.id, lane: 1 }]);
  });
  await queue.stop();

  const again = await family(pipeline);
  expect(again.children).toEqual(children);
  expect(again.parent.steps.filter(({ m }) => m.includes("'child'")).map(({ m }) => m)).toEqual([
    "triggered 'child'",
    "'child' was triggered before",
  ]);
});

describe("the settings", () => {
  it.each<[JsonObject, string[]]>([
    [{ workflow: "a-b_1", recipient_selection: "recipient" }, []],
    [{ workflow: "A b", recipient_selection: "recipient" }, ["workflow: must be the slug of a workflow"]],
    [
      { workflow: "a", recipient_selection: "somebody" },
      ["recipient_selection: must be one of recipient, actor, expression"],
    ],
    [
      { workflow: "a", recipient_selection: "expression" },
      ["recipient_expression: is required where recipient_selection is expression"],
    ],
    [
      { workflow: "a", recipient_selection: "actor", actor_selection: "expression", actor_expression: " " },
      ["actor_expression: is required where actor_selection is expression"],
    ],
    [
      { workflow: "a", recipient_selection: "actor", append_current_run_data: "yes" },
      ["append_current_run_data: must be true or false"],
    ],
  ])("%j", (properties, expected) => {
    expect(refusals(invokeNode, properties)).toEqual(expected);
  });

  it("list only the expressions in use", () => {
    const config = invokeNode.config.parse({
      workflow: "a",
      recipient_selection: "recipient",
      recipient_expression: "unused",
      actor_selection: "expression",
      actor_expression: "'x'",
      data: "{}",
    });
    expect(invokeNode.expressions?.(config).map(({ path }) => path)).toEqual(["actor_expression", "data"]);
  });
});
