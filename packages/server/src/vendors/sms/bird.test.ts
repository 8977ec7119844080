import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import {
  proving,
  sendThrough,
  vendorContract,
  verifyThrough,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import bird from "./bird.ts";

const config = {
  workspace_id: "3fa85f64-5717-4562-b3fc-2c963f66afa6",
  access_key: "access-key-of-bird",
  channel_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  signing_key: "signing-key-of-bird",
};
const url = `https://api.bird.com/workspaces/${config.workspace_id}`;

vendorContract(bird, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, workspace_id: "acme" }, { ...config, api_type: "flow" }],
});

describe("an SMS", () => {
  it("goes through its channel", async () => {
    const message = smsMessage({ body: "Grüße ✓" });
    const { outcome, requests } = await sendThrough(bird, config, message, () =>
      jsonReply(202, { id: "b1", status: "accepted" }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "b1" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: `${url}/channels/${config.channel_id}/messages`,
      headers: { authorization: "AccessKey access-key-of-bird" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      receiver: { contacts: [{ identifierKey: "phonenumber", identifierValue: "+4915112345678" }] },
      reference: message.message_id,
      body: { type: "text", text: { text: "Grüße ✓" } },
    });
  });

  it("goes through a navigator", async () => {
    const { requests } = await sendThrough(bird, { ...config, api_type: "navigator" }, smsMessage(), () =>
      jsonReply(202, { id: "b1" }),
    );
    expect(requests[0]?.url).toBe(`${url}/navigators/${config.channel_id}/messages`);
  });

  it.each([
    [401, "config"],
    [403, "config"],
    [404, "config"],
    [409, "message"],
    [422, "message"],
    [429, "throttled"],
    [500, "transient"],
  ])("that is refused with %i fails as %s", async (status, kind) => {
    const { outcome } = await sendThrough(bird, config, smsMessage(), () =>
      jsonReply(status, { code: "Invalid Payload", message: "no" }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code: "Invalid_Payload", message: "no" });
  });
});

it("proves its credentials by reading the channel", async () => {
  const { verification, requests } = await verifyThrough(bird, config, () => jsonReply(200, {}));
  expect(verification).toEqual({ ok: true });
  expect(requests[0]?.url).toBe(`${url}/channels/${config.channel_id}`);
});

const read = (event: string, payload: object) =>
  bird.webhook?.read(webhookRequest({ json: { service: "channels", event, payload } }));

describe("a report", () => {
  const report = (status: string, more: object = {}) =>
    read("sms.outbound", {
      id: "b1",
      status,
      reference: "01JD",
      receiver: { contacts: [{ identifierValue: "+4915112345678" }] },
      lastStatusAt: "2026-01-02T03:04:05.678Z",
      ...more,
    });
  const about = {
    message_id: "01JD",
    vendor_message_id: "b1",
    address: "+4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  };

  it.each([
    ["sent", "sent_by_vendor"],
    ["delivered", "delivered"],
  ])("%s means %s", (status, reached) => {
    expect(report(status)).toEqual([{ kind: "status", ...about, status: reached, reason: null }]);
  });

  it.each(["delivery_failed", "sending_failed", "rejected", "skipped"])("%s is a failure", (status) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(report(status)).toEqual([{ ...lost, reason: status }]);
    expect(report(status, { reason: "absent" })).toEqual([{ ...lost, reason: `${status}: absent` }]);
    const failure = { code: 1, description: "gone" };
    expect(report(status, { failure })).toEqual([{ ...lost, reason: `${status}: gone` }]);
  });

  it("of another status or another event is left out", () => {
    expect(report("accepted")).toEqual([]);
    expect(report("processing")).toEqual([]);
    expect(read("email.outbound", {})).toEqual([]);
  });
});

it("a message from a person comes with its text", () => {
  const payload = {
    id: "b2",
    sender: { contact: { identifierValue: "+4915112345678" } },
    receiver: { connector: { identifierValue: "+15550100" } },
    body: { type: "text", text: { text: "STOP" } },
    createdAt: "2026-01-02T03:04:05Z",
  };
  expect(read("sms.inbound", payload)).toEqual([
    {
      kind: "inbound",
      id: "b2",
      from: "+4915112345678",
      to: "+15550100",
      text: "STOP",
      in_reply_to: null,
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  ]);
  expect(read("sms.inbound", {})).toEqual([]);
});

it("proves a report by its signature over time, address and body", () => {
  const address = "https://notify.acme.test/webhook/bird/sms/uid/";
  const sent = Buffer.from('{"event":"sms.outbound"}');
  const signed = ({ body = sent, at = Date.now(), key = config.signing_key } = {}) => {
    const timestamp = String(Math.floor(at / 1000));
    const signature = createHmac("sha256", key)
      .update(`${timestamp}\n${address}\n`)
      .update(createHash("sha256").update(body).digest())
      .digest("base64");
    return {
      "messagebird-signature": signature,
      "messagebird-request-timestamp": timestamp,
    };
  };
  const prove = (headers: Record<string, string>) =>
    proving(bird, config, { url: address, body: sent, headers });
  expect(prove(signed())).toBe("verified");
  expect(prove(signed({ body: Buffer.from("{}") }))).toBe("forged");
  expect(prove(signed({ key: "other" }))).toBe("forged");
  expect(prove(signed({ at: Date.now() - 3_600_000 }))).toBe("forged");
  expect(prove({})).toBe("forged");
  expect(proving(bird, { ...config, signing_key: "" }, {})).toBe("unsigned");
});
