import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Management } from "../../../../test/management.ts";
import { category, promotional } from "../../../../test/preferences/desk.ts";
import { EVERY_NODE, flatten } from "../../../../test/workflow-corpus.ts";
import { CHANNELS } from "../../../core/channel.ts";

/* The facts that validation looks up, agreement between reads and writes, and malicious bodies. */

it.beforeEach(async ({ management }) => {
  await management.addTemplate("welcome", [...CHANNELS]);
});

const EMAIL = { node_type: "send_email", template: "welcome" };
const BODY = { name: "W", category: "transactional", trigger_type: "api", tree: { nodes: [EMAIL] } };

async function problemsOf(management: Management, body: object): Promise<string[]> {
  const { status, body: answer } = await management.call("POST", "workflow/w", body);
  expect(status).toBe(201);
  return answer.validation_result.errors;
}

const refusedCommit = async (management: Management) => {
  const { status, body } = await management.call("PATCH", "workflow/w/commit");
  return status === 400 ? body.detail : status;
};

describe("a workflow is checked against the current state", () => {
  it("a category must be published", async ({ management, desk }) => {
    const body = { ...BODY, category: "news" };
    const missing = ["category: category 'news' not found"];
    // A draft of the document is not enough.
    await desk.save(promotional(category("news")));
    expect(await problemsOf(management, body)).toStrictEqual(missing);
    expect(await refusedCommit(management)).toStrictEqual(missing);
    await desk.publish(category("news"));
    expect(await problemsOf(management, body)).toStrictEqual([]);
    expect(await refusedCommit(management)).toBe(202);
  });

  it("a template must exist and have a live channel", async ({ management, desk, harness }) => {
    await management.addTemplate("silent", []);
    await harness.services.db.query(
      "insert into template (workspace_id, slug, name, enabled_channels) values ($1, 'draft', 'D', '{email}')",
      [desk.workspace_id],
    );
    const nodes = ["gone", "draft", "silent", "welcome"].map((template) => ({ ...EMAIL, template }));
    const problems = [
      "email_1: template: template 'gone' not found",
      "email_2: template: template 'draft' has no committed version: commit it first",
      "email_3: template: template 'silent' has no live channel: enable one that has a variant, and commit it",
    ];
    expect(await problemsOf(management, { ...BODY, tree: { nodes } })).toStrictEqual(problems);
    expect(await refusedCommit(management)).toStrictEqual(problems);
  });

  it("a template must be live on a channel that its node sends on", async ({ management }) => {
    await management.addTemplate("text", ["sms", "iospush"]);
    const send = (node_type: string, settings: object = {}) => ({ node_type, template: "text", ...settings });
    const nodes = [
      send("send_sms"),
      send("send_email"),
      send("send_mobile_push"),
      send("send_multi_channel"),
      send("send_multi_channel", { channels: ["slack", "sms"] }),
      send("send_multi_channel", { channels: ["slack", "inbox"] }),
      send("send_multi_channel", { channels: ["slack"], channels_expr: ".channels" }),
      send("send_smart_channel_routing", { channels: ["email"] }),
    ];
    const problem = (ref: string, wanted: string) =>
      `${ref}: template: template 'text' has no live variant for ${wanted}, only for sms, iospush: commit one first`;
    const problems = [
      problem("email_1", "email"),
      problem("multichannel_3", "slack or inbox"),
      problem("smart_1", "email"),
    ];
    expect(await problemsOf(management, { ...BODY, tree: { nodes } })).toStrictEqual(problems);
    expect(await refusedCommit(management)).toStrictEqual(problems);
  });

  it("a payload schema must be committed, in the version that is named", async ({ management }) => {
    const link = (schema: string, version_no?: number) =>
      problemsOf(management, { ...BODY, payload_schema: { schema, version_no } });
    const json_schema = { type: "object" };
    await management.call("POST", "schema/order?commit=true", { name: "Order", json_schema });
    await management.call("POST", "schema/draft", { name: "Draft", json_schema });
    expect(await link("order")).toStrictEqual([]);
    expect(await link("order", 1)).toStrictEqual([]);
    expect(await link("order", 2)).toStrictEqual(["payload_schema: schema 'order' has no version 2"]);
    expect(await link("order", -9_007_199_254_740_991)).toHaveLength(1);
    expect(await link("draft")).toStrictEqual([
      "payload_schema: schema 'draft' has no committed version: commit it first",
    ]);
    expect(await link("gone")).toStrictEqual(["payload_schema: schema 'gone' not found"]);
    expect(await refusedCommit(management)).toStrictEqual(["payload_schema: schema 'gone' not found"]);
  });

  it("but a workflow that it triggers need not exist: two that trigger each other could never be committed", async ({
    management,
  }) => {
    const invoke = (workflow: string) => ({
      ...BODY,
      tree: { nodes: [EMAIL, { node_type: "invokeworkflow", workflow, recipient_selection: "recipient" }] },
    });
    expect(await problemsOf(management, invoke("w"))).toStrictEqual([]);
    expect(await problemsOf(management, invoke("other"))).toStrictEqual([]);
  });

  it("each of a list of workflows is checked by itself", async ({ management }) => {
    await management.call("POST", "workflow/a", { ...BODY, payload_schema: { schema: "gone" } });
    await management.call("POST", "workflow/b", BODY);
    const { body } = await management.call("GET", "workflow?slugs=a,b");
    const told = body.results.map((one: { slug: string; validation_result: { errors: string[] } }) => [
      one.slug,
      one.validation_result.errors,
    ]);
    expect(told).toStrictEqual([
      ["b", []],
      ["a", ["payload_schema: schema 'gone' not found"]],
    ]);
  });

  it("an expression must parse, wherever it stands", async ({ management }) => {
    const body = {
      ...BODY,
      trigger_type: "event",
      trigger_events: ["paid"],
      override_tenant_expr: ".tenant[",
      tree: { nodes: [{ node_type: "delay", delay_type: "dynamic", value: "(" }, EMAIL] },
    };
    const problems = [
      "override_tenant_expr: is not valid jq: syntax error, ] is missing",
      "delay_1: value: is not valid jq: syntax error, ) is missing",
    ];
    expect(await problemsOf(management, body)).toStrictEqual(problems);
    expect(await refusedCommit(management)).toStrictEqual(problems);
    const committed = await management.call("POST", "workflow/w?commit=true&commit_message=x", body);
    expect(committed).toMatchObject({ status: 201, body: { status: "draft" } });
  });
});

describe("a definition that was read", () => {
  it.for([
    ["nested", EVERY_NODE],
    ["flat", EVERY_NODE.map(flatten)],
  ] as const)(
    "changes nothing when it is written back, for every type of node: %s",
    async ([_form, nodes], { management }) => {
      await management.call("POST", "workflow/other", BODY);
      const body = {
        ...BODY,
        description: "Ünïcode 🚀",
        tags: ["a", "b"],
        ratelimit: { count: 3, sliding_window: "15m" },
        conditions: [
          { type: "expression_v1", expression_v1: { op: "AND", args: [{ variable: "a", op: "EMPTY" }] } },
        ],
        tree: { nodes },
      };
      const commit = "workflow/w?commit=true&commit_message=first";
      const written = (await management.call("POST", commit, body)).body;
      expect(written.validation_result).toStrictEqual({ is_valid: true, errors: [] });
      expect(written.status).toBe("active");
      const read = (await management.call("GET", "workflow/w")).body;
      expect(read).toStrictEqual(written);
      expect((await management.call("POST", commit, read)).body).toStrictEqual(read);
      expect((await management.call("GET", "workflow/w?mode=live")).body).toStrictEqual(read);
      expect((await management.call("GET", "workflow/w/version")).body.meta.count).toBe(1);
    },
  );

  it("of an invalid draft is as invalid when it is written back", async ({ management }) => {
    const branches = [{ conditions: [{ type: "nonsense" }], nodes: [{ node_type: "teleport", to: "mars" }] }];
    const nodes = [
      { node_type: "branch", branches },
      { ...EMAIL, ref: "x" },
      { ...EMAIL, ref: "x" },
    ];
    const body = { trigger_type: "cron", ratelimit: { count: -1, sliding_window: "" }, tree: { nodes } };
    expect(await problemsOf(management, body)).not.toStrictEqual([]);
    const read = (await management.call("GET", "workflow/w")).body;
    expect((await management.call("POST", "workflow/w", read)).body).toStrictEqual(read);
  });
});

it("an event leads to every live workflow that uses it, in all three uses, and an event of a list does too", async ({
  management,
}) => {
  const linked = async (name: string) => {
    const path = `event/${encodeURIComponent(name)}/linked_workflows`;
    return (await management.call("GET", path)).body.results;
  };
  const entered = "$USER_ENTERED_LIST - Buyers";
  const wait = {
    node_type: "branch_waituntil",
    branches: [
      { conditions: [{ type: "future_event", event_name: entered }] },
      {
        is_default: true,
        conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } }],
      },
    ],
  };
  const routing = {
    node_type: "send_smart_channel_routing",
    properties: { template: "welcome", success: "Order Paid", success_is_event: true },
  };
  const commit = (slug: string, body: object) =>
    management.call("POST", `workflow/${slug}?commit=true&commit_message=x`, body);
  await commit("a", { ...BODY, trigger_type: "event", trigger_events: [entered, "Order Paid"] });
  await commit("b", { ...BODY, tree: { nodes: [wait, routing] } });
  expect(await linked("$user_entered_list - buyers")).toStrictEqual([
    { slug: "a", usage: ["Trigger Event"] },
    { slug: "b", usage: ["Wait Event"] },
  ]);
  expect(await linked("Order Paid")).toStrictEqual([
    { slug: "a", usage: ["Trigger Event"] },
    { slug: "b", usage: ["Success Metric Event"] },
  ]);
  // A draft has no effect yet; a disabled workflow is only paused.
  await management.call("POST", "workflow/a", { ...BODY, trigger_type: "event", trigger_events: ["paid"] });
  await management.call("PATCH", "workflow/a/enable", { is_enabled: false });
  expect(await linked("Order Paid")).toHaveLength(2);
  await management.call("POST", "workflow/a/version/1/rollback");
  await commit("b", BODY);
  expect(await linked("Order Paid")).toStrictEqual([{ slug: "a", usage: ["Trigger Event"] }]);
});

describe("a malicious body", () => {
  const nest = (depth: number) =>
    `{"tree":{"nodes":[${'{"node_type":"branch","branches":[{"nodes":['.repeat(depth)}${"]}]}".repeat(depth)}]}}`;
  const wide = (node: object, count: number) =>
    JSON.stringify({ tree: { nodes: Array.from({ length: count }, () => node) } });

  it.for<[string, string, number]>([
    ["branches 20 deep", nest(20), 201],
    ["branches 1,000 deep", nest(1000), 400],
    ["branches 10,000 deep", nest(10_000), 400],
    ["a list 100,000 deep", "[".repeat(100_000), 400],
    ["20,000 nodes", wide({ node_type: "branch", ref: "x" }, 20_000), 201],
    ["1 MB", wide({ node_type: "x", description: "é".repeat(1000) }, 500), 201],
    ["10 MB", `{"name":"${"x".repeat(10 * 1024 * 1024)}"}`, 413],
    [
      "keys of prototypes",
      '{"tree":{"nodes":[{"node_type":"__proto__","__proto__":{"ref":"x"},"constructor":{}}]}}',
      201,
    ],
    ["__proto__ instead of a tree", '{"__proto__":{"tree":{"nodes":[]}},"name":"x"}', 201],
    [
      "settings that are all wrong",
      wide({ node_type: "batch", properties: { mode: [], window_type: {} } }, 1),
      201,
    ],
    ["a number for a node", '{"tree":{"nodes":[5]}}', 400],
    ["a text for settings", wide({ node_type: "delay", properties: "1h" }, 1), 400],
    ["the null character", '{"name":"a\\u0000b"}', 400],
    ["half of a pair", '{"name":"\\ud83d"}', 400],
    [
      "a version that is no number of Postgres",
      '{"payload_schema":{"schema":"a","version_no":9007199254740991}}',
      201,
    ],
    ["a count that is none", '{"ratelimit":{"count":1e400,"sliding_window":"1h"}}', 400],
    [
      "an expression 10,000 deep",
      wide({ node_type: "delay", delay_type: "dynamic", value: "(".repeat(10_000) }, 1),
      201,
    ],
  ])("with %s is answered for what it is", async ([_what, body, status], { management }) => {
    const answer = await management.call("POST", "workflow/w?commit=true&commit_message=x", body);
    expect(answer.status).toBe(status);
    if (status !== 201) return;
    expect(answer.body.validation_result.is_valid).toBe(false);
    expect(answer.body.validation_result.errors.length).toBeLessThanOrEqual(101);
    const read = await management.call("GET", "workflow/w");
    // Compares the text: a setting called `constructor` is a class to `toStrictEqual`.
    expect(JSON.stringify(read.body)).toBe(JSON.stringify(answer.body));
    expect(await management.call("POST", "workflow/w", read.body)).toMatchObject({
      body: { hash: read.body.hash, validation_result: read.body.validation_result },
    });
  });
});
