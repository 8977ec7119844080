import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventRecord, parseEvent, parseEventRecord, readEnv } from "./event-record.ts";

function read(body: unknown): EventRecord {
  const parsed = parseEventRecord(body);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const EVENT = { event: "ORDER PLACED", distinct_id: "u1" };

describe("a tracked event", () => {
  it("needs no more than a name and a user", () => {
    expect(read(EVENT)).toEqual({
      kind: "event",
      event: "ORDER PLACED",
      distinct_id: "u1",
      properties: {},
      tenant_id: null,
      idempotency_key: null,
    });
  });

  it("is read as the SDKs write it", () => {
    const body = {
      $insert_id: "5d4c1c4e-0000-4000-8000-000000000000",
      $time: 1_725_814_228_000,
      env: "wskey_0123456789abcdef",
      event: " ORDER PLACED ",
      distinct_id: " u1 ",
      properties: { amount: 1, $ss_sdk_version: "1.15.1" },
      tenant_id: "acme",
      brand_id: null,
      $idempotency_key: " k ",
    };
    expect(read(body)).toEqual({
      kind: "event",
      event: "ORDER PLACED",
      distinct_id: "u1",
      properties: { amount: 1, $ss_sdk_version: "1.15.1" },
      tenant_id: "acme",
      idempotency_key: "k",
    });
  });

  it.each([
    ["its own key first", { $idempotency_key: "k", $insert_id: "i" }, "k"],
    ["the SDK's id else", { $insert_id: "i" }, "i"],
    ["nothing for an SDK's id that is no text", { $insert_id: 7 }, null],
    ["nothing for an SDK's id that no column holds", { $insert_id: "x".repeat(256) }, null],
    ["nothing for blanks", { $idempotency_key: " ", $insert_id: " " }, null],
  ])("is identified by %s", (_title, keys, idempotency_key) => {
    expect(read({ ...EVENT, ...keys })).toMatchObject({ idempotency_key });
  });

  it("takes the old name of a tenant", () => {
    expect(read({ ...EVENT, brand_id: "acme" })).toMatchObject({ tenant_id: "acme" });
  });

  it("takes a number for an id, as browsers send it", () => {
    expect(read({ ...EVENT, distinct_id: 42 })).toMatchObject({ distinct_id: "42" });
  });

  it("takes an anonymous id where there is no other", () => {
    expect(read({ event: "SEEN", anonymous_id: "a1" })).toMatchObject({ distinct_id: "a1" });
  });

  it.each(["$notification_clicked", "$app_launched", "$page_visited", "$purchase_made"])(
    "may be called %s",
    (event) => {
      expect(read({ ...EVENT, event })).toMatchObject({ kind: "event", event });
    },
  );

  it.each([
    ["no record", "x", "Request body must only contain a single JSON object"],
    ["an array", [EVENT], "Request body must only contain a single JSON object"],
    ["null", null, "Request body must only contain a single JSON object"],
    ["nothing", {}, "error: must pass value for either event or distinct_id/anonymous_id"],
    [
      "blanks",
      { event: " ", distinct_id: " " },
      "error: must pass value for either event or distinct_id/anonymous_id",
    ],
    ["no user", { event: "SEEN" }, "error: must pass value for distinct_id"],
    ["a blank user", { ...EVENT, distinct_id: " " }, "error: must pass value for distinct_id"],
    ["a user that is a flag", { ...EVENT, distinct_id: true }, "distinct_id: must be a string"],
    [
      "a long user",
      { ...EVENT, distinct_id: "x".repeat(256) },
      "distinct_id: must be at most 255 characters",
    ],
    ["a name of one letter", { ...EVENT, event: "x" }, "event: must be at least 2 characters"],
    ["a long name", { ...EVENT, event: "x".repeat(256) }, "event: must be at most 255 characters"],
    ["a name that is a number", { ...EVENT, event: 12 }, "event: must be a string"],
    [
      "a reserved name",
      { ...EVENT, event: "$made_up" },
      "event: names that start with $ or ss_ are reserved",
    ],
    [
      "a reserved name in capitals",
      { ...EVENT, event: "SS_X" },
      "event: names that start with $ or ss_ are reserved",
    ],
    ["properties in a list", { ...EVENT, properties: [] }, "properties: must be a JSON object"],
    ["a tenant that is a number", { ...EVENT, tenant_id: 1 }, "tenant_id: must be a string"],
    ["a long tenant", { ...EVENT, tenant_id: "x".repeat(65) }, "tenant_id: must be at most 64 characters"],
    ["a key that is a number", { ...EVENT, $idempotency_key: 1 }, "$idempotency_key: must be a string"],
    [
      "a long key",
      { ...EVENT, $idempotency_key: "x".repeat(256) },
      "$idempotency_key: must be at most 255 characters",
    ],
  ])("is refused with %s", (_title, body, message) => {
    expect(parseEventRecord(body)).toEqual({ ok: false, message });
  });
});

describe("an edit of a user", () => {
  it("is read from the list that server SDKs send", () => {
    const body = {
      $schema: "2",
      $insert_id: "i",
      $time: 1,
      env: "e",
      distinct_id: "u1",
      $user_operations: [{ $append: { $email: "a@x.com" } }, { $unset: ["nick"] }],
      properties: { $ss_sdk_version: "1" },
    };
    expect(read(body)).toEqual({
      kind: "edit",
      distinct_id: "u1",
      tenant_id: null,
      operations: [
        { operator: "$append", fields: { $email: "a@x.com" } },
        { operator: "$unset", keys: ["nick"] },
      ],
      insert_id: "i",
      warnings: [],
      login: null,
    });
  });

  it("is read from operators beside the id, as browsers send it", () => {
    const webpush = { $webpush: { endpoint: "e" }, $id_provider: "vapid", $device_id: "d1" };
    expect(read({ distinct_id: "u1", $insert_id: "i", $time: 1, $append: webpush })).toMatchObject({
      kind: "edit",
      operations: [{ operator: "$append", fields: webpush }],
    });
  });

  it("keeps the tenant it is for", () => {
    expect(read({ distinct_id: "u1", $set: { a: 1 }, tenant_id: "acme" })).toMatchObject({
      tenant_id: "acme",
    });
  });

  it("may have no operations, and then only names a user", () => {
    expect(read({ distinct_id: "u1", $schema: "2", $user_operations: [] })).toMatchObject({
      kind: "edit",
      distinct_id: "u1",
      operations: [],
    });
  });

  it.each([
    { distinct_id: "u1" },
    { distinct_id: "u1", event_name: "ORDER PLACED", properties: { amount: 1 } },
    { distinct_id: "u1", event: " ", properties: {} },
    { distinct_id: "u1", event: null, $user_operations: null },
    { distinct_id: "u1", name: "Ann", $email: "a@x.com" },
  ])("is not what says neither what happened nor what changes: %j", (body) => {
    expect(parseEventRecord(body)).toEqual({
      ok: false,
      message: "event: is a required field of a record without $user_operations or an operator such as $set",
    });
  });

  it("leaves out what cannot be read, and says so", () => {
    const record = read({ distinct_id: "u1", $user_operations: [{ $set: { a: 1 } }, "x"] });
    expect(record).toMatchObject({ operations: [{ operator: "$set", fields: { a: 1 } }] });
    expect(record).toHaveProperty("warnings.length", 1);
  });

  it("is refused when nothing of it can be read", () => {
    expect(parseEventRecord({ distinct_id: "u1", $user_operations: "x" })).toEqual({
      ok: false,
      message:
        'Request body contains an invalid value for the "Subscriber_EditOperationSet.$user_operations" field',
    });
  });

  it("gives way to an event in the same record", () => {
    expect(read({ ...EVENT, $set: { a: 1 } })).toMatchObject({ kind: "event" });
  });
});

describe("$identify", () => {
  it("names a user, who is made when missing, and the tenant that they belong to", () => {
    const body = {
      event: "$identify",
      $insert_id: "i",
      tenant_id: "acme",
      properties: { $identified_id: 7 },
    };
    expect(read(body)).toEqual({
      kind: "edit",
      distinct_id: "7",
      tenant_id: "acme",
      operations: [],
      insert_id: "i",
      warnings: [],
      login: { anon_id: null },
    });
  });

  it.each([
    ["a", "a"],
    [" u1 ", null],
    ["", null],
  ])("has the anonymous id %j unless it is the user's own", ($anon_id, anon_id) => {
    const body = { event: "$identify", properties: { $identified_id: "u1", $anon_id } };
    expect(read(body)).toMatchObject({ distinct_id: "u1", login: { anon_id } });
  });

  it.each([undefined, null, {}, { $identified_id: "" }, { $identified_id: null, $anon_id: "a" }])(
    "is refused when it names no user: %j",
    (properties) => {
      expect(parseEventRecord({ event: "$identify", distinct_id: "u1", properties })).toEqual({
        ok: false,
        message: "error: must pass value for $identified_id",
      });
    },
  );
});

describe("what a device reports", () => {
  it.each([
    [
      { event: "$notification_delivered", properties: { id: "01M" } },
      { status: "delivered", message_id: "01M", at: null },
    ],
    [
      { event: "$notification_clicked", $time: 1_795_195_095_123, properties: { id: " 01M ", label_id: "" } },
      { status: "clicked", message_id: "01M", at: 1_795_195_095_123 },
    ],
    // Swift: the full shape of an event, and seconds.
    [
      {
        event: "$notification_dismiss",
        distinct_id: "u1",
        $insert_id: "i",
        $time: 1_795_195_095.12,
        properties: { id: "01M" },
      },
      { status: "dismissed", message_id: "01M", at: 1_795_195_095_120 },
    ],
    [
      { event: "$notification_clicked", properties: { nid: "01M" } },
      { status: "clicked", message_id: "01M", at: null },
    ],
    [
      { event: "$notification_clicked", $time: "now", properties: { id: "01M" } },
      { status: "clicked", message_id: "01M", at: null },
    ],
    [
      { event: "$notification_clicked", $time: 1e300, properties: { id: "01M" } },
      { status: "clicked", message_id: "01M", at: null },
    ],
  ])("is about a notification: %j", (body, expected) => {
    expect(read(body)).toEqual({ kind: "tracking", ...expected });
  });

  it.each([undefined, {}, { id: "" }, { id: 7 }, { id: null }])(
    "is refused without its id: %j",
    (properties) => {
      expect(parseEventRecord({ event: "$notification_clicked", properties })).toEqual({
        ok: false,
        message: "properties.id: must be the id of the notification",
      });
    },
  );

  it("is an event of a user where it names a user and no notification", () => {
    const body = { event: "$notification_clicked", distinct_id: "u1", properties: { page: "/" } };
    expect(read(body)).toMatchObject({ kind: "event", distinct_id: "u1" });
  });
});

describe("parseEvent", () => {
  it("reads the product's own events, whatever their names", () => {
    const parsed = parseEvent({ event: "$USER_ENTERED_LIST - vip", distinct_id: "u1" });
    expect(parsed).toMatchObject({ ok: true, value: { event: "$USER_ENTERED_LIST - vip" } });
  });

  it("refuses a record without a name", () => {
    expect(parseEvent({ distinct_id: "u1" })).toEqual({ ok: false, message: "event: must not be empty" });
  });
});

describe("readEnv", () => {
  it.each([
    [{ env: "k" }, "k"],
    [{ env: 1 }, 1],
    [{ env: null }, null],
    [{}, null],
    [[], null],
    [null, null],
  ])("of %j is %j", (body, env) => {
    expect(readEnv(body)).toBe(env);
  });
});

const keys = fc.constantFrom(
  "event",
  "distinct_id",
  "anonymous_id",
  "properties",
  "tenant_id",
  "brand_id",
  "$idempotency_key",
  "$insert_id",
  "$schema",
  "$user_operations",
  "$set",
  "$add",
  "$append",
  "$remove",
  "$unset",
  "$identified_id",
  "__proto__",
);
const values = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom("$identify", "u1", "ORDER"),
  fc.dictionary(keys, fc.jsonValue()),
);

describe("any record", () => {
  it("is read or refused with a text, and never thrown at", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(keys, values)), (body) => {
        const parsed = parseEventRecord(body);
        if (!parsed.ok) expect(parsed.message).not.toBe("");
        else {
          const { value } = parsed;
          expect((value.kind === "tracking" ? value.message_id : value.distinct_id).trim()).not.toBe("");
        }
      }),
    );
  });

  it("that is an event reads the same again from where it was stored", () => {
    fc.assert(
      fc.property(fc.dictionary(keys, values), (extra) => {
        const body = { ...extra, ...EVENT };
        const parsed = parseEventRecord(body);
        fc.pre(parsed.ok && parsed.value.kind === "event");
        const again = parseEvent(JSON.parse(JSON.stringify(body)));
        expect({ ...again, value: { kind: "event", ...(again.ok ? again.value : {}) } }).toEqual(parsed);
      }),
    );
  });
});
