import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveRelative } from "../core/time/duration.ts";
import { compileInlineWorkflow, type InlineTrigger, parseInlineTrigger } from "./inline-workflow.ts";

const LIMITS = { max_recipients: 100 };
const BODY = {
  name: "Order Shipped",
  template: "order-shipped",
  notification_category: "transactional",
  users: ["u1"],
};

function read(extra: object = {}): InlineTrigger {
  const parsed = parseInlineTrigger({ ...BODY, ...extra }, LIMITS);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

function nodesOf(extra: object) {
  return compileInlineWorkflow(read(extra)).tree.nodes;
}

describe("parseInlineTrigger", () => {
  it("fills in what may be left out", () => {
    expect(read()).toMatchObject({
      name: "Order Shipped",
      slug: "order-shipped",
      template: "order-shipped",
      category: "transactional",
      delivery: { smart: false, success: "seen", time_to_live: "1h", mandatory_channels: [] },
      delay: null,
      trigger_at: null,
      recipients: [{ distinct_id: "u1" }],
      data: {},
      tenant_id: null,
      idempotency_key: null,
    });
  });

  it("reads what the SDKs' Workflow class sends", () => {
    const delivery = {
      smart: true,
      success: "interaction",
      time_to_live: "30m",
      mandatory_channels: ["email", "messenger"],
    };
    const body = {
      users: [{ distinct_id: "u1", $email: ["a@x.com"] }],
      data: { a: 1 },
      delivery,
      delay: 90,
      trigger_at: "2026-12-24T18:00:00+01:00",
      brand_id: "acme",
      $idempotency_key: "k",
    };
    expect(read(body)).toMatchObject({
      recipients: [{ distinct_id: "u1", profile: { $email: ["a@x.com"] } }],
      data: { a: 1 },
      delivery: { ...delivery, mandatory_channels: ["email"] },
      delay: "90s",
      trigger_at: new Date("2026-12-24T17:00:00Z"),
      tenant_id: "acme",
      idempotency_key: "k",
    });
  });

  it.each([
    [0, "0s"],
    [3600, "3600s"],
    ["50", "50s"],
    ["1d12h", "1d12h"],
    ["", null],
    [null, null],
  ])("reads the delay %j as %j", (delay, expected) => {
    expect(read({ delay }).delay).toBe(expected);
  });

  it.each([
    ["no record", "x", "Request body must only contain a single JSON object"],
    ["no name", { ...BODY, name: undefined }, '{"name":"is a required field"}'],
    ["a blank name", { ...BODY, name: " " }, '{"name":"is a required field"}'],
    ["a name that is a list", { ...BODY, name: [] }, "name: must be a string"],
    ["a long name", { ...BODY, name: "x".repeat(256) }, "name: must be at most 255 characters"],
    ["no template", { ...BODY, template: null }, '{"template":"is a required field"}'],
    ["a template that is no slug", { ...BODY, template: "a b" }, "template: must be the slug of a template"],
    [
      "no category",
      { ...BODY, notification_category: "" },
      '{"notification_category":"is a required field"}',
    ],
    ["no users", { ...BODY, users: undefined }, '{"users":"is a required field"}'],
    ["an empty list of users", { ...BODY, users: [] }, '{"users":"must contain at least 1 item"}'],
    [
      "users beyond the limit",
      { ...BODY, users: Array.from({ length: 101 }, (_, n) => `u${n}`) },
      '{"users":"must contain at maximum 100 items"}',
    ],
    ["a delivery that is a list", { ...BODY, delivery: [] }, "delivery: must be a JSON object"],
    [
      "a smart that is a text",
      { ...BODY, delivery: { smart: "yes" } },
      "delivery.smart: must be true or false",
    ],
    [
      "a success that is a number",
      { ...BODY, delivery: { success: 1 } },
      "delivery.success: must be a string",
    ],
    [
      "a time to live without a unit",
      { ...BODY, delivery: { time_to_live: "1x" } },
      "delivery.time_to_live: invalid duration-format 1x. valid format [xx]d[xx]h[xx]m[xx]s",
    ],
    [
      "mandatory channels in a text",
      { ...BODY, delivery: { mandatory_channels: "email" } },
      "delivery.mandatory_channels: value must be of array type",
    ],
    [
      "an unknown mandatory channel",
      { ...BODY, delivery: { mandatory_channels: ["fax"] } },
      "delivery.mandatory_channels: must be channels",
    ],
    [
      "a negative delay",
      { ...BODY, delay: -1 },
      "delay: invalid duration-format -1. valid format [xx]d[xx]h[xx]m[xx]s",
    ],
    [
      "half a second",
      { ...BODY, delay: 0.5 },
      "delay: invalid duration-format 0.5. valid format [xx]d[xx]h[xx]m[xx]s",
    ],
    [
      "a delay without end",
      { ...BODY, delay: "99999999999999d" },
      "delay: invalid duration-format 99999999999999d. valid format [xx]d[xx]h[xx]m[xx]s",
    ],
    [
      "a time that is no instant",
      { ...BODY, trigger_at: "tomorrow" },
      "trigger_at: must be an ISO-8601 instant",
    ],
    [
      "a time beyond the calendar",
      { ...BODY, trigger_at: "9999-12-31T23:59:59-01:00" },
      "trigger_at: is too far in the future",
    ],
  ])("refuses %s", (_title, body, message) => {
    expect(parseInlineTrigger(body, LIMITS)).toEqual({ ok: false, message });
  });

  it("never throws at a body that came as JSON", () => {
    const extra = fc.dictionary(
      fc.constantFrom(
        "name",
        "template",
        "notification_category",
        "users",
        "delivery",
        "delay",
        "trigger_at",
        "data",
        "__proto__",
      ),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(extra, (body) => {
        const parsed = parseInlineTrigger({ ...BODY, ...body }, LIMITS);
        if (parsed.ok) expect(compileInlineWorkflow(parsed.value).tree.nodes.length).toBeGreaterThan(0);
        else expect(parsed.message).not.toBe("");
      }),
    );
  });
});

describe("the slug of a name", () => {
  it.each([
    ["Order Shipped", "order-shipped"],
    ["  Órdre  No 1!  ", "ordre-no-1"],
    ["snake_case", "snake_case"],
    ["---", "workflow-cb3f91d5"],
  ])("of %j", (name, slug) => {
    expect(read({ name }).slug).toBe(slug);
  });

  it("differs for names that lose their letters", () => {
    const slugs = ["Привет", "Пока", "Привет 1", "日本", "Sale 🎉", "Sale 🔥", "Sale"].map(
      (name) => read({ name }).slug,
    );
    expect(new Set(slugs).size).toBe(slugs.length);
  });

  it("is a slug for every name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 255 }), (name) => {
        fc.pre(name.trim() !== "");
        expect(read({ name }).slug).toMatch(/^[a-z0-9_-]{1,255}$/);
      }),
    );
  });
});

describe("compileInlineWorkflow", () => {
  it("sends at once on all channels of the template", () => {
    expect(compileInlineWorkflow(read())).toMatchObject({
      name: "Order Shipped",
      category: "transactional",
      trigger_type: "dynamic",
      conditions: [],
    });
    expect(nodesOf({})).toEqual([
      {
        node_type: "send_multi_channel",
        name: "Multi-Channel",
        description: null,
        ref: "multichannel_1",
        schema_version: "1",
        properties: { template: "order-shipped", success: "seen", success_is_event: false },
      },
    ]);
  });

  it("waits until its time first and for its delay then", () => {
    expect(nodesOf({ delay: "5m", trigger_at: "2026-12-24T18:00:00Z" })).toMatchObject([
      { node_type: "delay", ref: "delay_1", properties: { delay_type: "relative_to" } },
      { node_type: "delay", ref: "delay_2", properties: { delay_type: "fixed", value: "5m" } },
      { node_type: "send_multi_channel" },
    ]);
    expect(nodesOf({ delay: 300 })).toMatchObject([{ ref: "delay_1", properties: { value: "300s" } }, {}]);
  });

  it.each([
    ["at its time", "2026-12-01T00:00:00Z", "2026-12-24T18:00:00.000Z"],
    [
      "at once when a busy queue made it a moment late",
      "2026-12-24T18:00:00.001Z",
      "2026-12-24T18:00:00.001Z",
    ],
    ["at once when it is months late", "2027-06-01T00:00:00Z", "2027-06-01T00:00:00.000Z"],
    ["at once when it is decades late", "2091-06-01T00:00:00Z", "2091-06-01T00:00:00.000Z"],
    [
      "at once for a time before computers",
      "2026-12-24T18:00:00Z",
      "2026-12-24T18:00:00.000Z",
      "0001-01-01T00:00:00Z",
    ],
    [
      "at its time to the millisecond",
      "2026-01-01T00:00:00Z",
      "2026-12-24T18:00:00.123Z",
      "2026-12-24T18:00:00.123Z",
    ],
    ["at the end of time", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ])("goes on %s", (_title, now, expected, trigger_at = "2026-12-24T18:00:00Z") => {
    const [wait] = nodesOf({ trigger_at });
    const relative = wait?.properties.relative_to as Record<string, string>;
    const { pivot_expr, offset_type, offset_value } = relative;
    const pivot = JSON.parse(pivot_expr ?? "") as string;
    expect(offset_type).toBe("before");
    const resolved = resolveRelative({ pivot, offset_type: "before", offset: offset_value }, new Date(now));
    expect(resolved).toMatchObject({ ok: true, at: new Date(expected) });
  });

  it("routes when delivery is smart", () => {
    const delivery = { smart: true, time_to_live: "2h", mandatory_channels: ["email", "email"] };
    expect(nodesOf({ delivery })).toMatchObject([
      {
        node_type: "send_smart_channel_routing",
        properties: {
          success: "seen",
          success_is_event: false,
          ttl_value: "2h",
          mandatory_channels: ["email"],
        },
      },
    ]);
  });

  it.each([
    ["seen", "seen", false],
    ["interacted", "interaction", false],
    ["click", "interaction", false],
    ["clicked", "interaction", false],
    [" click ", "interaction", false],
    ["ORDER PAID", "ORDER PAID", true],
  ])("takes the success %j for a status or an event", (given, success, success_is_event) => {
    const [send] = nodesOf({ delivery: { success: given } });
    expect(send?.properties).toMatchObject({ success, success_is_event });
  });

  it("gives equal definitions for equal bodies, so that a version is stored once", () => {
    const body = { delay: "5m", users: ["u1"] };
    const other = { delay: "5m", users: ["u2"], data: { a: 1 } };
    expect(compileInlineWorkflow(read(body))).toEqual(compileInlineWorkflow(read(other)));
  });
});
