import { describe, expect } from "vitest";
import { onOwnServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Hub } from "../../../../test/hub.ts";
import { createIdSource } from "../../../ids.ts";

/* What vendors send besides signed JSON: checks of the address, forms, a login, JSON that calls itself text. */
const ids = createIdSource();

interface Reporting {
  hub: Hub;
  id: string;
  /** The path of its own address. */
  address: string;
}

async function connect(hub: Hub, vendor: string, config: Record<string, string>): Promise<Reporting> {
  const saved = await hub.app.inject({
    method: "POST",
    url: `/v1/${hub.workspace.slug}/vendor/${vendor}/`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    payload: { config: { from_email: "hello@acme.test", ...config } },
  });
  const { id, webhook_url } = saved.json<{ id: string; webhook_url: string }>();
  return { hub, id, address: new URL(webhook_url).pathname };
}

/** A mail to ann@example.com that the vendor has accepted. */
async function addMail({ hub, id }: Reporting): Promise<string> {
  const message_id = ids.ulid();
  await hub.services.db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                          tenant_id, distinct_id, channel, identity_key, status, idempotency_key, vendor_config_id)
     values ($1, $2, 'r', 'w', 'v', 'n', 'transactional', 1, 'default', 'ann', 'email', 'ann@example.com', 'sent_by_vendor', '', $3)`,
    [hub.workspace.workspace_id, message_id, id],
  );
  return message_id;
}

interface Call {
  method?: "POST" | "HEAD" | "GET";
  type?: string;
  authorization?: string;
  body?: string;
}

async function call({ hub, address }: Reporting, { method = "POST", type, authorization, body }: Call) {
  const headers = {
    ...(type === undefined ? {} : { "content-type": type }),
    ...(authorization === undefined ? {} : { authorization }),
  };
  const reply = await hub.app.inject({
    method,
    url: address,
    headers,
    ...(body === undefined ? {} : { payload: body }),
  });
  return reply.statusCode;
}

const isDelivered = ({ hub }: Reporting, id: string) =>
  until(async () => {
    const [row] = await hub.services.db.query<{ status: string }>(
      "select status from message where workspace_id = $1 and id = $2",
      [hub.workspace.workspace_id, id],
    );
    return row?.status === "delivered";
  });

describe("an address for reports", () => {
  it("answers Mandrill's check, and takes its form", async ({ hub }) => {
    const mandrill = await connect(hub, "mandrill-email", { api_key: "md-1" });
    expect(await call(mandrill, { method: "HEAD" })).toBe(200);
    const id = await addMail(mandrill);
    const events = [{ event: "delivered", msg: { email: "ann@example.com", metadata: { supr_nid: id } } }];
    const form = new URLSearchParams({ mandrill_events: JSON.stringify(events) });
    const body = form.toString();
    expect(await call(mandrill, { type: "application/x-www-form-urlencoded", body })).toBe(200);
    expect(await isDelivered(mandrill, id)).toBe(true);
  });

  it("takes the login of the settings, and no other", async ({ hub }) => {
    const login = { webhook_user: "ann", webhook_password: "pass" };
    const postmark = await connect(hub, "postmark-email", { server_token: "pm-1", ...login });
    const id = await addMail(postmark);
    const body = JSON.stringify({
      RecordType: "Delivery",
      Recipient: "ann@example.com",
      Metadata: { supr_nid: id },
    });
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    const type = "application/json";
    expect(await call(postmark, { type, body })).toBe(401);
    expect(await call(postmark, { type, body, authorization: basic("ann:other") })).toBe(401);
    expect(await call(postmark, { type, body, authorization: basic("ann:pass") })).toBe(200);
    expect(await isDelivered(postmark, id)).toBe(true);
  });

  it("takes JSON that calls itself text, as that of SNS does", async ({ hub }) => {
    const mailjet = await connect(hub, "mailjet-email", { api_key: "0a1b2c", secret_key: "s" });
    const id = await addMail(mailjet);
    const body = JSON.stringify({ event: "sent", email: "ann@example.com", CustomID: id });
    expect(await call(mailjet, { type: "text/plain; charset=UTF-8", body })).toBe(200);
    expect(await isDelivered(mailjet, id)).toBe(true);
  });

  it("refuses what SNS has not signed", async ({ hub }) => {
    const keys = { access_key_id: "AKIAIOSFODNN7EXAMPLE", secret_access_key: "s", region: "eu-west-1" };
    const ses = await connect(hub, "ses-email", keys);
    const body = JSON.stringify({ Type: "Notification", Message: "{}" });
    expect(await call(ses, { type: "text/plain", body })).toBe(401);
    const confirmation = JSON.stringify({
      Type: "SubscriptionConfirmation",
      SubscribeURL: "https://acme.test/",
    });
    expect(await call(ses, { type: "text/plain", body: confirmation })).toBe(403);
  });
});
