import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isChannelKey, parseTrigger, type RecipientSpec, type Trigger } from "./trigger.ts";

const limits = { max_recipients: 100 };

function refusal(body: unknown): string {
  const parsed = parseTrigger(body, limits);
  return parsed.ok ? "accepted" : parsed.message;
}

function accepted(body: object): Trigger {
  const parsed = parseTrigger({ workflow: "w", recipients: ["ann"], ...body }, limits);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const recipients = (...list: unknown[]): RecipientSpec[] => accepted({ recipients: list }).recipients;

const MISSING = "in case recipient is a map, one of [distinct_id, object_type/id] must be present";

describe("a trigger", () => {
  it("of a workflow and a recipient is enough", () => {
    expect(accepted({})).toMatchObject({
      workflow: "w",
      recipients: [
        {
          object_type: "",
          distinct_id: "ann",
          is_transient: false,
          skip_create: false,
          channels: null,
          profile: null,
        },
      ],
      actor: null,
      data: {},
      tenant_id: null,
      idempotency_key: null,
      cancellation_key: null,
      metadata: null,
    });
  });

  it.each<[unknown, string]>([
    [undefined, "Request body must only contain a single JSON object"],
    [null, "Request body must only contain a single JSON object"],
    [[], "Request body must only contain a single JSON object"],
    ["text", "Request body must only contain a single JSON object"],
    [{ recipients: ["ann"] }, "workflow missing"],
    [{ workflow: null, recipients: ["ann"] }, "workflow missing"],
    [{ workflow: "", recipients: ["ann"] }, "workflow missing"],
    [{ workflow: 5, recipients: ["ann"] }, "workflow: must be a string"],
    [{ workflow: "w" }, '{"recipients":"is a required field"}'],
    [{ workflow: "w", recipients: null }, '{"recipients":"is a required field"}'],
    [{ workflow: "w", recipients: "ann" }, "recipients: no valid value passed"],
    [{ workflow: "w", recipients: {} }, "recipients: no valid value passed"],
    [{ workflow: "w", recipients: [] }, '{"recipients":"must contain at least 1 item"}'],
    [
      { workflow: "w", recipients: [5] },
      "invalid value for recipients. each element must be of type string or map",
    ],
    [
      { workflow: "w", recipients: [null] },
      "invalid value for recipients. each element must be of type string or map",
    ],
    [
      { workflow: "w", recipients: [["ann"]] },
      "invalid value for recipients. each element must be of type string or map",
    ],
    [{ workflow: "w", recipients: ["  "] }, "recipients: no valid value passed"],
    [{ workflow: "w", recipients: [{}] }, MISSING],
    [{ workflow: "w", recipients: [{ distinct_id: "" }] }, MISSING],
    [{ workflow: "w", recipients: [{ distinct_id: 7 }] }, "distinct_id: must be a string"],
    [{ workflow: "w", recipients: [{ object_type: "team" }] }, MISSING],
    [{ workflow: "w", recipients: [{ id: "t1" }] }, MISSING],
    [
      { workflow: "w", recipients: [{ is_transient: false, $email: "a@x.com" }] },
      "user's distinct_id must be present if it's not transient",
    ],
    [{ workflow: "w", recipients: [{ is_transient: true }] }, "channel details missing for transient user"],
    [
      { workflow: "w", recipients: [{ is_transient: true, $email: [] }] },
      "channel details missing for transient user",
    ],
    [{ workflow: "w", recipients: [{ is_transient: "yes" }] }, "is_transient: must be true or false"],
    [
      { workflow: "w", recipients: [{ distinct_id: "a", $skip_create: 1 }] },
      "$skip_create: must be true or false",
    ],
    [
      { workflow: "w", recipients: [{ distinct_id: "a", $channels: "sms" }] },
      "$channels: value must be of array type",
    ],
    [{ workflow: "w", recipients: ["ann"], actor: 5 }, "actor: value must be either of type string or map"],
    [
      { workflow: "w", recipients: ["ann"], actor: {} },
      "one of [distinct_id, object_type/id] must be present",
    ],
    [{ workflow: "w", recipients: ["ann"], data: [] }, "data: must be a JSON object"],
    [{ workflow: "w", recipients: ["ann"], data: "x" }, "data: must be a JSON object"],
    [{ workflow: "w", recipients: ["ann"], tenant_id: 5 }, "tenant_id: must be a string"],
    [
      { workflow: "w", recipients: ["ann"], tenant_id: "x".repeat(65) },
      "tenant_id: must be at most 64 characters",
    ],
    [{ workflow: "w", recipients: ["ann"], $idempotency_key: 5 }, "$idempotency_key: must be a string"],
    [
      { workflow: "w", recipients: ["ann"], $idempotency_key: "x".repeat(256) },
      "$idempotency_key: must be at most 255 characters",
    ],
    [{ workflow: "w", recipients: ["x".repeat(256)] }, "distinct_id: must be at most 255 characters"],
    [
      { workflow: "w", recipients: Array.from({ length: 101 }, (_, index) => `u${index}`) },
      '{"recipients":"must contain at maximum 100 items"}',
    ],
  ])("%j is refused: %s", (body, message) => {
    expect(refusal(body)).toBe(message);
  });

  it("lists the channels there are when one is none of them", () => {
    const body = { workflow: "w", recipients: [{ distinct_id: "a", $channels: ["sms", "fax"] }] };
    expect(refusal(body)).toMatch(/^\{"\$channels":"must be one of \['email'/);
  });

  it.each<[context: unknown, tenant_id: string | undefined, answer: "accepted" | "refused"]>([
    [{ tenant_id: "acme" }, "acme", "accepted"],
    [{ tenant_id: "acme" }, "other", "refused"],
    [{ tenant_id: "acme" }, undefined, "refused"],
    [{ tenant_id: "default" }, undefined, "accepted"],
    [{ tenant_id: "default" }, "default", "accepted"],
    [{ tenant_id: "default" }, "acme", "refused"],
    [{ tenant_id: "" }, "acme", "refused"],
    [{ tenant_id: 5 }, "acme", "refused"],
    [{ tenant_id: null }, "acme", "accepted"],
    [{}, "acme", "accepted"],
    ["acme", "acme", "accepted"],
  ])("with somebody in the context %j, of tenant %s, is %s", (context, tenant_id, answer) => {
    const somebody = { distinct_id: "a", $context: context };
    const text =
      answer === "accepted"
        ? "accepted"
        : "$context.tenant_id must be the same as the tenant_id of the trigger";
    expect(refusal({ workflow: "w", recipients: [somebody], tenant_id })).toBe(text);
    expect(refusal({ workflow: "w", recipients: ["b"], actor: somebody, tenant_id })).toBe(text);
  });

  it("that names a recipient twice, once for a tenant, applies everything to the tenant", () => {
    const recipients = [{ distinct_id: "a", $context: { tenant_id: "t" }, plan: "x" }, { distinct_id: "a" }];
    const record = { workflow: "w", recipients, tenant_id: "t" };
    expect(accepted(record).recipients).toMatchObject([{ tenant_scoped: true, profile: { plan: "x" } }]);
  });

  it("ignores what it does not know", () => {
    expect(accepted({ surprise: 1, __proto__: { workflow: "other" } }).workflow).toBe("w");
  });

  it("trims its keys, and treats a blank one as none", () => {
    expect(accepted({ $idempotency_key: "  k  ", cancellation_key: " " })).toMatchObject({
      idempotency_key: "k",
      cancellation_key: null,
    });
    expect(accepted({ idempotency_key: "old spelling" }).idempotency_key).toBe("old spelling");
  });

  it.each([
    [{ tenant_id: "acme" }, "acme"],
    [{ brand_id: "acme" }, "acme"],
    [{ tenant_id: "new", brand_id: "old" }, "new"],
    [{ tenant_id: "" }, null],
    [{ tenant_id: null }, null],
  ])("%j is of tenant %s", (body, tenant_id) => {
    expect(accepted(body).tenant_id).toBe(tenant_id);
  });
});

describe("a recipient", () => {
  it.each<[unknown, Partial<RecipientSpec>]>([
    [" ann ", { object_type: "", distinct_id: "ann" }],
    [{ distinct_id: "ann" }, { distinct_id: "ann", profile: null }],
    [
      { object_type: "team", id: "t1" },
      { object_type: "team", distinct_id: "t1", profile: null },
    ],
    [
      { distinct_id: "ann", is_transient: null, $skip_create: null, $channels: null },
      { is_transient: false, skip_create: false, channels: null },
    ],
    [{ distinct_id: "ann", $channels: [] }, { channels: null }],
    [{ distinct_id: "ann", $channels: ["email", "messenger"] }, { channels: ["email"] }],
    [{ distinct_id: "ann", $channels: ["messenger"] }, { channels: [] }],
    [
      { distinct_id: "ann", $email: "a@x.com", plan: "gold" },
      { profile: { $email: "a@x.com", plan: "gold" } },
    ],
    [
      { is_transient: true, $email: "a@x.com" },
      { is_transient: true, distinct_id: "" },
    ],
    // Objects are always stored.
    [{ object_type: "team", id: "t1", is_transient: true, $email: "a@x.com" }, { is_transient: false }],
    [
      { distinct_id: "__proto__", constructor: 1 },
      { distinct_id: "__proto__", profile: { constructor: 1 } },
    ],
  ])("%j is read as %j", (element, spec) => {
    expect(recipients(element)).toMatchObject([spec]);
  });

  it("keeps a key called __proto__ as a key", () => {
    const [spec] = recipients(JSON.parse('{"distinct_id":"ann","__proto__":{"polluted":true}}'));
    expect(Object.keys(spec?.profile ?? {})).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("named twice is one, with the channel values of both and the later of everything else", () => {
    expect(
      recipients(
        {
          distinct_id: "ann",
          $email: "a@x.com",
          plan: "tin",
          old: 1,
          $channels: ["email"],
          $skip_create: true,
        },
        "bob",
        { distinct_id: "ann", $email: ["b@x.com", "c@x.com"], $sms: "+1", plan: "gold" },
      ),
    ).toMatchObject([
      {
        distinct_id: "ann",
        channels: ["email"],
        skip_create: false,
        profile: { $email: ["a@x.com", "b@x.com", "c@x.com"], $sms: "+1", plan: "gold", old: 1 },
      },
      { distinct_id: "bob" },
    ]);
  });

  it("who is transient is never another transient one", () => {
    const guest = { is_transient: true, $email: "guest@x.com" };
    expect(recipients(guest, "ann", guest, "ann", guest)).toHaveLength(4);
  });

  it("is distinguished from objects whose type and id are split at another slash, or that are called transient", () => {
    expect(
      recipients(
        { is_transient: true, $email: "guest@x.com" },
        { object_type: "transient", id: "0" },
        { object_type: "a/b", id: "c" },
        { object_type: "a", id: "b/c" },
      ),
    ).toHaveLength(4);
  });

  it("and an object of the same id are two", () => {
    expect(recipients("t1", { object_type: "team", id: "t1" })).toHaveLength(2);
  });
});

it.each([
  ["$email", true],
  ["$sms", true],
  ["$ms_teams", true],
  ["email", false],
  ["$messenger", false],
  ["$", false],
  ["$constructor", false],
])("%s is the key of a channel: %s", (key, expected) => {
  expect(isChannelKey(key)).toBe(expected);
});

it("any JSON is either read or refused with a reason, and is left as it was", () => {
  const soup = fc.record(
    {
      workflow: fc.oneof(fc.constant("w"), fc.jsonValue()),
      recipients: fc.oneof(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.jsonValue(),
            fc.record(
              {
                distinct_id: fc.oneof(fc.string(), fc.jsonValue()),
                object_type: fc.oneof(fc.string(), fc.jsonValue()),
                is_transient: fc.oneof(fc.boolean(), fc.jsonValue()),
                $channels: fc.jsonValue(),
                $email: fc.jsonValue(),
                $context: fc.jsonValue(),
              },
              { requiredKeys: [] },
            ),
          ),
          { maxLength: 4 },
        ),
        fc.jsonValue(),
      ),
      actor: fc.jsonValue(),
      data: fc.jsonValue(),
      tenant_id: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(soup, (body) => {
      const before = JSON.stringify(body);
      const parsed = parseTrigger(body, limits);
      expect(JSON.stringify(body)).toBe(before);
      if (parsed.ok) {
        expect(parsed.value.recipients.length).toBeGreaterThan(0);
        for (const { distinct_id, is_transient } of parsed.value.recipients) {
          expect(distinct_id === "").toBe(is_transient);
        }
      } else {
        expect(parsed.message).not.toBe("");
      }
    }),
    { numRuns: 300 },
  );
});
