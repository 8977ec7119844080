import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import { createManagement } from "../../../../test/management.ts";
import { createHub } from "../../../../test/hub.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string;
const ACTOR = { name: "API Service", email: "" };

const reads = async (hub: Hub, api_key: string) =>
  (await hub.call("GET", "/v1/user/", undefined, { authorization: `Bearer ${api_key}` })).status;

interface Made {
  id: string;
  api_key: string;
  masked_api_key: string;
}

describe("/v1/{workspace}/ws_api_key/", () => {
  it("201: makes a key that is shown once, and is good for the data API", async ({ hub, management }) => {
    const { status, body } = await management.call("POST", "ws_api_key", {
      name: " backend ",
      description: "Main",
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^ws_apik_/),
      masked_api_key: expect.stringMatching(/^SS\..{7}\*{5}$/),
      is_deleted: false,
      name: "backend",
      description: "Main",
      allowed_domains: [],
      created_at: MICROS,
      created_by: ACTOR,
      deleted_at: null,
      deleted_by: null,
      api_key: expect.stringMatching(/^SS\./),
    });
    const { api_key, ...shown } = body as Made & Record<string, unknown>;
    expect(await reads(hub, api_key)).toBe(200);
    const list = (await management.call("GET", "ws_api_key?limit=1")).body;
    expect(list).toEqual({ meta: { count: 2, limit: 1, offset: 0 }, results: [shown] });
    expect(JSON.stringify(list)).not.toContain(api_key.slice(12));
  });

  it("204: a deleted key is dead, and still listed as deleted", async ({ hub, management }) => {
    const { id, api_key } = (await management.call("POST", "ws_api_key", { name: "a" })).body as Made;
    expect(await reads(hub, api_key)).toBe(200);
    expect(await management.call("DELETE", `ws_api_key/${id}`)).toEqual({ status: 204, body: null });
    expect(await reads(hub, api_key)).toBe(401);
    expect((await management.call("GET", "ws_api_key")).body).toMatchObject({
      results: [{ id, is_deleted: true, deleted_at: MICROS, deleted_by: ACTOR }, { is_deleted: false }],
    });
    expect(await management.call("DELETE", `ws_api_key/${id}`)).toMatchObject({
      status: 404,
      body: { error_code: "not_found", message: `API key '${id}' not found` },
    });
  });

  it("404: a key of another workspace, which stays good", async ({ hub, harness, management }) => {
    const other = await createHub(harness);
    const made = await createManagement(harness, other.workspace).call("POST", "ws_api_key", { name: "a" });
    const { id, api_key } = made.body as Made;
    expect((await management.call("DELETE", `ws_api_key/${id}`)).status).toBe(404);
    expect(await reads(hub, api_key)).toBe(200);
  });

  it.for([
    [{}, { name: ["This field is required."] }],
    [{ name: "" }, { name: ["This field may not be blank."] }],
    [{ name: "x".repeat(256) }, { name: ["Ensure this field has no more than 255 characters."] }],
  ] as const)("400: %j", async ([payload, detail], { management }) => {
    for (const path of ["ws_api_key", "ws_public_key"]) {
      expect(await management.call("POST", path, payload)).toMatchObject({
        status: 400,
        body: { error_code: "error", detail },
      });
    }
  });
});
