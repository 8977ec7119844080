import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../core/json.ts";
import { eraseFromBody, mentions } from "./erased-body.ts";

const names = new Set(["ann", "7"]);
/** What is left: a user who is named so is not created. */
const ANN = { distinct_id: "ann", $skip_create: true };
const profile = { $email: "ann@x.com", name: "Ann" };

describe("a body without a user", () => {
  it.each<[string, Json, Json]>([
    [
      "loses the payload of a trigger that is for nobody else",
      {
        workflow: "w",
        recipients: [{ distinct_id: " ann ", ...profile }],
        data: { code: 1 },
        tenant_id: "t",
      },
      { body: { workflow: "w", recipients: [ANN], tenant_id: "t" }, is_whole: true },
    ],
    [
      "keeps the payload that others share",
      { workflow: "w", recipients: ["bob", { distinct_id: "ann", ...profile }], data: { code: 1 } },
      { body: { workflow: "w", recipients: ["bob", ANN], data: { code: 1 } }, is_whole: false },
    ],
    [
      "has the id of an actor alone",
      { workflow: "w", recipients: ["bob"], actor: { distinct_id: "ann", ...profile }, data: {} },
      { body: { workflow: "w", recipients: ["bob"], actor: ANN, data: {} }, is_whole: false },
    ],
    [
      "loses what a page of subscribers keeps of its actor",
      {
        request_id: "r",
        actor: { object_type: "", distinct_id: "ann", recipient_id: "i", properties: profile },
      },
      {
        body: {
          request_id: "r",
          actor: { object_type: "", distinct_id: "ann", recipient_id: "i", properties: {} },
        },
        is_whole: false,
      },
    ],
    [
      "loses the properties of an event",
      { event: "Paid", distinct_id: "ann", properties: { amount: 1 }, $insert_id: "x", note: "about ann" },
      { body: { event: "Paid", distinct_id: "ann", $insert_id: "x" }, is_whole: true },
    ],
    [
      "loses what an edit of a profile said",
      { distinct_id: "ann", $insert_id: "x", $append: { $email: "ann@x" }, $user_operations: [] },
      { body: { distinct_id: "ann", $insert_id: "x" }, is_whole: true },
    ],
    [
      "loses the ids of a login",
      { event: "$identify", properties: { $identified_id: "ann", $anon_id: "browser" } },
      { body: { event: "$identify" }, is_whole: true },
    ],
    [
      "knows users who were named by a number, and one who is not in a list",
      { name: "w", users: { distinct_id: 7, ...profile }, data: {} },
      { body: { name: "w", users: { ...ANN, distinct_id: "7" } }, is_whole: true },
    ],
    [
      "is the same where others are named",
      { workflow: "w", recipients: ["bob"], data: { who: "ann" } },
      null,
    ],
    [
      "is the same for an object of that id",
      { recipients: [{ object_type: "team", distinct_id: "ann" }] },
      null,
    ],
    ["is the same where it is no object", ["ann"], null],
  ])("%s", (_promise, body, expected) => {
    expect(eraseFromBody(body, names)).toEqual(expected);
  });

  it("is not changed by erasing it again", () => {
    const person = fc.oneof(
      fc.constantFrom<Json>("ann", "bob", null, 7),
      fc.constant<Json>({ distinct_id: "ann", ...profile }),
    );
    const body = fc.record(
      {
        event: fc.constant("E"),
        distinct_id: person,
        recipients: fc.array(person),
        actor: person,
        data: fc.constant({ a: 1 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (given) => {
        const once = eraseFromBody(given, names);
        if (once === null) return;
        expect(eraseFromBody(once.body, names)).toEqual(once);
        expect(JSON.stringify([once.body.recipients, once.body.actor])).not.toContain("ann@x.com");
      }),
    );
  });
});

it("a refused body mentions a user wherever one of its texts is the id", () => {
  expect(mentions({ a: [{ b: " ann " }] }, names)).toBe(true);
  expect(mentions({ a: [{ b: 7 }] }, names)).toBe(true);
  expect(mentions({ ann: "about ann" }, names)).toBe(false);
});
