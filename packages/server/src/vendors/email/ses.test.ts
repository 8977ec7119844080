import { describe, expect, it } from "vitest";
import { attached, headersOf, mailMessage } from "../../../test/outside/smtp.ts";
import {
  dial,
  scriptedHttp,
  sendThrough,
  vendorContract,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import ses from "./ses.ts";

const config = {
  region: "eu-west-1",
  access_key_id: "AKIAIOSFODNN7EXAMPLE",
  secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  from_name: "Acme, Inc.",
  from_email: "hello@acme.test",
  reply_email: "help@acme.test",
  configuration_set: "carillon",
  sns_topic_arn: "arn:aws:sns:eu-west-1:123456789012:carillon",
};

vendorContract(ses, {
  config,
  message: mailMessage(),
  refused: [
    {},
    { ...config, region: "ireland" },
    { ...config, access_key_id: "short" },
    { ...config, role_arn: "arn:aws:iam::1:role/x" },
    { ...config, session_seconds: 60 },
    { ...config, sns_topic_arn: "carillon" },
    { ...config, configuration_set: "no such/set" },
    { ...config, from_email: "no address" },
  ],
});

const reply = (status: number, json: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body: JSON.stringify(json),
});

const sending = (answer: HttpReply, message = mailMessage(), settings: Partial<typeof config> = {}) =>
  sendThrough(ses, { ...config, ...settings }, message, () => answer);

const bodyOf = ({ requests }: Awaited<ReturnType<typeof sending>>) => {
  const body = JSON.parse(String(requests[0]?.body)) as { Content: { Raw: { Data: string } } };
  return { body, raw: Buffer.from(body.Content.Raw.Data, "base64").toString() };
};

describe("a mail", () => {
  it("is one signed call", async () => {
    const sent = await sending(reply(200, { MessageId: "0102018f-000000" }));
    expect(sent.outcome).toEqual({ kind: "sent", vendor_message_id: "0102018f-000000" });
    expect(sent.requests).toHaveLength(1);
    expect(sent.requests[0]).toMatchObject({
      method: "POST",
      url: "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails",
      headers: {
        "content-type": "application/json",
        authorization: expect.stringMatching(
          /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-west-1\/ses\/aws4_request, /,
        ),
      },
    });
    const { body, raw } = bodyOf(sent);
    expect(body).toEqual({
      Destination: { ToAddresses: ["ann@example.com"] },
      Content: { Raw: { Data: expect.any(String) } },
      ConfigurationSetName: "carillon",
      EmailTags: [{ Name: "supr_nid", Value: "01JD0000000000000000000000" }],
    });
    expect(headersOf(raw)).toMatchObject({
      from: '"Acme, Inc." <hello@acme.test>',
      to: "ann@example.com",
      "reply-to": "help@acme.test",
      subject: "Hello",
    });
  });

  it("carries copies, headers, files and any script, in seven bits", async () => {
    const message = mailMessage(
      {
        subject: "Grüße",
        html: "<p>Grüße</p>",
        text: "Grüße",
        extra_to: ["Eve <eve@example.com>"],
        cc: ["Bob <bob@bücher.example>"],
        bcc: ["carol@example.com"],
        headers: { "List-Unsubscribe": "<https://acme.test/u>", "X-Kind": "Grüße" },
      },
      {
        to: "ann@bücher.example",
        attachments: [attached("ü.ics", "text/calendar; method=REQUEST", "BEGIN:VCALENDAR")],
      },
    );
    const { body, raw } = bodyOf(await sending(reply(200, {}), message));
    expect(body).toMatchObject({
      Destination: {
        ToAddresses: ["ann@xn--bcher-kva.example", "eve@example.com"],
        CcAddresses: ["bob@xn--bcher-kva.example"],
        BccAddresses: ["carol@example.com"],
      },
    });
    expect(raw).toMatch(/^[\t\r\n -~]*$/);
    expect(raw).not.toContain("carol@example.com");
    expect(headersOf(raw)).toMatchObject({
      to: "ann@xn--bcher-kva.example, Eve <eve@example.com>",
      cc: "Bob <bob@xn--bcher-kva.example>",
      subject: "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=",
      "list-unsubscribe": "<https://acme.test/u>",
      "x-kind": "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=",
    });
    expect(raw).toContain("text/calendar; method=REQUEST");
    expect(raw).toContain(Buffer.from("BEGIN:VCALENDAR").toString("base64"));
  });

  it("needs no configuration set", async () => {
    const { body } = bodyOf(await sending(reply(200, {}), mailMessage(), { configuration_set: "" }));
    expect(body).not.toHaveProperty("ConfigurationSetName");
  });

  it.each([
    [400, "MessageRejected", "Email address is not verified. The following identities failed", "config"],
    [400, "MessageRejected", "Illegal content", "message"],
    [400, "BadRequestException", "Illegal address", "message"],
    [400, "MailFromDomainNotVerifiedException", "no MX", "config"],
    [400, "AccountSuspendedException", "suspended", "config"],
    [400, "SendingPausedException", "paused", "config"],
    [404, "NotFoundException", "Configuration set <x> does not exist.", "config"],
    [400, "LimitExceededException", "too many", "throttled"],
    [429, "TooManyRequestsException", "slow down", "throttled"],
    [400, "ThrottlingException", "Maximum sending rate exceeded.", "throttled"],
    [403, "SignatureDoesNotMatch", "The request signature we calculated does not match", "config"],
    [403, "UnrecognizedClientException", "The security token included in the request is invalid.", "config"],
    [403, "AccessDeniedException", "not authorized to perform ses:SendEmail", "config"],
    [413, "", "Request too long", "message"],
    [500, "InternalFailure", "sorry", "transient"],
    [503, "", "Service Unavailable", "transient"],
  ])("that is refused with %i %s (%s) fails as %s", async (status, name, message, kind) => {
    const headers: Record<string, string> =
      name === "" ? {} : { "x-amzn-errortype": `${name}:http://internal.amazon.com/` };
    const { outcome } = await sending(reply(status, { message }, headers));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: name || `http_${status}`, message });
  });

  it("waits ten minutes once the quota of the day is used up", async () => {
    const answer = reply(429, { message: "Daily message quota exceeded." });
    expect((await sending(answer)).outcome).toMatchObject({ class: "throttled", retry_after: 600 });
  });

  it("is sent as a role, whose session shows in no error", async () => {
    const xml = `<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>temporary-key</SecretAccessKey>
      <SessionToken>session-token</SessionToken><Expiration>2120-01-01T00:00:00Z</Expiration></Credentials>`;
    const { outcome } = await sendThrough(
      ses,
      { ...config, role_arn: "arn:aws:iam::123456789012:role/mail" },
      mailMessage(),
      ({ url }) =>
        url.startsWith("https://sts.")
          ? { status: 200, headers: {}, body: xml }
          : reply(403, { message: "should have been x-amz-security-token:session-token temporary-key" }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: "config",
      code: "http_403",
      message: "should have been x-amz-security-token:******** ********",
    });
  });
});

describe("the credentials", () => {
  const verify = (answer: HttpReply) => {
    const http = scriptedHttp(({ method, url }) =>
      method === "GET" && url === "https://email.eu-west-1.amazonaws.com/v2/email/account"
        ? answer
        : reply(500, { message: "not this" }),
    );
    const connection = ses.open(ses.config.parse(config), { http, dial, now: Date.now });
    return connection.verify?.(new AbortController().signal);
  };

  it("are proven by the account", async () => {
    expect(await verify(reply(200, { SendingEnabled: true }))).toEqual({ ok: true });
    expect(await verify(reply(403, { message: "is invalid" }))).toEqual({ ok: false, message: "is invalid" });
  });
});

describe("a report", () => {
  const MAIL = {
    timestamp: "2017-08-05T00:40:01.123Z",
    messageId: "0102018f-000000",
    destination: ["ann@example.com"],
    tags: { supr_nid: ["01JD"], "ses:configuration-set": ["carillon"] },
  };
  const read = (event: object | string) =>
    ses.webhook?.read(
      webhookRequest({
        json: { Type: "Notification", Message: typeof event === "string" ? event : JSON.stringify(event) },
      }),
    );
  const at = Date.UTC(2017, 7, 5, 0, 41, 2, 669);
  const about = { message_id: "01JD", vendor_message_id: "0102018f-000000", address: "ann@example.com", at };
  const timestamp = "2017-08-05T00:41:02.669Z";

  it("of what became of a mail is its status", () => {
    const status = (reached: string) => [{ kind: "status", ...about, status: reached, reason: null }];
    expect(read({ eventType: "Send", send: {}, mail: { ...MAIL, timestamp } })).toEqual(
      status("sent_by_vendor"),
    );
    expect(
      read({ eventType: "Delivery", mail: MAIL, delivery: { timestamp, recipients: ["ann@example.com"] } }),
    ).toEqual(status("delivered"));
    expect(read({ eventType: "Open", mail: MAIL, open: { timestamp } })).toEqual(status("seen"));
    expect(read({ eventType: "Click", mail: MAIL, click: { timestamp, link: "https://x" } })).toEqual(
      status("clicked"),
    );
  });

  it("of an opened mail with copies does not say by whom", () => {
    const mail = { ...MAIL, destination: ["ann@example.com", "bob@example.com"] };
    expect(read({ eventType: "Open", mail, open: { timestamp } })).toMatchObject([{ address: null }]);
  });

  it.each([
    ["Permanent", "General", true],
    ["Permanent", "OnAccountSuppressionList", true],
    ["Transient", "MailboxFull", false],
    ["Undetermined", "Undetermined", false],
  ])("of a bounce (%s, %s) names each address, inactive: %s", (bounceType, bounceSubType, inactive) => {
    const bouncedRecipients = [
      { emailAddress: "ann@example.com", diagnosticCode: "smtp; 550 5.1.1 user unknown" },
      { emailAddress: "bob@example.com" },
    ];
    const bounce = { bounceType, bounceSubType, bouncedRecipients, timestamp };
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    const inactivate = inactive ? { inactivate: true } : {};
    expect(read({ eventType: "Bounce", mail: MAIL, bounce })).toEqual([
      { ...lost, reason: "smtp; 550 5.1.1 user unknown", ...inactivate },
      { ...lost, address: "bob@example.com", reason: `${bounceType}: ${bounceSubType}`, ...inactivate },
    ]);
  });

  it("of a feedback notification is read too, without our id", () => {
    const { tags: _, ...mail } = MAIL;
    const complaint = {
      complainedRecipients: [{ emailAddress: "ann@example.com" }],
      complaintFeedbackType: "abuse",
      timestamp,
    };
    expect(read({ notificationType: "Complaint", mail, complaint })).toEqual([
      { kind: "address", ...about, message_id: null, change: "complained", reason: "abuse" },
    ]);
  });

  it("of a mail that SES itself did not send is a failure", () => {
    const failed = { kind: "status", ...about, at: null, status: "delivery_failure" };
    expect(read({ eventType: "Reject", mail: MAIL, reject: { reason: "Bad content" } })).toEqual([
      { ...failed, reason: "Bad content" },
    ]);
    expect(
      read({ eventType: "Rendering Failure", mail: MAIL, failure: { errorMessage: "no template" } }),
    ).toEqual([{ ...failed, reason: "no template" }]);
  });

  it("that changes nothing, or is no event, is left out", () => {
    expect(read({ eventType: "DeliveryDelay", mail: MAIL })).toEqual([]);
    expect(read({ eventType: "Subscription", mail: MAIL })).toEqual([]);
    expect(read("Successfully validated SNS topic for Amazon SES event publishing.")).toEqual([]);
    expect(
      ses.webhook?.read(webhookRequest({ json: { Type: "SubscriptionConfirmation", Message: "You have" } })),
    ).toEqual([]);
  });
});
