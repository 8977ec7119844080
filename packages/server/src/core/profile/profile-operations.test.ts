import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseOperationList,
  parseOperations,
  profileFromRecipient,
  profileFromUpsert,
} from "./profile-operations.ts";

const INVALID =
  'Request body contains an invalid value for the "Subscriber_EditOperationSet.operations" field';

describe("parseOperations", () => {
  it("reads operators in order, and objects in order", () => {
    const body = {
      operations: [
        {
          $unset: ["a"],
          $remove: { b: 1 },
          $append: { c: 1 },
          $increment: { d: 1 },
          $add: { e: 1 },
          $set_once: { f: 1 },
          $set: { g: 1 },
        },
        { $set: { h: 1 } },
      ],
    };
    expect(parseOperations(body)).toEqual({
      operations: [
        { operator: "$set", fields: { g: 1 } },
        { operator: "$set_once", fields: { f: 1 } },
        { operator: "$add", fields: { e: 1 } },
        { operator: "$add", fields: { d: 1 } },
        { operator: "$append", fields: { c: 1 } },
        { operator: "$remove", fields: { b: 1 } },
        { operator: "$unset", keys: ["a"] },
        { operator: "$set", fields: { h: 1 } },
      ],
      errors: [],
    });
  });

  it("takes arrays of maps for an operator, one string for $unset, and null for nothing", () => {
    const body = { operations: [{ $append: [{ a: 1 }, { a: 2 }], $unset: "b", $set: null }] };
    expect(parseOperations(body)).toEqual({
      operations: [
        { operator: "$append", fields: { a: 1 } },
        { operator: "$append", fields: { a: 2 } },
        { operator: "$unset", keys: ["b"] },
      ],
      errors: [],
    });
  });

  it.each([
    ["no body", undefined, "Request body must not be empty"],
    ["null", null, "Request body must not be empty"],
    ["an empty object", {}, "Request body must not be empty"],
    ["an array", [], "Request body must only contain a single JSON object"],
    ["a string", "x", "Request body must only contain a single JSON object"],
    ["no operations", { $set: {} }, '{"operations":"is a required field"}'],
    ["operations that are a map", { operations: { $set: {} } }, INVALID],
    ["operations that are a string", { operations: "x" }, INVALID],
    ["an element that is no map", { operations: [{ $set: {} }, "x"] }, INVALID],
    [
      "an operator that is no map",
      { operations: [{ $append: "x" }] },
      "decoding failed: '$append' expected type 'map[string]interface {}', got unconvertible type 'string'",
    ],
    [
      "an array with something that is no map",
      { operations: [{ $append: [5] }] },
      "decoding failed: '$append[0]' expected type 'map[string]interface {}', got unconvertible type 'float64'",
    ],
    [
      "an $unset that is a map",
      { operations: [{ $unset: { a: 1 } }] },
      "decoding failed: '$unset' expected type '[]string', got unconvertible type 'map[string]interface {}'",
    ],
    [
      "an $unset of something else",
      { operations: [{ $unset: ["a", true] }] },
      "decoding failed: '$unset[1]' expected type 'string', got unconvertible type 'bool'",
    ],
  ])("answers %s with the wire's text", (_title, body, error) => {
    expect(parseOperations(body).errors).toEqual([error]);
  });

  it("stops at a thousand operations and a hundred errors", () => {
    const many = parseOperations({ operations: Array.from({ length: 1500 }, () => ({ $set: {} })) });
    expect(many.operations).toHaveLength(1000);
    expect(many.errors).toEqual(['{"operations":"must contain at maximum 1000 items"}']);
    expect(parseOperations({ operations: Array.from({ length: 1500 }, () => 1) }).errors).toHaveLength(100);
  });
});

describe("parseOperationList", () => {
  it("reads one event record with operators among its other keys", () => {
    const record = { distinct_id: "u1", $insert_id: "i", $time: 1, $append: { $email: "a@x.com" } };
    expect(parseOperationList(record)).toEqual({
      operations: [{ operator: "$append", fields: { $email: "a@x.com" } }],
      errors: [],
    });
  });

  it("keeps what it can read beside what it cannot", () => {
    expect(parseOperationList([5, { $set: { a: 1 }, $add: "x" }])).toMatchObject({
      operations: [{ operator: "$set", fields: { a: 1 } }],
      errors: [expect.stringContaining("$user_operations"), expect.stringContaining("'$add'")],
    });
  });

  it("never throws on any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseOperationList(value)).toHaveProperty("errors");
        expect(parseOperations({ operations: value })).toHaveProperty("errors");
      }),
    );
  });
});

describe("profileFromUpsert", () => {
  it("sets properties and appends channels with the keys that describe them", () => {
    const body = {
      name: "Ann",
      $email: ["a@x.com"],
      $iospush: "t",
      $id_provider: "apns",
      $timezone: "UTC",
      id: 5,
    };
    expect(profileFromUpsert(body)).toEqual({
      operations: [
        { operator: "$set", fields: { name: "Ann", $timezone: "UTC", id: 5 } },
        { operator: "$append", fields: { $email: ["a@x.com"], $iospush: "t", $id_provider: "apns" } },
      ],
      errors: [],
    });
  });

  it("accepts an empty object as a bare profile and refuses anything but an object", () => {
    expect(profileFromUpsert({})).toEqual({ operations: [], errors: [] });
    expect(profileFromUpsert(null).errors).toEqual(["Request body must not be empty"]);
    expect(profileFromUpsert([{}]).errors).toEqual(["Request body must only contain a single JSON object"]);
  });

  it("carries a prototype key as a key like any other", () => {
    const { operations } = profileFromUpsert(JSON.parse('{"__proto__": {"a": 1}, "name": "x"}'));
    expect(operations).toHaveLength(1);
    expect(operations[0]).toMatchObject({ operator: "$set" });
    expect(JSON.stringify(operations[0])).toContain("__proto__");
  });
});

describe("profileFromRecipient", () => {
  it("leaves out what names the recipient or steers the trigger", () => {
    const recipient = {
      distinct_id: "u1",
      is_transient: false,
      $skip_create: true,
      $channels: ["email"],
      $context: { tenant_id: "t" },
      id: 7,
      name: "Ann",
    };
    expect(profileFromRecipient(recipient).operations).toEqual([
      { operator: "$set", fields: { id: 7, name: "Ann" } },
    ]);
  });

  it("knows that an object is named by its type and id", () => {
    const recipient = {
      object_type: "teams",
      id: "t1",
      $object_subscriptions_query: { depth: 1 },
      $slack: {},
    };
    expect(profileFromRecipient(recipient).operations).toEqual([
      { operator: "$append", fields: { $slack: {} } },
    ]);
  });
});
