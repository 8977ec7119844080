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
import postmark from "./postmark.ts";

const config = {
  server_token: "server-token-0123456789",
  account_token: "account-token-0123456789",
  from_email: "hello@acme.test",
  webhook_user: "acme",
  webhook_password: "webhook-password",
};

vendorContract(postmark, {
  config,
  message: mailMessage(),
  refused: [
    {},
    { ...config, server_token: "" },
    { ...config, message_stream: "not a stream" },
    { ...config, webhook_user: "a:b" },
  ],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(postmark, { ...config, ...more }, message, () => answer);
const OK = { To: "ann@example.com", MessageID: "b7bc2f4a", ErrorCode: 0, Message: "OK" };

describe("a mail", () => {
  it("is one call", async () => {
    const { outcome, requests } = await sending(jsonReply(200, OK));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "b7bc2f4a" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.postmarkapp.com/email",
      headers: { "x-postmark-server-token": "server-token-0123456789", accept: "application/json" },
    });
    expect(jsonBody(requests)).toEqual({
      From: "hello@acme.test",
      To: "ann@example.com",
      Subject: "Hello",
      HtmlBody: "<p>Hello</p>",
      TextBody: "Hello",
      Metadata: { supr_nid: "01JD0000000000000000000000" },
      MessageStream: "outbound",
    });
  });

  it("carries copies, headers, files and any script, in the stream of the settings", async () => {
    const { requests } = await sending(jsonReply(200, OK), fullMail(), { message_stream: "broadcast" });
    expect(jsonBody(requests)).toEqual({
      From: '"Änne, Billing" <billing@acme.test>',
      To: 'ann@xn--bcher-kva.example, "Eve" <eve@example.com>',
      Cc: '"Bob, Jr" <bob@xn--bcher-kva.example>',
      Bcc: "carol@example.com",
      ReplyTo: '"Help" <help@acme.test>',
      Subject: "Grüße",
      HtmlBody: "<p>Grüße</p>",
      TextBody: "Grüße",
      Headers: [
        { Name: "List-Unsubscribe", Value: "<https://acme.test/u>" },
        { Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click" },
      ],
      Attachments: [
        {
          Name: "Einladung ü.ics",
          ContentType: "text/calendar; method=REQUEST",
          Content: FULL_MAIL_FILE,
        },
      ],
      Metadata: { supr_nid: "01JD0000000000000000000000" },
      MessageStream: "broadcast",
    });
  });

  it.each([
    [401, 10, "No Account or Server API tokens were supplied", "config"],
    [503, 100, "Maintenance", "transient"],
    [422, 300, "Invalid 'From' address: 'x'.", "message"],
    [422, 300, "Error parsing 'Cc': Illegal email domain 'x' in address 'a@x'.", "message"],
    [422, 400, "The 'From' address you supplied is not a Sender Signature", "config"],
    [422, 401, "The sender signature has not been confirmed", "config"],
    [422, 402, "Invalid JSON", "message"],
    [422, 405, "You ran out of credits", "config"],
    [422, 411, "Forbidden attachment type", "message"],
    [422, 412, "Your account is pending approval", "config"],
    [422, 413, "This account may not send", "config"],
    [422, 1235, "The 'MessageStream' provided does not exist on this server.", "config"],
    [429, 429, "Rate limit exceeded", "throttled"],
    [500, 0, "error", "transient"],
  ])("that is refused with %i %i (%s) fails as %s", async (status, ErrorCode, Message, kind) => {
    const { outcome } = await sending(jsonReply(status, { ErrorCode, Message }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: String(ErrorCode), message: Message });
  });

  it("that is too large is one of the message, whatever its body says", async () => {
    const answer = { status: 413, headers: {}, body: "<html>413</html>" };
    expect((await sending(answer)).outcome).toMatchObject({ class: "message", code: "http_413" });
  });

  it("to an address that Postmark cannot read fails as recipient", async () => {
    const Message = "Invalid 'To' address: 'ann@example.com'.";
    const { outcome } = await sending(jsonReply(422, { ErrorCode: 300, Message }));
    expect(outcome).toEqual({ kind: "failed", class: "recipient", code: "300", message: Message });
  });

  it("to an address that has bounced ends it", async () => {
    const Message =
      "You tried to send to a recipient that has been marked as inactive. Found inactive addresses: ann@example.com. Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual suppression.";
    const { outcome } = await sending(jsonReply(422, { ErrorCode: 406, Message }));
    expect(outcome).toEqual({
      kind: "failed",
      class: "recipient",
      code: "406",
      message: Message,
      inactivate: true,
    });
  });

  it("whose copies alone go out has failed", async () => {
    const Message =
      "Message OK, but will not deliver to these inactive addresses: bob@example.com, ann@example.com. Inactive recipients are ones that have generated a hard bounce.";
    const message = mailMessage({ cc: ["bob@example.com", "eve@example.com"] });
    expect((await sending(jsonReply(200, { ...OK, Message }), message)).outcome).toMatchObject({
      kind: "failed",
      class: "recipient",
      code: "406",
      inactivate: true,
    });
    const others = Message.replace(", ann@example.com", "");
    expect((await sending(jsonReply(200, { ...OK, Message: others }), message)).outcome).toMatchObject({
      kind: "sent",
    });
  });
});

describe("the credentials", () => {
  it("are proven by the server", async () => {
    const { verification, requests } = await verifyThrough(postmark, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([{ method: "GET", url: "https://api.postmarkapp.com/server" }]);
    const refused = () => jsonReply(401, { ErrorCode: 10, Message: "Bad or missing token" });
    expect((await verifyThrough(postmark, config, refused)).verification).toEqual({
      ok: false,
      message: "Bad or missing token",
    });
  });
});

describe("a report", () => {
  const read = (record: object) =>
    postmark.webhook?.read(
      webhookRequest({ json: { MessageID: "b7bc2f4a", Metadata: { supr_nid: "01JD" }, ...record } }),
    );
  const about = {
    message_id: "01JD",
    vendor_message_id: "b7bc2f4a",
    address: "ann@example.com",
    at: Date.UTC(2026, 1, 22, 8, 30),
  };
  const TIME = "2026-02-22T08:30:00Z";

  it.each([
    ["Delivery", "DeliveredAt", "delivered"],
    ["Open", "ReceivedAt", "seen"],
    ["Click", "ReceivedAt", "clicked"],
  ])("%s (%s) means %s", (RecordType, time, status) => {
    expect(read({ RecordType, Recipient: "ann@example.com", [time]: TIME })).toEqual([
      { kind: "status", ...about, status, reason: null },
    ]);
  });

  const bounce = (more: object) =>
    read({ RecordType: "Bounce", Email: "ann@example.com", BouncedAt: TIME, ...more });
  const lost = { kind: "status", ...about, status: "delivery_failure" };

  it.each([
    ["HardBounce", false, true],
    ["BadEmailAddress", false, true],
    ["ManuallyDeactivated", false, true],
    ["SpamComplaint", false, true],
    ["SoftBounce", false, false],
    ["SoftBounce", true, true],
    ["DnsError", false, false],
    ["Blocked", false, false],
    ["SpamNotification", false, false],
    ["DMARCPolicy", false, false],
  ])("of a bounce (%s, Inactive: %s) ends the address: %s", (Type, Inactive, inactivate) => {
    expect(bounce({ Type, Inactive, Details: "smtp;550 5.1.1 no such user" })).toEqual([
      { ...lost, reason: "smtp;550 5.1.1 no such user", ...(inactivate ? { inactivate } : {}) },
    ]);
  });

  it.each([
    "Transient",
    "AutoResponder",
    "AddressChange",
    "Subscribe",
    "OpenRelayTest",
    "ChallengeVerification",
  ])("of a bounce that is none (%s) is left out", (Type) => {
    expect(bounce({ Type })).toEqual([]);
  });

  it("of what a person wants is about the address", () => {
    const opinion = (change: string, reason: string | null) => [
      { kind: "address", ...about, change, reason },
    ];
    expect(read({ RecordType: "SpamComplaint", Email: "ann@example.com", BouncedAt: TIME })).toEqual(
      opinion("complained", null),
    );
    expect(bounce({ Type: "Unsubscribe" })).toEqual(opinion("opted_out", null));
    const change = { RecordType: "SubscriptionChange", Recipient: "ann@example.com", ChangedAt: TIME };
    expect(read({ ...change, SuppressSending: true, SuppressionReason: "ManualSuppression" })).toEqual(
      opinion("opted_out", "ManualSuppression"),
    );
    expect(read({ ...change, SuppressSending: true, SuppressionReason: "SpamComplaint" })).toEqual(
      opinion("complained", "SpamComplaint"),
    );
    expect(read({ ...change, SuppressSending: true, SuppressionReason: "HardBounce" })).toEqual([
      { ...lost, reason: "HardBounce", inactivate: true },
    ]);
    expect(read({ ...change, SuppressSending: false, SuppressionReason: null })).toEqual(
      opinion("opted_in", null),
    );
  });

  it("of anything else is left out, and of nothing refused", () => {
    expect(read({ RecordType: "Inbound" })).toEqual([]);
    expect(() => read({})).toThrow("`RecordType`");
  });

  loginContract(postmark, config);
});
