import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import type { Sender } from "./email.ts";
import { readEmail, wireAddress } from "./email.ts";
import type { OutgoingMessage } from "./vendor.ts";

const sender: Sender = {
  from_name: "Acme",
  from_email: "hello@acme.test",
  reply_email: "",
  unsubscribe_email: "",
};

function message(content: JsonObject, to: OutgoingMessage["to"] = "ann@example.com"): OutgoingMessage {
  return {
    message_id: "01JD0000000000000000000000",
    workspace: "w",
    tenant_id: "default",
    recipient: "user-1",
    category: "transactional",
    attempt: 1,
    to,
    content,
    attachments: [],
    only_to: null,
    callback_url: null,
  };
}

function emailOf(content: JsonObject, from: Sender = sender) {
  const read = readEmail(message(content), from);
  if (!read.ok) {
    throw new Error(read.failure.message);
  }
  return read.email;
}

describe("a rendered mail", () => {
  it("takes from the settings what the template leaves out", () => {
    expect(emailOf({ subject: "Hi", text: "Hello" }, { ...sender, reply_email: "help@acme.test" })).toEqual({
      from: { name: "Acme", address: "hello@acme.test" },
      to: { name: "", address: "ann@example.com" },
      extra_to: [],
      cc: [],
      bcc: [],
      reply_to: [{ name: "", address: "help@acme.test" }],
      subject: "Hi",
      html: null,
      text: "Hello",
      headers: {},
    });
  });

  it("overrides the settings with what the template says", () => {
    const email = emailOf({
      from_name: "Billing",
      from_address: "billing@acme.test",
      reply_to: '"Ann, boss" <ann@acme.test>, bob@acme.test',
    });
    expect(email.from).toEqual({ name: "Billing", address: "billing@acme.test" });
    expect(email.reply_to).toEqual([
      { name: "Ann, boss", address: "ann@acme.test" },
      { name: "", address: "bob@acme.test" },
    ]);
  });

  it("lists every address once, the recipient's never as a copy", () => {
    const email = emailOf({
      extra_to: ["Bob <bob@example.com>", "ANN@Example.com"],
      cc: ["bob@example.com", "carl@example.com", "carl@example.com"],
      bcc: ["Carl <CARL@example.com>", "dora@example.com"],
    });
    expect(email.extra_to).toEqual([{ name: "Bob", address: "bob@example.com" }]);
    expect(email.cc).toEqual([{ name: "", address: "carl@example.com" }]);
    expect(email.bcc).toEqual([{ name: "", address: "dora@example.com" }]);
  });

  it("holds no line breaks in anything that becomes a header", () => {
    const email = emailOf({
      from_name: "A\r\nBcc: x@example.net",
      subject: "S\u2028\nBcc: x@example.net\u0000",
      cc: ["A\r\nB <c@example.com>", "d@example.com\nBcc: x@example.net"],
    });
    expect(email.from.name).toBe("A Bcc: x@example.net");
    expect(email.subject).toBe("S Bcc: x@example.net");
    expect(email.cc).toEqual([{ name: "A B", address: "c@example.com" }]);
  });

  it("carries headers of its own, on one line each", () => {
    const { headers } = emailOf({
      headers: {
        "List-Unsubscribe": " <https://acme.test/u>\r\nBcc: x@example.net",
        "X-Größe": "1",
        "X-Kind": "Grüße",
      },
    });
    expect(headers).toEqual({
      "List-Unsubscribe": "<https://acme.test/u> Bcc: x@example.net",
      "X-Kind": "Grüße",
    });
  });

  it.each([
    "From",
    "SENDER",
    "to",
    "Cc",
    "bcc",
    "Reply-To",
    "Return-Path",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "content-transfer-encoding",
    "DKIM-Signature",
    "Received",
    "",
    "X Y",
    "X:",
    "X\r\nBcc",
    "Größe",
    "x".repeat(77),
  ])("has no header %j beside those that the mail has", (name) => {
    expect(emailOf({ headers: { [name]: "x@example.net" } }).headers).toEqual({});
  });

  it("has a header once, and none without a value", () => {
    const headers = { "X-Kind": "a", "x-kind": "b", "X-Blank": " \n", "X-Number": 5, "X-Null": null };
    expect(emailOf({ headers }).headers).toEqual({ "X-Kind": "a" });
    for (const strange of [null, 5, "X-Kind: a", ["X-Kind"], []]) {
      expect(emailOf({ headers: strange }).headers).toEqual({});
    }
  });

  it("names an address for leaving beside our own page, and beside no other", () => {
    const leaving = { ...sender, unsubscribe_email: "leave@bücher.test" };
    const page = `https://acme.test/p/eyJ3IjoxfQ.${"A".repeat(43)}`;
    const leave = (header: string, by = leaving) =>
      emailOf({ headers: { "List-Unsubscribe": header } }, by).headers["List-Unsubscribe"];
    for (const own of [`<${page}>`, `<${page}/one-click>`]) {
      expect(leave(own)).toBe(
        `${own}, <mailto:leave@xn--bcher-kva.test?subject=unsubscribe%2001JD0000000000000000000000>`,
      );
      expect(leave(own, sender)).toBe(own);
    }
    for (const other of [
      "<https://acme.test/out>",
      "<mailto:out@acme.test>",
      `<${page}>, <mailto:a@b.test>`,
    ]) {
      expect(leave(other)).toBe(other);
    }
    expect(emailOf({}, leaving).headers).toEqual({});
  });

  it("has headers that break out of none, whatever its content says", () => {
    const anything = fc.dictionary(
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("X-Kind", "x-kind", "Bcc", "__proto__")),
      fc.oneof(fc.string({ unit: "binary" }), fc.constant("a\r\nBcc: x@example.net"), fc.integer()),
    );
    fc.assert(
      fc.property(anything, (given) => {
        const { headers } = emailOf({ headers: given });
        for (const [name, value] of Object.entries(headers)) {
          expect(name).toMatch(/^[!#$%&'*+.^_`|~\w-]{1,76}$/);
          expect(name).not.toMatch(/^bcc$/i);
          expect(value).toMatch(/^[^\p{Cc}\u2028\u2029]+$/u);
        }
        expect(emailOf({ headers }).headers).toEqual(headers);
      }),
    );
  });

  it.each([
    "",
    "ann",
    "ann@",
    "@example.com",
    "ann@exa mple.com",
    "ann@example.com,bob@example.com",
    "a<b@c.de",
  ])("is refused for the recipient %j", (to) => {
    expect(readEmail(message({}, to), sender)).toMatchObject({
      ok: false,
      failure: { class: "recipient", code: "invalid_address" },
    });
  });

  it("is refused for an identity that is an object, and for a From address that is none", () => {
    expect(readEmail(message({}, { email: "ann@example.com" }), sender)).toMatchObject({ ok: false });
    expect(readEmail(message({ from_address: "x" }), sender)).toMatchObject({
      ok: false,
      failure: { class: "message", code: "invalid_from_address" },
    });
  });

  it("reads a hostile list in time", () => {
    const quotes = `a@b.example,${'\\"'.repeat(200_000)}`;
    expect(emailOf({ cc: quotes }).cc).toEqual([{ name: "", address: "a@b.example" }]);
    expect(emailOf({ cc: `"${"\\\\".repeat(200_000)}` }).cc).toEqual([]);
  });

  it("takes wrong types for blanks", () => {
    expect(emailOf({ subject: 5, html: ["x"], text: null, cc: [null, 5, {}], from_name: {} })).toMatchObject({
      subject: "",
      html: null,
      text: "",
      cc: [],
      from: { name: "Acme" },
    });
  });
});

describe("an address on the wire", () => {
  it.each([
    ["ann@example.com", "ann@example.com"],
    ["ann@bücher.example", "ann@xn--bcher-kva.example"],
    ["jösé@bücher.example", "jösé@bücher.example"],
  ])("%s is %s", (address, wire) => {
    expect(wireAddress({ address })).toBe(wire);
  });
});
