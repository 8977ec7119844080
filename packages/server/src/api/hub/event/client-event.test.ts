import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Client } from "../../../../test/client/client.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";

/* Events, user edits and reports of devices, from browsers and apps (client-protocols.md §4 and §6.3). */

const send = (client: Client, body: unknown, options: Parameters<Client["call"]>[2] = {}) =>
  client.call("POST", "/v2/event", { body, ...options });

const user = async (hub: Hub, id: string) =>
  (await hub.call("GET", `/v1/user/${id}/`)).json as Record<string, unknown>;

const accepted = {
  status: 202,
  json: { status: "success", message_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
};

const refusal = (status: number, type: string, message: unknown) => ({
  status,
  json: { status: "error", error: { type, message } },
});

const NO_TOKEN = refusal(
  401,
  "token_invalid",
  "invalid user token: none was sent in x-ss-signature, and the key alone is not enough",
);

let count = 0;
const insertId = () => `insert-${++count}`;

const SUBSCRIPTION = {
  endpoint: "https://push.example.com/1",
  expirationTime: null,
  keys: { p256dh: "p1", auth: "a1" },
};

describe("$identify", () => {
  const identify = (id: unknown, more: object = {}) => ({
    event: "$identify",
    $insert_id: insertId(),
    $time: Date.now(),
    properties: { $identified_id: id },
    ...more,
  });

  it("202: makes the person, again and again", async ({ client, hub }) => {
    expect(await send(client, identify("ann"))).toMatchObject(accepted);
    expect(await user(hub, "ann")).toMatchObject({ distinct_id: "ann" });
    expect(await send(client, identify("ann"))).toMatchObject(accepted);
    // web-sdk 5 and Android name a tenant, or none.
    expect(await send(client, identify("ann", { tenant_id: null, distinct_id: "ann" }))).toMatchObject(
      accepted,
    );
  });

  it("202: whatever the type of the id, and with a slash in the path", async ({ client, hub }) => {
    const answer = await client.call("POST", "/v2/event/", { body: identify(42), as: "42" });
    expect(answer).toMatchObject(accepted);
    expect(await user(hub, "42")).toMatchObject({ distinct_id: "42" });
  });

  it("202: links the person to the tenant that it names", async ({ client, hub }) => {
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const claims = { scope: { tenant_id: ["acme"] } };
    expect(await send(client, identify("ann", { tenant_id: "acme" }), { claims })).toMatchObject(accepted);
    const { results } = (await hub.call("GET", "/v1/user/ann/associated_tenant/")).json as {
      results: { tenant: { tenant_id: string } }[];
    };
    expect(results.map(({ tenant }) => tenant.tenant_id)).toEqual(["acme"]);
    // web-sdk 4 names none, whatever its token is for.
    expect(await send(client, identify("ann"), { claims })).toMatchObject(accepted);
    // Everybody belongs to the default tenant anyway.
    expect(await send(client, identify("ann", { tenant_id: "default" }), { claims })).toMatchObject(accepted);
    expect(await send(client, identify("ann", { tenant_id: "beta" }), { claims })).toMatchObject(
      refusal(403, "permission_denied", "the token is not for tenant 'beta': name it in scope.tenant_id"),
    );
  });

  it("401, 403: without a token, or for somebody else, and makes nobody", async ({ client, hub }) => {
    expect(await send(client, identify("ann"), { as: null })).toMatchObject(NO_TOKEN);
    expect(await send(client, identify("ann"), { as: "bob" })).toMatchObject(
      refusal(403, "permission_denied", "the token is for another user than 'ann'"),
    );
    // What it is about is in the properties, whatever else it names.
    expect(await send(client, identify("ann", { distinct_id: "bob" }), { as: "bob" })).toMatchObject({
      status: 403,
    });
    expect((await hub.call("GET", "/v1/user/ann/")).status).toBe(404);
  });

  it("202: without secure mode with the key alone", async ({ client, hub }) => {
    const headers = { authorization: client.openKey };
    expect(await send(client, identify("ann"), { as: null, headers })).toMatchObject(accepted);
    expect(await user(hub, "ann")).toMatchObject({ distinct_id: "ann" });
  });

  it("202: takes over nobody whom it names as anonymous", async ({ client, hub }) => {
    await hub.call("POST", "/v1/user/victim/", { $email: "victim@example.com" });
    const body = identify("ann");
    const takeover = { ...body, properties: { ...body.properties, $anon_id: "victim" } };
    expect(await send(client, takeover)).toMatchObject(accepted);
    expect(await user(hub, "victim")).toMatchObject({ $email: [{ value: "victim@example.com" }] });
    expect(await user(hub, "ann")).not.toHaveProperty("$email");
  });
});

describe("an event", () => {
  it("202: of the person, once for each $insert_id", async ({ client, hub }) => {
    const event = {
      event: "ORDER",
      $insert_id: insertId(),
      $time: Date.now(),
      distinct_id: "ann",
      properties: { n: 1 },
    };
    expect(await send(client, event)).toMatchObject(accepted);
    await send(client, event);
    expect(await send(client, { ...event, $insert_id: insertId(), tenant_id: null })).toMatchObject(accepted);
    expect((await hub.requests()).map(({ status }) => status)).toEqual(["accepted", "skipped", "accepted"]);
  });

  it("400: of a reserved name, without a person, or without a name", async ({ client }) => {
    const event = { event: "$USER_ENTERED_LIST - vip", distinct_id: "ann" };
    const reserved = refusal(400, "validation_error", "event: names that start with $ or ss_ are reserved");
    expect(await send(client, event)).toMatchObject(reserved);
    expect(await send(client, { ...event, event: "SS_x" })).toMatchObject(reserved);
    expect(await send(client, { event: "ORDER" })).toMatchObject({ status: 400 });
    expect(await send(client, { distinct_id: "ann" })).toMatchObject({ status: 400 });
    for (const body of ["", "{", "[]", "null", "7"])
      expect(await send(client, body)).toMatchObject({ status: 400 });
  });

  it("401, 403: for others; nothing is stored, nor written to the log", async ({ client, hub }) => {
    const event = { event: "ORDER", distinct_id: "ann", properties: {} };
    expect(await send(client, event, { as: null })).toMatchObject(NO_TOKEN);
    expect(await send(client, event, { as: "bob" })).toMatchObject({ status: 403 });
    expect(await send(client, { ...event, tenant_id: "acme" })).toMatchObject({ status: 403 });
    const rows = await hub.services.db.query("select 1 from request where workspace_id = $1", [
      hub.workspace_id,
    ]);
    expect(rows).toEqual([]);
  });

  it("207: an array, each for itself", async ({ client }) => {
    const event = (distinct_id: string) => ({ event: "ORDER", distinct_id });
    const answer = await send(client, [event("ann"), event("bob")]);
    expect(answer).toMatchObject({
      status: 207,
      json: { records: [{ status: "success" }, { status: "error", status_code: 403 }] },
    });
  });
});

describe("user operations", () => {
  const edit = (operation: object) => ({
    distinct_id: "ann",
    $insert_id: insertId(),
    $time: Date.now(),
    ...operation,
  });

  it("202: properties", async ({ client, hub }) => {
    for (const operation of [
      { $set: { plan: "pro", seats: 1, old: true, $preferred_language: "en", $timezone: "Asia/Kolkata" } },
      { $set_once: { plan: "free", born: 1815 } },
      { $add: { seats: 2 } },
      { $append: { tags: "a" } },
      { $append: { tags: "b" } },
      { $remove: { tags: "a" } },
      { $unset: ["old"] },
    ]) {
      expect(await send(client, edit(operation))).toMatchObject(accepted);
    }
    const { properties } = await user(hub, "ann");
    expect(properties).toMatchObject({
      plan: "pro",
      born: 1815,
      seats: 3,
      tags: ["b"],
      $timezone: "Asia/Kolkata",
    });
    expect(properties).not.toHaveProperty("old");
  });

  it("202: once for each $insert_id", async ({ client, hub }) => {
    const body = edit({ $add: { seats: 2 } });
    await send(client, body);
    expect(await send(client, body)).toMatchObject(accepted);
    expect(await user(hub, "ann")).toMatchObject({ properties: { seats: 2 } });
  });

  it.for<[string, object, object]>([
    ["$email", { $email: "ann@example.com" }, { value: "ann@example.com" }],
    ["$sms", { $sms: "+14155552671" }, { value: "+14155552671" }],
    ["$whatsapp", { $whatsapp: "+14155552671" }, { value: "+14155552671" }],
    [
      "$webpush",
      { $webpush: SUBSCRIPTION, $id_provider: "vapid", $device_id: "d1" },
      { value: SUBSCRIPTION, id_provider: "vapid" },
    ],
    // web-sdk 1.x
    [
      "$webpush",
      { $webpush: SUBSCRIPTION, $pushvendor: "vapid", $device_id: "d1" },
      { id_provider: "vapid" },
    ],
    // Swift
    [
      "$iospush",
      { $iospush: "f".repeat(64), $device_id: "d1", $pushvendor: "apns", $bundle_id: "com.example" },
      { value: "f".repeat(64), id_provider: "apns" },
    ],
    // Android
    [
      "$androidpush",
      { $androidpush: "token", $id_provider: "fcm", $device_id: "d1", $bundle_id: "com.example" },
      { value: "token", id_provider: "fcm" },
    ],
    ["$slack", { $slack: { email: "ann@example.com", access_token: "xoxb-1" } }, {}],
    ["$ms_teams", { $ms_teams: { incoming_webhook: { url: "https://teams.example.com/1" } } }, {}],
  ])("202: %s is added and removed: %j", async ([key, fields, shown], { client, hub }) => {
    await send(client, edit({ $append: fields }));
    expect(await user(hub, "ann")).toMatchObject({ [key]: [shown] });
    await send(client, edit({ $remove: fields }));
    expect(await user(hub, "ann")).not.toHaveProperty(key);
  });

  it("202: a device has its newest subscription alone, which is removed by its endpoint or by the device", async ({
    client,
    hub,
  }) => {
    const push = (endpoint: string, $device_id: string, keys: object = SUBSCRIPTION.keys) => ({
      $webpush: { ...SUBSCRIPTION, endpoint: `https://push.example.com/${endpoint}`, keys },
      $id_provider: "vapid",
      $device_id,
    });
    const endpoints = async () => {
      const { $webpush = [] } = (await user(hub, "ann")) as { $webpush?: { value: { endpoint: string } }[] };
      return $webpush.map(({ value }) => value.endpoint.slice(-1)).toSorted();
    };
    await send(client, edit({ $append: push("a", "d1") }));
    await send(client, edit({ $append: push("b", "d1") }));
    await send(client, edit({ $append: push("c", "d2") }));
    expect(await endpoints()).toEqual(["b", "c"]);
    await send(client, edit({ $remove: push("b", "d1", { p256dh: "other", auth: "other" }) }));
    expect(await endpoints()).toEqual(["c"]);
    // A browser that has lost its subscription knows its device alone.
    await send(client, edit({ $remove: push("z", "d2", {}) }));
    expect(await endpoints()).toEqual([]);
  });

  it("401, 403: of others", async ({ client, hub }) => {
    await hub.call("POST", "/v1/user/ann/", { plan: "free" });
    const body = edit({ $set: { plan: "pro" }, $append: { $email: "evil@example.com" } });
    expect(await send(client, body, { as: null })).toMatchObject(NO_TOKEN);
    expect(await send(client, body, { as: "bob" })).toMatchObject({ status: 403 });
    expect(await user(hub, "ann")).toMatchObject({ properties: { plan: "free" } });
    expect(await user(hub, "ann")).not.toHaveProperty("$email");
  });
});

async function addMessage(hub: Hub, channel: string, status: string): Promise<string> {
  const id = hub.services.ids.ulid();
  await hub.services.db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane, tenant_id,
                          distinct_id, channel, status, idempotency_key, channel_value)
     values ($1, $2, 'run', 'w', 'v', 'n', 'transactional', 1, 'default', 'u', $3, $4, 'k', '"x"')`,
    [hub.workspace_id, id, channel, status],
  );
  return id;
}

const message = async (hub: Hub, id: string) => {
  const { json } = await hub.call("GET", `/v1/message/?message_id=${id}`);
  return (json as { results: Record<string, unknown>[] }).results[0];
};

describe("what devices report", () => {
  const track = (event: string, id: string, more: object = {}) => ({
    event: `$notification_${event}`,
    $time: Date.now(),
    properties: { id, ...more },
  });
  const byKey = { as: null };

  it.for(["webpush", "androidpush", "iospush"])(
    "202: of %s with the public key alone: delivered, clicked, dismissed",
    async (channel, { client, hub }) => {
      const clicked = await addMessage(hub, channel, "sent_by_vendor");
      expect(await send(client, track("delivered", clicked), byKey)).toMatchObject(accepted);
      expect(await message(hub, clicked)).toMatchObject({
        status: "delivered",
        seen_at: null,
        clicked_at: null,
      });
      expect(await send(client, track("clicked", clicked, { label_id: "" }), byKey)).toMatchObject(accepted);
      const after = await message(hub, clicked);
      expect(after).toMatchObject({ status: "clicked", clicked_at: expect.any(String) as string });
      // Late, or again: nothing goes back.
      await send(client, track("delivered", clicked), byKey);
      await send(client, track("clicked", clicked), byKey);
      expect({ ...(await message(hub, clicked)), updated_at: null }).toEqual({ ...after, updated_at: null });
      const dismissed = await addMessage(hub, channel, "sent_by_vendor");
      await send(client, track("dismiss", dismissed), byKey);
      expect(await message(hub, dismissed)).toMatchObject({
        status: "dismissed",
        dismissed_at: expect.any(String) as string,
      });
    },
  );

  it("202: at the device's time, in seconds or milliseconds, and never in the future", async ({
    client,
    hub,
  }) => {
    const at = Math.floor(Date.now() / 1000) + 3600;
    for (const $time of [at, at * 1000]) {
      const id = await addMessage(hub, "iospush", "sent_by_vendor");
      await send(client, { ...track("delivered", id), $time }, byKey);
      const { delivered_at } = (await message(hub, id)) as { delivered_at: string };
      expect(Math.abs(Date.parse(delivered_at) - Date.now())).toBeLessThan(60_000);
    }
  });

  it("202: of what there is not: an app would send it for ever", async ({ client, hub, harness }) => {
    expect(await send(client, track("delivered", "01M"), byKey)).toMatchObject(accepted);
    const foreign = await addMessage(await createHub(harness), "webpush", "sent_by_vendor");
    expect(await send(client, track("clicked", foreign), byKey)).toMatchObject(accepted);
    const [row] = await hub.services.db.query("select status from message where id = $1", [foreign]);
    expect(row).toEqual({ status: "sent_by_vendor" });
  });

  it("202: of other channels and of what failed, which stays", async ({ client, hub }) => {
    const mail = await addMessage(hub, "email", "sent_by_vendor");
    await send(client, track("delivered", mail), byKey);
    await send(client, track("clicked", mail), byKey);
    expect(await message(hub, mail)).toMatchObject({ status: "sent_by_vendor", clicked_at: null });
    const failed = await addMessage(hub, "webpush", "failure_by_vendor");
    await send(client, track("clicked", failed), byKey);
    expect(await message(hub, failed)).toMatchObject({ status: "delivery_failure", clicked_at: null });
  });

  it("400: without an id", async ({ client }) => {
    const body = { event: "$notification_clicked", properties: {} };
    expect(await send(client, body, byKey)).toMatchObject(
      refusal(400, "validation_error", "properties.id: must be the id of the notification"),
    );
  });

  it("401: with no key", async ({ client, hub }) => {
    const id = await addMessage(hub, "webpush", "sent_by_vendor");
    for (const authorization of ["", "SS.PUBK.none", "none:"]) {
      expect(
        await send(client, track("clicked", id), { as: null, headers: { authorization } }),
      ).toMatchObject({
        status: 401,
      });
    }
    expect(await message(hub, id)).toMatchObject({ status: "sent_by_vendor" });
  });
});

describe("POST /event/ of older clients", () => {
  const legacy = (hub: Hub, client: Client, after: string, body: unknown) =>
    client.call("POST", "/event/", { body, as: null, headers: { authorization: `${hub.wsKey}:${after}` } });
  const click = (hub: Hub, id: string) => ({
    event: "$notification_clicked",
    env: hub.wsKey,
    $insert_id: insertId(),
    $time: Date.now(),
    properties: { id },
  });

  it.for(["", "7b6a2d0e-6a55-4c3f-9d53-ff6f9a9c8a11"])(
    "202: a click with the workspace key and '%s', from service workers of web-sdk 1.x and from js-inbox",
    async (after, { client, hub }) => {
      const id = await addMessage(hub, "webpush", "delivered");
      const answer = await legacy(hub, client, after, click(hub, id));
      expect([answer.status, answer.text]).toEqual([202, "OK"]);
      expect(await message(hub, id)).toMatchObject({ status: "clicked" });
    },
  );

  it("202: a click on an item of the inbox, which is read then", async ({ client, hub }) => {
    const id = await addMessage(hub, "inbox", "delivered");
    const answer = await legacy(hub, client, "", [click(hub, id)]);
    expect(answer.status).toBe(202);
    expect(await message(hub, id)).toMatchObject({
      status: "clicked",
      read_at: expect.any(String) as string,
    });
  });

  it("401: everything else without a signature", async ({ client, hub }) => {
    await hub.call("POST", "/v1/user/ann/", {});
    for (const body of [
      { event: "ORDER", distinct_id: "ann" },
      { event: "$identify", properties: { $identified_id: "bob" } },
      { distinct_id: "ann", $set: { plan: "pro" } },
    ]) {
      expect((await legacy(hub, client, "", body)).status).toBe(401);
      expect((await legacy(hub, client, "", [body, body])).status).toBe(401);
    }
    expect(await hub.requests()).toEqual([]);
    expect((await hub.call("GET", "/v1/user/bob/")).status).toBe(404);
  });

  it("202: arrays that are signed, as web-sdk 1.x flushes them, with the anonymous user merged", async ({
    hub,
  }) => {
    await hub.callSigned("POST", "/event/", { distinct_id: "anon", $set: { plan: "pro" } });
    const records = [
      {
        event: "$identify",
        env: hub.wsKey,
        $insert_id: insertId(),
        properties: { $identified_id: "ann", $anon_id: "anon" },
      },
      {
        event: "$page_visited",
        env: hub.wsKey,
        $insert_id: insertId(),
        distinct_id: "ann",
        properties: { $os: "Linux" },
      },
      { distinct_id: "ann", $insert_id: insertId(), $add: { visits: 1 } },
    ];
    for (let times = 0; times < 2; times++) {
      expect(await hub.callSigned("POST", "/event/", records)).toMatchObject({ status: 202, text: "OK" });
    }
    expect(await user(hub, "ann")).toMatchObject({ properties: { plan: "pro", visits: 1 } });
    expect((await hub.requests()).map(({ status }) => status)).toEqual(["accepted", "skipped"]);
  });
});
