import { describe, expect, it } from "vitest";
import { jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import sinch from "./sinch.ts";

const config = {
  region: "us" as const,
  service_plan_id: "plan-1",
  api_token: "api-token-of-sinch",
  from: "15550100",
};
const url = "https://us.sms.api.sinch.com/xms/v1/plan-1/batches";

vendorContract(sinch, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, region: "de" }, { ...config, service_plan_id: "../x" }],
});

describe("an SMS", () => {
  it("is a batch of one, with our id and the address of its reports", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(sinch, config, message, () =>
      jsonReply(201, { id: "01FC66621", type: "mt_text" }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "01FC66621" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url,
      headers: { authorization: "Bearer api-token-of-sinch" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      from: "15550100",
      to: ["+4915112345678"],
      body: "Grüße ✓",
      delivery_report: "per_recipient",
      callback_url: `${message.callback_url}?message_id=${message.message_id}`,
      client_reference: message.message_id,
    });
  });

  it("leaves out what is unknown", async () => {
    const message = smsMessage({}, { callback_url: null });
    const { requests } = await sendThrough(sinch, { ...config, from: "" }, message, () =>
      jsonReply(201, { id: "1" }),
    );
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      to: ["+4915112345678"],
      body: "Your code is 123456",
      delivery_report: "per_recipient",
      client_reference: message.message_id,
    });
  });

  it.each([
    [400, "syntax_invalid_parameter_format", "message"],
    [401, "unauthorized", "config"],
    [403, "missing_auth_header", "config"],
    [429, "too_many_requests", "throttled"],
    [500, "internal_error", "transient"],
  ])("that is refused with %i %s fails as %s", async (status, code, kind) => {
    const { outcome } = await sendThrough(sinch, config, smsMessage(), () =>
      jsonReply(status, { code, text: "no" }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message: "no" });
  });
});

it("proves its credentials by listing batches", async () => {
  const { verification, requests } = await verifyThrough(sinch, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe(`${url}?page_size=1`);
});

const read = (json: object) => sinch.webhook?.read(webhookRequest({ json }));

describe("a report", () => {
  const report = (status: string, more: object = {}) =>
    read({
      type: "recipient_delivery_report_sms",
      batch_id: "01FC66621",
      recipient: "+4915112345678",
      client_reference: "01JD",
      at: "2026-01-02T03:04:05.678Z",
      status,
      ...more,
    });
  const about = {
    message_id: "01JD",
    vendor_message_id: "01FC66621",
    address: "+4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  };

  it.each([
    ["Dispatched", "sent_by_vendor"],
    ["Delivered", "delivered"],
  ])("%s means %s", (status, reached) => {
    expect(report(status)).toEqual([{ kind: "status", ...about, status: reached, reason: null }]);
  });

  it.each(["Failed", "Expired", "Rejected", "Aborted", "Cancelled", "Deleted"])(
    "%s is a failure",
    (status) => {
      expect(report(status, { code: 402 })).toEqual([
        { kind: "status", ...about, status: "delivery_failure", reason: `402: ${status}` },
      ]);
      expect(report(status)).toMatchObject([{ reason: status }]);
    },
  );

  it("of another status or another kind is left out", () => {
    expect(report("Queued")).toEqual([]);
    expect(report("Unknown")).toEqual([]);
    expect(read({ type: "delivery_report_sms" })).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const json = {
    type: "mo_text",
    id: "m1",
    from: "4915112345678",
    to: "15550100",
    body: "STOP",
    received_at: "2026-01-02T03:04:05Z",
  };
  expect(read(json)).toEqual([
    {
      kind: "inbound",
      id: "m1",
      from: "+4915112345678",
      to: "+15550100",
      text: "STOP",
      in_reply_to: null,
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  ]);
  expect(read({ type: "mo_text" })).toEqual([]);
});
