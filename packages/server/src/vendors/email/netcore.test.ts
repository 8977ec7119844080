import { describe, expect, it } from "vitest";
import {
  FULL_MAIL_FILE,
  fullMail,
  jsonBody,
  jsonReply,
  loginContract,
} from "../../../test/outside/email-api.ts";
import { mailMessage } from "../../../test/outside/smtp.ts";
import {
  closed,
  sendThrough,
  vendorContract,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import netcore from "./netcore.ts";

const config = {
  api_key: "netcore-0123456789",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_user: "acme",
  webhook_password: "webhook-password",
};

vendorContract(netcore, {
  config,
  message: mailMessage(),
  refused: [{}, { ...config, region: "mars" }, { ...config, api_key: "" }, { ...config, from_email: "x" }],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(netcore, { ...config, ...more }, message, () => answer);
const OK = { data: { message_id: "e2a0f1" }, message: "OK", status: "success" };

describe("a mail", () => {
  it("is one call", async () => {
    const { outcome, requests } = await sending(jsonReply(202, OK));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "e2a0f1" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://emailapi.netcorecloud.net/v5.1/mail/send",
      headers: { api_key: "netcore-0123456789" },
    });
    expect(jsonBody(requests)).toEqual({
      from: { email: "hello@acme.test", name: "Acme" },
      subject: "Hello",
      content: [{ type: "html", value: "<p>Hello</p>" }],
      personalizations: [{ to: [{ email: "ann@example.com" }], token_to: "01JD0000000000000000000000" }],
    });
  });

  it("carries copies, headers, files and any script", async () => {
    const { requests } = await sending(jsonReply(202, OK), fullMail());
    expect(jsonBody(requests)).toEqual({
      from: { email: "billing@acme.test", name: "Änne, Billing" },
      reply_to: "help@acme.test",
      subject: "Grüße",
      content: [{ type: "html", value: "<p>Grüße</p>" }],
      personalizations: [
        {
          to: [{ email: "ann@xn--bcher-kva.example" }, { email: "eve@example.com", name: "Eve" }],
          cc: [{ email: "bob@xn--bcher-kva.example" }],
          bcc: [{ email: "carol@example.com" }],
          token_to: "01JD0000000000000000000000",
          headers: {
            "List-Unsubscribe": "<https://acme.test/u>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
          },
          attachments: [{ name: "Einladung ü.ics", content: FULL_MAIL_FILE }],
        },
      ],
    });
  });

  it("goes to the European region", async () => {
    const { requests } = await sending(jsonReply(202, OK), mailMessage(), { region: "eu" });
    expect(requests[0]?.url).toBe("https://apieu.netcorecloud.net/v5.1/mail/send");
  });

  it("of plain text is shown as it is, as HTML", async () => {
    const message = mailMessage({ html: null, text: "1 < 2\n<b>not bold</b>" });
    const { requests } = await sending(jsonReply(202, OK), message);
    expect(jsonBody(requests)).toMatchObject({
      content: [
        {
          type: "html",
          value: '<div style="white-space: pre-wrap">1 &lt; 2\n&lt;b&gt;not bold&lt;/b&gt;</div>',
        },
      ],
    });
  });

  it.each([
    [400, { error: [{ message: "from is required" }] }, "from is required", "message"],
    [400, { status: "error", message: "invalid JSON" }, "invalid JSON", "message"],
    [200, { status: "error", error: { message: "not sent" } }, "not sent", "message"],
    [401, { error: "unauthorized" }, "unauthorized", "config"],
    [403, { message: "domain is not approved" }, "domain is not approved", "config"],
    [405, { message: "method not allowed" }, "method not allowed", "config"],
    [429, { message: "slow down" }, "slow down", "throttled"],
    [500, { message: "error" }, "error", "transient"],
  ])("that is refused with %i %j (%s) fails as %s", async (status, body, message, kind) => {
    expect((await sending(jsonReply(status, body))).outcome).toEqual({
      kind: "failed",
      class: kind,
      code: `http_${status}`,
      message,
    });
  });
});

describe("a report", () => {
  const BASE = `"TRANSID":15536250111702803,"EMAIL":"ann@example.com","TIMESTAMP":1553681625,"X-APIHEADER":"01JD"`;
  const item = (more: object) => `{${BASE},${JSON.stringify(more).slice(1)}`;
  const read = (...items: object[]) =>
    netcore.webhook?.read(webhookRequest({ body: Buffer.from(`[${items.map(item).join(",")}]`) }));
  const about = {
    message_id: "01JD",
    vendor_message_id: "15536250111702803",
    address: "ann@example.com",
    at: 1553681625000,
  };

  it.each([
    ["sent", "delivered"],
    ["send", "delivered"],
    ["Delivered", "delivered"],
    ["opened", "seen"],
    ["open", "seen"],
    ["clicked", "clicked"],
    ["click", "clicked"],
  ])("%s means %s", (EVENT, status) => {
    expect(read({ EVENT })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    ["bounced", true],
    ["bounce", true],
    ["invalid", true],
    ["dropped", false],
    ["drop", false],
  ])("%s is a failure, inactive: %s", (EVENT, inactivate) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    const dead = inactivate ? { inactivate } : {};
    expect(read({ EVENT, RESPONSE: "550 no such user" })).toEqual([
      { ...lost, reason: "550 no such user", ...dead },
    ]);
    expect(read({ EVENT })).toEqual([{ ...lost, reason: EVENT, ...dead }]);
  });

  it.each([
    ["spam", "complained"],
    ["abuse", "complained"],
    ["unsub", "opted_out"],
    ["unsubscribed", "opted_out"],
  ])("%s is about the address: %s", (EVENT, change) => {
    expect(read({ EVENT })).toEqual([{ kind: "address", ...about, change, reason: null }]);
  });

  it("comes with others, and those that say nothing are left out", () => {
    expect(read({ EVENT: "sent" }, { EVENT: "other" }, { EVENT: "opened" })).toMatchObject([
      { status: "delivered" },
      { status: "seen" },
    ]);
    expect(read()).toEqual([]);
  });

  loginContract(netcore, config);

  it("is preceded by a question whether its address exists", async () => {
    const request = webhookRequest({ method: "HEAD" });
    expect(await netcore.webhook?.greet?.(request, netcore.config.parse(config), closed)).toEqual({
      status: 200,
      body: "",
    });
  });
});
