import { describe, expect, it } from "vitest";
import {
  type Condition,
  type ConditionGroup,
  type ConditionLeaf,
  conditionsSchema,
  type EventCondition,
  evaluateConditions,
  evaluateEventConditions,
  namespacesRead,
  eventConditionsSchema,
  type MessageFacts,
} from "./conditions.ts";
import type { Json } from "../json.ts";
import { all, condition, group, holds, leaf, scopeOf } from "../../../test/conditions.ts";

describe("relative times", () => {
  it.each([
    ["2026-03-01T11:59:59Z", "DATETIME_LT", '"now"', true],
    ["2026-03-01T12:00:00Z", "DATETIME_EQUALS", '"now"', true],
    ["2026-03-02T11:00:00Z", "DATETIME_LT", '"now+1d"', true],
    ["2026-03-02T13:00:00Z", "DATETIME_LT", '"now+1d"', false],
    ["2026-03-01T11:00:00Z", "DATETIME_EQUALS", '"now-1h"', true],
    ["2026-03-01T12:45:30Z", "DATETIME_EQUALS", '"now + 45m30s"', true],
    ["2026-03-01T13:00:00Z", "DATETIME_EQUALS", "now+1h", true],
    ["2026-03-01T12:00:00Z", "DATETIME_EQUALS", "now", true],
    ["2026-03-01T12:00:00Z", "DATETIME_EQUALS", '"now+1w"', false],
    ["2026-03-01T12:00:00Z", "DATETIME_LT", '"now+99999999d"', false],
    ["now", "==", '"now"', true],
  ])("%s %s %s is %s", (left, op, value, result) => {
    expect(holds(left, op, value)).toBe(result);
  });

  it("are computed again at every evaluation", () => {
    const conditions = [all(leaf("due", "DATETIME_LT", '"now+1d"'))];
    const payload = { due: "2026-03-03T00:00:00Z" };
    expect(evaluateConditions(conditions, scopeOf(payload)).result).toBe(false);
    const later = { ...scopeOf(payload), now: new Date("2026-03-02T12:00:00Z") };
    expect(evaluateConditions(conditions, later).result).toBe(true);
  });
});

describe("left sides", () => {
  const payload = { order: { total: 5, items: [{ sku: "A" }] }, "a.b": 1, a: { b: 2 }, "first name": "Jo" };
  const scope = scopeOf(payload, {
    $recipient: { plan: "pro", "first.name": "Ann" },
    $brand: { properties: { tier: "gold" } },
  });

  it.each([
    ["order.total", undefined, "5"],
    ["order.items[0].sku", undefined, '"A"'],
    ["order.items.0.sku", "", '"A"'],
    ['order["items"][0].sku', "", '"A"'],
    ["a.b", "", "1"],
    ["first name", "", '"Jo"'],
    ["plan", "$recipient", '"pro"'],
    ["first.name", "$recipient", '"Ann"'],
    ["properties.tier", "$brand", '"gold"'],
  ])("%s in %s is %s", (variable, variable_ns, value) => {
    expect(evaluateConditions([all(leaf(variable, "==", value, variable_ns))], scope).result).toBe(true);
  });

  it.each([
    ["plan", ""],
    ["order.total", "$recipient"],
    ["x", "$actor"],
    ["x", "$nowhere"],
    ["__proto__", ""],
    ["constructor.name", ""],
    ["toString", "$recipient"],
    ["length", "__proto__"],
    ["order.items.length", ""],
  ])("%s in %s is missing", (variable, variable_ns) => {
    expect(evaluateConditions([all(leaf(variable, "EMPTY", undefined, variable_ns))], scope).result).toBe(
      true,
    );
  });
});

describe("right sides", () => {
  const more = {
    order_limit: 10,
    nested: { limit: 10 },
    cart_id: "c1",
    "dotted.key": "d",
    nothing: null,
    premium: "gold",
    $batched_events_count: 3,
  };
  const namespaces = {
    $recipient: { plan: "pro", limit: 10 },
    $actor: { role: "boss" },
    $brand: { timezone: "UTC", properties: { tier: "gold" } },
    $tenant: { timezone: "UTC" },
  };

  it.each<[Json, Json]>([
    ['"admin"', "admin"],
    ["100", 100],
    ["-1.5", -1.5],
    ["true", true],
    ["false", false],
    ["null", null],
    [' "padded" ', "padded"],
    ['["a","b"]', ["a", "b"]],
    ['{"a":1}', { a: 1 }],
    [100, 100],
    [true, true],
    [["a"], ["a"]],
    ["$recipient.plan", "pro"],
    ["$actor.role", "boss"],
    ["$brand.timezone", "UTC"],
    ["$tenant.timezone", "UTC"],
    ["$brand.properties.tier", "gold"],
    ['$brand["properties"].tier', "gold"],
    ["order_limit", 10],
    ["nested.limit", 10],
    ["dotted.key", "d"],
    ["nothing", null],
    ["$batched_events_count", 3],
    ["data.order_limit", 10],
    ["data.nested.limit", 10],
    ['data["$recipient"].plan', "pro"],
    [".cart_id", "c1"],
    ['."$recipient".plan', "pro"],
    ["premium", "gold"],
    ["enterprise", "enterprise"],
    ["two words", "two words"],
    ["007", "007"],
    ["truely", "truely"],
    ["user@example.com", "user@example.com"],
    ["$5", "$5"],
    ['"unclosed', '"unclosed'],
    ["...", "..."],
    ["__proto__", "__proto__"],
    ["constructor", "constructor"],
    ["", ""],
  ])("%j stands for %j", (value, resolved) => {
    const scope = scopeOf({ ...more, x: resolved }, namespaces);
    const { result, trace } = evaluateConditions([all(leaf("x", "==", value))], scope);
    expect(trace[0]?.right).toEqual(resolved);
    expect(result).toBe(true);
  });

  it.each([
    "$recipient.nothing",
    "$future_event.x",
    "$organization.name",
    "data.gone",
    ".gone",
    "$recipient.__proto__",
  ])("%s is missing, and equals nothing", (value) => {
    const scope = scopeOf({ ...more, x: "x", nothing: null }, namespaces);
    for (const variable of ["x", "nothing", "gone"]) {
      const conditions = [all(leaf(variable, "==", value))];
      const { result, trace } = evaluateConditions(conditions, scope);
      expect(result).toBe(false);
      expect(trace[0]).not.toHaveProperty("right");
    }
  });

  it.each([
    ["NOT_CONTAINS", true],
    ["NOT_ARRAY_INTERSECTS", true],
    ["!=", true],
    ["CONTAINS", false],
    ["ARRAY_INTERSECTS", false],
    [">", false],
    ["DATETIME_LT", false],
  ])("an array %s something missing is %s", (op, result) => {
    expect(holds(["a"], op, "$recipient.gone")).toBe(result);
  });
});

describe("groups", () => {
  const yes = leaf("x", "==", "1");
  const no = leaf("x", "==", "2");
  const test = (...groups: ConditionGroup[]) =>
    evaluateConditions(groups.map(condition), scopeOf({ x: 1 })).result;

  it("hold when there are no conditions", () => {
    expect(evaluateConditions([], scopeOf({})).result).toBe(true);
    expect(evaluateConditions(null, scopeOf({})).result).toBe(true);
    expect(evaluateConditions(undefined, scopeOf({})).result).toBe(true);
  });

  it("are false when the stored value is not a list of conditions", () => {
    for (const stored of [{}, "x", 0, [null], [{ type: "delay" }], [{ type: "expression_v1" }]]) {
      expect(evaluateConditions(stored as Condition[], scopeOf({})).result).toBe(false);
    }
  });

  it.each([
    ["AND of all true", group("AND", yes, yes), true],
    ["AND with one false", group("AND", yes, no), false],
    ["OR with one true", group("OR", no, yes), true],
    ["OR of all false", group("OR", no, no), false],
    ["empty AND", group("AND"), true],
    ["empty OR", group("OR"), false],
    ["OR inside AND", group("AND", yes, group("OR", no, yes)), true],
    ["AND inside OR", group("OR", no, group("AND", yes, no)), false],
  ])("%s", (_, expression, result) => {
    expect(test(expression)).toBe(result);
  });

  it("are OR-ed with each other", () => {
    expect(test(group("AND", no), group("AND", yes))).toBe(true);
    expect(test(group("AND", no), group("AND", no))).toBe(false);
  });

  it("nested eight deep are evaluated, nested deeper are false", () => {
    const nest = (depth: number): ConditionGroup =>
      depth === 1 ? group("AND", yes) : group("AND", nest(depth - 1));
    expect(test(nest(8))).toBe(true);
    expect(test(nest(9))).toBe(false);
    expect(test(nest(5000))).toBe(false);
  });
});

describe("message status", () => {
  const none = { delivered: false, seen: false, clicked: false, failed: false };
  const facts = (...channels: Partial<typeof none>[]): MessageFacts => ({
    channels: channels.map((channel) => ({ ...none, ...channel })),
  });

  function status(op: string, value: string, messages: MessageFacts | null): boolean {
    const conditions = [
      condition(
        group("AND", {
          variable_ns: "$ref",
          ref: "email_1",
          variable: "message_status",
          op,
          value,
        } as ConditionLeaf),
      ),
    ];
    const messageStatus = (ref: string) => (ref === "email_1" ? messages : facts({ clicked: true }));
    return evaluateConditions(conditions, { ...scopeOf({}), messageStatus }).result;
  }

  it.each<[string, MessageFacts | null, string[]]>([
    ["delivered", facts({ delivered: true }), ["delivered"]],
    ["seen without a delivery report", facts({ seen: true }), ["delivered", "seen"]],
    ["clicked only", facts({ clicked: true }), ["delivered", "seen", "clicked"]],
    ["one of two channels seen", facts({}, { seen: true }), ["delivered", "seen"]],
    ["one of two channels failed", facts({ failed: true }, { delivered: true }), ["delivered"]],
    ["all channels failed", facts({ failed: true }, { failed: true }), ["delivery_failed"]],
    ["no report yet", facts({}), []],
    ["nothing sent", facts(), []],
    ["node that never ran", null, []],
  ])("%s", (_, messages, reached) => {
    for (const name of ["delivered", "seen", "clicked", "delivery_failed"]) {
      expect([name, status("IS", `$message.${name}`, messages)]).toEqual([name, reached.includes(name)]);
    }
    for (const name of ["delivered", "seen", "clicked"]) {
      expect([name, status("IS_NOT", `$message.${name}`, messages)]).toEqual([name, !reached.includes(name)]);
    }
  });

  it("is false for what cannot be asked", () => {
    expect(status("IS_NOT", "$message.delivery_failed", facts({ delivered: true }))).toBe(false);
    expect(status("IS", "$message.opened", facts({ seen: true }))).toBe(false);
    expect(status("IS_NOT", "$message.opened", facts({}))).toBe(false);
    expect(status("==", "$message.seen", facts({ seen: true }))).toBe(false);
  });

  it("without a source of messages is that of a node that never ran", () => {
    const ask = (op: string) =>
      evaluateConditions(
        [
          condition(
            group("AND", {
              variable_ns: "$ref",
              ref: "a",
              variable: "message_status",
              op,
              value: "$message.seen",
            } as ConditionLeaf),
          ),
        ],
        scopeOf({}),
      ).result;
    expect(ask("IS")).toBe(false);
    expect(ask("IS_NOT")).toBe(true);
  });
});

describe("the trace", () => {
  it("shows every leaf with the values it saw, also after one that decided", () => {
    const scope = scopeOf({ amount: 5 }, { $recipient: { plan: "pro" } });
    const conditions = [
      condition(group("AND", leaf("amount", ">", "10"), leaf("plan", "==", "$recipient.plan", "$recipient"))),
      condition(group("AND", leaf("gone", "!=", "premium"), leaf("due", "DATETIME_LT", '"now+1d"'))),
    ];
    expect(evaluateConditions(conditions, scope).trace).toEqual([
      { variable_ns: "", variable: "amount", op: ">", left: 5, right: 10, result: false },
      { variable_ns: "$recipient", variable: "plan", op: "==", left: "pro", right: "pro", result: true },
      {
        variable_ns: "",
        variable: "gone",
        op: "!=",
        right: "premium",
        result: true,
        note: "right side taken as text",
      },
      {
        variable_ns: "",
        variable: "due",
        op: "DATETIME_LT",
        right: "2026-03-02T12:00:00.000Z",
        result: false,
      },
    ]);
  });

  it("shows what the messages of a node have reached", () => {
    const asked = {
      variable_ns: "$ref",
      ref: "email_1",
      variable: "message_status",
      op: "IS",
      value: "$message.clicked",
    } as const;
    const scope = {
      ...scopeOf({}),
      messageStatus: () => ({ channels: [{ delivered: true, seen: true, clicked: false, failed: false }] }),
    };
    expect(evaluateConditions([condition(group("AND", asked))], scope).trace).toEqual([
      {
        variable_ns: "$ref",
        ref: "email_1",
        variable: "message_status",
        op: "IS",
        left: ["delivered", "seen"],
        right: "clicked",
        result: false,
      },
    ]);
  });
});

describe("filters of waits", () => {
  const scope = scopeOf(
    { order: "o1", x: "run", seen: true },
    { $future_event: { order: "o1", x: "event", note: null } },
  );
  const test = (...entries: EventCondition[]) => evaluateEventConditions(entries, scope).result;
  const value = (text: string, variable_ns?: string) => leaf("x", "==", text, variable_ns) as EventCondition;

  it("hold when there are none", () => {
    expect(test()).toBe(true);
    expect(evaluateEventConditions(undefined, scope).result).toBe(true);
  });

  it("compare the event on the left with the run's payload on the right", () => {
    expect(test(leaf("order", "==", "order", "$future_event") as EventCondition)).toBe(true);
    expect(test(leaf("x", "==", "x", "$future_event") as EventCondition)).toBe(false);
  });

  it("look for a left side without a namespace in the event, then in the payload", () => {
    expect(test(value('"event"'))).toBe(true);
    expect(test(value('"run"'))).toBe(false);
    expect(test(leaf("seen", "==", "true") as EventCondition)).toBe(true);
    expect(test(leaf("note", "==", "null") as EventCondition)).toBe(true);
  });

  it("AND plain leaves and OR whole conditions", () => {
    const yes = all(leaf("x", "==", '"event"'));
    const no = all(leaf("x", "==", '"other"'));
    expect(test(value('"event"'), value('"other"'))).toBe(false);
    expect(test(no, yes)).toBe(true);
    expect(test(no, no)).toBe(false);
    expect(test(value('"event"'), no, yes)).toBe(true);
    expect(test(value('"other"'), yes)).toBe(false);
  });
});

describe("the schemas", () => {
  const valid = (...args: unknown[]) => [{ type: "expression_v1", expression_v1: { op: "AND", args } }];

  it.each([
    [valid({ variable: "a", op: "==", value: '"x"' })],
    [valid({ variable: "a", op: "EMPTY" })],
    [valid({ variable_ns: null, variable: "a", op: "==", value: 5 })],
    [valid({ variable_ns: "$brand", variable: "properties.tier", op: "ARRAY_INTERSECTS", value: ["a"] })],
    [valid({ op: "OR", args: [{ variable: "a", op: "NON_EMPTY" }] })],
    [
      valid({
        variable_ns: "$ref",
        ref: "email_1",
        variable: "message_status",
        op: "IS",
        value: "$message.seen",
      }),
    ],
    [[{ type: "expression_v1", expression_v1: { op: "OR", args: [] } }]],
    [[]],
  ])("take %j", (conditions) => {
    expect(conditionsSchema.parse(conditions)).toEqual(conditions);
  });

  it.each([
    [valid({ variable: "a", op: "==" }), "value: is required for this op"],
    [valid({ variable: "", op: "EMPTY" }), "variable: "],
    [valid({ variable: "a", op: "LIKE", value: "x" }), "op: "],
    [valid({ variable_ns: "$user", variable: "a", op: "EMPTY" }), "variable_ns: "],
    [valid({ variable_ns: "$ref", variable: "a", op: "==", value: "x" }), "variable_ns: "],
    [
      valid({
        variable_ns: "$ref",
        ref: "a",
        variable: "message_status",
        op: "IS_NOT",
        value: "$message.delivery_failed",
      }),
      "op: IS_NOT is not",
    ],
    [valid({ variable_ns: "$ref", variable: "message_status", op: "IS", value: "$message.seen" }), "ref: "],
    [valid({ variable: "a", op: "==", value: { b: 1 } }), "value: "],
  ])("refuse %j and name the place", (conditions, problem) => {
    const issues = conditionsSchema.safeParse(conditions).error?.issues ?? [];
    expect(issues.map(({ path, message }) => `${path.at(-1)?.toString()}: ${message}`)[0]).toContain(problem);
  });

  it.each([[{}], [null], ["x"], [[{ type: "delay" }]], [[{ type: "expression_v1" }]]])(
    "refuse %j",
    (conditions) => {
      expect(conditionsSchema.safeParse(conditions).success).toBe(false);
    },
  );

  it("refuse hostile nesting instead of overflowing", () => {
    let nested: unknown = { variable: "a", op: "EMPTY" };
    for (let depth = 0; depth < 20_000; depth += 1) nested = { op: "AND", args: [nested] };
    expect(conditionsSchema.safeParse(valid(nested)).success).toBe(false);
  });

  it("take the filters that published samples write", () => {
    const filter = [{ variable_ns: "$future_event", variable: "status", op: "==", value: "approved" }];
    expect(eventConditionsSchema.parse(filter)).toEqual(filter);
    expect(eventConditionsSchema.parse(valid(filter[0]))).toEqual(valid(filter[0]));
  });
});

describe("the namespaces that conditions read", () => {
  const group = (...args: ConditionLeaf[]): Condition => ({
    type: "expression_v1",
    expression_v1: { op: "AND", args },
  });
  it.each<[string, (Condition | ConditionLeaf)[], string[]]>([
    ["are none of no conditions", [], []],
    [
      "are those of the left sides",
      [group({ variable_ns: "$recipient", variable: "plan", op: "==", value: "1" })],
      ["$recipient"],
    ],
    ["are the payload where none is named", [group({ variable: "plan", op: "NON_EMPTY" })], [""]],
    [
      "are those of dynamic right sides",
      [group({ variable: "a", op: "==", value: "$actor.team" })],
      ["", "$actor"],
    ],
    [
      "are not those inside a text",
      [group({ variable: "a", op: "==", value: '"see $recipient.plan"' })],
      [""],
    ],
    [
      "are found in nested groups",
      [
        {
          type: "expression_v1",
          expression_v1: {
            op: "OR",
            args: [{ op: "AND", args: [{ variable_ns: "$brand", variable: "x", op: "NON_EMPTY" }] }],
          },
        },
      ],
      ["$brand"],
    ],
    [
      "are the messages of a node",
      [
        group({
          variable_ns: "$ref",
          ref: "sms1",
          variable: "message_status",
          op: "IS",
          value: "$message.seen",
        }),
      ],
      ["$ref"],
    ],
    ["are those of plain leaves", [{ variable_ns: "$tenant", variable: "x", op: "NON_EMPTY" }], ["$tenant"]],
  ])("%s", (_name, conditions, expected) => {
    expect([...namespacesRead(conditions as Condition[])]).toEqual(expected);
  });
});
