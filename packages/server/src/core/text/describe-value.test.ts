import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeValue } from "./describe-value.ts";

describe("describeValue", () => {
  it.each([
    ["text", "text"],
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [true, "true"],
    [{ a: [1, "x", { b: null }] }, '{"a":[1,"x",{"b":null}]}'],
    [{ email: "a@x.com", access_token: "xoxb-1" }, '{"email":"a@x.com","access_token":"***"}'],
    [{ keys: { p256dh: "P", auth: "A" } }, '{"keys":{"p256dh":"***","auth":"***"}}'],
    [{ incoming_webhook: { url: "https://x" } }, '{"incoming_webhook":"***"}'],
  ])("prints %j", (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it("stays readable and well-formed for any value", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: "binary", maxLength: 500 })), (value) => {
        const text = describeValue(value);
        expect(text.length).toBeLessThanOrEqual(201);
        expect(() => encodeURIComponent(text)).not.toThrow();
      }),
    );
  });

  it("survives nesting deeper than the call stack", () => {
    const deep: unknown = JSON.parse(`${'{"a":['.repeat(100_000)}1${"]}".repeat(100_000)}`);
    expect(describeValue(deep)).toMatch(/^\{"a":\[\{"a":\[.*…$/);
  });
});
