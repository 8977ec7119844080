import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { formFields, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  proving,
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import twilio from "./twilio.ts";

const config = {
  account_sid: `AC${"0".repeat(32)}`,
  auth_token: "auth-token-of-twilio",
  api_key_sid: `SK${"1".repeat(32)}`,
  api_key_secret: "api-key-secret-of-twilio",
  messaging_service_sid: `MG${"2".repeat(32)}`,
};

vendorContract(twilio, {
  config,
  message: smsMessage(),
  refused: [
    {},
    { account_sid: "AC1", auth_token: "x", from: "+1" },
    { account_sid: config.account_sid, auth_token: "x" },
    { ...config, auth_token: "" },
    { ...config, messaging_service_sid: "SM" },
    { ...config, api_key_secret: "" },
  ],
});

describe("an SMS", () => {
  it("goes through the Messaging Service, with the address of its reports", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(twilio, config, message, () =>
      jsonReply(201, { sid: "SM1", status: "accepted", error_code: null }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "SM1" });
    expect(requests).toHaveLength(1);
    const [request] = requests;
    expect(request).toMatchObject({
      method: "POST",
      url: `https://api.twilio.com/2010-04-01/Accounts/${config.account_sid}/Messages.json`,
      headers: {
        authorization: `Basic ${Buffer.from(`${config.api_key_sid}:${config.api_key_secret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
    });
    expect(formFields(request?.body)).toEqual({
      To: "+4915112345678",
      MessagingServiceSid: config.messaging_service_sid,
      Body: "Grüße ✓",
      StatusCallback: `${message.callback_url}?message_id=${message.message_id}`,
    });
  });

  it("goes from a number where there is no service, without reports where there is no address", async () => {
    const { account_sid, auth_token } = config;
    const { requests } = await sendThrough(
      twilio,
      { account_sid, auth_token, from: "+15550100" },
      smsMessage({}, { callback_url: null }),
      () => jsonReply(201, { sid: "SM1" }),
    );
    expect(requests[0]?.headers?.["authorization"]).toBe(
      `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`,
    );
    expect(formFields(requests[0]?.body)).toEqual({
      To: "+4915112345678",
      From: "+15550100",
      Body: "Your code is 123456",
    });
  });

  it.each([
    [401, 20003, "config"],
    [401, 20005, "config"],
    [404, 20404, "config"],
    [400, 21606, "config"],
    [400, 21659, "config"],
    [400, 21701, "config"],
    [400, 21703, "config"],
    [400, 21408, "config"],
    [400, 21612, "config"],
    [400, 21211, "recipient"],
    [400, 21217, "recipient"],
    [400, 21614, "recipient"],
    [400, 21421, "recipient"],
    [400, 30004, "recipient"],
    [400, 30005, "recipient"],
    [400, 30006, "recipient"],
    [400, 21602, "message"],
    [400, 21605, "message"],
    [400, 21617, "message"],
    [400, 30007, "message"],
    [400, 30034, "config"],
    [400, 30002, "config"],
    [429, 20429, "throttled"],
    [400, 14107, "throttled"],
    [400, 30001, "transient"],
    [400, 30010, "transient"],
    [400, 99999, "message"],
    [503, 20500, "transient"],
  ])("that is refused with %i and %i fails as %s", async (status, code, kind) => {
    const { outcome } = await sendThrough(twilio, config, smsMessage(), () =>
      jsonReply(status, { code, message: "no", more_info: "https://www.twilio.com/docs/errors", status }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: String(code), message: "no" });
  });

  it("to a number that has opted out ends the number", async () => {
    const { outcome } = await sendThrough(twilio, config, smsMessage(), () =>
      jsonReply(400, { code: 21610, message: "Attempt to send to unsubscribed recipient" }),
    );
    expect(outcome).toMatchObject({ class: "recipient", code: "21610", inactivate: true });
  });
});

it("proves its credentials by reading the account", async () => {
  const { verification, requests } = await verifyThrough(twilio, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]).toMatchObject({
    method: "GET",
    url: `https://api.twilio.com/2010-04-01/Accounts/${config.account_sid}.json`,
  });
  const failed = await verifyThrough(twilio, config, () => jsonReply(401, { code: 20003, message: "no" }));
  expect(failed.verification).toEqual({ ok: false, message: "no" });
});

const url = "https://notify.acme.test/webhook/twilio/sms/uid/?message_id=01JD";
const report = (form: Record<string, string>) =>
  twilio.webhook?.read(webhookRequest({ url, form: { MessageSid: "SM1", To: "+4915112345678", ...form } }));
const about = { message_id: "01JD", vendor_message_id: "SM1", address: "+4915112345678", at: null };

describe("a report", () => {
  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
  ])("%s means %s", (MessageStatus, status) => {
    expect(report({ MessageStatus })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each(["undelivered", "failed", "canceled"])("%s is a failure with its code", (MessageStatus) => {
    const failure = { kind: "status", ...about, status: "delivery_failure" };
    expect(report({ MessageStatus, ErrorCode: "30003" })).toEqual([
      { ...failure, reason: `30003: ${MessageStatus}` },
    ]);
    expect(report({ MessageStatus })).toEqual([{ ...failure, reason: MessageStatus }]);
    expect(report({ MessageStatus, ErrorCode: "21610" })).toMatchObject([{ inactivate: true }]);
  });

  it.each(["accepted", "scheduled", "queued", "sending", "other"])("%s is left out", (MessageStatus) => {
    expect(report({ MessageStatus })).toEqual([]);
  });
});

describe("a message from a person", () => {
  const inbound = (more: Record<string, string> = {}) =>
    report({ From: "+4915112345678", To: "+15550100", Body: "Hello", SmsStatus: "received", ...more });
  const received = {
    kind: "inbound",
    id: "SM1",
    from: "+4915112345678",
    to: "+15550100",
    text: "Hello",
    in_reply_to: null,
    at: null,
  };

  it("comes with its text", () => {
    expect(inbound()).toEqual([received]);
  });

  it.each([
    ["STOP", "opted_out"],
    ["START", "opted_in"],
  ])("that Twilio knows for a %s is one, whatever its word", (OptOutType, change) => {
    expect(inbound({ Body: "genug", OptOutType })).toEqual([
      { ...received, text: "genug" },
      {
        kind: "address",
        message_id: null,
        vendor_message_id: null,
        address: "+4915112345678",
        at: null,
        change,
        reason: "genug",
      },
    ]);
    expect(inbound({ OptOutType: "HELP" })).toEqual([received]);
  });
});

it("proves a report by its signature over address and fields", () => {
  const form = { MessageSid: "SM1", MessageStatus: "sent", To: "+49 1", A: "1" };
  const text = `${url}A1MessageSidSM1MessageStatussentTo+49 1`;
  const sign = (key: string) => createHmac("sha1", key).update(text).digest("base64");
  const prove = (signature: string, fields: Record<string, string> = form) =>
    proving(twilio, config, { url, form: fields, headers: { "x-twilio-signature": signature } });
  expect(prove(sign(config.auth_token))).toBe("verified");
  expect(prove(sign("other"))).toBe("forged");
  expect(prove(sign(config.auth_token), { ...form, MessageStatus: "delivered" })).toBe("forged");
  expect(proving(twilio, config, { url, form })).toBe("forged");
});
