import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import type { Sender } from "./email.ts";
import { readEmail } from "./email.ts";
import type { OutgoingMessage } from "./vendor.ts";

const sender: Sender = { from_name: "Acme", from_email: "hello@acme.test", reply_email: "" };

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
