import { describe, expect, it } from "vitest";
import { dltMessage, formFields, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import exotel from "./exotel.ts";

const config = {
  account_sid: "acme1",
  subdomain: "api.in.exotel.com" as const,
  api_key: "api-key-of-exotel",
  api_token: "api-token-of-exotel",
  sender: "ACMEIN",
  entity_id: "110100001",
};

vendorContract(exotel, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, subdomain: "evil.example" }, { ...config, sender: "" }],
});

const success = jsonReply(200, { SMSMessage: { Sid: "0b6c6a98", Status: "queued" } });

describe("an SMS", () => {
  it("is a form with what the DLT registry knows of it, and no login in its address", async () => {
    const message = dltMessage("exotel-sms");
    const { outcome, requests } = await sendThrough(exotel, config, message, () => success);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "0b6c6a98" });
    const login = Buffer.from("api-key-of-exotel:api-token-of-exotel").toString("base64");
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.in.exotel.com/v1/Accounts/acme1/Sms/send.json",
      headers: { authorization: `Basic ${login}` },
    });
    expect(formFields(requests[0]?.body)).toEqual({
      From: "ACMECO",
      To: "+919876543210",
      Body: "Dear Ann, your code is 123456",
      EncodingType: "plain",
      DltEntityId: "110100001",
      DltTemplateId: "1107161191448698079",
      StatusCallback: `${message.callback_url}?message_id=${message.message_id}`,
      CustomField: message.message_id,
    });
  });

  it("of other characters says so", async () => {
    const message = smsMessage({ body: "नमस्ते" }, { callback_url: null });
    const { requests } = await sendThrough(exotel, config, message, () => success);
    const form = formFields(requests[0]?.body);
    expect(form).toMatchObject({ From: "ACMEIN", EncodingType: "unicode" });
    expect(form).not.toHaveProperty("StatusCallback");
  });

  it.each([
    [401, "config"],
    [402, "config"],
    [403, "config"],
    [400, "message"],
    [404, "message"],
    [503, "transient"],
  ])("that is refused with %i fails as %s", async (status, kind) => {
    const { outcome } = await sendThrough(exotel, config, smsMessage(), () =>
      jsonReply(status, { RestException: { Status: status, Message: "no", Code: 34010 } }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: "34010", message: "no" });
  });

  it.each([
    ["23005", "recipient"],
    ["23010", "recipient"],
    ["23020", "recipient"],
    ["23015", "message"],
    ["23082", "message"],
    ["23083", "message"],
    ["23072", "config"],
    ["23080", "config"],
    ["23081", "config"],
  ])("that fails at once with %s fails as %s", async (DetailedStatusCode, kind) => {
    const { outcome } = await sendThrough(exotel, config, smsMessage(), () =>
      jsonReply(200, {
        SMSMessage: { Sid: "1", Status: "failed", DetailedStatusCode, DetailedStatus: "FAILED_X" },
      }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: kind,
      code: DetailedStatusCode,
      message: "FAILED_X",
    });
  });
});

it("proves its credentials by reading the account", async () => {
  const { verification, requests } = await verifyThrough(exotel, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://api.in.exotel.com/v1/Accounts/acme1.json");
});

describe("a report", () => {
  const read = (form: Record<string, string>) =>
    exotel.webhook?.read(
      webhookRequest({
        url: "https://notify.acme.test/webhook/exotel/sms/uid/?message_id=01JD",
        form: { SmsSid: "0b6c6a98", To: "09876543210", ...form },
      }),
    );
  const about = { message_id: "01JD", vendor_message_id: "0b6c6a98", address: "09876543210", at: null };

  it.each([
    ["submitted", "", "sent_by_vendor"],
    ["sent", "DELIVERED_TO_OPERATOR", "sent_by_vendor"],
    ["sent", "DELIVERED_TO_HANDSET", "delivered"],
    ["sent", "", "delivered"],
    ["delivered", "", "delivered"],
  ])("%s %s means %s", (Status, DetailedStatus, status) => {
    expect(read({ Status, DetailedStatus })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each(["failed", "failed-dnd", "failed_dnd", "expired", "undelivered"])("%s is a failure", (Status) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    const details = { DetailedStatus: "FAILED_DND", DetailedStatusCode: "23005" };
    expect(read({ Status, ...details })).toEqual([{ ...lost, reason: "23005: FAILED_DND" }]);
    expect(read({ Status })).toEqual([{ ...lost, reason: Status }]);
  });

  it.each(["queued", "sending"])("%s is left out", (Status) => {
    expect(read({ Status })).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const form = {
    SmsSid: "m1",
    From: "09876543210",
    To: "08088919888",
    Body: "STOP",
    Date: "2026-01-02 08:34:05",
  };
  expect(exotel.webhook?.read(webhookRequest({ form }))).toEqual([
    {
      kind: "inbound",
      id: "m1",
      from: "09876543210",
      to: "08088919888",
      text: "STOP",
      in_reply_to: null,
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  ]);
});
