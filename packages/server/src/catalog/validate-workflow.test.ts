import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isRootCategory } from "../core/lane.ts";
import { defineNode, next, type NodeDefinition } from "../engine/node.ts";
import branch from "../nodes/branch.ts";
import delay from "../nodes/delay.ts";
import sendEmail from "../nodes/send-email.ts";
import sendMultiChannel from "../nodes/send-multi-channel.ts";
import { validateWorkflow } from "./validate-workflow.ts";
import { workflowBody } from "./workflow-body.ts";
import { parseWorkflowBody } from "./workflow-draft.ts";

const settings = z.looseObject({});

const NODES = new Map<string, NodeDefinition>(
  [
    branch,
    delay,
    sendEmail,
    sendMultiChannel,
    defineNode({
      type: "transform",
      short: "transform",
      name: "Transform",
      config: settings,
      run: () => next,
    }),
    defineNode({
      type: "httpapi_webhook",
      short: "webhook",
      name: "Webhook",
      delivers: true,
      config: settings,
      run: () => next,
    }),
    defineNode({
      type: "branch_waituntil",
      short: "wait",
      name: "Wait",
      branches: { min: 2, max: 2 },
      config: settings,
      run: () => next,
    }),
  ].map((node) => [node.type, node as NodeDefinition]),
);

const FACTS = { isCategory: isRootCategory, liveTemplates: new Set(["welcome"]) };

const EMAIL = { node_type: "send_email", properties: { template: "welcome" } };
const SOUND = { name: "W", category: "system", trigger_type: "api", tree: { nodes: [EMAIL] } };
const IS_PRO = {
  type: "expression_v1",
  expression_v1: { op: "AND", args: [{ variable: "plan", op: "==", value: '"pro"' }] },
};
const DEFAULT = { name: "Otherwise", is_default: true, conditions: [] };

function problemsOf(body: unknown): string[] {
  return validateWorkflow(parseWorkflowBody(workflowBody.parse(body), NODES), NODES, FACTS);
}

/** Problems of a sound workflow with this tree behind its e-mail. */
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

it("finds nothing wrong with a sound workflow", () => {
  expect(problemsOf(SOUND)).toStrictEqual([]);
  expect(problemsOf({ ...SOUND, trigger_type: "event", trigger_events: ["Signed Up"] })).toStrictEqual([]);
});

describe("the head", () => {
  it.each([
    [{ name: " " }, "name: is a required field"],
    [{ category: null }, "category: is a required field"],
    [{ category: "marketing" }, "category: category 'marketing' not found"],
    [{ trigger_type: "cron" }, "trigger_type: must be one of ['event' 'api']"],
    [{ trigger_type: "dynamic" }, "trigger_type: must be one of ['event' 'api']"],
    [{ trigger_type: "event" }, "trigger_events: must contain at least 1 item"],
    [{ trigger_type: "event", trigger_events: ["a", ""] }, "trigger_events[1]: must not be empty"],
    [
      { trigger_type: "event", trigger_events: ["e".repeat(256)] },
      `${"e".repeat(20)}…: event names have at maximum 255 characters`,
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

  it.each([
    [{ override_recipients_type: "user" }, ["override_recipients_user_expr: is a required field"]],
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
    expect(problemsOf({ ...SOUND, trigger_type: "event", trigger_events: ["e"], ...change })).toStrictEqual(
      problems,
    );
    expect(problemsOf({ ...SOUND, ...change })).toStrictEqual([]);
  });
});

describe("the tree", () => {
  it("must send something or call an HTTP API, at whatever depth", () => {
    const nothing = "tree: must contain at least one node that sends a notification or calls an HTTP API";
    const noop = { node_type: "transform" };
    expect(problemsOf({ ...SOUND, tree: { nodes: [noop] } })).toStrictEqual([nothing]);
    expect(problemsOf({ ...SOUND, tree: null })).toStrictEqual([nothing]);
    expect(problemsOf({ ...SOUND, tree: { nodes: [{ node_type: "httpapi_webhook" }] } })).toStrictEqual([]);
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
    [
      { ...EMAIL, properties: { template: "gone" } },
      "email_2: template: template 'gone' has no live channel",
    ],
    [
      { node_type: "send_multi_channel", template: "welcome", channels: ["fax"] },
      expect.stringMatching(/^multichannel_1: channels\[0\]: Invalid option/),
    ],
    [{ ...EMAIL, branches: [{}] }, "email_2: branches: this node type takes none"],
  ])("is checked by its type, and named by its ref: %j", (node, problem) => {
    expect(treeProblems(node)).toStrictEqual([problem]);
  });

  it("takes both published spellings of a fixed delay", () => {
    expect(
      treeProblems({ node_type: "delay", properties: { delay_type: "fixed", duration: "30s" } }),
    ).toStrictEqual([]);
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
      [{ conditions: [{ type: "future_event", event_name: "e" }] }, DEFAULT],
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
      [
        {
          conditions: [
            { type: "future_event", event_name: "e", event_conditions: [{ variable: "a", op: "~" }] },
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
    ["behind its node", [first, check], []],
    ["before its node", [check, first], [late]],
    ["on no node at all", [check], ["check: conditions: no node has the ref 'first'"]],
    [
      "on a node that does not send",
      [{ node_type: "transform", ref: "first" }, check],
      ["check: conditions: 'first' is not a node that sends"],
    ],
    ["inside the branch of its node", [fork({ conditions: [IS_PRO], nodes: [first, check] }, DEFAULT)], []],
    [
      "behind a branch that may not be taken",
      [fork({ conditions: [IS_PRO], nodes: [first] }, DEFAULT), check],
      [late],
    ],
    [
      "beside the branch of its node",
      [fork({ conditions: [IS_PRO], nodes: [first] }, { ...DEFAULT, nodes: [check] })],
      [late],
    ],
    [
      "behind a branch whose other paths end the run",
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
            ...[...NODES.keys()].map((node_type) => ({ node_type, properties: object })),
            { node_type: "branch", branches: [{ conditions: [object, leaf] }] },
            {
              node_type: "branch_waituntil",
              branches: [
                { conditions: [object, { type: "future_event", event_name: "e", event_conditions: value }] },
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
