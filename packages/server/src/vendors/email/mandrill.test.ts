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
import mandrill from "./mandrill.ts";

const config = {
  api_key: "md-0123456789",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_key: "webhook-key-0123456789",
};

vendorContract(mandrill, {
  config,
  message: mailMessage(),
  refused: [{}, { ...config, api_key: "" }, { ...config, from_email: "x" }],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(mandrill, { ...config, ...more }, message, () => answer);
const entry = (status: string, more: object = {}) => ({
  email: "ann@example.com",
  status,
  reject_reason: null,
  _id: "abc123",
  ...more,
});

describe("a mail", () => {
  it("is one call", async () => {
    const { outcome, requests } = await sending(jsonReply(200, [entry("sent")]));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "abc123" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://mandrillapp.com/api/1.0/messages/send.json",
    });
    expect(jsonBody(requests)).toEqual({
      key: "md-0123456789",
      async: false,
      message: {
        from_email: "hello@acme.test",
        from_name: "Acme",
        to: [{ email: "ann@example.com", type: "to" }],
        subject: "Hello",
        html: "<p>Hello</p>",
        text: "Hello",
        metadata: { supr_nid: "01JD0000000000000000000000" },
        preserve_recipients: true,
        merge: false,
      },
    });
  });

  it("carries copies, headers, files and any script, for a subaccount", async () => {
    const { requests } = await sending(jsonReply(200, []), fullMail(), { subaccount: "acme" });
    expect(jsonBody(requests)).toMatchObject({
      message: {
        from_email: "billing@acme.test",
        from_name: "Änne, Billing",
        to: [
          { email: "ann@xn--bcher-kva.example", type: "to" },
          { email: "eve@example.com", name: "Eve", type: "to" },
          { email: "bob@xn--bcher-kva.example", name: "Bob, Jr", type: "cc" },
          { email: "carol@example.com", type: "bcc" },
        ],
        subject: "Grüße",
        html: "<p>Grüße</p>",
        text: "Grüße",
        headers: {
          "Reply-To": '"Help" <help@acme.test>',
          "List-Unsubscribe": "<https://acme.test/u>",
          "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        attachments: [
          { type: "text/calendar; method=REQUEST", name: "Einladung ü.ics", content: FULL_MAIL_FILE },
        ],
        subaccount: "acme",
      },
    });
  });

  it.each(["sent", "queued", "scheduled"])("that is %s for its recipient is sent", async (status) => {
    const others = [
      { email: "bob@example.com", status: "rejected", reject_reason: "hard-bounce", _id: "x" },
      entry(status, { email: "ANN@example.com" }),
    ];
    expect((await sending(jsonReply(200, others))).outcome).toEqual({
      kind: "sent",
      vendor_message_id: "abc123",
    });
  });

  it.each([
    ["rejected", "hard-bounce", "recipient", true],
    ["rejected", "spam", "recipient", true],
    ["rejected", "unsub", "recipient", true],
    ["rejected", "invalid", "recipient", true],
    ["invalid", null, "recipient", true],
    ["rejected", "custom", "recipient", false],
    ["rejected", "soft-bounce", "message", false],
    ["rejected", "rule", "message", false],
    ["rejected", "invalid-sender", "config", false],
    ["rejected", "unsigned", "config", false],
    ["rejected", "test-mode-limit", "config", false],
  ])(
    "that is %s (%s) for its recipient fails as %s, inactive: %s",
    async (status, reason, kind, inactivate) => {
      const reply = [
        { email: "bob@example.com", status: "sent", _id: "x" },
        entry(status, { reject_reason: reason }),
      ];
      expect((await sending(jsonReply(200, reply))).outcome).toEqual({
        kind: "failed",
        class: kind,
        code: reason ?? status,
        message: `${status}: ${reason ?? status}`,
        ...(inactivate ? { inactivate } : {}),
      });
    },
  );

  it.each([
    [500, "Invalid_Key", "config"],
    [500, "PaymentRequired", "config"],
    [500, "Unknown_Subaccount", "config"],
    [500, "PoorReputation", "config"],
    [500, "ValidationError", "message"],
    [500, "GeneralError", "transient"],
    [503, "ServiceUnavailable", "transient"],
    [500, "Something_New", "transient"],
    [429, "", "throttled"],
  ])("that is refused with %i %s fails as %s", async (status, name, kind) => {
    const { outcome } = await sending(jsonReply(status, { status: "error", code: -1, name, message: "no" }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: name || `http_${status}`, message: "no" });
  });

  it("shows its key in no error that repeats the request", async () => {
    const message = "You must specify a key value: md-0123456789";
    const { outcome } = await sending(jsonReply(500, { status: "error", name: "ValidationError", message }));
    expect(outcome).toMatchObject({ message: "You must specify a key value: ********" });
  });
});

describe("the credentials", () => {
  it("are proven by a ping", async () => {
    const pong = () => ({ status: 200, headers: {}, body: '"PONG!"' });
    const { verification, requests } = await verifyThrough(mandrill, config, pong);
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: "https://mandrillapp.com/api/1.0/users/ping.json",
        body: '{"key":"md-0123456789"}',
      },
    ]);
    const refused = () =>
      jsonReply(500, { status: "error", name: "Invalid_Key", message: "Invalid API key" });
    expect((await verifyThrough(mandrill, config, refused)).verification).toEqual({
      ok: false,
      message: "Invalid API key",
    });
  });
});

describe("a report", () => {
  const event = (type: string, msg: object = {}) => ({
    event: type,
    _id: "abc123",
    ts: 1384954004,
    msg: { email: "ann@example.com", metadata: { supr_nid: "01JD" }, ...msg },
  });
  const read = (...events: object[]) =>
    mandrill.webhook?.read(webhookRequest({ form: { mandrill_events: JSON.stringify(events) } }));
  const about = {
    message_id: "01JD",
    vendor_message_id: "abc123",
    address: "ann@example.com",
    at: 1384954004000,
  };
  const lost = { kind: "status", ...about, status: "delivery_failure" };

  it.each([
    ["send", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["open", "seen"],
    ["click", "clicked"],
  ])("%s means %s", (type, status) => {
    expect(read(event(type))).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    ["hard_bounce", { bounce_description: "bad_mailbox", diag: "smtp;550 5.1.1" }, "smtp;550 5.1.1", true],
    ["hard_bounce", { bounce_description: "bad_mailbox" }, "bad_mailbox", true],
    ["soft_bounce", { bounce_description: "mailbox_full" }, "mailbox_full", false],
    ["reject", {}, "reject", false],
    ["reject", { reject: { reason: "hard-bounce" } }, "hard-bounce", true],
    ["reject", { reject: { reason: "unsigned" } }, "unsigned", false],
  ])("%s %j is a failure (%s), inactive: %s", (type, msg, reason, inactivate) => {
    expect(read(event(type, msg))).toEqual([{ ...lost, reason, ...(inactivate ? { inactivate } : {}) }]);
  });

  it.each([
    ["spam", "complained"],
    ["unsub", "opted_out"],
  ])("%s is about the address: %s", (type, change) => {
    expect(read(event(type))).toEqual([{ kind: "address", ...about, change, reason: null }]);
  });

  it("comes with others, and those that change nothing are left out", () => {
    expect(read(event("deferral"), event("delivered"), { type: "whitelist" }, event("open"))).toMatchObject([
      { status: "delivered" },
      { status: "seen" },
    ]);
    expect(read()).toEqual([]);
    expect(() => mandrill.webhook?.read(webhookRequest({ form: {} }))).toThrow("mandrill_events");
  });

  const URL = "https://notify.acme.test/webhook/mandrill/email/uid/";
  const signed = (form: Record<string, string>, key = config.webhook_key, url = URL) => {
    const names = Object.keys(form).toSorted();
    const text = names.map((name) => `${name}${form[name]}`).join("");
    const signature = createHmac("sha1", key)
      .update(url + text)
      .digest("base64");
    return { url: URL, form, headers: { "x-mandrill-signature": signature } };
  };
  const prove = (request: object, webhook_key = config.webhook_key) =>
    mandrill.webhook?.verify?.(
      webhookRequest(request),
      mandrill.config.parse({ ...config, webhook_key }),
      closed,
    );

  it("is proven by its signature, which is one of the address too", () => {
    const form = { mandrill_events: '[{"event":"Grüße"}]', another: "1" };
    expect(prove(signed(form))).toBe("verified");
    expect(prove({ ...signed(form), form: { ...form, another: "2" } })).toBe("forged");
    expect(prove(signed(form, "other"))).toBe("forged");
    expect(prove(signed(form, config.webhook_key, `${URL}other/`))).toBe("forged");
    expect(prove({ form })).toBe("forged");
    expect(prove(signed(form), "")).toBe("unsigned");
  });

  it("is preceded by a question whether its address exists", async () => {
    const greet = (method: string) =>
      mandrill.webhook?.greet?.(webhookRequest({ method }), mandrill.config.parse(config), closed);
    expect(await greet("HEAD")).toEqual({ status: 200, body: "" });
    expect(await greet("POST")).toBeNull();
  });
});
