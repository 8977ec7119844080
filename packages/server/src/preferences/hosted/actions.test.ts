import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANNELS } from "../../core/channel.ts";
import { formatAction, type PageAction, parseAction } from "./actions.ts";

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,60}$/);
const channel = fc.constantFrom(...CHANNELS);
const on = fc.boolean();
const actions: fc.Arbitrary<PageAction> = fc.oneof(
  fc.record({ kind: fc.constant("category" as const), category: slug, on }),
  fc.record({ kind: fc.constant("channel" as const), category: slug, channel, on }),
  fc.record({ kind: fc.constant("all" as const), channel, on }),
  fc.record({ kind: fc.constant("frequency" as const), category: slug, option: slug }),
);

describe("the value of a button", () => {
  it("is read back as what it was written for", () => {
    fc.assert(
      fc.property(actions, (action) => {
        expect(parseAction(formatAction(action))).toEqual(action);
      }),
    );
  });

  it("is never read from anything that no button says", () => {
    const parts = fc.constantFrom(
      "category",
      "channel",
      "all",
      "frequency",
      "email",
      "on",
      "off",
      "a",
      "",
      "news",
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 6 }), (words) => {
        const text = words.join("/");
        const action = parseAction(text);
        if (action !== null) expect(formatAction(action)).toBe(text);
      }),
    );
  });

  it.each([
    "",
    "renew",
    "category",
    "category/a",
    "category/a/on/",
    "category/a/on/b",
    "channel/a/email",
    "x".repeat(1000),
  ])("is not %.40j", (text) => {
    expect(parseAction(text)).toBeNull();
  });
});
