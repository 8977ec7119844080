import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";

const BARE = {
  user_inbox_preference_enabled: true,
  sms_vendor_type: "basic",
  user_tenancy_mode: "exclusive",
  user_tenancy_channel_fallback_mode: "all",
  user_tenancy_channel_fallback: [],
  user_tenancy_channel_fallback_applies_to_default_tenant: false,
};

it("GET /v1/{workspace}/config/ 200: what a new workspace has", async ({ management }) => {
  expect(await management.call("GET", "config")).toEqual({ status: 200, body: BARE });
});

describe("PATCH /v1/{workspace}/config/", () => {
  it("200: changes what is sent, and nothing else of the workspace", async ({ hub, management }) => {
    const stored = async () => {
      const [row] = await hub.services.db.query<{ config: object }>(
        "select config from workspace where workspace_id = $1",
        [hub.workspace_id],
      );
      return row?.config;
    };
    await hub.services.db.query(
      `update workspace set config = '{"test_mode": {"channels": ["sms"]}, "user_tenancy_mode": "odd"}'
        where workspace_id = $1`,
      [hub.workspace_id],
    );
    const changes = {
      user_tenancy_mode: "shared",
      user_tenancy_channel_fallback_mode: "allowlist",
      user_tenancy_channel_fallback: ["$email", "$sms"],
    };
    expect(await management.call("PATCH", "config", changes)).toEqual({
      status: 200,
      body: { ...BARE, ...changes },
    });
    const more = { user_inbox_preference_enabled: false, sms_vendor_type: "dlt" };
    expect((await management.call("PATCH", "config", more)).body).toEqual({ ...BARE, ...changes, ...more });
    expect((await management.call("GET", "config")).body).toEqual({ ...BARE, ...changes, ...more });
    expect(await stored()).toEqual({ test_mode: { channels: ["sms"] }, ...changes, ...more });
  });

  it("200: counts at once, for who is in which tenant", async ({ hub, management }) => {
    for (const tenant of ["a", "b"]) await hub.call("POST", `/v1/tenant/${tenant}/`, { tenant_name: tenant });
    const map = (tenant: string) => hub.call("POST", `/v1/user/ann/tenant/${tenant}/`, {});
    expect((await map("a")).status).toBe(201);
    expect((await map("b")).status).toBe(400);
    await management.call("PATCH", "config", { user_tenancy_mode: "shared" });
    expect((await map("b")).status).toBe(201);
    const back = await management.call("PATCH", "config", { user_tenancy_mode: "exclusive" });
    const reason = "user 'ann' is in several tenants: take users out of all tenants but one first";
    expect(back).toMatchObject({
      status: 400,
      body: { message: reason, detail: { user_tenancy_mode: [reason] } },
    });
    expect((await management.call("GET", "config")).body).toMatchObject({ user_tenancy_mode: "shared" });
    await hub.call("DELETE", "/v1/user/ann/tenant/b/");
    expect((await management.call("PATCH", "config", { user_tenancy_mode: "exclusive" })).status).toBe(200);
  });

  it.for([
    [{ user_tenancy_mode: "open" }, { user_tenancy_mode: ["Must be 'shared' or 'exclusive'."] }],
    [{ sms_vendor_type: 1 }, { sms_vendor_type: ["Must be 'basic' or 'dlt'."] }],
    [
      { user_inbox_preference_enabled: "no" },
      { user_inbox_preference_enabled: ["Must be a valid boolean."] },
    ],
    [
      { user_tenancy_channel_fallback: "$email" },
      { user_tenancy_channel_fallback: ["Must be an array of channels."] },
    ],
    [
      { user_tenancy_channel_fallback: ["email"] },
      {
        "user_tenancy_channel_fallback[0]": [
          "Must be one of $email, $sms, $whatsapp, $androidpush, $iospush, $webpush, $slack, $ms_teams.",
        ],
      },
    ],
  ] as const)("400: %j", async ([body, detail], { management }) => {
    expect(await management.call("PATCH", "config", body)).toMatchObject({ status: 400, body: { detail } });
  });

  it.for([[{}], [{ user_tenancy_modus: "shared" }], [[]]] as const)(
    "400: %j, and nothing changes",
    async ([body], { management }) => {
      expect((await management.call("PATCH", "config", body)).status).toBe(400);
      expect((await management.call("GET", "config")).body).toEqual(BARE);
    },
  );
});
