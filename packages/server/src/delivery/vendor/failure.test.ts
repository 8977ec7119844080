import { describe, expect, it } from "vitest";
import { classOfStatus, hideSecrets, secretsInHeaders } from "./failure.ts";

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

  it("of a header are also its long words", () => {
    expect(secretsInHeaders({ authorization: "Bearer abcdefgh" })).toEqual(["Bearer abcdefgh", "abcdefgh"]);
  });
});
