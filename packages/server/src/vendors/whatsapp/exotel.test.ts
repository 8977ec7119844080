import { describe, expect, it } from "vitest";
import { FULL_TEMPLATE, jsonReply, whatsappMessage } from "../../../test/outside/phone-messages.ts";
import {
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import exotel from "./exotel.ts";

const config = {
  account_sid: "acme1",
  api_key: "api-key-of-exotel",
  api_token: "api-token-of-exotel",
  number: "+917948502801",
};
const slug = "exotel-whatsapp";

vendorContract(exotel, {
  config,
  message: whatsappMessage(slug),
  refused: [{}, { ...config, number: "Acme" }],
});

const answer = (message: object, status = 202) =>
  jsonReply(status, {
    request_id: "r1",
    http_code: status,
    response: { whatsapp: { messages: [message] } },
  });
const success = answer({ code: 202, error_data: null, status: "success", data: { sid: "2FdiiEQU" } });
const text = (value: string) => ({ type: "text", text: value });

describe("a WhatsApp message", () => {
  it("is a template in Meta's form, with our id and the address of its reports", async () => {
    const message = whatsappMessage(slug);
    const { outcome, requests } = await sendThrough(exotel, config, message, () => success);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "2FdiiEQU" });
    const login = Buffer.from("api-key-of-exotel:api-token-of-exotel").toString("base64");
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.exotel.com/v2/accounts/acme1/messages",
      headers: { authorization: `Basic ${login}` },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      custom_data: message.message_id,
      status_callback: `${message.callback_url}?message_id=${message.message_id}`,
      whatsapp: {
        messages: [
          {
            from: "+917948502801",
            to: "+4915112345678",
            content: {
              type: "template",
              template: {
                name: "order_shipped_en_v1",
                language: { code: "en_US", policy: "deterministic" },
                components: [{ type: "body", parameters: [text("Ann"), text("42")] }],
              },
            },
          },
        ],
      },
    });
  });

  it("carries a document and the variable end of a button's address", async () => {
    const message = whatsappMessage(slug, FULL_TEMPLATE, { callback_url: null });
    const { requests } = await sendThrough(exotel, config, message, () => success);
    const json: unknown = JSON.parse(String(requests[0]?.body));
    expect(json).not.toHaveProperty("status_callback");
    expect(json).toHaveProperty("whatsapp.messages.0.content.template.components.length", 3);
  });

  it("is not sent without its template's name", async () => {
    const unnamed = [{ vendor_slug: slug, vendor_template_id: "1" }];
    const message = whatsappMessage(slug, { vendor_approvals: unnamed });
    const { outcome } = await sendThrough(exotel, config, message, () => success);
    expect(outcome).toMatchObject({ class: "message", code: "template_without_name" });
  });

  it.each([
    [401, "config"],
    [402, "config"],
    [403, "config"],
    [400, "message"],
    [404, "message"],
    [503, "transient"],
  ])("that is refused with %i fails as %s", async (status, kind) => {
    const { outcome } = await sendThrough(exotel, config, whatsappMessage(slug), () =>
      jsonReply(status, { error_data: { code: 1001, message: "no" } }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: "1001", message: "no" });
  });

  it.each([
    [30004, "throttled"],
    [30007, "message"],
    [30008, "recipient"],
    [30009, "message"],
    [30010, "message"],
    [30011, "message"],
    [30012, "message"],
    [30013, "recipient"],
    [30014, "message"],
    [30020, "config"],
    [30030, "config"],
    [30040, "recipient"],
    [30041, "message"],
  ])("that is refused alone with %i fails as %s", async (code, kind) => {
    const refused = { code: 400, status: "failure", error_data: { code, message: "no" }, data: null };
    const { outcome } = await sendThrough(exotel, config, whatsappMessage(slug), () => answer(refused, 207));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: String(code), message: "no" });
  });
});

it("proves its credentials by reading the account", async () => {
  const { verification, requests } = await verifyThrough(exotel, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://api.exotel.com/v1/Accounts/acme1.json");
});

const read = (json: object, query = "?message_id=01JD") =>
  exotel.webhook?.read(
    webhookRequest({ url: `https://notify.acme.test/webhook/exotel/whatsapp/uid/${query}`, json }),
  );
const listed = (...messages: object[]) => ({ whatsapp: { messages } });

describe("a report", () => {
  const report = (code: number, name: string, more: object = {}) => ({
    callback_type: "dlr",
    sid: "2FdiiEQU",
    to: "4915112345678",
    exo_status_code: code,
    ...(name === "" ? {} : { exo_detailed_status: name }),
    timestamp: "2026-01-02T08:34:05.000+05:30",
    custom_data: "01JE",
    ...more,
  });
  const about = {
    message_id: "01JD",
    vendor_message_id: "2FdiiEQU",
    address: "4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
  };

  it.each([
    [30001, "EX_MESSAGE_SENT", "sent_by_vendor"],
    [30002, "EX_MESSAGE_DELIVERED", "delivered"],
    [30003, "EX_MESSAGE_SEEN", "seen"],
    [30002, "", "delivered"],
  ])("%i %s means %s, in a list or alone", (code, name, status) => {
    const expected = [{ kind: "status", ...about, status, reason: null }];
    expect(read(listed(report(code, name)))).toEqual(expected);
    expect(read(report(code, name, { callback_type: undefined }))).toEqual(expected);
  });

  it.each([
    [30013, "EX_INCAPABLE_RECIPIENT", true],
    [30012, "EX_INVALID_RECIPIENT", true],
    [30008, "EX_SPAM_RATE_LIMIT_HIT", false],
    [30023, "EX_TEMPLATE_PARAM_ERROR", false],
    [30008, "", true],
    [30013, "", true],
    [30006, "", false],
    [30007, "", false],
  ])("%i %s is a failure that ends the number: %s", (code, name, inactivate) => {
    const reason = [String(code), ...(name === "" ? [] : [name]), "said"].join(": ");
    expect(read(listed(report(code, name, { description: "said" })))).toEqual([
      {
        kind: "status",
        ...about,
        status: "delivery_failure",
        reason,
        ...(inactivate ? { inactivate } : {}),
      },
    ]);
  });

  it("among several is matched by its own data", () => {
    const two = listed(report(30001, ""), report(30002, "", { custom_data: "01JF" }));
    expect(read(two)).toMatchObject([{ message_id: "01JE" }, { message_id: "01JF" }]);
    expect(read(listed(report(30001, "")), "")).toMatchObject([{ message_id: "01JE" }]);
    expect(read({ sid: "1", status: "accepted" })).toEqual([]);
  });
});

it.each(["icm", "incoming_message"])("a message from a person (%s) comes with its text", (callback_type) => {
  const message = {
    callback_type,
    sid: "SM123",
    from: "+4915112345678",
    to: "+917948502801",
    timestamp: "2026-01-02T03:04:05.000Z",
    content: { type: "text", text: { body: "STOP" } },
  };
  expect(read(listed(message))).toEqual([
    {
      kind: "inbound",
      id: "SM123",
      from: "+4915112345678",
      to: "+917948502801",
      text: "STOP",
      in_reply_to: null,
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  ]);
});
