import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jsonBody } from "../../../test/outside/email-api.ts";
import { mailMessage } from "../../../test/outside/smtp.ts";
import {
  closed,
  sendThrough,
  vendorContract,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import resend from "./resend.ts";

const SECRET = Buffer.from("a secret of twenty-four b").toString("base64");
const config = {
  api_key: "re_123456789",
  from_name: "Acme, Inc.",
  from_email: "hello@acme.test",
  reply_email: "help@acme.test",
  webhook_secret: `whsec_${SECRET}`,
};

vendorContract(resend, {
  config,
  message: mailMessage(),
  refused: [
    {},
    { api_key: "", from_email: "a@b.test" },
    { ...config, from_email: "no address" },
    { ...config, webhook_secret: "secret" },
  ],
});

const reply = (status: number, json: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body: JSON.stringify(json),
});

const sending = (answer: HttpReply, message = mailMessage()) =>
  sendThrough(resend, config, message, () => answer);

describe("a mail", () => {
  it("is one call with everything in it, under the message's id as its idempotency key", async () => {
    const message = mailMessage({
      subject: "Grüße",
      html: "<p>Hi</p>",
      text: "Hi",
      cc: ["Bob <bob@bücher.example>"],
      bcc: ["carol@example.com"],
      headers: { "List-Unsubscribe": "<https://acme.test/u>" },
    });
    const bytes = Buffer.from("a,b\n");
    const file = { filename: "a.csv", content_type: "text/csv", bytes, sha256: "" };
    const { outcome, requests } = await sending(reply(200, { id: "49a3999c" }), {
      ...message,
      attachments: [file],
    });
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "49a3999c" });
    const [request] = requests;
    expect(request).toMatchObject({
      method: "POST",
      url: "https://api.resend.com/emails",
      headers: {
        authorization: "Bearer re_123456789",
        "content-type": "application/json",
        "idempotency-key": message.message_id,
      },
    });
    expect(JSON.parse(String(request?.body))).toEqual({
      from: '"Acme, Inc." <hello@acme.test>',
      to: ["ann@example.com"],
      cc: ['"Bob" <bob@xn--bcher-kva.example>'],
      bcc: ["carol@example.com"],
      reply_to: ["help@acme.test"],
      subject: "Grüße",
      html: "<p>Hi</p>",
      text: "Hi",
      headers: { "List-Unsubscribe": "<https://acme.test/u>" },
      attachments: [{ filename: "a.csv", content_type: "text/csv", content: "YSxiCg==" }],
      tags: [
        { name: "supr_nid", value: message.message_id },
        { name: "copies", value: "yes" },
      ],
    });
  });

  it("has no fields that it does not need", async () => {
    const { requests } = await sendThrough(
      resend,
      { api_key: "re_123456789", from_email: "hello@acme.test" },
      mailMessage({ html: null }),
      () => reply(200, {}),
    );
    expect(jsonBody(requests)).toEqual({
      from: "hello@acme.test",
      to: ["ann@example.com"],
      subject: "Hello",
      text: "Hello",
      tags: [{ name: "supr_nid", value: "01JD0000000000000000000000" }],
    });
  });

  it("has the headers of its content", async () => {
    const headers = { "List-Unsubscribe": "<https://acme.test/u>", Bcc: "evil@acme.test" };
    const { requests } = await sending(reply(200, { id: "1" }), mailMessage({ headers }));
    expect(JSON.parse(String(requests[0]?.body))).toMatchObject({
      headers: { "List-Unsubscribe": "<https://acme.test/u>" },
    });
    expect(String(requests[0]?.body)).not.toContain("evil");
  });

  it.each([
    [400, "validation_error", "message"],
    [401, "missing_api_key", "config"],
    [401, "restricted_api_key", "config"],
    [403, "invalid_api_key", "config"],
    [403, "validation_error", "config"],
    [409, "invalid_idempotent_request", "message"],
    [409, "concurrent_idempotent_requests", "transient"],
    [422, "missing_required_field", "message"],
    [422, "invalid_attachment", "message"],
    [429, "rate_limit_exceeded", "throttled"],
    [429, "daily_quota_exceeded", "throttled"],
    [429, "monthly_quota_exceeded", "config"],
    [500, "internal_server_error", "transient"],
  ])("that is refused with %i %s fails as %s", async (status, name, kind) => {
    const { outcome } = await sending(reply(status, { statusCode: status, name, message: "no" }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: name, message: "no" });
  });

  it.each([400, 401])("with a key that is unknown fails as config, with status %i", async (status) => {
    const { outcome } = await sending(
      reply(status, { name: "validation_error", message: "API key is invalid" }),
    );
    expect(outcome).toMatchObject({ class: "config" });
  });

  it("waits as long as it is told", async () => {
    const { outcome } = await sending(reply(429, { name: "rate_limit_exceeded" }, { "retry-after": "7" }));
    expect(outcome).toMatchObject({ class: "throttled", retry_after: 7 });
  });
});

describe("a report", () => {
  const event = (type: string, data: object = {}) =>
    resend.webhook?.read(
      webhookRequest({
        json: {
          type,
          created_at: "2026-02-22T23:41:12.126Z",
          data: { email_id: "56761188", to: ["ann@example.com"], tags: { supr_nid: "01JD" }, ...data },
        },
      }),
    );
  const about = {
    message_id: "01JD",
    vendor_message_id: "56761188",
    address: "ann@example.com",
    at: Date.UTC(2026, 1, 22, 23, 41, 12, 126),
  };
  const failed = (reason: string, inactivate: boolean) => ({
    kind: "status",
    ...about,
    status: "delivery_failure",
    reason,
    ...(inactivate ? { inactivate } : {}),
  });

  it.each([
    ["email.sent", "sent_by_vendor"],
    ["email.delivered", "delivered"],
    ["email.opened", "seen"],
    ["email.clicked", "clicked"],
  ])("%s means %s", (type, status) => {
    expect(event(type)).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it("of a bounce ends the address only if it is permanent", () => {
    const bounce = (type: string) => ({ bounce: { type, subType: "General", message: "no such user" } });
    expect(event("email.bounced", bounce("Permanent"))).toEqual([failed("no such user", true)]);
    expect(event("email.bounced", bounce("Transient"))).toEqual([failed("no such user", false)]);
    expect(event("email.suppressed")).toEqual([failed("email.suppressed", true)]);
    expect(event("email.failed", { failed: { reason: "reached_daily_quota" } })).toEqual([
      failed("reached_daily_quota", false),
    ]);
  });

  it("of a complaint is about the address", () => {
    expect(event("email.complained")).toEqual([
      { kind: "address", ...about, change: "complained", reason: null },
    ]);
  });

  it("of a mail with copies is about no address, and ends none: it may be a copy's", () => {
    const copies = { tags: { supr_nid: "01JD", copies: "yes" } };
    const bounce = { bounce: { type: "Permanent", message: "no such user" } };
    expect(event("email.bounced", { ...copies, ...bounce })).toEqual([
      { ...failed("no such user", false), address: null },
    ]);
    expect(event("email.delivered", { to: ["a@example.com", "b@example.com"] })).toMatchObject([
      { status: "delivered", address: null },
    ]);
    expect(event("email.complained", copies)).toEqual([]);
  });

  it("names the address without its name", () => {
    expect(event("email.sent", { to: ["Ann <ann@example.com>"] })).toMatchObject([
      { address: "ann@example.com" },
    ]);
  });

  it("that is about no mail, or changes nothing, is left out", () => {
    expect(event("email.delivery_delayed")).toEqual([]);
    expect(event("contact.created")).toEqual([]);
  });

  const signed = ({ body = "{}", id = "msg_1", at = Date.now(), key = SECRET } = {}) => {
    const timestamp = String(Math.floor(at / 1000));
    const signature = createHmac("sha256", Buffer.from(key, "base64"))
      .update(`${id}.${timestamp}.${body}`)
      .digest("base64");
    return {
      body: Buffer.from(body),
      headers: {
        "svix-id": id,
        "svix-timestamp": timestamp,
        "svix-signature": `v1,AAAA v1,${signature}`,
      },
    };
  };
  const prove = (request: object, webhook_secret = config.webhook_secret) =>
    resend.webhook?.verify?.(
      webhookRequest(request),
      resend.config.parse({ ...config, webhook_secret }),
      closed,
    );

  it("is proven by its signature", () => {
    expect(prove(signed())).toBe("verified");
    expect(prove({ ...signed(), body: Buffer.from("{ }") })).toBe("forged");
    expect(prove(signed({ key: "b3RoZXI=" }))).toBe("forged");
    expect(prove(signed({ at: Date.now() - 3_600_000 }))).toBe("forged");
    expect(prove({})).toBe("forged");
    expect(prove(signed(), "")).toBe("unsigned");
  });
});
