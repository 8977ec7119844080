import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTrackedLink, signTrackedLink, trackingKey } from "./tracking-link.ts";

const key = trackingKey("secret");
const url = fc.option(fc.webUrl({ withQueryParameters: true, withFragments: true }), { nil: null });
const link = fc.record({
  workspace_id: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  message_id: fc.stringMatching(/^[0-9A-Z]{26}$/),
  url,
});

describe("a tracked link", () => {
  it("is read as it was signed, and by its own key only", () => {
    fc.assert(
      fc.property(link, (given) => {
        const read = readTrackedLink(signTrackedLink(given, key));
        expect(read?.link).toEqual(given);
        expect(read?.isSigned(key)).toBe(true);
        expect(read?.isSigned(trackingKey("another"))).toBe(false);
      }),
    );
  });

  it("is refused with any one character changed", () => {
    fc.assert(
      fc.property(link, fc.nat(), fc.constantFrom("A", "z", "0", "-", "_", "."), (given, at, char) => {
        const token = signTrackedLink(given, key);
        const index = at % token.length;
        fc.pre(token[index] !== char);
        const read = readTrackedLink(token.slice(0, index) + char + token.slice(index + 1));
        expect(read?.isSigned(key) ?? false).toBe(false);
      }),
    );
  });

  it.each([
    "",
    ".",
    "x",
    `${Buffer.from("[1]").toString("base64url")}.${"a".repeat(22)}`,
    `${"a".repeat(9000)}.${"a".repeat(22)}`,
  ])("is none: %j", (token) => {
    expect(readTrackedLink(token)).toBeNull();
  });

  it("leads to web pages only", () => {
    const token = signTrackedLink({ workspace_id: 1, message_id: "m", url: "javascript:alert(1)" }, key);
    expect(readTrackedLink(token)).toBeNull();
  });
});
