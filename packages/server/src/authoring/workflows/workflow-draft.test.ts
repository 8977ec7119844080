import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVERY_NODE, flatten } from "../../../test/workflow-corpus.ts";
import { nodes } from "../../nodes/index.gen.ts";
import type { StoredNode } from "../../catalog/workflow.ts";
import { workflowBody } from "./workflow-body.ts";
import { parseWorkflowBody, workflowHash } from "./workflow-draft.ts";

const NODES = new Map(nodes.map((node) => [node.type, node]));

const parse = (body: unknown) => parseWorkflowBody(workflowBody.parse(body), NODES);

const parseTree = (nodes: unknown) => parse({ tree: { nodes } }).tree.nodes;

/** What a read returns around the definition, and a client sends back. */
const READ_ONLY = {
  $schema: "https://schema.suprsend.com/workflow/v1/schema.json",
  slug: "w",
  status: "active",
  hash: "0".repeat(64),
  commit_message: null,
  created_at: "2026-01-02T03:04:05.000001Z",
  updated_by: { name: "", email: "" },
  validation_result: { is_valid: true },
};

function refsOf(tree: readonly StoredNode[]): string[] {
  return tree.flatMap(({ ref, branches }) => [
    ref,
    ...(branches ?? []).flatMap((one) => [one.ref, ...refsOf(one.nodes)]),
  ]);
}

describe("the form of a node", () => {
  const nested = {
    node_type: "delay",
    name: "Delay",
    description: null,
    ref: "delay_1",
    schema_version: "1",
    properties: { delay_type: "fixed", value: "1h" },
  };
  it.each([
    ["nested", { node_type: "delay", properties: { delay_type: "fixed", value: "1h" } }],
    ["flat", { node_type: "delay", delay_type: "fixed", value: "1h" }],
    ["flat with properties null", { node_type: "delay", delay_type: "fixed", value: "1h", properties: null }],
    ["with blank envelope fields", { ...nested, name: "", ref: null, schema_version: null }],
    ["with branches that say nothing", { ...nested, branches: [] }],
    ["as it is read", nested],
  ])("is nested and complete when it comes %s", (_form, node) => {
    expect(parseTree([node])).toStrictEqual([nested]);
  });

  it.each(EVERY_NODE)("is the same from both forms for every type: $node_type $properties", (node) => {
    expect(parseTree([flatten(node)])).toStrictEqual(parseTree([node]));
    expect(parseTree([node])[0]?.properties).toStrictEqual(node.properties);
  });

  it("may have a setting called properties, where that is a text", () => {
    const flat = { node_type: "userupdate", user_selection: "actor", properties: "{ a: 1 }" };
    expect(parseTree([flat])).toMatchObject([
      { properties: { user_selection: "actor", properties: "{ a: 1 }" } },
    ]);
    expect(parseTree(parseTree([flat]))).toStrictEqual(parseTree([flat]));
  });

  it("does not mix settings from beside `properties` into it", () => {
    const [node] = parseTree([{ node_type: "delay", properties: { delay_type: "fixed" }, value: "1h" }]);
    expect(node?.properties).toStrictEqual({ delay_type: "fixed" });
  });

  it("keeps the branches of a flat branch node out of its settings", () => {
    const [node] = parseTree([{ node_type: "branch", branches: [{ is_default: true }] }]);
    expect(node?.properties).toStrictEqual({});
    expect(node?.branches).toStrictEqual([
      {
        name: "Default",
        description: null,
        ref: "path_1",
        is_default: true,
        is_terminal: false,
        conditions: [],
        nodes: [],
      },
    ]);
  });

  it("names a node of an unknown type after that type", () => {
    expect(parseTree([{ node_type: "teleport", to: "mars" }])).toMatchObject([
      { node_type: "teleport", name: "teleport", ref: "teleport_1", properties: { to: "mars" } },
    ]);
  });

  it("takes settings named like parts of Object.prototype for settings", () => {
    const body = JSON.parse(
      '{"tree":{"nodes":[{"node_type":"constructor","constructor":1,"toString":"x"}]}}',
    );
    expect(Object.entries(parse(body).tree.nodes[0]?.properties ?? {})).toStrictEqual([
      ["constructor", 1],
      ["toString", "x"],
    ]);
  });
});

describe("refs", () => {
  it("are numbered from the lowest number that no node or branch uses", () => {
    const tree = parseTree([
      { node_type: "send_email" },
      { node_type: "send_email", ref: "email_2" },
      {
        node_type: "branch",
        branches: [
          { nodes: [{ node_type: "send_email" }] },
          { ref: "email_1", is_default: true, nodes: [{ node_type: "send_email", ref: "" }] },
        ],
      },
    ]);
    expect(refsOf(tree)).toStrictEqual([
      "email_3",
      "email_2",
      "branch_1",
      "path_1",
      "email_4",
      "email_1",
      "email_5",
    ]);
  });

  it("stay with their nodes when a node is put in front", () => {
    const before = parseTree([{ node_type: "send_email" }, { node_type: "send_email" }]);
    const after = parseTree([{ node_type: "send_email" }, ...before]);
    expect(refsOf(after)).toStrictEqual(["email_3", "email_1", "email_2"]);
  });

  it("that are given twice stay, for validation to report", () => {
    const twice = { node_type: "send_email", ref: "x" };
    expect(refsOf(parseTree([twice, twice]))).toStrictEqual(["x", "x"]);
  });
});

describe("a body", () => {
  it("may be empty: everything has a default", () => {
    expect(parse({})).toStrictEqual({
      name: "",
      description: null,
      category: "",
      tags: [],
      trigger_type: "api",
      trigger_events: [],
      payload_schema: null,
      ratelimit: null,
      conditions: [],
      override_recipients_type: null,
      override_recipients_user_expr: null,
      override_recipients_single_object_fields_expr: null,
      override_actor_user_expr: null,
      override_tenant_expr: null,
      tree: { nodes: [] },
    });
  });

  it("may say with an empty text that recipients are not overridden", () => {
    expect(parse({ override_recipients_type: "" })).toStrictEqual(parse({}));
  });

  it("may say nothing with null wherever a field is optional", () => {
    const nulls = Object.fromEntries(Object.keys(parse({})).map((key) => [key, null]));
    expect(parse(nulls)).toStrictEqual(parse({}));
  });

  it.each([
    [{ name: 5 }, "name"],
    [{ tags: "a" }, "tags"],
    [{ tags: [1] }, "tags.0"],
    [{ is_enabled: "yes" }, "is_enabled"],
    [{ ratelimit: { count: 1.5, sliding_window: "1h" } }, "ratelimit.count"],
    [{ ratelimit: { count: 1 } }, "ratelimit.sliding_window"],
    [{ payload_schema: {} }, "payload_schema.schema"],
    [{ conditions: ["x"] }, "conditions.0"],
    [{ tree: [] }, "tree"],
    [{ tree: { nodes: {} } }, "tree.nodes"],
    [{ tree: { nodes: [null] } }, "tree.nodes.0"],
    [{ tree: { nodes: [{}] } }, "tree.nodes.0.node_type"],
    [{ tree: { nodes: [{ node_type: "delay", properties: [] }] } }, "tree.nodes.0.properties"],
    [{ tree: { nodes: [{ node_type: "delay", properties: "1h" }] } }, "tree.nodes.0.properties"],
    [{ tree: { nodes: [{ node_type: "userupdate", properties: 1 }] } }, "tree.nodes.0.properties"],
    [
      { tree: { nodes: [{ node_type: "branch", branches: [{ is_default: 1 }] }] } },
      "tree.nodes.0.branches.0.is_default",
    ],
  ])("with a value of the wrong type is refused by the name of the field: %j", (body, field) => {
    expect(workflowBody.safeParse(body).error?.issues.map(({ path }) => path.join("."))).toStrictEqual([
      field,
    ]);
  });

  it("may have names of 255 characters and descriptions of 1000, in any alphabet, and no longer ones", () => {
    const sized = (name: number, description: number) => {
      const said = { name: "é".repeat(name), description: "語".repeat(description) };
      const branches = [{ ...said, nodes: [{ node_type: "delay", ...said }] }];
      return workflowBody.safeParse({ ...said, tree: { nodes: [{ node_type: "branch", branches }] } });
    };
    expect(sized(255, 1000).success).toBe(true);
    const issues = sized(256, 1001).error?.issues ?? [];
    expect(issues.map(({ path, message }) => `${path.join(".")} ${message}`)).toStrictEqual([
      "name must be at most 255 characters",
      "description must be at most 1000 characters",
      "tree.nodes.0.branches.0.name must be at most 255 characters",
      "tree.nodes.0.branches.0.description must be at most 1000 characters",
      "tree.nodes.0.branches.0.nodes.0.name must be at most 255 characters",
      "tree.nodes.0.branches.0.nodes.0.description must be at most 1000 characters",
    ]);
  });

  it("may have neither refs too long to name in a problem nor nodes without a type", () => {
    const long = "r".repeat(256);
    const nodes = [{ node_type: "branch", ref: long, branches: [{ ref: long }] }, { node_type: "" }];
    const { error } = workflowBody.safeParse({ tree: { nodes } });
    expect(error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`)).toStrictEqual([
      "tree.nodes.0.ref must be at most 255 characters",
      "tree.nodes.0.branches.0.ref must be at most 255 characters",
      "tree.nodes.1.node_type must not be empty",
    ]);
  });

  it("of any JSON is either refused or parsed, and never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (tree, rest) => {
        for (const body of [
          tree,
          { tree },
          { tree: { nodes: [tree] } },
          { tree: { nodes: tree }, name: rest },
        ]) {
          const parsed = workflowBody.safeParse(body);
          if (parsed.success) workflowHash(parseWorkflowBody(parsed.data, NODES));
        }
      }),
    );
  });
});

describe("the hash", () => {
  const name = fc.option(fc.constantFrom("", "A", "Delay", "ünïcode 🚀"));
  const ref = fc.option(fc.constantFrom("", "email_1", "email_2", "path_1", "mine"));
  const { node } = fc.letrec<{ node: unknown; branch: unknown }>((tie) => ({
    branch: fc.record(
      {
        name,
        ref,
        is_default: fc.option(fc.boolean()),
        conditions: fc.option(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 2 })),
        nodes: fc.array(tie("node"), { maxLength: 2, depthIdentifier: "tree" }),
      },
      { requiredKeys: [] },
    ),
    node: fc.record(
      {
        node_type: fc.constantFrom("delay", "send_email", "branch", "unknown", "__proto__"),
        name,
        ref,
        description: name,
        properties: fc.option(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 })),
        delay_type: fc.string(),
        branches: fc.option(fc.array(tie("branch"), { maxLength: 3, depthIdentifier: "tree" })),
      },
      { requiredKeys: ["node_type"] },
    ),
  }));
  const body = fc.record(
    {
      name,
      tags: fc.option(fc.array(fc.string())),
      trigger_type: fc.option(fc.constantFrom("api", "event", "dynamic")),
      payload_schema: fc.option(fc.record({ schema: fc.string(), version_no: fc.option(fc.nat()) })),
      override_recipients_single_object_fields_expr: fc.option(fc.dictionary(fc.string(), fc.string())),
      tree: fc.record({ nodes: fc.array(node, { maxLength: 4 }) }),
    },
    { requiredKeys: [] },
  );

  it("does not change when what was read is written back", () => {
    fc.assert(
      fc.property(body, (given) => {
        const stored = parse(given);
        const read = JSON.parse(JSON.stringify({ ...stored, ...READ_ONLY }));
        expect(workflowHash(parse(read))).toBe(workflowHash(stored));
      }),
    );
  });

  it("does not depend on the order of keys", () => {
    const { name, ...rest } = parse({ name: "A", tree: { nodes: [{ node_type: "delay", a: 1, b: 2 }] } });
    const turned = parse({ tree: { nodes: [{ b: 2, a: 1, node_type: "delay" }] }, name: "A" });
    expect(workflowHash(turned)).toBe(workflowHash({ ...rest, name }));
    expect(workflowHash(turned)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("changes with every writable field, and with the order of nodes", () => {
    const bodies = [
      {},
      { name: "A" },
      { description: "A" },
      { category: "system" },
      { tags: ["a", "b"] },
      { tags: ["b", "a"] },
      { trigger_type: "event" },
      { trigger_events: ["a"] },
      { ratelimit: { count: 1, sliding_window: "1h" } },
      { conditions: [{}] },
      { override_tenant_expr: ".a" },
      {
        tree: {
          nodes: [
            { node_type: "delay", ref: "a" },
            { node_type: "delay", ref: "b" },
          ],
        },
      },
      {
        tree: {
          nodes: [
            { node_type: "delay", ref: "b" },
            { node_type: "delay", ref: "a" },
          ],
        },
      },
    ];
    expect(new Set(bodies.map((one) => workflowHash(parse(one)))).size).toBe(bodies.length);
  });
});
