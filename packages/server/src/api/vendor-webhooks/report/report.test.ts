import { createHmac } from "node:crypto";
import { describe, expect } from "vitest";
import { onOwnServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Hub } from "../../../../test/hub.ts";
import { createIdSource } from "../../../ids.ts";

const ids = createIdSource();
const SECRET = Buffer.from("a secret of twenty-four b").toString("base64");

interface Reporting {
  hub: Hub;
  /** Of the vendor's settings. */
  id: string;
  /** Their own address. */
  address: string;
}

/** A workspace whose mail goes out through Resend. */
async function connectResend(hub: Hub, webhook_secret = `whsec_${SECRET}`): Promise<Reporting> {
  const saved = await hub.app.inject({
    method: "POST",
    url: `/v1/${hub.workspace.slug}/vendor/resend-email/`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    payload: { config: { api_key: "re_1", from_email: "hello@acme.test", webhook_secret } },
  });
  const { id, webhook_url } = saved.json<{ id: string; webhook_url: string }>();
  return { hub, id, address: new URL(webhook_url).pathname };
}

interface Sent {
  status?: string;
  recipient_id?: string | null;
  ack?: string;
  to?: string;
}

/** A mail to ann@example.com that the vendor has accepted. */
async function addMail({ hub, id }: Reporting, { status = "sent_by_vendor", ack, ...more }: Sent = {}) {
  const { db } = hub.services;
  const message_id = ids.ulid();
  await db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane,
                          tenant_id, distinct_id, recipient_id, channel, identity_key, status, idempotency_key, vendor_config_id)
     values ($1, $2, 'r', 'w', 'v', 'n', 'transactional', 1, 'default', 'ann', $3, 'email', $6, $4, '', $5)`,
    [
      hub.workspace.workspace_id,
      message_id,
      more.recipient_id ?? null,
      status,
      id,
      more.to ?? "ann@example.com",
    ],
  );
  if (ack !== undefined) {
    await db.query(
      "insert into vendor_ack (workspace_id, vendor_config_id, vendor_message_id, message_id) values ($1, $2, $3, $4)",
      [hub.workspace.workspace_id, id, ack, message_id],
    );
  }
  return message_id;
}

interface Event {
  type: string;
  message_id?: string;
  email_id?: string;
  to?: string;
  bounce?: { type: string; message: string };
}

const bodyOf = ({ type, message_id, email_id = "re-1", to = "ann@example.com", bounce }: Event) =>
  JSON.stringify({
    type,
    created_at: new Date().toISOString(),
    data: {
      email_id,
      to: [to],
      ...(message_id === undefined ? {} : { tags: { supr_nid: message_id } }),
      ...(bounce === undefined ? {} : { bounce }),
    },
  });

function signed(body: string, key = SECRET): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", Buffer.from(key, "base64"))
    .update(`msg.${timestamp}.${body}`)
    .digest("base64");
  return { "svix-id": "msg", "svix-timestamp": timestamp, "svix-signature": `v1,${signature}` };
}

async function report(hub: Hub, url: string, body: string, headers = signed(body)) {
  const reply = await hub.app.inject({
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    payload: body,
  });
  return { status: reply.statusCode, body: reply.body };
}

const RECEIVED = { status: 200, body: "" };

interface State {
  status: string;
  failure_reason: string | null;
  delivered_at: Date | null;
  seen_at: Date | null;
}

async function state({ services, workspace }: Hub, id: string): Promise<State> {
  const [row] = await services.db.query<State>(
    "select status, failure_reason, delivered_at, seen_at from message where workspace_id = $1 and id = $2",
    [workspace.workspace_id, id],
  );
  if (row === undefined) throw new Error("the message is gone");
  return row;
}

const reaches = (hub: Hub, id: string, status: string) =>
  until(async () => {
    const row = await state(hub, id);
    return row.status === status ? row : null;
  });

const nothingIsDue = (hub: Hub) =>
  until(async () => {
    const due = await hub.services.db.query(
      "select 1 from vendor_report where workspace_id = $1 and due_at <= now()",
      [hub.workspace.workspace_id],
    );
    return due.length === 0;
  });

async function addAnn(hub: Hub): Promise<string> {
  await hub.call("POST", "/v1/user/ann/", { $email: ["ann@example.com"] });
  const [row] = await hub.services.db.query<{ id: string }>(
    "select id from recipient where workspace_id = $1 and distinct_id = 'ann'",
    [hub.workspace.workspace_id],
  );
  return row?.id ?? "";
}

const addressOf = async ({ services, workspace }: Hub) => {
  const [row] = await services.db.query<{ perma_status: string; days: number | null }>(
    `select perma_status, round(extract(epoch from perma_until - now()) / 86400)::int as days
       from identity where workspace_id = $1 and channel = 'email' and key = 'ann@example.com'`,
    [workspace.workspace_id],
  );
  return row;
};

describe("POST /webhook/{vendor}/{channel}/{uid}/ 200", () => {
  it("moves the message on, and fills the stages that the report implies", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend);
    expect(await report(hub, resend.address, bodyOf({ type: "email.clicked", message_id: id }))).toEqual(
      RECEIVED,
    );
    const clicked = await reaches(hub, id, "clicked");
    expect(clicked.seen_at).toEqual(clicked.delivered_at);
    await report(hub, resend.address, bodyOf({ type: "email.delivered", message_id: id }));
    await nothingIsDue(hub);
    expect((await state(hub, id)).status).toBe("clicked");
  });

  it("finds the message by the vendor's id where ours is missing", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend, { ack: "re-77" });
    await report(hub, resend.address, bodyOf({ type: "email.opened", email_id: "re-77" }));
    expect(await reaches(hub, id, "seen")).toBeTruthy();
  });

  it("keeps a report that comes before its message is known, and applies it then", async ({ hub }) => {
    const resend = await connectResend(hub);
    await report(hub, resend.address, bodyOf({ type: "email.delivered", email_id: "re-early" }));
    await until(async () => {
      const [row] = await hub.services.db.query<{ is_put_back: boolean }>(
        "select due_at > received_at as is_put_back from vendor_report where workspace_id = $1",
        [hub.workspace.workspace_id],
      );
      return row?.is_put_back;
    });
    const id = await addMail(resend, { ack: "re-early" });
    await hub.services.db.query("update vendor_report set due_at = now() where workspace_id = $1", [
      hub.workspace.workspace_id,
    ]);
    expect(await reaches(hub, id, "delivered")).toBeTruthy();
  });

  it("ends a message that bounced, and its address for the days of its channel", async ({ hub }) => {
    const resend = await connectResend(hub);
    const recipient_id = await addAnn(hub);
    const id = await addMail(resend, { recipient_id });
    const bounce = { type: "Permanent", message: "no such user" };
    await report(hub, resend.address, bodyOf({ type: "email.bounced", message_id: id, bounce }));
    expect(await reaches(hub, id, "failure_by_vendor")).toMatchObject({ failure_reason: "no such user" });
    expect(await addressOf(hub)).toEqual({ perma_status: "disabled", days: 90 });
  });

  it("leaves the message and its recipient alone when a copy bounced", async ({ hub }) => {
    const resend = await connectResend(hub);
    const recipient_id = await addAnn(hub);
    const id = await addMail(resend, { recipient_id });
    const bounce = { type: "Permanent", message: "no such user" };
    const event = { type: "email.bounced", message_id: id, to: "Boss@example.com", bounce };
    await report(hub, resend.address, bodyOf(event));
    const [row] = await until(async () => {
      const rows = await hub.services.db.query<{ kind: string; detail: object }>(
        "select kind, detail from message_event where workspace_id = $1 and message_id = $2",
        [hub.workspace.workspace_id, id],
      );
      return rows.length > 0 ? rows : null;
    });
    expect(row).toMatchObject({
      kind: "copy_reported",
      detail: { status: "delivery_failure", address: "Boss@example.com", reason: "no such user" },
    });
    expect((await state(hub, id)).status).toBe("sent_by_vendor");
    expect(await addressOf(hub)).toMatchObject({ perma_status: "active" });
  });

  it("knows an address by the form that mail servers have of it", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend, { to: "ann@bücher.example" });
    const event = { type: "email.delivered", message_id: id, to: "Ann@xn--bcher-kva.example" };
    await report(hub, resend.address, bodyOf(event));
    expect(await reaches(hub, id, "delivered")).toBeTruthy();
  });

  it("writes nothing about a user who was deleted since", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend, { recipient_id: await addAnn(hub) });
    expect((await hub.call("DELETE", "/v1/user/ann/")).status).toBe(204);
    const { db, erasures } = hub.services;
    const { workspace_id } = hub.workspace;
    await until(async () => {
      await erasures.eraseWaiting(() => {});
      const open = "select from user_erasure where workspace_id = $1 and finished_at is null";
      return (await db.query(open, [workspace_id])).length === 0;
    });
    const bounce = { type: "Permanent", message: "no such user" };
    for (const to of ["ann@example.com", "boss@example.com"]) {
      await report(hub, resend.address, bodyOf({ type: "email.bounced", message_id: id, to, bounce }));
    }
    await nothingIsDue(hub);
    expect(await state(hub, id)).toMatchObject({ status: "sent_by_vendor", failure_reason: null });
    const events = "select from message_event where workspace_id = $1 and message_id = $2";
    expect(await db.query(events, [workspace_id, id])).toEqual([]);
  });

  it("stops writing to who complained, without touching the message", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend, { recipient_id: await addAnn(hub), status: "delivered" });
    await report(hub, resend.address, bodyOf({ type: "email.complained", message_id: id }));
    await until(async () => (await addressOf(hub))?.perma_status === "disabled");
    expect((await state(hub, id)).status).toBe("delivered");
  });
});

describe("POST /webhook/{vendor}/ 200", () => {
  it("takes what the signature proves to be of one workspace", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend);
    expect(await report(hub, "/webhook/resend", bodyOf({ type: "email.delivered", message_id: id }))).toEqual(
      RECEIVED,
    );
    expect(await reaches(hub, id, "delivered")).toBeTruthy();
  });

  it("takes unsigned reports about messages that were sent, and no others", async ({ hub }) => {
    const resend = await connectResend(hub, "");
    const id = await addMail(resend);
    const other = await addMail({ ...resend, id: "another configuration" });
    for (const message_id of [id, other, "01NOBODY"]) {
      const body = bodyOf({ type: "email.delivered", message_id });
      expect(await report(hub, "/webhook/resend/", body, {})).toEqual(RECEIVED);
    }
    expect(await reaches(hub, id, "delivered")).toBeTruthy();
    expect((await state(hub, other)).status).toBe("sent_by_vendor");
  });
});

describe("POST /webhook/{vendor}/{channel}/{uid}/ refuses", () => {
  it("401: a signature that is wrong or missing", async ({ hub }) => {
    const resend = await connectResend(hub);
    const id = await addMail(resend);
    const body = bodyOf({ type: "email.delivered", message_id: id });
    expect(await report(hub, resend.address, body, signed(body, "b3RoZXI="))).toMatchObject({ status: 401 });
    expect(await report(hub, resend.address, body, {})).toMatchObject({ status: 401 });
    await nothingIsDue(hub);
    expect((await state(hub, id)).status).toBe("sent_by_vendor");
  });

  it("400: what is not of the vendor's form", async ({ hub }) => {
    const resend = await connectResend(hub);
    for (const body of ["{", "{}", "null", ""]) {
      expect(await report(hub, resend.address, body)).toMatchObject({ status: 400 });
    }
  });

  it("404: an address that belongs to no settings", async ({ hub }) => {
    expect(await report(hub, "/webhook/resend/email/00000000000000000000000000000000/", "{}")).toMatchObject({
      status: 404,
    });
    expect(await report(hub, "/webhook/nobody/", "{}")).toMatchObject({ status: 404 });
    const check = await hub.app.inject({ method: "GET", url: "/webhook/resend/email/nobody/" });
    expect(check.statusCode).toBe(404);
  });
});
