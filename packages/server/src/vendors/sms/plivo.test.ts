import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  proving,
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import plivo from "./plivo.ts";

const config = { auth_id: "MAMDXXXXXXXXXXXXXXXX", auth_token: "auth-token-of-plivo", src: "+15550100" };

vendorContract(plivo, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, src: "" }, { ...config, auth_id: "../x" }, { ...config, powerpack_uuid: "x" }],
});

const answer = jsonReply(202, { api_id: "1", message: "message(s) queued", message_uuid: ["db3ce55a"] });

describe("an SMS", () => {
  it("goes from its number, with the address of its reports", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(plivo, config, message, () => answer);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "db3ce55a" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.plivo.com/v1/Account/MAMDXXXXXXXXXXXXXXXX/Message/",
      headers: {
        authorization: `Basic ${Buffer.from("MAMDXXXXXXXXXXXXXXXX:auth-token-of-plivo").toString("base64")}`,
      },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      src: "+15550100",
      dst: "4915112345678",
      text: "Grüße ✓",
      url: `${message.callback_url}?message_id=${message.message_id}`,
      method: "POST",
    });
  });

  it("goes from a Powerpack", async () => {
    const powerpack_uuid = "86bbb125-97bb-4d72-89fd-81d5c515b015";
    const message = smsMessage({}, { callback_url: null });
    const { requests } = await sendThrough(plivo, { ...config, powerpack_uuid }, message, () => answer);
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      powerpack_uuid,
      dst: "4915112345678",
      text: "Your code is 123456",
    });
  });

  it.each([
    [400, "message"],
    [401, "config"],
    [429, "throttled"],
    [503, "transient"],
  ])("that is refused with %i fails as %s", async (status, kind) => {
    const { outcome } = await sendThrough(plivo, config, smsMessage(), () =>
      jsonReply(status, { api_id: "1", error: "no" }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: `http_${status}`, message: "no" });
  });
});

it("proves its credentials by reading the account", async () => {
  const { verification, requests } = await verifyThrough(plivo, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe("https://api.plivo.com/v1/Account/MAMDXXXXXXXXXXXXXXXX/");
});

const url = "https://notify.acme.test/webhook/plivo/sms/uid/?message_id=01JD";
const read = (form: Record<string, string>) => plivo.webhook?.read(webhookRequest({ url, form }));

describe("a report", () => {
  const fields = { MessageUUID: "db3ce55a", To: "4915112345678", From: "15550100" };
  const about = { message_id: "01JD", vendor_message_id: "db3ce55a", address: "4915112345678", at: null };

  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
  ])("%s means %s", (Status, status) => {
    expect(read({ ...fields, Status })).toEqual([{ kind: "status", ...about, status, reason: null }]);
  });

  it.each(["undelivered", "failed", "rejected"])("%s is a failure", (Status) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(read({ ...fields, Status, ErrorCode: "50" })).toEqual([{ ...lost, reason: `50: ${Status}` }]);
    expect(read({ ...fields, Status, ErrorCode: "200" })).toEqual([
      { ...lost, reason: `200: ${Status}`, inactivate: true },
    ]);
  });

  it("of a part is about the whole; a queued one is left out", () => {
    expect(
      read({ ...fields, Status: "delivered", MessageUUID: "part", ParentMessageUUID: "db3ce55a" }),
    ).toMatchObject([{ vendor_message_id: "db3ce55a" }]);
    expect(read({ ...fields, Status: "queued" })).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const form = { MessageUUID: "m1", From: "4915112345678", To: "15550100", Text: "STOP", Type: "sms" };
  expect(read(form)).toEqual([
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

it("proves who calls by the signature over address and nonce", () => {
  const sign = (address: string, key = config.auth_token) => ({
    "x-plivo-signature-v2": createHmac("sha256", key).update(`${address}n-1`).digest("base64"),
    "x-plivo-signature-v2-nonce": "n-1",
  });
  const bare = "https://notify.acme.test/webhook/plivo/sms/uid/";
  const prove = (headers: Record<string, string>) => proving(plivo, config, { url, headers });
  expect(prove(sign(bare))).toBe("verified");
  expect(prove(sign("https://notify.acme.test/webhook/plivo/sms/other/"))).toBe("forged");
  expect(prove(sign(bare, "other"))).toBe("forged");
  expect(prove({ ...sign(bare), "x-plivo-signature-v2-nonce": "n-2" })).toBe("forged");
  expect(prove({})).toBe("forged");
});
