import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fullMail, jsonReply, verifyThrough } from "../../../test/outside/email-api.ts";
import { mailMessage } from "../../../test/outside/smtp.ts";
import {
  closed,
  sendThrough,
  vendorContract,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import type { HttpReply, HttpRequest } from "../../delivery/http/http.ts";
import mailgun from "./mailgun.ts";

const KEY = "signing-key-0123456789";
const config = {
  api_key: "key-0123456789",
  domain: "mg",
  from_name: "Acme",
  from_email: "hello@acme.test",
  webhook_signing_key: KEY,
};

vendorContract(mailgun, {
  config,
  message: mailMessage(),
  refused: [
    {},
    { ...config, api_key: "" },
    { ...config, region: "mars" },
    { ...config, domain: "mg.acme.test/../x" },
    { ...config, is_sandbox: true },
    { ...config, is_sandbox: true, domain: "" },
  ],
});

const sending = (answer: HttpReply, message = mailMessage(), more = {}) =>
  sendThrough(mailgun, { ...config, ...more }, message, () => answer);

async function formOf([request]: HttpRequest[]) {
  const headers = { "content-type": request?.headers?.["content-type"] ?? "" };
  const form = await new Response(Buffer.from(request?.body ?? ""), { headers }).formData();
  return [...form];
}

describe("a mail", () => {
  it("is one form", async () => {
    const { outcome, requests } = await sending(
      jsonReply(200, { id: "<20111114174239.25659.5817@mg.acme.test>", message: "Queued. Thank you." }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "20111114174239.25659.5817@mg.acme.test" });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.mailgun.net/v3/mg.acme.test/messages",
      headers: { authorization: `Basic ${Buffer.from("api:key-0123456789").toString("base64")}` },
    });
    expect(await formOf(requests)).toEqual([
      ["from", '"Acme" <hello@acme.test>'],
      ["to", "ann@example.com"],
      ["subject", "Hello"],
      ["text", "Hello"],
      ["html", "<p>Hello</p>"],
      ["v:supr_nid", "01JD0000000000000000000000"],
    ]);
  });

  it("carries copies, headers, files and any script", async () => {
    const { requests } = await sending(jsonReply(200, {}), fullMail());
    const fields = await formOf(requests);
    expect(fields.slice(0, -1)).toEqual([
      ["from", '"Änne, Billing" <billing@acme.test>'],
      ["to", 'ann@xn--bcher-kva.example, "Eve" <eve@example.com>'],
      ["cc", '"Bob, Jr" <bob@xn--bcher-kva.example>'],
      ["bcc", "carol@example.com"],
      ["h:Reply-To", '"Help" <help@acme.test>'],
      ["subject", "Grüße"],
      ["text", "Grüße"],
      ["html", "<p>Grüße</p>"],
      ["h:List-Unsubscribe", "<https://acme.test/u>"],
      ["h:List-Unsubscribe-Post", "List-Unsubscribe=One-Click"],
      ["v:supr_nid", "01JD0000000000000000000000"],
    ]);
    const [name, file] = fields.at(-1) ?? [];
    expect(name).toBe("attachment");
    expect(file).toMatchObject({ name: "Einladung ü.ics", type: "text/calendar; method=request" });
    expect(await (file as File).text()).toBe("BEGIN:VCALENDAR");
  });

  it.each([
    ["a prefix of the sender's domain", {}, {}, "https://api.mailgun.net/v3/mg.acme.test/messages"],
    ["the sender's domain", { domain: "" }, {}, "https://api.mailgun.net/v3/acme.test/messages"],
    [
      "that of a template's sender",
      {},
      { from_address: "hi@bücher.example" },
      "https://api.mailgun.net/v3/mg.xn--bcher-kva.example/messages",
    ],
    [
      "a sandbox domain",
      { is_sandbox: true, domain: "sandbox1.mailgun.org" },
      {},
      "https://api.mailgun.net/v3/sandbox1.mailgun.org/messages",
    ],
    ["the European region", { region: "eu" }, {}, "https://api.eu.mailgun.net/v3/mg.acme.test/messages"],
  ])("is sent by %s", async (_what, settings, content, url) => {
    const { requests } = await sending(jsonReply(200, {}), mailMessage(content), settings);
    expect(requests[0]?.url).toBe(url);
  });

  it.each([
    [400, "to parameter is not a valid address. please check documentation", "recipient"],
    [400, "'from' parameter is not a valid address. please check documentation", "message"],
    [401, "Forbidden", "config"],
    [402, "Payment required", "config"],
    [403, "Domain mg.acme.test is not allowed to send", "config"],
    [404, "Domain not found: mg.acme.test", "config"],
    [413, "Request Entity Too Large", "message"],
    [429, "Too many requests", "throttled"],
    [500, "Internal Server Error", "transient"],
  ])("that is refused with %i (%s) fails as %s", async (status, message, kind) => {
    const { outcome } = await sending(jsonReply(status, { message }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: `http_${status}`, message });
  });
});

describe("the credentials", () => {
  it("are proven by the domain", async () => {
    const { verification, requests } = await verifyThrough(mailgun, config, () => jsonReply(200, {}));
    expect(verification).toEqual({ ok: true });
    expect(requests).toMatchObject([
      { method: "GET", url: "https://api.mailgun.net/v3/domains/mg.acme.test" },
    ]);
    const refused = () => jsonReply(401, { message: "Forbidden" });
    expect((await verifyThrough(mailgun, config, refused)).verification).toEqual({
      ok: false,
      message: "Forbidden",
    });
  });
});

describe("a report", () => {
  const read = (more: object) =>
    mailgun.webhook?.read(
      webhookRequest({
        json: {
          signature: {},
          "event-data": {
            timestamp: 1521472262.908181,
            recipient: "ann@example.com",
            message: { headers: { "message-id": "20111114174239.25659.5817@mg.acme.test" } },
            "user-variables": { supr_nid: "01JD" },
            ...more,
          },
        },
      }),
    );
  const about = {
    message_id: "01JD",
    vendor_message_id: "20111114174239.25659.5817@mg.acme.test",
    address: "ann@example.com",
    at: 1521472262908,
  };

  it.each([
    ["accepted", "sent_by_vendor"],
    ["delivered", "delivered"],
    ["opened", "seen"],
    ["clicked", "clicked"],
  ])("%s means %s", (event, status) => {
    expect(read({ event })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each([
    ["bounce", true],
    ["suppress-bounce", true],
    ["hardfail", true],
    ["suppress-complaint", true],
    ["suppress-unsubscribe", true],
    ["no-mx", true],
    ["old", false],
    ["generic", false],
    ["espblock", false],
  ])("of a permanent failure (%s) ends the address: %s", (reason, inactivate) => {
    const event = { event: "failed", severity: "permanent", reason };
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    const dead = inactivate ? { inactivate } : {};
    expect(read({ ...event, "delivery-status": { code: 550, message: "no such user" } })).toEqual([
      { ...lost, reason: "no such user", ...dead },
    ]);
    expect(
      read({ ...event, "delivery-status": { code: 605, message: "", description: "not sent" } }),
    ).toEqual([{ ...lost, reason: "not sent", ...dead }]);
    expect(read(event)).toEqual([{ ...lost, reason, ...dead }]);
  });

  it("of a mail that Mailgun rejects is a failure", () => {
    expect(
      read({ event: "rejected", reject: { reason: "Sandbox subdomains are for test purposes" } }),
    ).toEqual([
      {
        kind: "status",
        ...about,
        status: "delivery_failure",
        reason: "Sandbox subdomains are for test purposes",
      },
    ]);
  });

  it.each([
    ["complained", "complained"],
    ["unsubscribed", "opted_out"],
  ])("%s is about the address: %s", (event, change) => {
    expect(read({ event })).toEqual([{ kind: "address", ...about, change, reason: null }]);
  });

  it("of a failure that is tried again, or of anything else, is left out", () => {
    expect(read({ event: "failed", severity: "temporary", reason: "generic" })).toEqual([]);
    expect(read({ event: "stored" })).toEqual([]);
    expect(() => mailgun.webhook?.read(webhookRequest({ json: { signature: {} } }))).toThrow("`event`");
  });

  const signed = ({ at = Date.now(), key = KEY, name = "signature", token = "e0b5477167110d68" } = {}) => {
    const timestamp = String(Math.floor(at / 1000));
    const signature = createHmac("sha256", key)
      .update(timestamp + token)
      .digest("hex");
    return { json: { signature: { signature: "0".repeat(64), timestamp, token, [name]: signature } } };
  };
  const prove = (request: object, webhook_signing_key = KEY) =>
    mailgun.webhook?.verify?.(
      webhookRequest(request),
      mailgun.config.parse({ ...config, webhook_signing_key }),
      closed,
    );

  it("is proven by its signature, or by that of the account above", () => {
    expect(prove(signed())).toBe("verified");
    expect(prove(signed({ name: "parent-signature" }))).toBe("verified");
    expect(prove(signed({ key: "other" }))).toBe("forged");
    expect(prove(signed({ token: "" }))).toBe("forged");
    const tampered = signed();
    tampered.json.signature.token = "f".repeat(16);
    expect(prove(tampered)).toBe("forged");
    expect(prove(signed({ at: Date.now() - 8 * 3_600_000 }))).toBe("verified");
    expect(prove(signed({ at: Date.now() - 86_400_000 }))).toBe("forged");
    expect(prove({ json: { signature: {} } })).toBe("forged");
    expect(prove({ body: Buffer.from("no JSON") })).toBe("forged");
    expect(prove(signed(), "")).toBe("unsigned");
  });
});
