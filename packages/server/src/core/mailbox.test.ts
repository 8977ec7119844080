import { describe, expect, it } from "vitest";
import { oneLine, readMailbox, splitMailboxes } from "./mailbox.ts";

describe("readMailbox", () => {
  it.each([
    ["a@x.com", { name: "", address: "a@x.com" }],
    [" <a@x.com> ", { name: "", address: "a@x.com" }],
    ['"Lee, \\"Ann\\"" < a@x.com >', { name: 'Lee, "Ann"', address: "a@x.com" }],
    ["A\r\nB <a@x.com>", { name: "A B", address: "a@x.com" }],
    ["Ann <a@x.com> x", null],
  ])("reads %j", (entry, mailbox) => {
    expect(readMailbox(entry)).toEqual(mailbox);
  });
});

describe("splitMailboxes", () => {
  it("splits at commas that stand outside of quotes", () => {
    expect(splitMailboxes('"Lee, Ann" <a@x.com>,, b@x.com')).toEqual(['"Lee, Ann" <a@x.com>', "", "b@x.com"]);
  });
});

describe("oneLine", () => {
  it("turns every kind of line break and control character into a space", () => {
    expect(oneLine(" a\r\nb\u2028c\0d\te ")).toBe("a b c d e");
  });
});
