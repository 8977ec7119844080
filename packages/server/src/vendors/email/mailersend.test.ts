import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  FULL_MAIL_FILE,
  fullMail,
  jsonBody,
  jsonReply,
  verifyThrough,
} from "../../../test/outside/email-api.ts";
import { mailMessage } from "../../../test/outside/smtp.ts";
import {
  closed,
  sendThrough,
  vendorContract,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import mailersend from "./mailersend.ts";

const config = {
  api_key: "mlsn.0123456789",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_secret: "webhook-secret-0123456789",
};

vendorContract(mailersend, {
  config,
  message: mailMessage(),
  refused: [{}, { ...config, api_key: "" }, { ...config, custom_headers: "yes" }],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(mailersend, { ...config, ...more }, message, () => answer);
const OK = jsonReply(202, undefined, { "x-message-id": "5e42957d51f1d94a1070a733" });

describe("a mail", () => {
  it("is one call, which MailerSend names in a header", async () => {
    const { outcome, requests } = await sending(OK);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "5e42957d51f1d94a1070a733" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.mailersend.com/v1/email",
      headers: { authorization: "Bearer mlsn.0123456789" },
    });
    expect(jsonBody(requests)).toEqual({
      from: { email: "hello@acme.test", name: "Acme" },
      to: [{ email: "ann@example.com" }],
      subject: "Hello",
      text: "Hello",
      html: "<p>Hello</p>",
    });
  });

  const full = {
    from: { email: "billing@acme.test", name: "Änne, Billing" },
    to: [{ email: "ann@xn--bcher-kva.example" }, { email: "eve@example.com", name: "Eve" }],
    // A recipient's name may have no comma.
    cc: [{ email: "bob@xn--bcher-kva.example", name: "Bob Jr" }],
    bcc: [{ email: "carol@example.com" }],
    reply_to: { email: "help@acme.test", name: "Help" },
    subject: "Grüße",
    text: "Grüße",
    html: "<p>Grüße</p>",
    attachments: [{ filename: "Einladung ü.ics", content: FULL_MAIL_FILE, disposition: "attachment" }],
  };

  it("carries copies, files and any script", async () => {
    expect(jsonBody((await sending(OK, fullMail())).requests)).toEqual(full);
  });

  it("carries headers if the plan takes them", async () => {
    expect(jsonBody((await sending(OK, fullMail(), { custom_headers: true })).requests)).toEqual({
      ...full,
      headers: [
        { name: "List-Unsubscribe", value: "<https://acme.test/u>" },
        { name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click" },
      ],
    });
  });

  it.each([
    ["ALL_SUPPRESSED", ["hard_bounced"], true],
    ["SOME_SUPPRESSED", ["blocklisted", "spam_complaint"], true],
    ["SOME_SUPPRESSED", ["unsubscribed"], true],
    ["SOME_SUPPRESSED", ["blocklisted"], false],
  ])("whose recipient gets nothing (%s, %j) has failed, inactive: %s", async (type, reason, inactivate) => {
    const recipients = [{ email: "ANN@example.com", name: "", reason }];
    const answer = jsonReply(202, { message: "warnings", warnings: [{ type, recipients }] }, OK.headers);
    expect((await sending(answer)).outcome).toEqual({
      kind: "failed",
      class: "recipient",
      code: reason[0],
      message: `the recipient is suppressed: ${reason.join(", ")}`,
      ...(inactivate ? { inactivate } : {}),
    });
  });

  it("of which a copy gets nothing is sent", async () => {
    const recipients = [{ email: "bob@example.com", name: "", reason: ["hard_bounced"] }];
    const answer = jsonReply(202, { warnings: [{ type: "SOME_SUPPRESSED", recipients }] }, OK.headers);
    expect((await sending(answer)).outcome).toMatchObject({ kind: "sent" });
  });

  it.each([
    [401, "Unauthenticated.", "http_401", "config"],
    [403, "This action is unauthorized.", "http_403", "config"],
    [408, "Request Timeout", "http_408", "transient"],
    [421, "Service isn't available, try again later", "http_421", "transient"],
    [422, "The from.email domain must be verified in your account. #MS42207", "MS42207", "config"],
    [422, "You have reached trial account unique recipients limit. #MS42225", "MS42225", "config"],
    [422, "The subject field is required.", "http_422", "message"],
    [429, "Your account reached its API daily quota limit. #MS42901", "MS42901", "throttled"],
    [429, "Too Many Attempts.", "http_429", "throttled"],
    [500, "Server Error", "http_500", "transient"],
  ])("that is refused with %i (%s) fails as %s %s", async (status, message, code, kind) => {
    const { outcome } = await sending(jsonReply(status, { message, errors: {} }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message });
  });

  it("to an address that MailerSend refuses fails as recipient", async () => {
    const message = "The to.0.email must be a valid email address.";
    const answer = jsonReply(422, { message, errors: { "to.0.email": [message] } });
    expect((await sending(answer)).outcome).toMatchObject({ class: "recipient", message });
  });

  it("waits as long as it is told", async () => {
    const answer = jsonReply(429, { message: "Too Many Attempts." }, { "retry-after": "59" });
    expect((await sending(answer)).outcome).toMatchObject({ class: "throttled", retry_after: 59 });
  });
});

describe("the credentials", () => {
  it("are proven by the quota", async () => {
    const { verification, requests } = await verifyThrough(mailersend, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([{ method: "GET", url: "https://api.mailersend.com/v1/api-quota" }]);
    const refused = () => jsonReply(401, { message: "Unauthenticated." });
    expect((await verifyThrough(mailersend, config, refused)).verification).toEqual({
      ok: false,
      message: "Unauthenticated.",
    });
  });
});

describe("a report", () => {
  const read = (json: object) => mailersend.webhook?.read(webhookRequest({ json }));
  const newer = (type: string, meta: object = {}) => ({
    type,
    created_at: "2026-02-22T08:30:00.123000Z",
    data: { id: "1", message_id: "5e42957d51f1d94a1070a733", recipient: "ann@example.com", meta },
  });
  const older = (type: string, morph: object | null = null) => ({
    type,
    created_at: "2026-02-22T08:30:00.123000Z",
    data: {
      email: { message: { id: "5e42957d51f1d94a1070a733" }, recipient: { email: "ann@example.com" } },
      morph,
    },
  });
  const about = {
    message_id: null,
    vendor_message_id: "5e42957d51f1d94a1070a733",
    address: "ann@example.com",
    at: Date.UTC(2026, 1, 22, 8, 30, 0, 123),
  };
  const lost = { kind: "status", ...about, status: "delivery_failure" };

  it.each([
    ["activity.sent", "sent_by_vendor"],
    ["activity.delivered", "delivered"],
    ["activity.opened", "seen"],
    ["activity.opened_unique", "seen"],
    ["activity.clicked", "clicked"],
    ["activity.clicked_unique", "clicked"],
  ])("%s means %s, in both forms", (type, status) => {
    const expected = [{ kind: "status", ...about, status, reason: null }];
    expect(read(newer(type))).toEqual(expected);
    expect(read(older(type))).toEqual(expected);
  });

  it.each([
    ["activity.soft_bounced", false],
    ["activity.hard_bounced", true],
    ["activity.suppressed", true],
  ])("%s is a failure, inactive: %s", (type, inactivate) => {
    const dead = inactivate ? { inactivate } : {};
    expect(read(newer(type, { bounce_reason: "no such user" }))).toEqual([
      { ...lost, reason: "no such user", ...dead },
    ]);
    expect(read(older(type, { object: "recipient_bounce", reason: "550 no such user" }))).toEqual([
      { ...lost, reason: "550 no such user", ...dead },
    ]);
    expect(read(newer(type))).toEqual([{ ...lost, reason: type.slice("activity.".length), ...dead }]);
  });

  it.each([
    ["activity.spam_complaint", "complained"],
    ["activity.spam_complaints", "complained"],
    ["activity.unsubscribed", "opted_out"],
  ])("%s is about the address: %s", (type, change) => {
    expect(read(newer(type))).toEqual([{ kind: "address", ...about, change, reason: null }]);
  });

  it("of a delay, or of anything else, is left out", () => {
    expect(read(newer("activity.deferred"))).toEqual([]);
    expect(read({ type: "webhook.test" })).toEqual([]);
    expect(read(newer("activity.survey_opened"))).toEqual([]);
    expect(() => read({ data: {} })).toThrow("`type`");
  });

  const signed = (body: string, key = config.webhook_secret) => ({
    body: Buffer.from(body),
    headers: { signature: createHmac("sha256", key).update(body).digest("hex") },
  });
  const prove = (request: object, webhook_secret = config.webhook_secret) =>
    mailersend.webhook?.verify?.(
      webhookRequest(request),
      mailersend.config.parse({ ...config, webhook_secret }),
      closed,
    );

  it("is proven by its signature", () => {
    expect(prove(signed("{}"))).toBe("verified");
    expect(prove({ ...signed("{}"), body: Buffer.from("{ }") })).toBe("forged");
    expect(prove(signed("{}", "other"))).toBe("forged");
    expect(prove({})).toBe("forged");
    expect(prove(signed("{}"), "")).toBe("unsigned");
  });
});
