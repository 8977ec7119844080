import { describe, expect, it } from "vitest";
import { dltMessage, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import infobip from "./infobip.ts";

const config = { base_url: "https://xyz123.api.infobip.com/", api_key: "api-key-of-infobip", from: "Acme" };

vendorContract(infobip, {
  config,
  message: smsMessage(),
  refused: [
    {},
    { ...config, base_url: "localhost" },
    { ...config, base_url: "a.test/x?y" },
    { ...config, base_url: "user@a.test" },
  ],
});

const status = (groupName: string, name: string) => ({ groupName, name, description: "said" });
const answer = (groupName: string, name: string) =>
  jsonReply(200, { messages: [{ messageId: "01JD", to: "1", status: status(groupName, name) }] });

describe("an SMS", () => {
  it("has our id as its own, and the address of its reports", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(infobip, config, message, () =>
      answer("PENDING", "PENDING_ACCEPTED"),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "01JD" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://xyz123.api.infobip.com/sms/2/text/advanced",
      headers: { authorization: "App api-key-of-infobip" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      messages: [
        {
          from: "Acme",
          destinations: [{ to: "4915112345678", messageId: message.message_id }],
          text: "Grüße ✓",
          notifyUrl: `${message.callback_url}?message_id=${message.message_id}`,
          notifyContentType: "application/json",
          callbackData: message.message_id,
        },
      ],
    });
  });

  it("carries what India asks for", async () => {
    const { requests } = await sendThrough(
      infobip,
      { ...config, entity_id: "110100001" },
      dltMessage("infobip-sms", { callback_url: null }),
      () => answer("PENDING", "PENDING_ACCEPTED"),
    );
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      messages: [
        {
          from: "ACMECO",
          destinations: [{ to: "919876543210", messageId: "01JD0000000000000000000000" }],
          text: "Dear Ann, your code is 123456",
          callbackData: "01JD0000000000000000000000",
          regional: {
            indiaDlt: { contentTemplateId: "1107161191448698079", principalEntityId: "110100001" },
          },
        },
      ],
    });
  });

  it.each([
    ["REJECTED", "REJECTED_NOT_ENOUGH_CREDITS", "config"],
    ["REJECTED", "REJECTED_SENDER", "config"],
    ["REJECTED", "REJECTED_DESTINATION", "recipient"],
    ["REJECTED", "REJECTED_PREFIX_MISSING", "recipient"],
    ["REJECTED", "REJECTED_FLOODING_FILTER", "throttled"],
    ["REJECTED", "REJECTED_SYSTEM_ERROR", "transient"],
    ["UNDELIVERABLE", "UNDELIVERABLE_REJECTED_OPERATOR", "message"],
  ])("that ends at once as %s %s fails as %s", async (group, name, kind) => {
    const { outcome } = await sendThrough(infobip, config, smsMessage(), () => answer(group, name));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: name, message: "said" });
  });

  it.each([
    [401, "UNAUTHORIZED", "config"],
    [403, "FORBIDDEN", "config"],
    [429, "TOO_MANY_REQUESTS", "throttled"],
    [400, "BAD_REQUEST", "message"],
    [500, "GENERAL_ERROR", "transient"],
  ])("that is refused with %i %s fails as %s", async (code, messageId, kind) => {
    const { outcome } = await sendThrough(infobip, config, smsMessage(), () =>
      jsonReply(code, { requestError: { serviceException: { messageId, text: "no" } } }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: messageId, message: "no" });
  });
});

it("proves its credentials by reading the balance", async () => {
  const { verification, requests } = await verifyThrough(infobip, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://xyz123.api.infobip.com/account/1/balance");
});

const read = (...results: object[]) => infobip.webhook?.read(webhookRequest({ json: { results } }));

describe("reports", () => {
  const result = (groupName: string, name: string, more: object = {}) => ({
    messageId: "01JD",
    callbackData: "01JD",
    to: "4915112345678",
    doneAt: "2026-01-02T03:04:05.678+0000",
    status: status(groupName, name),
    error: { name: "NO_ERROR", description: "No Error" },
    ...more,
  });
  const about = {
    message_id: "01JD",
    vendor_message_id: "01JD",
    address: "4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  };

  it("come in lists", () => {
    const error = { name: "EC_ABSENT_SUBSCRIBER", description: "Absent Subscriber", permanent: false };
    expect(
      read(
        result("DELIVERED", "DELIVERED_TO_HANDSET"),
        result("PENDING", "PENDING_ENROUTE"),
        result("PENDING", "PENDING_ACCEPTED"),
        result("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED", { error }),
      ),
    ).toEqual([
      { kind: "status", ...about, status: "delivered", reason: null },
      { kind: "status", ...about, status: "sent_by_vendor", reason: null },
      {
        kind: "status",
        ...about,
        status: "delivery_failure",
        reason: "EC_ABSENT_SUBSCRIBER: Absent Subscriber",
      },
    ]);
  });

  it.each([
    ["UNDELIVERABLE", "UNDELIVERABLE_REJECTED_OPERATOR"],
    ["EXPIRED", "EXPIRED_EXPIRED"],
    ["REJECTED", "REJECTED_NETWORK"],
  ])("of the group %s are failures", (group, name) => {
    expect(read(result(group, name, { error: undefined }))).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason: `${name}: said` },
    ]);
  });
});

it("a message from a person comes with its text", () => {
  const received = {
    messageId: "m1",
    from: "4915112345678",
    to: "15550100",
    text: "STOP",
    receivedAt: "2026-01-02T03:04:05.678+0000",
  };
  expect(read(received, {})).toEqual([
    {
      kind: "inbound",
      id: "m1",
      from: "+4915112345678",
      to: "+15550100",
      text: "STOP",
      in_reply_to: null,
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    },
  ]);
});
