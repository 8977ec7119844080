import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Hub } from "../../../../test/hub.ts";

const SMTP = {
  host: "127.0.0.1",
  port: 2525,
  username: "me",
  password: "hunter2-hunter2",
  from_email: "shop@example.com",
};

async function manage(hub: Hub, method: "GET" | "POST" | "DELETE", path: string, payload?: object) {
  const answer = await hub.app.inject({
    method,
    url: `/v1/${hub.workspace.slug}/vendor/${path}`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}`, "content-type": "application/json" },
    ...(payload === undefined ? {} : { payload }),
  });
  return {
    status: answer.statusCode,
    json: answer.body === "" ? null : (JSON.parse(answer.body) as Record<string, never>),
  };
}

describe("POST /v1/{workspace}/vendor/{vendor_slug}/ 200", () => {
  it("stores settings encrypted, shows them without secrets, and puts the vendor first", async ({
    hub,
    harness,
  }) => {
    const { status, json } = await manage(hub, "POST", "smtp-email/", {
      config: SMTP,
      categories: ["system"],
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ vendor_slug: "smtp-email", channel: "email", categories: ["system"] });
    expect(JSON.stringify(json)).not.toContain("hunter2");
    const [row] = await harness.services.db.query<{ config: Buffer }>(
      "select config from vendor_config where workspace_id = $1 and vendor_slug = 'smtp-email'",
      [hub.workspace.workspace_id],
    );
    expect(row?.config.includes("hunter2")).toBe(false);
  });

  it("keeps a secret that comes back masked, and changes the rest", async ({ hub, harness }) => {
    const first = await manage(hub, "POST", "smtp-email/", { config: SMTP });
    const shown = (first.json as unknown as { config: Record<string, unknown> }).config;
    const second = await manage(hub, "POST", "smtp-email/", { config: { ...shown, port: 587 } });
    expect(second.json).toMatchObject({ id: first.json?.id, config: { port: 587 } });
    const listed = await harness.services.vendors.list(harness.services.db, hub.workspace.workspace_id);
    const settings = listed.find(({ vendor_slug }) => vendor_slug === "smtp-email");
    expect(settings?.config).toEqual({ ...shown, port: 587 });
  });

  it("limits how fast it is called, and keeps limits that are not named", async ({ hub }) => {
    const first = await manage(hub, "POST", "smtp-email/", {
      config: SMTP,
      pace: { rate_per_second: 14, daily_cap: 50_000 },
    });
    expect(first.json).toMatchObject({ pace: { rate_per_second: 14, burst: null, daily_cap: 50_000 } });
    const second = await manage(hub, "POST", "smtp-email/", {
      config: SMTP,
      pace: { daily_cap: null, burst: 3 },
    });
    expect(second.json).toMatchObject({ pace: { rate_per_second: 14, burst: 3, daily_cap: null } });
    const third = await manage(hub, "POST", "smtp-email/", { config: SMTP });
    expect(third.json).toMatchObject({ pace: { rate_per_second: 14, burst: 3, daily_cap: null } });
  });

  it("is used by the next message", async ({ hub, harness }) => {
    await hub.addWorkflow("welcome");
    const tables = () => harness.services.vendors.list(harness.services.db, hub.workspace.workspace_id);
    expect(
      (await tables()).find(({ channel, categories }) => channel === "email" && categories.length > 0),
    ).toBeUndefined();
    await manage(hub, "POST", "simulator-email/", { config: {} });
    const first = await until(async () => (await tables()).find(({ channel }) => channel === "email"));
    expect(first).toMatchObject({
      vendor_slug: "simulator-email",
      categories: ["system", "transactional", "promotional"],
    });
  });
});

describe("POST /v1/{workspace}/vendor/{id}/test/", () => {
  it.for([
    ["email", "ann@example.com", { outcome: "sent", class: null, code: null, message: null }],
    ["sms", "+14155550102", { outcome: "sent", vendor_message_id: expect.stringMatching(/^sim-/) }],
    [
      "email",
      "reject+1@example.com",
      { outcome: "failed", class: "message", code: "simulated_reject", message: "simulated: reject" },
    ],
    ["whatsapp", "+14155550009", { outcome: "failed", class: "config" }],
    ["androidpush", "token-of-a-device-1", { outcome: "sent" }],
    ["slack", { email: "ann@example.com", access_token: "xoxb-1" }, { outcome: "sent" }],
  ] as const)(
    "200: %s to %o says what the vendor says, and keeps nothing",
    async ([channel, to, expected], { pipeline }) => {
      const { json } = await manage(pipeline, "POST", `simulator-${channel}/`, { config: {} });
      const tested = await manage(pipeline, "POST", `${String(json?.id)}/test/`, { to });
      expect(tested).toMatchObject({ status: 200, json: expected });
      expect(await pipeline.messages()).toEqual([]);
    },
  );

  it("400 for an address of another channel and for the inbox, 404 for unknown settings", async ({
    pipeline,
  }) => {
    const { json } = await manage(pipeline, "POST", "simulator-email/", { config: {} });
    const path = `${String(json?.id)}/test/`;
    expect(await manage(pipeline, "POST", path, { to: "+14155550100" })).toMatchObject({
      status: 400,
      json: { detail: { to: [expect.any(String)] } },
    });
    expect(await manage(pipeline, "POST", path, {})).toMatchObject({ status: 400 });
    const inbox = await manage(pipeline, "POST", "carillon-inbox/", { config: {} });
    expect(await manage(pipeline, "POST", `${String(inbox.json?.id)}/test/`, { to: "ann" })).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining("the inbox sends nothing") },
    });
    expect(await manage(pipeline, "POST", "01NOPE/test/", { to: "ann@example.com" })).toMatchObject({
      status: 404,
    });
  });
});

describe("DELETE /v1/{workspace}/vendor/{id}/ 204", () => {
  it("moves the next in the list up", async ({ hub }) => {
    await manage(hub, "POST", "simulator-email/", { config: {} });
    const { json } = await manage(hub, "POST", "smtp-email/", { config: SMTP });
    expect(await manage(hub, "DELETE", `${String(json?.id)}/`)).toMatchObject({ status: 204 });
    const { json: listed } = await manage(hub, "GET", "");
    expect(listed?.results).toMatchObject([
      { vendor_slug: "simulator-email", categories: ["system", "transactional", "promotional"] },
    ]);
  });
});

describe("DELETE /v1/{workspace}/vendor/{slug}/", () => {
  it("204: each vendor that is listed can be deleted by its slug", async ({ hub }) => {
    await manage(hub, "POST", "smtp-email/", { config: SMTP });
    const { json } = await manage(hub, "GET", "");
    const listed = json?.results as unknown as { vendor_slug: string }[];
    for (const { vendor_slug } of listed)
      expect(await manage(hub, "DELETE", `${vendor_slug}/`)).toMatchObject({ status: 204 });
    expect(await manage(hub, "GET", "")).toMatchObject({ json: { results: [] } });
  });

  it("409: several accounts of one vendor are deleted by their ids", async ({ hub }) => {
    await manage(hub, "POST", "smtp-email/", { config: SMTP, nickname: "one" });
    const { json } = await manage(hub, "POST", "smtp-email/", { config: SMTP, nickname: "two" });
    expect(await manage(hub, "DELETE", "smtp-email/")).toMatchObject({
      status: 409,
      json: { message: expect.stringContaining(`'two' (${String(json?.id)})`) },
    });
    expect(await manage(hub, "DELETE", `${String(json?.id)}/`)).toMatchObject({ status: 204 });
    expect(await manage(hub, "DELETE", "smtp-email/")).toMatchObject({ status: 204 });
    expect(await manage(hub, "DELETE", "smtp-email/")).toMatchObject({ status: 404 });
  });
});

describe("vendors refuse", () => {
  it("400 naming each wrong setting, 404 for unknown ids", async ({ hub }) => {
    const wrong = await manage(hub, "POST", "smtp-email/", { config: { ...SMTP, port: "x" } });
    expect(wrong).toMatchObject({
      status: 400,
      json: { type: "ValidationError", detail: { "config.port": [expect.any(String)] } },
    });
    expect(await manage(hub, "POST", "pigeon-email/", { config: {} })).toMatchObject({ status: 404 });
    expect(await manage(hub, "DELETE", "01NOPE/")).toMatchObject({ status: 404 });
    expect(await manage(hub, "POST", "smtp-email/", {})).toMatchObject({ status: 400 });
    for (const pace of [{ rate_per_second: 0 }, { burst: 1.5 }, { daily_cap: "many" }, { speed: 1 }])
      expect(await manage(hub, "POST", "smtp-email/", { config: SMTP, pace })).toMatchObject({
        status: 400,
        json: { message: expect.stringContaining("pace") },
      });
  });
});
