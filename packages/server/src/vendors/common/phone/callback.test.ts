import { describe, expect, it } from "vitest";
import { outgoingMessage, webhookRequest } from "../../../../test/outside/vendor-contract.ts";
import { MalformedReport } from "../../../delivery/vendor/webhook.ts";
import { callbackFor, calledBackId, fieldsOf, firstOf, localTimeOf } from "./callback.ts";

describe("the address of a message's reports", () => {
  it("comes back with the message's id", () => {
    const message = outgoingMessage();
    const url = callbackFor(message) ?? "";
    expect(calledBackId(webhookRequest({ url }))).toBe(message.message_id);
    expect(calledBackId(webhookRequest())).toBeNull();
    expect(callbackFor({ ...message, callback_url: null })).toBeUndefined();
  });
});

describe("fields", () => {
  const url = "https://notify.acme.test/?a=query&b=query";
  const read = (request: object) => Object.fromEntries(fieldsOf(webhookRequest({ url, ...request })));

  it("are those of a form, of JSON or of the query, the body's before the query's", () => {
    expect(read({ form: { a: "form" } })).toEqual({ a: "form", b: "query" });
    const json = { a: 5, c: true, d: { e: 1 }, f: null };
    expect(read({ json })).toEqual({ a: "5", b: "query", c: "true", d: "", f: "" });
    expect(read({ body: Buffer.alloc(0) })).toEqual({ a: "query", b: "query" });
  });

  it("are not in a list", () => {
    expect(() => read({ json: [1] })).toThrow(MalformedReport);
    expect(() => read({ body: Buffer.from("0") })).toThrow(MalformedReport);
  });

  it("are looked up in order, blanks last", () => {
    const fields = new Map([
      ["a", " "],
      ["b", " x "],
    ]);
    expect(firstOf(fields, "a", "b")).toBe("x");
    expect(firstOf(fields, "a", "c")).toBe("");
  });
});

it.each([
  ["2026-05-22 10:06:20", "+05:30", Date.UTC(2026, 4, 22, 4, 36, 20)],
  ["2026-05-22T10:06:20.5", "Z", Date.UTC(2026, 4, 22, 10, 6, 20, 500)],
  ["2026-05-22 10:06:20 +0100", "Z", null],
  ["2026-99-22 10:06:20", "Z", null],
  ["", "Z", null],
] as const)("the time %j in the zone %s is %s", (text, zone, expected) => {
  expect(localTimeOf(text, zone)).toBe(expected);
});
