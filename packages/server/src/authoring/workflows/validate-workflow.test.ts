import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVERY_NODE, flatten } from "../../../test/workflow-corpus.ts";
import { createTemplateEngine } from "../../templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import { isRootCategory } from "../../core/lane.ts";
import { boundJq } from "../../expressions/bounded-jq.ts";
import { createContentEngines } from "../../expressions/content-engines.ts";
import { createExpressions } from "../../expressions/expressions.ts";
import { nodes } from "../../nodes/index.gen.ts";
import type { WorkflowRules } from "./validate-node.ts";
import { validateWorkflow } from "./validate-workflow.ts";
import { workflowBody } from "./workflow-body.ts";
import { parseWorkflowBody } from "./workflow-draft.ts";
import type { WorkflowFacts } from "./workflow-facts.ts";

const RULES: WorkflowRules = {
  nodes: new Map(nodes.map((node) => [node.type, node])),
  expressions: createExpressions({
    jq: boundJq(createJqEngine()),
    jsonnet: createJsonnetEngine(),
    handlebars: createTemplateEngine({ strict: false, escape: false }),
    content: createContentEngines(),
  }),
};

const FACTS: WorkflowFacts = {
  isCategory: isRootCategory,
  refuseTemplate(slug, channels) {
    if (slug === "text") return channels?.includes("sms") === false ? "template 'text' is for sms" : null;
    return slug === "welcome" ? null : `template '${slug}' not found`;
  },
  refuseSchema: ({ schema }) => (schema === "order" ? null : `schema '${schema}' not found`),
};

const EMAIL = { node_type: "send_email", properties: { template: "welcome" } };
const SOUND = { name: "W", category: "system", trigger_type: "api", tree: { nodes: [EMAIL] } };
const IS_PRO = {
  type: "expression_v1",
  expression_v1: { op: "AND", args: [{ variable: "plan", op: "==", value: '"pro"' }] },
};
const DEFAULT = { name: "Otherwise", is_default: true, conditions: [] };

function problemsOf(body: unknown): string[] {
  return validateWorkflow(parseWorkflowBody(workflowBody.parse(body), RULES.nodes), RULES, FACTS);
}

/** Problems of a valid workflow with this tree after its e-mail. */
const treeProblems = (...nodes: unknown[]) => problemsOf({ ...SOUND, tree: { nodes: [EMAIL, ...nodes] } });

const hasSeen = (ref: string) => ({
  type: "expression_v1",
  expression_v1: {
    op: "AND",
    args: [{ variable_ns: "$ref", ref, variable: "message_status", op: "IS", value: "$message.seen" }],
  },
});

const times = (count: number, item: object) => Array.from({ length: count }, () => item);

const fork = (...branches: unknown[]) => ({ node_type: "branch", branches });

it("finds nothing wrong with a valid workflow", () => {
  expect(problemsOf(SOUND)).toStrictEqual([]);
  expect(problemsOf({ ...SOUND, trigger_type: "event", trigger_events: ["Signed Up"] })).toStrictEqual([]);
});

describe("a node of every type", () => {
  it("is in the corpus", () => {
    expect(new Set(EVERY_NODE.map(({ node_type }) => node_type))).toStrictEqual(
      new Set(nodes.map(({ type }) => type)),
    );
  });

  it.each(EVERY_NODE)("is valid, nested and flat: $node_type $properties", (node) => {
    expect(treeProblems(node)).toStrictEqual([]);
    expect(treeProblems(flatten(node))).toStrictEqual([]);
  });
});

describe("the head", () => {
  it.each([
    [{ name: " " }, "name: is a required field"],
    [{ category: null }, "category: is a required field"],
    [{ category: "marketing" }, "category: category 'marketing' not found"],
    [{ trigger_type: "cron" }, "trigger_type: must be one of ['event' 'api']"],
    [{ trigger_type: "event" }, "trigger_events: must contain at least 1 item"],
    [{ trigger_type: "event", trigger_events: ["paid", ""] }, "trigger_events[1]: must not be empty"],
    [
      { trigger_type: "event", trigger_events: ["$paid"] },
      "trigger_events[0]: the event '$paid' can never come, names that begin with $ or ss_ are reserved",
    ],
    [
      { trigger_type: "event", trigger_events: ["e".repeat(256)] },
      expect.stringMatching(
        /^trigger_events\[0\]: the event 'e{20}…' can never come, its name must be at most 255/,
      ),
    ],
    [{ ratelimit: { count: 0, sliding_window: "1h" } }, "ratelimit.count: must be at least 1"],
    [
      { ratelimit: { count: 1, sliding_window: "1 hour" } },
      "ratelimit.sliding_window: must be a duration like 1d2h30m",
    ],
    [{ ratelimit: { count: 1, sliding_window: "0s" } }, "ratelimit.sliding_window: must not be zero"],
    [{ conditions: [{ type: "expression_v1" }] }, "conditions[0].expression_v1: is a required field"],
    [
      { conditions: [hasSeen("email_1")] },
      "conditions: 'email_1' must come before, on every path that leads here",
    ],
  ])("with %j", (change, problem) => {
    expect(problemsOf({ ...SOUND, ...change })).toStrictEqual([problem]);
  });

  it("checks an API workflow's payload schema against committed ones, and lets an event workflow have any", () => {
    const linked = (schema: string) => ({ ...SOUND, payload_schema: { schema, version_no: 2 } });
    expect(problemsOf(linked("order"))).toStrictEqual([]);
    expect(problemsOf(linked("gone"))).toStrictEqual(["payload_schema: schema 'gone' not found"]);
    const event = { trigger_type: "event", trigger_events: ["paid"] };
    expect(problemsOf({ ...linked("gone"), ...event })).toStrictEqual([]);
  });

  const FIELDS = "override_recipients_single_object_fields_expr";
  const DEPTH = "$object_subscriptions_query.depth";
  const object = (fields: object) => ({
    override_recipients_type: "single_object_fields",
    [FIELDS]: { id: ".id", object_type: '"teams"', ...fields },
  });
  const NOT_TEXT = "must be text: a jq expression such as .account, or a literal in quotes";

  it.each<[object, string[]]>([
    [{ override_recipients_type: "user" }, ["override_recipients_user_expr: is a required field"]],
    [
      { override_recipients_type: "user", override_recipients_user_expr: " " },
      ["override_recipients_user_expr: is not valid jq: expression is empty"],
    ],
    [
      { override_recipients_type: "user", override_recipients_user_expr: ".users[" },
      ["override_recipients_user_expr: is not valid jq: syntax error, ] is missing"],
    ],
    // The setting is unused.
    [{ override_recipients_type: null, override_recipients_user_expr: ".users[" }, []],
    [{ override_recipients_type: "", override_recipients_user_expr: "" }, []],
    [{ override_actor_user_expr: "", override_tenant_expr: "" }, []],
    [{ override_actor_user_expr: ".by", override_tenant_expr: '"acme"' }, []],
    [
      { override_actor_user_expr: "(", override_tenant_expr: "no_such_thing" },
      [
        "override_actor_user_expr: is not valid jq: syntax error, ) is missing",
        "override_tenant_expr: is not valid jq: no_such_thing/0 is not defined",
      ],
    ],
    [object({}), []],
    [object({ [DEPTH]: null }), []],
    [object({ [DEPTH]: "1" }), []],
    [object({ [DEPTH]: 1, id: 42 }), []],
    [object({ id: 1.5 }), [`${FIELDS}.id: ${NOT_TEXT}`]],
    [object({ [DEPTH]: "" }), [`${FIELDS}.${DEPTH}: is a required field`]],
    [object({ id: "|" }), [expect.stringMatching(/^override_recipients_.*\.id: is not valid jq: /)]],
    [object({ id: ["a"] }), [`${FIELDS}.id: ${NOT_TEXT}`]],
    [
      { override_recipients_type: "single_object_fields" },
      [`${FIELDS}.id: is a required field`, `${FIELDS}.object_type: is a required field`],
    ],
    [{ override_recipients_type: "user", override_recipients_user_expr: ".id" }, []],
    [
      {
        override_recipients_type: "single_object_fields",
        override_recipients_single_object_fields_expr: { id: ".id" },
      },
      ["override_recipients_single_object_fields_expr.object_type: is a required field"],
    ],
    [
      { override_recipients_type: "all" },
      ["override_recipients_type: must be one of ['user' 'single_object_fields']"],
    ],
  ])("judges overrides for events only: %j", (change, problems) => {
    expect(
      problemsOf({ ...SOUND, trigger_type: "event", trigger_events: ["paid"], ...change }),
    ).toStrictEqual(problems);
    expect(problemsOf({ ...SOUND, ...change })).toStrictEqual([]);
  });
});

describe("the tree", () => {
  it("must send something or call an HTTP API, at whatever depth", () => {
    const nothing = "tree: must contain at least one node that sends a notification or calls an HTTP API";
    const noop = { node_type: "delay", delay_type: "fixed", value: "1h" };
    expect(problemsOf({ ...SOUND, tree: { nodes: [noop] } })).toStrictEqual([nothing]);
    expect(problemsOf({ ...SOUND, tree: null })).toStrictEqual([nothing]);
    const webhook = { node_type: "httpapi_webhook", http_method: "POST", url: "https://example.com/" };
    expect(problemsOf({ ...SOUND, tree: { nodes: [webhook] } })).toStrictEqual([]);
    const deep = fork({ conditions: [IS_PRO], nodes: [EMAIL] }, DEFAULT);
    expect(problemsOf({ ...SOUND, tree: { nodes: [deep] } })).toStrictEqual([]);
  });

  it("may have 200 nodes", () => {
    expect(treeProblems(...times(199, EMAIL))).toStrictEqual([]);
    expect(treeProblems(...times(200, EMAIL))).toStrictEqual([
      "tree: has 201 nodes, at maximum 200 are allowed",
    ]);
  });

  it("may nest branches 10 deep", () => {
    const nest = (depth: number): unknown =>
      depth === 0 ? EMAIL : fork({ conditions: [IS_PRO], nodes: [nest(depth - 1)] }, DEFAULT);
    expect(treeProblems(nest(10))).toStrictEqual([]);
    expect(treeProblems(nest(11))).toStrictEqual([
      "tree: branches are nested 11 deep, at maximum 10 levels are allowed",
    ]);
  });

  it("has every ref once, over nodes and branches", () => {
    const twice = fork({ ref: "email_1", conditions: [IS_PRO] }, DEFAULT);
    expect(treeProblems({ ...EMAIL, ref: "email_1" }, twice)).toStrictEqual([
      // The first e-mail gives way to the given refs, so only those two clash.
      "email_1: this ref is used by 2 nodes and branches, it must be unique",
    ]);
  });
});

describe("a node", () => {
  it.each([
    [{ node_type: "teleport" }, "teleport_1: node_type 'teleport' is not supported"],
    [{ node_type: "constructor" }, "constructor_1: node_type 'constructor' is not supported"],
    [{ node_type: "delay", delay_type: "fixed" }, "delay_1: value: is a required field"],
    [
      { node_type: "delay", delay_type: "fixed", value: "soon" },
      "delay_1: value: must be a duration like 1d2h30m",
    ],
    [{ ...EMAIL, properties: {} }, "email_2: template: is a required field"],
    [{ ...EMAIL, properties: { template: "gone" } }, "email_2: template: template 'gone' not found"],
    [
      { node_type: "send_multi_channel", template: "welcome", channels: ["fax"] },
      expect.stringMatching(/^multichannel_1: channels\[0\]: Invalid option/),
    ],
    [{ ...EMAIL, branches: [{}] }, "email_2: branches: this node type takes none"],
  ])("is checked by its type, and named by its ref: %j", (node, problem) => {
    expect(treeProblems(node)).toStrictEqual([problem]);
  });

  it("must have a template that is live on what it sends on, unless an expression decides", () => {
    const send = (node_type: string, settings: object = {}) =>
      treeProblems({ node_type, ref: "n", template: "text", ...settings });
    const refused = ["n: template: template 'text' is for sms"];
    expect(send("send_email")).toStrictEqual(refused);
    expect(send("send_sms")).toStrictEqual([]);
    expect(send("send_multi_channel")).toStrictEqual([]);
    expect(send("send_multi_channel", { channels: [] })).toStrictEqual([]);
    expect(send("send_multi_channel", { channels: ["email"] })).toStrictEqual(refused);
    expect(send("send_multi_channel", { channels: ["email", "sms"] })).toStrictEqual([]);
    expect(send("send_multi_channel", { channels: ["email"], channels_expr: ".c" })).toStrictEqual([]);
    expect(send("send_smart_channel_routing", { channels: ["inbox"] })).toStrictEqual(refused);
  });

  it("takes both published spellings of a fixed delay", () => {
    expect(
      treeProblems({ node_type: "delay", properties: { delay_type: "fixed", duration: "30s" } }),
    ).toStrictEqual([]);
  });
});

describe("an expression", () => {
  const variable = (value_lang: string, value: string) => ({
    node_type: "transform",
    variables: [
      { key: "fine", value_lang: "handlebars", value: "x" },
      { key: "k", value_lang, value },
    ],
  });
  const wait = (value: string) => ({
    node_type: "branch_waituntil",
    branches: [
      { conditions: [{ type: "future_event", event_name: "paid" }] },
      {
        is_default: true,
        conditions: [{ type: "delay", delay_properties: { delay_type: "dynamic", value } }],
      },
    ],
  });
  it.each([
    [
      { node_type: "delay", delay_type: "dynamic", value: ".a | | .b" },
      expect.stringMatching(/^delay_1: value: is not valid jq: syntax error/),
    ],
    [
      {
        node_type: "delay",
        delay_type: "relative_to",
        relative_to: {
          pivot_expr: ".at[",
          offset_type: "after",
          offset_value_type: "fixed",
          offset_value: "1h",
        },
      },
      "delay_1: relative_to.pivot_expr: is not valid jq: syntax error, ] is missing",
    ],
    [
      { node_type: "send_multi_channel", template: "welcome", channels_expr: "nope" },
      "multichannel_1: channels_expr: is not valid jq: nope/0 is not defined",
    ],
    [
      variable("jsonnet", "{\n  a: }"),
      'transform_1: variables[1].value: is not valid Jsonnet: expected an expression, found "}" at 2:6',
    ],
    [
      { node_type: "httpapi_fetch", url: "data.url", headers: [{ key: "'X-A'", value: "data." }] },
      "fetch_1: headers[0].value: is not valid Jsonnet: expected a name, found the end at 1:6",
    ],
    [
      { node_type: "userupdate", user_selection: "actor", properties: "{ a: x }" },
      "user_update_1: properties: is not valid Jsonnet: unknown variable: x at 1:6",
    ],
    [
      variable("handlebars", "Hi {{#if}}"),
      "transform_1: variables[1].value: is not valid Handlebars: Parse error on line 1, after 'Hi {{#if}}'",
    ],
    [
      variable("handlebars", "a\n{{#if b}}{{/each}}"),
      "transform_1: variables[1].value: is not valid Handlebars: if doesn't match each - 2:3",
    ],
    [
      wait(".a +"),
      expect.stringMatching(/^path_2: conditions\[0\]\.delay_properties\.value: is not valid jq: /),
    ],
  ])("that does not parse is named with its node, its place and its language: %j", (node, problem) => {
    expect(treeProblems(node)).toStrictEqual([problem]);
  });

  it("is not looked for where a list or an object is named as it is", () => {
    const list = { node_type: "subscriberlistoperation_adduser", user_selection: ["recipient"] };
    expect(treeProblems({ ...list, list_id: "{{#if}}", is_list_id_dynamic: true })).toStrictEqual([
      expect.stringMatching(/^list_add_1: list_id: is not valid Handlebars: /),
    ]);
    expect(treeProblems({ ...list, list_id: "beta" })).toStrictEqual([]);
  });
});

describe("a workflow that another one triggers", () => {
  const invoke = (workflow: unknown) => ({
    node_type: "invokeworkflow",
    properties: { workflow, recipient_selection: "recipient" },
  });
  it.each([
    ["not-there-yet", []],
    ["No Slug", ["invoke_1: workflow: must be the slug of a workflow"]],
  ])("need not be there before it, only be named by a slug: %s", (workflow, problems) => {
    expect(treeProblems(invoke(workflow))).toStrictEqual(problems);
  });
});

describe("a branch", () => {
  const pro = { conditions: [IS_PRO] };
  it.each([
    [[pro, DEFAULT], []],
    [[...times(9, pro), DEFAULT], []],
    [[DEFAULT], ["branch_1: branches: must be 2 to 10"]],
    [[...times(10, pro), DEFAULT], ["branch_1: branches: must be 2 to 10"]],
    [[pro, pro], ["branch_1: branches: exactly one must have is_default"]],
    [[pro, DEFAULT, DEFAULT], ["branch_1: branches: exactly one must have is_default"]],
    [[DEFAULT, pro], ["branch_1: branches: the default must be the last"]],
    // The conditions of a default are ignored, so nothing about them can be wrong.
    [[pro, { is_default: true, conditions: [{ type: "nonsense" }] }], []],
    [
      [{ conditions: [{ type: "future_event", event_name: "paid" }] }, DEFAULT],
      [
        'path_1: conditions[0].type: Invalid input: expected "expression_v1"',
        "path_1: conditions[0].expression_v1: is a required field",
      ],
    ],
  ])("has its branches in order: %j", (branches, problems) => {
    expect(treeProblems(fork(...branches))).toStrictEqual(problems);
  });
});

describe("a wait", () => {
  const event = { conditions: [{ type: "future_event", event_name: "opened" }] };
  const timeout = {
    is_default: true,
    conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } }],
  };
  const wait = (...branches: unknown[]) => treeProblems({ node_type: "branch_waituntil", branches });
  it.each([
    [[event, timeout], []],
    [[{ conditions: [...event.conditions, IS_PRO] }, timeout], []],
    [[event, event, timeout], ["wait_1: branches: must be exactly 2"]],
    [[{ conditions: [] }, timeout], ["path_1: conditions: must contain at least 1 item"]],
    [
      [{ conditions: [{ type: "future_event" }] }, timeout],
      ["path_1: conditions[0].event_name: is a required field"],
    ],
    [
      [{ conditions: [{ type: "future_event", event_name: " \t " }] }, timeout],
      ["path_1: conditions[0].event_name: must not be empty"],
    ],
    [
      [
        {
          conditions: [
            { type: "future_event", event_name: "paid", event_conditions: [{ variable: "a", op: "~" }] },
          ],
        },
        timeout,
      ],
      [expect.stringMatching(/^path_1: conditions\[0\]\.event_conditions\[0\]\.op: Invalid option/)],
    ],
    [
      [event, DEFAULT],
      ["path_2: conditions: the default branch of a wait must have exactly one condition of type 'delay'"],
    ],
    [
      [
        event,
        {
          is_default: true,
          conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: "x" } }],
        },
      ],
      ["path_2: conditions[0].delay_properties.value: must be a duration like 1d2h30m"],
    ],
  ])("waits for events on one branch and for a time on the other: %j", (branches, problems) => {
    expect(wait(...branches)).toStrictEqual(problems);
  });
});

describe("a condition on the status of messages", () => {
  const check = fork({ ref: "check", conditions: [hasSeen("first")], nodes: [] }, DEFAULT);
  const first = { ...EMAIL, ref: "first" };
  const late = "check: conditions: 'first' must come before, on every path that leads here";
  it.each<[string, unknown[], string[]]>([
    ["after its node", [first, check], []],
    ["before its node", [check, first], [late]],
    ["on no node at all", [check], ["check: conditions: no node has the ref 'first'"]],
    [
      "on a node that does not send",
      [{ node_type: "delay", delay_type: "fixed", value: "1h", ref: "first" }, check],
      ["check: conditions: 'first' is not a node that sends"],
    ],
    ["inside the branch of its node", [fork({ conditions: [IS_PRO], nodes: [first, check] }, DEFAULT)], []],
    [
      "after a branch that may not be taken",
      [fork({ conditions: [IS_PRO], nodes: [first] }, DEFAULT), check],
      [late],
    ],
    [
      "beside the branch of its node",
      [fork({ conditions: [IS_PRO], nodes: [first] }, { ...DEFAULT, nodes: [check] })],
      [late],
    ],
    [
      "after a branch whose other paths end the run",
      [fork({ conditions: [IS_PRO], nodes: [first] }, { ...DEFAULT, is_terminal: true }), check],
      [],
    ],
    [
      "where no path leads",
      [
        fork({ conditions: [IS_PRO], is_terminal: true, nodes: [first] }, { ...DEFAULT, is_terminal: true }),
        check,
      ],
      [],
    ],
    [
      "nested in groups",
      [
        fork(
          {
            ref: "check",
            conditions: [
              { type: "expression_v1", expression_v1: { op: "OR", args: [hasSeen("first").expression_v1] } },
            ],
          },
          DEFAULT,
        ),
        first,
      ],
      [late],
    ],
  ])("%s", (_place, nodes, problems) => {
    expect(treeProblems(...nodes)).toStrictEqual(problems);
  });
});

describe("a workflow that nobody would write by hand", () => {
  it("has at most a hundred problems reported, each of them short", () => {
    const nodes = times(199, { node_type: "x".repeat(2000) });
    const problems = treeProblems(...nodes);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe("and 99 more");
    expect(Math.max(...problems.map(({ length }) => length))).toBeLessThanOrEqual(501);
  });

  it("is answered in time, however many nodes and branches there are", () => {
    const many = times(30_000, EMAIL);
    expect(treeProblems(...many)).toStrictEqual(["tree: has 30001 nodes, at maximum 200 are allowed"]);
    const wide = fork(...times(10_000, { conditions: [hasSeen("x")], nodes: [] }), DEFAULT);
    expect(treeProblems(wide)[0]).toBe("branch_1: branches: must be 2 to 10");
  });

  it("may have refs that are called like parts of Object.prototype", () => {
    const check = (ref: string) => fork({ ref: "toString", conditions: [hasSeen(ref)] }, DEFAULT);
    expect(treeProblems({ ...EMAIL, ref: "__proto__" }, check("__proto__"))).toStrictEqual([]);
    expect(treeProblems(check("constructor"))).toStrictEqual([
      "toString: conditions: no node has the ref 'constructor'",
    ]);
  });
});

describe("a workflow that was read and written back", () => {
  const broken = [
    { node_type: "teleport", to: "mars" },
    { node_type: "delay", delay_type: "dynamic", value: ".[" },
    { node_type: "send_sms", properties: { template: "gone" } },
    { node_type: "send_email", ref: "email_1", template: "welcome" },
  ];
  const { node } = fc.letrec<{ node: object; branch: object }>((tie) => ({
    branch: fc.record({
      name: fc.option(fc.constantFrom("", "Yes")),
      ref: fc.option(fc.constantFrom("", "path_1", "email_1")),
      is_default: fc.boolean(),
      is_terminal: fc.option(fc.boolean()),
      conditions: fc.constantFrom([], [IS_PRO], [hasSeen("email_1")], [{ type: "nonsense" }]),
      nodes: fc.array(tie("node"), { maxLength: 2, depthIdentifier: "tree" }),
    }),
    node: fc.oneof(
      { depthIdentifier: "tree", maxDepth: 4 },
      fc.constantFrom<object>(...EVERY_NODE, ...EVERY_NODE.map(flatten), ...broken),
      fc.record({ node_type: fc.constant("branch"), branches: fc.array(tie("branch"), { maxLength: 3 }) }),
    ),
  }));

  it("has the same problems and the same refs, whatever its tree", () => {
    const read = (body: unknown) => parseWorkflowBody(workflowBody.parse(body), RULES.nodes);
    fc.assert(
      fc.property(fc.array(node, { maxLength: 5 }), (tree) => {
        const stored = read({ ...SOUND, tree: { nodes: tree } });
        const again = read(JSON.parse(JSON.stringify({ ...stored, slug: "w", hash: "", status: "active" })));
        expect(again).toStrictEqual(stored);
        expect(validateWorkflow(again, RULES, FACTS)).toStrictEqual(validateWorkflow(stored, RULES, FACTS));
      }),
    );
  });
});

it("never throws, whatever JSON is in the places that a draft leaves open", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, object) => {
      const leaf = { type: "expression_v1", expression_v1: value };
      const problems = problemsOf({
        conditions: [object, leaf],
        override_recipients_type: "single_object_fields",
        override_recipients_single_object_fields_expr: object,
        tree: {
          nodes: [
            ...[...RULES.nodes.keys()].map((node_type) => ({ node_type, properties: object })),
            { node_type: "branch", branches: [{ conditions: [object, leaf] }] },
            {
              node_type: "branch_waituntil",
              branches: [
                {
                  conditions: [object, { type: "future_event", event_name: "paid", event_conditions: value }],
                },
                { is_default: true, conditions: [{ type: "delay", delay_properties: value }] },
              ],
            },
          ],
        },
      });
      expect(problems.every((problem) => typeof problem === "string")).toBe(true);
    }),
  );
});
