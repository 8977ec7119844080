import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMailboxList } from "./email-address.ts";

describe("parseMailboxList", () => {
  it.each([
    ["", []],
    [" , ,", []],
    ["a@x.com,b@x.com", ["a@x.com", "b@x.com"]],
    ["Ann <a@x.com>", ["Ann <a@x.com>"]],
    ["<a@x.com>", ["a@x.com"]],
    ['"Lee, Ann" <a@x.com>, b@x.com', ['"Lee, Ann" <a@x.com>', "b@x.com"]],
    ['"a\\"b" <a@x.com>', ['"a\\"b" <a@x.com>']],
    ["Ann (work) <a@x.com>", ['"Ann (work)" <a@x.com>']],
    ["Zoë Ångström <zoe@x.com>", ["Zoë Ångström <zoe@x.com>"]],
    ["a@x.com,\r\n b@x.com", ["a@x.com", "b@x.com"]],
  ])("reads %j", (text, mailboxes) => {
    expect(parseMailboxList(text)).toEqual({ ok: true, mailboxes });
  });

  it.each([
    ["nobody", "nobody"],
    ["a@x.com, Ann <nobody>", "Ann <nobody>"],
    ["Ann <a@x.com> x", "Ann <a@x.com> x"],
    ["a@x.com; b@x.com", "a@x.com; b@x.com"],
    ['"open, a@x.com', '"open, a@x.com'],
  ])("names the entry of %j that is no mailbox", (text, entry) => {
    expect(parseMailboxList(text)).toEqual({ ok: false, entry });
  });

  it("reads its own output as the same list", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.constantFrom("a@x.com", "b@y.org"))), (people) => {
        const list = people.map(([name, address]) => `"${name.replaceAll(/["\\]/g, "\\$&")}" <${address}>`);
        const once = parseMailboxList(list.join(","));
        if (!once.ok) throw new Error(once.entry);
        expect(once.mailboxes).toHaveLength(people.length);
        expect(parseMailboxList(once.mailboxes.join(","))).toEqual(once);
      }),
    );
  });
});
