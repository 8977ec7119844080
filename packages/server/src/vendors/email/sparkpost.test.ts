import fc from "fast-check";
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
import sparkpost from "./sparkpost.ts";

const config = {
  api_key: "14ac5499cfdd2bb2859e4476",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_user: "acme",
  webhook_password: "webhook-password",
};

vendorContract(sparkpost, {
  config,
  message: mailMessage(),
  refused: [
    {},
    { ...config, api_key: "" },
    { ...config, region: "mars" },
    { ...config, transactional: "yes" },
  ],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(sparkpost, { ...config, ...more }, message, () => answer);
const OK = {
  results: { total_rejected_recipients: 0, total_accepted_recipients: 1, id: "11668787484950529" },
};

describe("a mail", () => {
  it("is one call", async () => {
    const { outcome, requests } = await sending(jsonReply(200, OK));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "11668787484950529" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.sparkpost.com/api/v1/transmissions",
      headers: {
        authorization: "14ac5499cfdd2bb2859e4476",
        "idempotency-key": "01JD0000000000000000000000",
      },
    });
    expect(jsonBody(requests)).toEqual({
      options: { transactional: true, open_tracking: true, click_tracking: true },
      metadata: { supr_nid: "01JD0000000000000000000000" },
      substitution_data: { carillon_open: "{", carillon_close: "}" },
      recipients: [{ address: { email: "ann@example.com", header_to: "ann@example.com" } }],
      content: {
        from: { email: "hello@acme.test", name: "Acme" },
        subject: "Hello",
        html: "<p>Hello</p>",
        text: "Hello",
      },
    });
  });

  it("carries copies, headers, files and any script, by the settings", async () => {
    const { requests } = await sending(jsonReply(200, OK), fullMail(), {
      region: "eu",
      ip_pool: "marketing",
      transactional: false,
      click_tracking: false,
    });
    expect(requests[0]?.url).toBe("https://api.eu.sparkpost.com/api/v1/transmissions");
    const header_to = 'ann@xn--bcher-kva.example, "Eve" <eve@example.com>';
    expect(jsonBody(requests)).toMatchObject({
      options: { transactional: false, open_tracking: true, click_tracking: false, ip_pool: "marketing" },
      recipients: [
        { address: { email: "ann@xn--bcher-kva.example", header_to } },
        { address: { email: "eve@example.com", header_to } },
        { address: { email: "bob@xn--bcher-kva.example", header_to } },
        { address: { email: "carol@example.com", header_to } },
      ],
      content: {
        from: { email: "billing@acme.test", name: "Änne, Billing" },
        reply_to: '"Help" <help@acme.test>',
        subject: "Grüße",
        html: "<p>Grüße</p>",
        text: "Grüße",
        headers: {
          CC: '"Bob, Jr" <bob@xn--bcher-kva.example>',
          "List-Unsubscribe": "<https://acme.test/u>",
          "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        attachments: [
          { name: "Einladung ü.ics", type: "text/calendar; method=REQUEST", data: FULL_MAIL_FILE },
        ],
      },
    });
    expect(String(requests[0]?.body).match(/carol/g)).toHaveLength(1);
  });

  it("is not executed where it has double braces", async () => {
    const O = "{{carillon_open}}";
    const C = "{{carillon_close}}";
    const message = mailMessage({
      subject: "Use {{name}}",
      html: "<style>@media print{.a{color:red}}</style>{single}{{{triple}}}{}",
      text: "{{each x}}",
      headers: { "X-Kind": "{{y}}" },
      from_name: "{{z}}",
    });
    const { requests } = await sending(jsonReply(200, OK), message);
    expect(jsonBody(requests)).toMatchObject({
      content: {
        subject: `Use ${O}${O}name${C}${C}`,
        html: `<style>@media print{.a{color:red${C}${C}</style>{single${C}${O}${O}${O}triple${C}${C}${C}${O}${C}`,
        text: `${O}${O}each x${C}${C}`,
        headers: { "X-Kind": `${O}${O}y${C}${C}` },
        from: { name: `${O}${O}z${C}${C}` },
      },
    });
  });

  it("is the same text again once its values are inserted, and has no other expression", async () => {
    const braced = fc.string({ unit: fc.constantFrom("{", "}", "a", " ", "(", ")") });
    await fc.assert(
      fc.asyncProperty(braced, async (text) => {
        const { requests } = await sending(jsonReply(200, OK), mailMessage({ html: `<p>${text}</p>` }));
        const { html } = (jsonBody(requests) as { content: { html: string } }).content;
        const rest = html.replaceAll(/\{\{carillon_(?:open|close)\}\}/g, "");
        expect(rest).not.toMatch(/\{\{|\}\}/);
        expect(html.replaceAll("{{carillon_open}}", "{").replaceAll("{{carillon_close}}", "}")).toBe(
          `<p>${text}</p>`,
        );
      }),
    );
  });

  it.each([
    [400, "7001", "Invalid domain", "Unconfigured or unverified sending domain.", "config"],
    [400, "1902", "Message generation rejected", "", "message"],
    [401, "", "Unauthorized.", "", "config"],
    [403, "", "Forbidden.", "", "config"],
    [409, "1601", "request in progress", "", "transient"],
    [409, "1600", "same key, different payload", "", "message"],
    [413, "", "content too large", "", "message"],
    [422, "1400", "required field is missing", "subject is required", "message"],
    [429, "", "Too many requests", "", "throttled"],
    [500, "", "internal error", "", "transient"],
    [503, "", "unavailable", "", "transient"],
  ])("that is refused with %i %s (%s: %s) fails as %s", async (status, code, message, description, kind) => {
    const { outcome } = await sending(jsonReply(status, { errors: [{ message, description, code }] }));
    expect(outcome).toEqual({
      kind: "failed",
      class: kind,
      code: code || `http_${status}`,
      message: description === "" ? message : `${message}: ${description}`,
    });
  });

  it("waits where a limit is reached", async () => {
    const answer = jsonReply(420, { errors: [{ message: "Exceed Sending Limit (hourly)", code: "2101" }] });
    expect((await sending(answer)).outcome).toMatchObject({
      class: "throttled",
      code: "2101",
      retry_after: 600,
    });
  });

  it("whose recipients are all refused has failed", async () => {
    const results = {
      rcpt_to_errors: [{ message: "invalid data", description: "bad address", code: "1300" }],
      total_rejected_recipients: 1,
      total_accepted_recipients: 0,
      id: "1",
    };
    const errors = [{ message: "transmission created, but with validation errors", code: "2000" }];
    expect((await sending(jsonReply(200, { errors, results }))).outcome).toEqual({
      kind: "failed",
      class: "recipient",
      code: "1300",
      message: "invalid data: bad address",
    });
    const some = { ...results, total_accepted_recipients: 1 };
    expect((await sending(jsonReply(200, { errors, results: some }))).outcome).toMatchObject({
      kind: "sent",
    });
  });
});

describe("the credentials", () => {
  it("are proven by the account", async () => {
    const { verification, requests } = await verifyThrough(sparkpost, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([{ method: "GET", url: "https://api.sparkpost.com/api/v1/account" }]);
    const refused = () => jsonReply(401, { errors: [{ message: "Unauthorized." }] });
    expect((await verifyThrough(sparkpost, config, refused)).verification).toEqual({
      ok: false,
      message: "Unauthorized.",
    });
  });
});

describe("a report", () => {
  const entry = (kind: string, more: object) => ({
    msys: {
      [kind]: {
        rcpt_meta: { supr_nid: "01JD" },
        transmission_id: "65832150921904138",
        rcpt_to: "ann@example.com",
        raw_rcpt_to: "Ann@example.com",
        timestamp: "1454442600",
        ...more,
      },
    },
  });
  const read = (kind: string, more: object) =>
    sparkpost.webhook?.read(webhookRequest({ json: [entry(kind, more)] }));
  const about = {
    message_id: "01JD",
    vendor_message_id: "65832150921904138",
    address: "Ann@example.com",
    at: 1454442600000,
  };
  const lost = { kind: "status", ...about, status: "delivery_failure" };

  it.each([
    ["message_event", "injection", "sent_by_vendor"],
    ["message_event", "delivery", "delivered"],
    ["track_event", "initial_open", "seen"],
    ["track_event", "open", "seen"],
    ["track_event", "amp_open", "seen"],
    ["track_event", "click", "clicked"],
    ["track_event", "amp_click", "clicked"],
  ])("%s %s means %s", (kind, type, status) => {
    expect(read(kind, { type })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    ["bounce", "10", "550 no such user", true],
    ["bounce", "30", "no RCPT", true],
    ["out_of_band", "10", "no such user", true],
    ["bounce", "90", "unsubscribe", true],
    ["bounce", "25", "554 5.7.1 recipient address was suppressed due to customer policy", true],
    ["bounce", "25", "configured policy", false],
    ["bounce", "22", "mailbox full", false],
    ["bounce", "51", "spam block", false],
    ["policy_rejection", "", "policy", false],
    ["generation_failure", "", "no template", false],
    ["generation_rejection", "", "rejected", false],
  ])("%s (class %s, %s) is a failure, inactive: %s", (type, bounce_class, raw_reason, inactivate) => {
    expect(read("message_event", { type, bounce_class, raw_reason })).toEqual([
      { ...lost, reason: raw_reason, ...(inactivate ? { inactivate } : {}) },
    ]);
  });

  it.each(["60", "80", "100"])("of a bounce that is an answer (class %s) is left out", (bounce_class) => {
    expect(read("message_event", { type: "out_of_band", bounce_class })).toEqual([]);
  });

  it("of what a person wants is about the address", () => {
    const opinion = (change: string, reason: string | null) => [
      { kind: "address", ...about, change, reason },
    ];
    expect(read("message_event", { type: "spam_complaint", fbtype: "abuse" })).toEqual(
      opinion("complained", "abuse"),
    );
    expect(read("unsubscribe_event", { type: "list_unsubscribe" })).toEqual(opinion("opted_out", null));
    expect(read("unsubscribe_event", { type: "link_unsubscribe" })).toEqual(opinion("opted_out", null));
  });

  it("comes with others, and a ping has none", () => {
    const batch = [
      entry("message_event", { type: "delay" }),
      entry("message_event", { type: "delivery" }),
      { msys: {} },
      entry("track_event", { type: "open" }),
      entry("relay_message", { type: "delivery" }),
    ];
    expect(sparkpost.webhook?.read(webhookRequest({ json: batch }))).toMatchObject([
      { status: "delivered" },
      { status: "seen" },
    ]);
    expect(sparkpost.webhook?.read(webhookRequest({ json: [{ msys: {} }] }))).toEqual([]);
  });

  loginContract(sparkpost, config);
});
