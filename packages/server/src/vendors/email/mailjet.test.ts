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
import mailjet from "./mailjet.ts";

const config = {
  api_key: "public-0123456789",
  secret_key: "private-0123456789",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_user: "acme",
  webhook_password: "webhook-password",
};

vendorContract(mailjet, {
  config,
  message: mailMessage(),
  refused: [{}, { ...config, api_key: "" }, { ...config, secret_key: "" }, { ...config, from_email: "x" }],
});

const sending = (answer: HttpReply, message = mailMessage()) =>
  sendThrough(mailjet, config, message, () => answer);

describe("a mail", () => {
  it("is one call, and its ID keeps every digit", async () => {
    // Written as it comes: as a JavaScript number it would lose its last digits.
    const body = `{"Messages":[{"Status":"success","CustomID":"01JD","To":[
      {"Email":"eve@example.com","MessageID":1},{"Email":"Ann@example.com","MessageID":1152921523456789123}]}]}`;
    const { outcome, requests } = await sending({ status: 200, headers: {}, body });
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "1152921523456789123" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.mailjet.com/v3.1/send",
      headers: {
        authorization: `Basic ${Buffer.from("public-0123456789:private-0123456789").toString("base64")}`,
      },
    });
    expect(jsonBody(requests)).toEqual({
      Messages: [
        {
          From: { Email: "hello@acme.test", Name: "Acme" },
          To: [{ Email: "ann@example.com" }],
          Subject: "Hello",
          TextPart: "Hello",
          HTMLPart: "<p>Hello</p>",
          CustomID: "01JD0000000000000000000000",
        },
      ],
    });
  });

  it("carries copies, headers, files and any script", async () => {
    const message = fullMail();
    const headers = {
      ...(message.content.headers as Record<string, string>),
      "X-Mailjet-Campaign": "no",
      "x-mj-customid": "no",
      "User-Agent": "no",
    };
    const { requests } = await sending(jsonReply(200, {}), {
      ...message,
      content: { ...message.content, headers },
    });
    expect(jsonBody(requests)).toEqual({
      Messages: [
        {
          From: { Email: "billing@acme.test", Name: "Änne, Billing" },
          To: [{ Email: "ann@xn--bcher-kva.example" }, { Email: "eve@example.com", Name: "Eve" }],
          Cc: [{ Email: "bob@xn--bcher-kva.example", Name: "Bob, Jr" }],
          Bcc: [{ Email: "carol@example.com" }],
          ReplyTo: { Email: "help@acme.test", Name: "Help" },
          Subject: "Grüße",
          TextPart: "Grüße",
          HTMLPart: "<p>Grüße</p>",
          Headers: {
            "List-Unsubscribe": "<https://acme.test/u>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
          },
          Attachments: [
            {
              ContentType: "text/calendar; method=REQUEST",
              Filename: "Einladung ü.ics",
              Base64Content: FULL_MAIL_FILE,
            },
          ],
          CustomID: "01JD0000000000000000000000",
        },
      ],
    });
  });

  it.each([
    [400, "mj-0013", 400, ["To[0].Email"], "recipient"],
    [400, "mj-0013", 400, ["Cc[0].Email"], "message"],
    [400, "mj-0003", 400, ["TextPart"], "message"],
    [400, "send-0008", 403, ["From"], "config"],
    [401, "mj-0002", 401, [], "config"],
    [403, "send-0002", 403, [], "config"],
    [429, "mj-0001", 429, [], "throttled"],
    [500, "mj-0001", 500, [], "transient"],
  ])("that is refused with %i %s (%i, %j) fails as %s", async (status, ErrorCode, own, related, kind) => {
    const error = { ErrorCode, StatusCode: own, ErrorMessage: "no", ErrorRelatedTo: related };
    const answer = jsonReply(status, { Messages: [{ Status: "error", Errors: [error] }] });
    expect((await sending(answer)).outcome).toEqual({
      kind: "failed",
      class: kind,
      code: ErrorCode,
      message: "no",
    });
  });

  it("is refused with the whole request, too", async () => {
    const error = {
      ErrorIdentifier: "D4DF574C",
      StatusCode: 401,
      ErrorMessage: "API key authentication failed",
    };
    expect((await sending(jsonReply(401, error))).outcome).toEqual({
      kind: "failed",
      class: "config",
      code: "http_401",
      message: "API key authentication failed",
    });
  });
});

describe("the credentials", () => {
  it("are proven by the API key", async () => {
    const { verification, requests } = await verifyThrough(mailjet, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([{ method: "GET", url: "https://api.mailjet.com/v3/REST/apikey" }]);
    const refused = () => jsonReply(401, { StatusCode: 401, ErrorMessage: "failed" });
    expect((await verifyThrough(mailjet, config, refused)).verification).toEqual({
      ok: false,
      message: "failed",
    });
  });
});

describe("a report", () => {
  const BASE = `"time":1433333949,"MessageID":1152921523456789123,"CustomID":"01JD","email":"ann@example.com"`;
  const read = (more: object) => {
    const body = `{${BASE},${JSON.stringify(more).slice(1)}`;
    return mailjet.webhook?.read(webhookRequest({ body: Buffer.from(body) }));
  };
  const about = {
    message_id: "01JD",
    vendor_message_id: "1152921523456789123",
    address: "ann@example.com",
    at: 1433333949000,
  };
  const lost = { kind: "status", ...about, status: "delivery_failure" };

  it.each([
    ["sent", "delivered"],
    ["open", "seen"],
    ["click", "clicked"],
  ])("%s means %s", (event, status) => {
    expect(read({ event })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    [{ event: "bounce", hard_bounce: true, error: "user unknown" }, "user unknown", true],
    [{ event: "bounce", blocked: true, error: "mailbox inactive" }, "mailbox inactive", true],
    [{ event: "bounce", hard_bounce: false, error: "quota exceeded" }, "quota exceeded", false],
    [
      { event: "bounce", hard_bounce: true, error: "user unknown", comment: "Host or domain name not found" },
      "Host or domain name not found",
      true,
    ],
    [{ event: "blocked", error_related_to: "recipient", error: "user unknown" }, "user unknown", true],
    [{ event: "blocked", error_related_to: "mailjet", error: "preblocked" }, "preblocked", false],
  ])("%j is a failure (%s), inactive: %s", (more, reason, inactivate) => {
    expect(read(more)).toEqual([{ ...lost, reason, ...(inactivate ? { inactivate } : {}) }]);
  });

  it("of a bounce that is tried again, or of anything else, is left out", () => {
    expect(read({ event: "bounce", hard_bounce: false, error: "greylisted" })).toEqual([]);
    expect(read({ event: "other" })).toEqual([]);
  });

  it("of what a person wants is about the address", () => {
    const opinion = (change: string, reason: string | null) => [
      { kind: "address", ...about, change, reason },
    ];
    expect(read({ event: "spam", source: "JMRPP" })).toEqual(opinion("complained", "JMRPP"));
    expect(read({ event: "unsub" })).toEqual(opinion("opted_out", null));
  });

  it("comes alone or in groups", () => {
    const group = [{ event: "sent" }, { event: "other" }, { event: "open" }];
    expect(mailjet.webhook?.read(webhookRequest({ json: group }))).toMatchObject([
      { status: "delivered" },
      { status: "seen" },
    ]);
  });

  loginContract(mailjet, config);
});
