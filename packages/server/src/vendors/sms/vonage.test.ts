import { describe, expect, it } from "vitest";
import { formFields, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import vonage from "./vonage.ts";

const config = { api_key: "abcd1234", api_secret: "secret-of-vonage", from: "+15550100" };

vendorContract(vonage, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, from: "" }, { ...config, api_secret: "" }],
});

const parts = (...statuses: string[]) =>
  jsonReply(200, {
    "message-count": String(statuses.length),
    messages: statuses.map((status, index) =>
      status === "0"
        ? { to: "4915112345678", "message-id": `0A0${index}`, status }
        : { status, "error-text": "no" },
    ),
  });

describe("an SMS", () => {
  it("is a form, with our id and the address of its reports", async () => {
    const message = smsMessage();
    const { outcome, requests } = await sendThrough(vonage, config, message, () => parts("0"));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "0A00" });
    expect(requests[0]).toMatchObject({ method: "POST", url: "https://rest.nexmo.com/sms/json" });
    expect(formFields(requests[0]?.body)).toEqual({
      api_key: "abcd1234",
      api_secret: "secret-of-vonage",
      from: "15550100",
      to: "4915112345678",
      text: "Your code is 123456",
      type: "text",
      callback: `${message.callback_url}?message_id=${message.message_id}`,
      "client-ref": message.message_id,
    });
  });

  it("of other characters says so", async () => {
    const message = smsMessage({ body: "Grüße ✓" }, { callback_url: null });
    const { requests } = await sendThrough(vonage, config, message, () => parts("0"));
    const form = formFields(requests[0]?.body);
    expect(form).toMatchObject({ text: "Grüße ✓", type: "unicode" });
    expect(form).not.toHaveProperty("callback");
  });

  it("of several parts is accepted if all are", async () => {
    const one = await sendThrough(vonage, config, smsMessage(), () => parts("0", "0"));
    expect(one.outcome).toEqual({ kind: "sent", vendor_message_id: "0A00" });
    const other = await sendThrough(vonage, config, smsMessage(), () => parts("0", "9"));
    expect(other.outcome).toMatchObject({ class: "config", code: "9" });
  });

  it.each([
    ["1", "throttled"],
    ["2", "message"],
    ["3", "message"],
    ["4", "config"],
    ["5", "transient"],
    ["6", "message"],
    ["7", "recipient"],
    ["8", "config"],
    ["9", "config"],
    ["10", "throttled"],
    ["12", "message"],
    ["14", "config"],
    ["15", "config"],
    ["23", "config"],
    ["29", "config"],
    ["32", "config"],
    ["33", "recipient"],
    ["99", "message"],
  ])("that is refused with %s fails as %s", async (status, kind) => {
    const { outcome } = await sendThrough(vonage, config, smsMessage(), () => parts(status));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: status, message: "no" });
  });
});

it("proves its credentials by reading the balance", async () => {
  const { verification, requests } = await verifyThrough(vonage, config, () => jsonReply(200, { value: 1 }));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://rest.nexmo.com/account/get-balance");
  const failed = await verifyThrough(vonage, config, () => jsonReply(401, { title: "Unauthorized" }));
  expect(failed.verification).toEqual({ ok: false, message: "Unauthorized" });
});

const url = "https://notify.acme.test/webhook/vonage/sms/uid/?message_id=01JD";
const read = (json: object) => vonage.webhook?.read(webhookRequest({ url, json }));

describe("a report", () => {
  const receipt = {
    msisdn: "4915112345678",
    to: "15550100",
    messageId: "0A00",
    "err-code": "0",
    "client-ref": "other",
    "message-timestamp": "2026-01-02 03:04:05",
  };
  const about = {
    message_id: "01JD",
    vendor_message_id: "0A00",
    address: "4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
  };

  it.each([
    ["accepted", "sent_by_vendor"],
    ["buffered", "sent_by_vendor"],
    ["delivered", "delivered"],
  ])("%s means %s", (status, reached) => {
    expect(read({ ...receipt, status })).toEqual([
      { kind: "status", ...about, status: reached, reason: null },
    ]);
  });

  it.each(["expired", "failed", "rejected"])("%s is a failure", (status) => {
    expect(read({ ...receipt, status, "err-code": "9" })).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason: `9: ${status}` },
    ]);
  });

  it("may be a form or a query, and may name a zone", () => {
    const fields = { ...receipt, status: "delivered", "message-timestamp": "2026-01-02 04:04:05 +0100" };
    const expected = [{ kind: "status", ...about, status: "delivered", reason: null }];
    expect(vonage.webhook?.read(webhookRequest({ url, form: fields }))).toEqual(expected);
    const query = `${url}&${new URLSearchParams(fields).toString()}`;
    const request = webhookRequest({ method: "GET", url: query, body: Buffer.alloc(0) });
    expect(vonage.webhook?.read(request)).toEqual(expected);
  });

  it("of an unknown end is left out", () => {
    expect(read({ ...receipt, status: "unknown" })).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const json = { msisdn: "4915112345678", to: "15550100", messageId: "0B00", text: "STOP", type: "text" };
  expect(read(json)).toEqual([
    {
      kind: "inbound",
      id: "0B00",
      from: "+4915112345678",
      to: "+15550100",
      text: "STOP",
      in_reply_to: null,
      at: null,
    },
  ]);
});
