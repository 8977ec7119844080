import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import type { Sender } from "./email.ts";
import { formatMailbox, loadAttachments, readEmail } from "./email.ts";
import type { HttpReply } from "./http.ts";
import { HttpCallError } from "./http.ts";
import { scriptedHttp } from "./vendor-contract.ts";
import type { Attachment, OutgoingMessage } from "./vendor.ts";

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

describe("a mailbox in a header", () => {
  it.each([
    [{ name: "", address: "a@b.example" }, "a@b.example"],
    [{ name: "Ann", address: "a@b.example" }, '"Ann" <a@b.example>'],
    [{ name: 'Ann "\\" B', address: "a@b.example" }, '"Ann \\"\\\\\\" B" <a@b.example>'],
  ])("%j is %s", (mailbox, header) => {
    expect(formatMailbox(mailbox)).toBe(header);
  });
});

const never = new AbortController().signal;

function fetchingWith(reply: Partial<HttpReply> | HttpCallError) {
  return scriptedHttp((request) => {
    expect(request).toMatchObject({ method: "GET", encoding: "base64", signal: never });
    if (reply instanceof HttpCallError) {
      throw reply;
    }
    return { status: 200, headers: {}, body: "QUJD", ...reply };
  });
}

const load = (attachments: unknown[], reply: Partial<HttpReply> | HttpCallError = {}) =>
  loadAttachments(attachments as Attachment[], fetchingWith(reply), never);

describe("attachments", () => {
  it("are decoded or fetched, and named", async () => {
    const headers = { "content-type": "application/pdf; charset=binary" };
    const loaded = await load(
      [
        { filename: "a.txt", contentType: "text/plain", data: "SGVs\r\nbG8=" },
        { data: "-_-_" },
        { url: "https://files.example/x/rechnung%20f%C3%BCr.pdf?token=1" },
        { url: "https://files.example/", filename: "/etc/../b.pdf", contentType: "application/x-b" },
        { url: "https://files.example/%zz" },
      ],
      { headers },
    );
    expect(loaded).toEqual({
      ok: true,
      files: [
        { filename: "a.txt", content_type: "text/plain", data: "SGVsbG8=" },
        { filename: "attachment", content_type: "application/octet-stream", data: "+/+/" },
        { filename: "rechnung für.pdf", content_type: "application/pdf", data: "QUJD" },
        { filename: "b.pdf", content_type: "application/x-b", data: "QUJD" },
        { filename: "%zz", content_type: "application/pdf", data: "QUJD" },
      ],
    });
  });

  it("can break out of no header", async () => {
    const loaded = await load([
      { filename: 'a"\r\nX: y', contentType: "text/plain\r\nX: y", data: "QQ==" },
      { filename: "b", contentType: "text/html; name=\r\nX", data: "QQ==" },
    ]);
    expect(loaded).toMatchObject({
      files: [
        { filename: 'a" X: y', content_type: "application/octet-stream" },
        { filename: "b", content_type: "text/html" },
      ],
    });
  });

  it.each<[unknown, Partial<HttpReply> | HttpCallError, string, string]>([
    [{}, {}, "message", "invalid_attachment"],
    [{ data: null, url: null }, {}, "message", "invalid_attachment"],
    [{ data: "" }, {}, "message", "invalid_attachment"],
    [{ data: "not base64!" }, {}, "message", "invalid_attachment"],
    [{ data: "a=b" }, {}, "message", "invalid_attachment"],
    [{ data: 5, url: {} }, {}, "message", "invalid_attachment"],
    [{ url: "https://f.example/" }, { status: 404 }, "message", "attachment_http_404"],
    [{ url: "https://f.example/" }, { status: 204 }, "message", "attachment_http_204"],
    [{ url: "https://f.example/" }, { status: 429 }, "transient", "attachment_http_429"],
    [{ url: "https://f.example/" }, { status: 503 }, "transient", "attachment_http_503"],
    [{ url: "x" }, new HttpCallError("invalid_request", "x", false), "message", "attachment_invalid_request"],
    [{ url: "x" }, new HttpCallError("blocked_address", "x", false), "message", "attachment_blocked_address"],
    [
      { url: "x" },
      new HttpCallError("response_too_large", "x", true),
      "message",
      "attachment_response_too_large",
    ],
    [{ url: "x" }, new HttpCallError("timeout", "x", true), "transient", "attachment_timeout"],
    [{ url: "x" }, new HttpCallError("aborted", "x", false), "transient", "attachment_aborted"],
  ])("%j fails the mail, or is left out if it may be", async (attachment, reply, kind, code) => {
    expect(await load([attachment], reply)).toMatchObject({ ok: false, failure: { class: kind, code } });
    const optional = { ...(attachment as Attachment), ignore_if_error: true };
    expect(await load([optional, { data: "QQ==" }], reply)).toMatchObject({
      ok: true,
      files: [{ data: "QQ==" }],
    });
  });

  it("are limited in all", async () => {
    const data = Buffer.alloc(7 * 1024 * 1024).toString("base64");
    expect(await load([{ data }, { data }])).toMatchObject({ ok: true });
    expect(await load([{ data }, { data }, { data }])).toMatchObject({
      ok: false,
      failure: { class: "message", code: "attachments_too_large" },
    });
  });

  it("never name the URL in what is shown: it may hold a token", async () => {
    const loaded = await load([{ url: "https://f.example/secret" }], { status: 500 });
    expect(JSON.stringify(loaded)).not.toContain("secret");
  });
});
