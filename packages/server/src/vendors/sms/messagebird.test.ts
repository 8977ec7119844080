import { describe, expect, it } from "vitest";
import { jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import messagebird from "./messagebird.ts";

const config = { access_key: "access-key-of-messagebird", originator: "Acme" };

vendorContract(messagebird, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, originator: "" }, { ...config, originator: "longer than eleven" }],
});

const error = (code: number, parameter: string | null = null) => ({
  errors: [{ code, description: "no", parameter }],
});

describe("an SMS", () => {
  it("carries our id and the address of its reports", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(messagebird, config, message, () =>
      jsonReply(201, { id: "e8077d80", recipients: { items: [{ status: "sent" }] } }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "e8077d80" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://rest.messagebird.com/messages",
      headers: { authorization: "AccessKey access-key-of-messagebird" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      originator: "Acme",
      recipients: ["4915112345678"],
      body: "Grüße ✓",
      reference: message.message_id,
      datacoding: "auto",
      reportUrl: `${message.callback_url}?message_id=${message.message_id}`,
    });
  });

  it("has no address of reports where there is none", async () => {
    const { requests } = await sendThrough(messagebird, config, smsMessage({}, { callback_url: null }), () =>
      jsonReply(201, { id: "1" }),
    );
    expect(JSON.parse(String(requests[0]?.body))).not.toHaveProperty("reportUrl");
  });

  it.each([
    [401, error(2), "config"],
    [422, error(9, "body"), "message"],
    [422, error(10, "originator"), "message"],
    [422, error(10, "recipients"), "recipient"],
    [422, error(21), "message"],
    [402, error(25), "config"],
    [500, error(99), "transient"],
  ])("that is refused with %i %j fails as %s", async (status, json, kind) => {
    const { outcome } = await sendThrough(messagebird, config, smsMessage(), () => jsonReply(status, json));
    const code = String(json.errors[0]?.code);
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message: "no" });
  });

  it("that comes too fast waits", async () => {
    const { outcome } = await sendThrough(messagebird, config, smsMessage(), () => jsonReply(429, {}));
    expect(outcome).toMatchObject({ class: "throttled" });
  });
});

it("proves its credentials by reading the balance", async () => {
  const { verification, requests } = await verifyThrough(messagebird, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://rest.messagebird.com/balance");
});

const read = (fields: Record<string, string>) =>
  messagebird.webhook?.read(
    webhookRequest({
      method: "GET",
      url: `https://notify.acme.test/webhook/messagebird/sms/uid/?${new URLSearchParams(fields).toString()}`,
      body: Buffer.alloc(0),
    }),
  );

describe("a report", () => {
  const report = (status: string, more: Record<string, string> = {}) =>
    read({
      id: "e8077d80",
      message_id: "01JD",
      reference: "other",
      recipient: "4915112345678",
      status,
      statusDatetime: "2026-01-02T03:04:05+00:00",
      ...more,
    });
  const about = {
    message_id: "01JD",
    vendor_message_id: "e8077d80",
    address: "4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
  };

  it.each([
    ["sent", "sent_by_vendor"],
    ["buffered", "sent_by_vendor"],
    ["delivered", "delivered"],
  ])("%s means %s", (status, reached) => {
    expect(report(status)).toEqual([{ kind: "status", ...about, status: reached, reason: null }]);
  });

  it.each(["expired", "delivery_failed"])("%s is a failure", (status) => {
    expect(report(status, { statusErrorCode: "27" })).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason: `27: ${status}` },
    ]);
  });

  it("of another status is left out; without our id in the address its reference counts", () => {
    expect(report("scheduled")).toEqual([]);
    expect(report("sent", { message_id: "", reference: "01JE" })).toMatchObject([{ message_id: "01JE" }]);
  });
});

it("a message from a person comes with its text", () => {
  const fields = { id: "m1", originator: "4915112345678", recipient: "15550100", body: "STOP" };
  expect(read(fields)).toEqual([
    {
      kind: "inbound",
      id: "m1",
      from: "+4915112345678",
      to: "+15550100",
      text: "STOP",
      in_reply_to: null,
      at: null,
    },
  ]);
});
