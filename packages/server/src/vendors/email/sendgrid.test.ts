import { generateKeyPairSync, sign } from "node:crypto";
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
import sendgrid from "./sendgrid.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const config = {
  api_key: "SG.0123456789",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_public_key: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
};

vendorContract(sendgrid, {
  config,
  message: mailMessage(),
  refused: [
    {},
    { ...config, api_key: "" },
    { ...config, region: "mars" },
    { ...config, webhook_public_key: "no key" },
    { ...config, ip_pools: { news: 5 } },
  ],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(sendgrid, { ...config, ...more }, message, () => answer);

describe("a mail", () => {
  it("is one call, which SendGrid names in a header", async () => {
    const answer = jsonReply(202, undefined, { "x-message-id": "14c5d75ce93" });
    const { outcome, requests } = await sending(answer);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "14c5d75ce93" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.sendgrid.com/v3/mail/send",
      headers: { authorization: "Bearer SG.0123456789", "content-type": "application/json" },
    });
    expect(jsonBody(requests)).toEqual({
      personalizations: [{ to: [{ email: "ann@example.com" }] }],
      from: { email: "hello@acme.test", name: "Acme" },
      subject: "Hello",
      content: [
        { type: "text/plain", value: "Hello" },
        { type: "text/html", value: "<p>Hello</p>" },
      ],
      custom_args: { supr_nid: "01JD0000000000000000000000" },
    });
  });

  it("carries copies, headers, files and any script", async () => {
    const { requests } = await sending(jsonReply(202, undefined), fullMail());
    expect(jsonBody(requests)).toEqual({
      personalizations: [
        {
          to: [{ email: "ann@xn--bcher-kva.example" }, { email: "eve@example.com", name: "Eve" }],
          cc: [{ email: "bob@xn--bcher-kva.example", name: '"Bob, Jr"' }],
          bcc: [{ email: "carol@example.com" }],
        },
      ],
      from: { email: "billing@acme.test", name: "Änne, Billing" },
      reply_to_list: [{ email: "help@acme.test", name: "Help" }],
      subject: "Grüße",
      content: [
        { type: "text/plain", value: "Grüße" },
        { type: "text/html", value: "<p>Grüße</p>" },
      ],
      headers: {
        "List-Unsubscribe": "<https://acme.test/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      },
      attachments: [
        {
          filename: "Einladung ü.ics",
          type: "text/calendar",
          content: FULL_MAIL_FILE,
          disposition: "attachment",
        },
      ],
      custom_args: { supr_nid: "01JD0000000000000000000000" },
    });
  });

  it("goes to the European region, and through the pool of its category or of all", async () => {
    const pools = { region: "eu", ip_pool: "shared", ip_pools: { news: "marketing" } };
    const poolOf = async (category: string) => {
      const { requests } = await sending(jsonReply(202, undefined), mailMessage({}, { category }), pools);
      expect(requests[0]?.url).toBe("https://api.eu.sendgrid.com/v3/mail/send");
      return jsonBody(requests);
    };
    expect(await poolOf("news")).toMatchObject({ ip_pool_name: "marketing" });
    expect(await poolOf("transactional")).toMatchObject({ ip_pool_name: "shared" });
    expect(await poolOf("constructor")).toMatchObject({ ip_pool_name: "shared" });
  });

  it.each([
    [400, "from.email", "The from address is invalid", "message"],
    [400, "personalizations.0.to.0.email", "Does not contain a valid address", "recipient"],
    [400, "personalizations.0.cc.0.email", "Does not contain a valid address", "message"],
    [401, null, "The provided authorization grant is invalid", "config"],
    [403, "from", "The from address does not match a verified Sender Identity", "config"],
    [413, null, "Payload Too Large", "message"],
    [429, null, "too many requests", "throttled"],
    [500, null, "error", "transient"],
    [503, null, "unavailable", "transient"],
  ])("that is refused with %i (%s: %s) fails as %s", async (status, field, message, kind) => {
    const { outcome } = await sending(jsonReply(status, { errors: [{ message, field, help: null }] }));
    expect(outcome).toEqual({
      kind: "failed",
      class: kind,
      code: `http_${status}`,
      message: field === null ? message : `${field}: ${message}`,
    });
  });

  it("waits until the limit is lifted, by SendGrid's clock", async () => {
    const headers = { "x-ratelimit-reset": "1767225642", date: "Thu, 01 Jan 2026 00:00:00 GMT" };
    expect((await sending(jsonReply(429, {}, headers))).outcome).toMatchObject({ retry_after: 42 });
    expect((await sending(jsonReply(429, {}))).outcome).not.toHaveProperty("retry_after");
  });
});

describe("the credentials", () => {
  it("are proven by their scopes", async () => {
    const { verification, requests } = await verifyThrough(sendgrid, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([{ method: "GET", url: "https://api.sendgrid.com/v3/scopes" }]);
    const refused = jsonReply(401, { errors: [{ message: "authorization required" }] });
    expect((await verifyThrough(sendgrid, config, () => refused)).verification).toEqual({
      ok: false,
      message: "authorization required",
    });
  });
});

describe("a report", () => {
  const event = (more: object) => ({
    email: "ann@example.com",
    timestamp: 1513299569,
    sg_event_id: "sg_event_id",
    sg_message_id: "14c5d75ce93.filter0001.16648.5515E0B88.0",
    supr_nid: "01JD",
    ...more,
  });
  const read = (...events: object[]) => sendgrid.webhook?.read(webhookRequest({ json: events.map(event) }));
  const about = {
    message_id: "01JD",
    vendor_message_id: "14c5d75ce93",
    address: "ann@example.com",
    at: 1513299569000,
  };
  const lost = { kind: "status", ...about, status: "delivery_failure" };

  it.each([
    ["processed", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["open", "seen"],
    ["click", "clicked"],
  ])("%s means %s", (type, status) => {
    expect(read({ event: type })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    [{ event: "bounce", type: "bounce", reason: "550 5.1.1 unknown" }, "550 5.1.1 unknown", true],
    [{ event: "bounce", type: "blocked", reason: "IP blocked" }, "IP blocked", false],
    [{ event: "bounce", type: "expired" }, "bounce", false],
    [{ event: "dropped", reason: "Bounced Address" }, "Bounced Address", true],
    [{ event: "dropped", reason: "Unsubscribed Address" }, "Unsubscribed Address", true],
    [{ event: "dropped", reason: "Spam Reporting Address" }, "Spam Reporting Address", true],
    [{ event: "dropped", reason: "Invalid" }, "Invalid", true],
    [{ event: "dropped", reason: "Invalid SMTPAPI header" }, "Invalid SMTPAPI header", false],
    [{ event: "dropped", reason: "Spam Content" }, "Spam Content", false],
  ])("%j is a failure (%s), inactive: %s", (more, reason, inactivate) => {
    expect(read(more)).toEqual([{ ...lost, reason, ...(inactivate ? { inactivate } : {}) }]);
  });

  it.each([
    ["spamreport", "complained"],
    ["unsubscribe", "opted_out"],
    ["group_unsubscribe", "opted_out"],
    ["group_resubscribe", "opted_in"],
  ])("%s is about the address: %s", (type, change) => {
    expect(read({ event: type })).toEqual([{ kind: "address", ...about, change, reason: null }]);
  });

  it("has many events, and leaves out those that change nothing", () => {
    expect(
      read(
        { event: "deferred" },
        { event: "delivered" },
        { event: "account_status_change" },
        { event: "open" },
      ),
    ).toMatchObject([{ status: "delivered" }, { status: "seen" }]);
  });

  const signed = (body: string, at = Date.now()) => {
    const timestamp = String(Math.floor(at / 1000));
    return {
      body: Buffer.from(body),
      headers: {
        "x-twilio-email-event-webhook-timestamp": timestamp,
        "x-twilio-email-event-webhook-signature": sign(
          "sha256",
          Buffer.from(timestamp + body),
          privateKey,
        ).toString("base64"),
      },
    };
  };
  const prove = (request: object, webhook_public_key = config.webhook_public_key) =>
    sendgrid.webhook?.verify?.(
      webhookRequest(request),
      sendgrid.config.parse({ ...config, webhook_public_key }),
      closed,
    );

  it("is proven by its signature", () => {
    expect(prove(signed("[]\r\n"))).toBe("verified");
    expect(prove({ ...signed("[]\r\n"), body: Buffer.from("[]") })).toBe("forged");
    expect(prove(signed("[]", Date.now() - 3_600_000))).toBe("verified");
    expect(prove(signed("[]", Date.now() - 2 * 86_400_000))).toBe("forged");
    expect(prove({ body: Buffer.from("[]") })).toBe("forged");
    expect(prove(signed("[]"), "")).toBe("unsigned");
  });
});
