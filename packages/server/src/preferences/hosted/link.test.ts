import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANNELS } from "../../core/channel.ts";
import { createLinkKeys } from "../../workspaces/link-keys.ts";
import { type LinkClaims, linkExpiry, oneClickAddress, pageAddress, readLink, signLink } from "./link.ts";

const keysOf = (link_generation = 1, link_oldest_generation = 1, secret = "the workspace's secret") =>
  createLinkKeys(secret, { link_generation, link_oldest_generation });
const keys = keysOf();

const LINK: LinkClaims = {
  workspace_id: 1,
  recipient_id: "01JD0000000000000000000000",
  tenant_id: "default",
  channel: "email",
  category: "newsletter",
  message_id: "01JE0000000000000000000000",
  locale: "pt-BR",
  expires_at: new Date("2026-12-01T00:00:00Z"),
};

const links: fc.Arbitrary<LinkClaims> = fc.record({
  workspace_id: fc.integer({ min: 1, max: 2_147_483_647 }),
  recipient_id: fc.stringMatching(/^[0-9A-Z]{26}$/),
  tenant_id: fc.stringMatching(/^[\w-]{1,64}$/),
  channel: fc.option(fc.constantFrom(...CHANNELS)),
  category: fc.option(fc.stringMatching(/^[a-z0-9-]{1,255}$/)),
  message_id: fc.option(fc.stringMatching(/^[0-9A-Z]{26}$/)),
  locale: fc.option(fc.constantFrom("en", "pt-BR", "zh-Hans")),
  expires_at: fc.integer({ min: 0, max: 4_102_444_800 }).map((seconds) => new Date(seconds * 1000)),
});

const proven = (token: string, by = keys) => readLink(token)?.prove(by) ?? null;

describe("a link", () => {
  it("says what was signed", () => {
    fc.assert(
      fc.property(links, (link) => {
        const token = signLink(link, keys);
        expect(readLink(token)?.workspace_id).toBe(link.workspace_id);
        expect(proven(token)).toEqual(link);
      }),
    );
  });

  it("is refused with any one character changed, left out or added", () => {
    const characters = "ABab01-_.=+/ %é".split("");
    fc.assert(
      fc.property(links, fc.nat(), fc.constantFrom(...characters), (link, at, character) => {
        const token = signLink(link, keys);
        const place = at % token.length;
        const [before, after] = [token.slice(0, place), token.slice(place + 1)];
        const changed = [`${before}${after}`, `${before}${character}${token.slice(place)}`];
        if (token[place] !== character) changed.push(`${before}${character}${after}`);
        // One character less than one twice is the same token only if it is the same text.
        for (const other of changed.filter((text) => text !== token)) expect(proven(other)).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it("is refused with any other last character, though both encode the same bytes", () => {
    const token = signLink(LINK, keys);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const valid = letters.split("").filter((letter) => proven(token.slice(0, -1) + letter) !== null);
    expect(valid).toEqual([token.at(-1)]);
  });

  it.each([
    "",
    ".",
    "a",
    "a.b",
    "e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    `${"A".repeat(5000)}.${"A".repeat(43)}`,
    `${Buffer.from('{"w":1,"r":"x","exp":1,"k":1,"__proto__":{}}').toString("base64url")}.${"A".repeat(43)}`,
  ])("that is none is refused: %.40s", (token) => {
    expect(proven(token)).toBeNull();
  });

  it("of another workspace's secret is refused", () => {
    expect(proven(signLink(LINK, keys), keysOf(1, 1, "another secret"))).toBeNull();
  });

  it("of an earlier key is valid until it is revoked, and one of a later key at once", () => {
    const [first, second] = [signLink(LINK, keysOf(1)), signLink(LINK, keysOf(2))];
    expect(first).not.toBe(second);
    expect(proven(first, keysOf(2))).toEqual(LINK);
    expect(proven(second, keysOf(1))).toEqual(LINK);
    expect(proven(first, keysOf(2, 2))).toBeNull();
    expect(proven(second, keysOf(2, 2))).toEqual(LINK);
  });

  it("is valid for 60 days unless it is made for others", () => {
    const now = new Date("2026-01-01T12:00:00Z");
    expect(linkExpiry(now)).toEqual(new Date("2026-03-02T12:00:00Z"));
    expect(linkExpiry(now, 1)).toEqual(new Date("2026-01-02T12:00:00Z"));
  });

  it("fits a line of a mail's header, with the longest of everything", () => {
    const longest = {
      ...LINK,
      workspace_id: 2_147_483_647,
      tenant_id: "t".repeat(64),
      category: "g".repeat(255),
    };
    const address = oneClickAddress(
      pageAddress(`https://${"h".repeat(100)}.example`, signLink(longest, keys)),
    );
    expect(`List-Unsubscribe: <${address}>`.length).toBeLessThan(900);
    expect(signLink(LINK, keys).length).toBeLessThan(260);
  });
});
