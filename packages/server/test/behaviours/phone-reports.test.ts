import { createHmac } from "node:crypto";
import { describe, expect } from "vitest";
import { onOwnServer as it } from "../fixture.ts";
import { until } from "../harness.ts";
import type { Hub } from "../hub.ts";

/* What vendors of SMS and WhatsApp call the server with: forms, queries, and checks of the address. */

const NUMBER = "+4915112345678";

/** Saves settings; returns the address of their reports. */
async function connect(hub: Hub, slug: string, config: object): Promise<URL> {
  const saved = await hub.app.inject({
    method: "POST",
    url: `/v1/${hub.workspace.slug}/vendor/${slug}/`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    payload: { config },
  });
  expect(saved.statusCode, saved.body).toBe(200);
  return new URL(saved.json<{ webhook_url: string }>().webhook_url);
}

async function statusOf({ services, workspace }: Hub, channel: string): Promise<string | undefined> {
  const [row] = await services.db.query<{ perma_status: string }>(
    "select perma_status from identity where workspace_id = $1 and channel = $2 and key = $3",
    [workspace.workspace_id, channel, NUMBER],
  );
  return row?.perma_status;
}

const twilio = {
  account_sid: `AC${"0".repeat(32)}`,
  auth_token: "auth-token-of-twilio",
  from: "+15550100",
};

/** A message that a person sent, as Twilio calls with it. */
async function write(hub: Hub, address: URL, text: string, key = twilio.auth_token): Promise<number> {
  const fields = { Body: text, From: NUMBER, MessageSid: "SM1", SmsStatus: "received", To: "+15550100" };
  const signed = address.href + Object.entries(fields).flat().join("");
  const reply = await hub.app.inject({
    method: "POST",
    url: address.pathname,
    headers: {
      host: address.host,
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": createHmac("sha1", key).update(signed).digest("base64"),
    },
    payload: new URLSearchParams(fields).toString(),
  });
  return reply.statusCode;
}

describe("a person who writes", () => {
  it("STOP gets no more SMS, until START", async ({ hub }) => {
    await hub.call("POST", "/v1/user/ann/", { $sms: [NUMBER] });
    const address = await connect(hub, "twilio-sms", twilio);
    expect(await write(hub, address, "STOP", "another key")).toBe(401);
    expect(await write(hub, address, "Please stop that")).toBe(200);
    expect(await write(hub, address, " stop ")).toBe(200);
    await until(async () => (await statusOf(hub, "sms")) === "disabled");
    expect(await write(hub, address, "START")).toBe(200);
    await until(async () => (await statusOf(hub, "sms")) === "active");
  });

  it("STOP to a vendor that leaves the plus out of numbers gets no more WhatsApp messages", async ({
    hub,
  }) => {
    await hub.call("POST", "/v1/user/ann/", { $whatsapp: [NUMBER] });
    const address = await connect(hub, "whatsapp_cloud_api-whatsapp", {
      phone_number_id: "106540352242922",
      waba_id: "102290129340398",
      access_token: "token",
      verify_token: "a word",
    });
    const message = { from: NUMBER.slice(1), id: "wamid.1", text: { body: "STOP" } };
    const changes = [{ field: "messages", value: { messages: [message] } }];
    const reply = await hub.app.inject({
      method: "POST",
      url: address.pathname,
      payload: { object: "whatsapp_business_account", entry: [{ changes }] },
    });
    expect(reply.statusCode).toBe(200);
    await until(async () => (await statusOf(hub, "whatsapp")) === "disabled");
  });
});

describe("an address", () => {
  it("is confirmed to Meta with the word of the settings", async ({ hub }) => {
    const address = await connect(hub, "whatsapp_cloud_api-whatsapp", {
      phone_number_id: "106540352242922",
      waba_id: "102290129340398",
      access_token: "token",
      verify_token: "a word",
    });
    const ask = async (token: string) => {
      const query = { "hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444" };
      const reply = await hub.app.inject({ method: "GET", url: address.pathname, query });
      return [reply.statusCode, reply.body];
    };
    expect(await ask("a word")).toEqual([200, "1158201444"]);
    expect((await ask("another"))[0]).toBe(403);
  });

  it("takes reports that are a query", async ({ hub }) => {
    const address = await connect(hub, "messagebird-sms", { access_key: "key", originator: "Acme" });
    const query = { message_id: "01JD", id: "e8077d80", recipient: "49", status: "delivered" };
    const reply = await hub.app.inject({ method: "GET", url: address.pathname, query });
    expect(reply.statusCode).toBe(200);
    const stored = await hub.services.db.query("select 1 from vendor_report where workspace_id = $1", [
      hub.workspace.workspace_id,
    ]);
    expect(stored).toHaveLength(1);
  });
});
