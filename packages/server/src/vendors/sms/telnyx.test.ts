import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  proving,
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import telnyx from "./telnyx.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const public_key = publicKey.export({ format: "der", type: "spki" }).subarray(12).toString("base64");
const config = { api_key: "KEY-of-telnyx", from: "+15550100", public_key };

vendorContract(telnyx, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, from: "" }, { ...config, public_key: "short" }],
});

const answer = jsonReply(200, { data: { id: "40385f64", to: [{ status: "queued" }] } });

describe("an SMS", () => {
  it("goes from its number, with the address of its reports", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(telnyx, config, message, () => answer);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "40385f64" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.telnyx.com/v2/messages",
      headers: { authorization: "Bearer KEY-of-telnyx" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      from: "+15550100",
      to: "+4915112345678",
      text: "Grüße ✓",
      webhook_url: `${message.callback_url}?message_id=${message.message_id}`,
    });
  });

  it("goes through a messaging profile", async () => {
    const messaging_profile_id = "4000017e-2b3a-4f2b-8d5a-7a9b1c2d3e4f";
    const { requests } = await sendThrough(
      telnyx,
      { api_key: config.api_key, messaging_profile_id },
      smsMessage({}, { callback_url: null }),
      () => answer,
    );
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      to: "+4915112345678",
      text: "Your code is 123456",
      messaging_profile_id,
    });
  });

  it.each([
    [401, "10009", "config", undefined],
    [403, "10001", "config", undefined],
    [400, "40310", "recipient", undefined],
    [400, "40300", "recipient", true],
    [400, "40305", "config", undefined],
    [400, "40306", "config", undefined],
    [403, "10010", "config", undefined],
    [400, "10007", "transient", undefined],
    [400, "10008", "transient", undefined],
    [429, "10011", "throttled", undefined],
    [422, "10015", "message", undefined],
    [500, "10016", "transient", undefined],
  ])("that is refused with %i %s fails as %s", async (status, code, kind, inactivate) => {
    const { outcome } = await sendThrough(telnyx, config, smsMessage(), () =>
      jsonReply(status, { errors: [{ code, title: "No", detail: "because" }] }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: kind,
      code,
      message: "No: because",
      ...(inactivate === true ? { inactivate } : {}),
    });
  });
});

it("proves its credentials by reading the balance", async () => {
  const { verification, requests } = await verifyThrough(telnyx, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://api.telnyx.com/v2/balance");
});

const read = (event_type: string, payload: object) =>
  telnyx.webhook?.read(
    webhookRequest({
      url: "https://notify.acme.test/webhook/telnyx/sms/uid/?message_id=01JD",
      json: { data: { event_type, id: "event", occurred_at: "2026-01-02T03:04:05.678+00:00", payload } },
    }),
  );

describe("a report", () => {
  const report = (status: string, more: object = {}) =>
    read("message.finalized", {
      id: "40385f64",
      to: [{ phone_number: "+4915112345678", status }],
      errors: [],
      ...more,
    });
  const about = {
    message_id: "01JD",
    vendor_message_id: "40385f64",
    address: "+4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  };

  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
  ])("%s means %s", (status, reached) => {
    expect(report(status)).toEqual([{ kind: "status", ...about, status: reached, reason: null }]);
  });

  it.each(["sending_failed", "delivery_failed"])("%s is a failure", (status) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(report(status)).toEqual([{ ...lost, reason: status }]);
    const errors = (code: string) => ({ errors: [{ code, title: "No", detail: "because" }] });
    expect(report(status, errors("40008"))).toEqual([{ ...lost, reason: "40008: No: because" }]);
    expect(report(status, errors("40300"))).toMatchObject([{ inactivate: true }]);
  });

  it("of another status or another event is left out", () => {
    expect(report("delivery_unconfirmed")).toEqual([]);
    expect(read("message.other", {})).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const payload = {
    id: "m1",
    from: { phone_number: "+4915112345678" },
    to: [{ phone_number: "+15550100" }],
    text: "STOP",
    received_at: "2026-01-02T03:04:05+00:00",
  };
  expect(read("message.received", payload)).toEqual([
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
  expect(read("message.received", {})).toEqual([]);
});

it("proves a report by its signature over time and body", () => {
  const sent = Buffer.from('{"data":{}}');
  const signed = ({ body = sent, at = Date.now() } = {}) => {
    const timestamp = String(Math.floor(at / 1000));
    const bytes = Buffer.concat([Buffer.from(`${timestamp}|`), body]);
    return {
      "telnyx-signature-ed25519": sign(null, bytes, privateKey).toString("base64"),
      "telnyx-timestamp": timestamp,
    };
  };
  const prove = (headers: Record<string, string>) => proving(telnyx, config, { body: sent, headers });
  expect(prove(signed())).toBe("verified");
  expect(prove(signed({ body: Buffer.from("{}") }))).toBe("forged");
  expect(prove(signed({ at: Date.now() - 3_600_000 }))).toBe("forged");
  expect(prove({ ...signed(), "telnyx-signature-ed25519": "AAAA" })).toBe("forged");
  expect(prove({})).toBe("forged");
  expect(proving(telnyx, { ...config, public_key: "" }, {})).toBe("unsigned");
});
