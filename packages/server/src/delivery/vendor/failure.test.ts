import { describe, expect, it } from "vitest";
import {
  blameRecipient,
  classOfStatus,
  codeClasses,
  failure,
  hideSecrets,
  secretsInHeaders,
  secretsInUrl,
  withoutDoubt,
} from "./failure.ts";
import type { Outcome } from "./vendor.ts";

describe("the class of a status", () => {
  it.each([
    [200, "message"],
    [301, "config"],
    [400, "message"],
    [401, "config"],
    [403, "config"],
    [408, "transient"],
    [425, "transient"],
    [429, "throttled"],
    [503, "transient"],
  ])("%i is %s", (status, kind) => {
    expect(classOfStatus(status)).toBe(kind);
  });
});

describe("a call without a reply", () => {
  it("has failed if nothing of the message was in it", () => {
    const doubtful = { kind: "ambiguous", code: "timeout", message: "no answer" } as const;
    expect(withoutDoubt(doubtful)).toEqual(failure("transient", "timeout", "no answer"));
    const refused = failure("config", "blocked_address", "private");
    expect(withoutDoubt(refused)).toBe(refused);
  });
});

describe("an address of the recipient's own", () => {
  it.each<[Outcome, Outcome["kind"] | "recipient" | "config" | "transient"]>([
    [failure("config", "blocked_address", "private"), "recipient"],
    [failure("config", "invalid_request", "no URL"), "recipient"],
    [failure("config", "http_403", "no"), "config"],
    [failure("transient", "dns_failed", "no"), "transient"],
    [{ kind: "sent", vendor_message_id: null }, "sent"],
  ])("%j is %s", (outcome, expected) => {
    const blamed = blameRecipient(outcome);
    expect(blamed.kind === "failed" ? blamed.class : blamed.kind).toBe(expected);
  });
});

describe("secrets in a vendor's words", () => {
  it("are hidden whole, also percent-encoded, however they contain each other", () => {
    const secrets = ["pass", "pass/word"];
    expect(hideSecrets("a=pass b=pass/word c=pass%2Fword", secrets)).toBe("a=******** b=******** c=********");
  });

  it("are not so short that they occur in any text", () => {
    expect(hideSecrets("an abc", ["", "abc"])).toBe("an abc");
  });

  it("leave one short line", () => {
    expect(hideSecrets(`a\r\n\tb ${"x".repeat(600)}`, [])).toBe(`a b ${"x".repeat(496)}`);
  });

  it("of a URL are also its path and the long values of its query", () => {
    expect(secretsInUrl("https://a.test/hook/abc?v=1&sig=abcdefgh")).toEqual([
      "https://a.test/hook/abc?v=1&sig=abcdefgh",
      "/hook/abc",
      "abcdefgh",
    ]);
  });

  it("of a header are also its long words", () => {
    expect(secretsInHeaders({ authorization: "Bearer abcdefgh" })).toEqual(["Bearer abcdefgh", "abcdefgh"]);
  });
});

it("the codes of a vendor are looked up by class", () => {
  const classes = codeClasses({ config: "1 2", recipient: "3" });
  expect(["1", "2", "3", "4", "constructor", ""].map((code) => classes.get(code))).toEqual([
    "config",
    "config",
    "recipient",
    undefined,
    undefined,
    undefined,
  ]);
});
