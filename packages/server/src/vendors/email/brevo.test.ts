import { describe, expect, it } from "vitest";
import {
  FULL_MAIL_FILE,
  fullMail,
  jsonBody,
  jsonReply,
  loginContract,
  verifyThrough,
} from "../../../test/outside/email-api.ts";
import { mailMessage } from "../../../test/outside/smtp.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import brevo from "./brevo.ts";

const config = {
  api_key: "xkeysib-0123456789",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_user: "acme",
  webhook_password: "webhook-password",
};

vendorContract(brevo, {
  config,
  message: mailMessage(),
  refused: [{}, { ...config, api_key: "" }, { ...config, from_email: "x" }],
});

const sending = (answer: HttpReply, message = mailMessage()) =>
  sendThrough(brevo, config, message, () => answer);

/** Made of the message's id: the same in every attempt. */
const KEY = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);

describe("a mail", () => {
  it("is one call", async () => {
    const { outcome, requests } = await sending(
      jsonReply(201, { messageId: "<201798300811.5787683@relay.domain.com>" }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "201798300811.5787683@relay.domain.com" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.brevo.com/v3/smtp/email",
      headers: { "api-key": "xkeysib-0123456789" },
    });
    expect(jsonBody(requests)).toEqual({
      sender: { name: "Acme", email: "hello@acme.test" },
      to: [{ email: "ann@example.com" }],
      subject: "Hello",
      htmlContent: "<p>Hello</p>",
      textContent: "Hello",
      headers: { "X-Mailin-custom": "01JD0000000000000000000000", idempotencyKey: KEY },
    });
  });

  it("carries copies, headers, files and any script", async () => {
    const message = fullMail();
    const headers = { ...(message.content.headers as Record<string, string>), "X-Kind": "Grüße" };
    const { requests } = await sending(jsonReply(201, {}), {
      ...message,
      content: { ...message.content, headers, reply_to: "Jürgen <help@acme.test>" },
    });
    expect(jsonBody(requests)).toEqual({
      // A comma beside the umlaut would lose the name.
      sender: { name: "Änne Billing", email: "billing@acme.test" },
      to: [{ email: "ann@xn--bcher-kva.example" }, { email: "eve@example.com", name: "Eve" }],
      cc: [{ email: "bob@xn--bcher-kva.example", name: "Bob, Jr" }],
      bcc: [{ email: "carol@example.com" }],
      replyTo: { email: "help@acme.test" },
      subject: "Grüße",
      htmlContent: "<p>Grüße</p>",
      textContent: "Grüße",
      attachment: [{ name: "Einladung ü.ics", content: FULL_MAIL_FILE }],
      headers: {
        "List-Unsubscribe": "<https://acme.test/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Mailin-custom": "01JD0000000000000000000000",
        idempotencyKey: KEY,
      },
    });
  });

  it("has the same key in every attempt, and another one than the next mail", async () => {
    const keyOf = async (more: object) => {
      const { requests } = await sending(jsonReply(201, {}), mailMessage({}, more));
      return (jsonBody(requests) as { headers: { idempotencyKey: string } }).headers.idempotencyKey;
    };
    expect(await keyOf({ attempt: 2 })).toBe(await keyOf({ attempt: 1 }));
    expect(await keyOf({ message_id: "01JD0000000000000000000001" })).not.toBe(await keyOf({}));
  });

  it.each(["duplicate_parameter", "duplicate_request"])(
    "that was accepted before (%s) is sent",
    async (code) => {
      const { outcome } = await sending(jsonReply(400, { code, message: "duplicate" }));
      expect(outcome).toEqual({ kind: "sent", vendor_message_id: null });
    },
  );

  it("waits until the limit is lifted", async () => {
    const answer = jsonReply(429, { code: "too_many_requests" }, { "x-sib-ratelimit-reset": "17" });
    expect((await sending(answer)).outcome).toMatchObject({ class: "throttled", retry_after: 17 });
  });

  it.each([
    [400, "invalid_parameter", "sender is not valid", "message"],
    [400, "invalid_parameter", "email is not valid in to", "recipient"],
    [400, "missing_parameter", "subject is missing", "message"],
    [400, "not_enough_credits", "no credits left", "config"],
    [401, "unauthorized", "Key not found", "config"],
    [402, "not_enough_credits", "no credits left", "config"],
    [403, "permission_denied", "not yet activated", "config"],
    [413, "", "Payload Too Large", "message"],
    [429, "too_many_requests", "slow down", "throttled"],
    [500, "internal_error", "error", "transient"],
  ])("that is refused with %i %s (%s) fails as %s", async (status, code, message, kind) => {
    const { outcome } = await sending(jsonReply(status, { code, message }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: code || `http_${status}`, message });
  });
});

describe("the credentials", () => {
  it("are proven by the account", async () => {
    const { verification, requests } = await verifyThrough(brevo, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([{ method: "GET", url: "https://api.brevo.com/v3/account" }]);
    const refused = () => jsonReply(401, { code: "unauthorized", message: "unrecognised IP address" });
    expect((await verifyThrough(brevo, config, refused)).verification).toEqual({
      ok: false,
      message: "unrecognised IP address",
    });
  });
});

describe("a report", () => {
  const read = (more: object) =>
    brevo.webhook?.read(
      webhookRequest({
        json: {
          email: "ann@example.com",
          "message-id": "<201798300811.5787683@relay.domain.com>",
          ts_epoch: 1604933654123,
          "X-Mailin-custom": "01JD",
          ...more,
        },
      }),
    );
  const about = {
    message_id: "01JD",
    vendor_message_id: "201798300811.5787683@relay.domain.com",
    address: "ann@example.com",
    at: 1604933654123,
  };

  it.each([
    ["request", "sent_by_vendor"],
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["opened", "seen"],
    ["unique_opened", "seen"],
    ["proxy_open", "seen"],
    ["unique_proxy_open", "seen"],
    ["click", "clicked"],
  ])("%s means %s", (event, status) => {
    expect(read({ event })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    ["hard_bounce", true],
    ["invalid_email", true],
    ["soft_bounce", false],
    ["blocked", false],
    ["error", false],
  ])("%s is a failure, inactive: %s", (event, inactivate) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    const dead = inactivate ? { inactivate } : {};
    expect(read({ event, reason: "550 no such user" })).toEqual([
      { ...lost, reason: "550 no such user", ...dead },
    ]);
    expect(read({ event })).toEqual([{ ...lost, reason: event, ...dead }]);
  });

  it.each([
    ["spam", "complained"],
    ["complaint", "complained"],
    ["unsubscribe", "opted_out"],
    ["unsubscribed", "opted_out"],
  ])("%s is about the address: %s", (event, change) => {
    expect(read({ event })).toEqual([{ kind: "address", ...about, change, reason: null }]);
  });

  it("of a delay, or of anything else, is left out", () => {
    expect(read({ event: "deferred" })).toEqual([]);
    expect(read({ event: "list_addition" })).toEqual([]);
    expect(() => brevo.webhook?.read(webhookRequest({ json: { items: [] } }))).toThrow("`event`");
  });

  loginContract(brevo, config);
});
