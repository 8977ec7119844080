import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub } from "../../../../test/hub.ts";
import { createManagement } from "../../../../test/management.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string;
const ACTOR = { name: "API Service", email: "" };

interface Key {
  id: string;
  api_key: string;
}

describe("/v1/{workspace}/ws_public_key/", () => {
  it("201: makes a key beside the default one, and lists both with their values", async ({ management }) => {
    const { status, body } = await management.call("POST", "ws_public_key", { name: "web-app" });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^ws_pubk_/),
      api_key: expect.stringMatching(/^SS\.PUBK\.[\w-]{43}$/),
      name: "web-app",
      description: null,
      allowed_domains: null,
      is_secure_mode_enabled: false,
      is_deleted: false,
      is_default: false,
      created_at: MICROS,
      created_by: ACTOR,
      rotated_at: null,
      rotated_by: null,
      updated_at: MICROS,
      updated_by: null,
    });
    expect((await management.call("GET", "ws_public_key")).body).toMatchObject({
      meta: { count: 2, limit: 10, offset: 0 },
      results: [body, { name: "default", is_default: true, created_by: null }],
    });
  });

  it("202: secure mode is switched, and a rotated key has another value under its id", async ({
    management,
  }) => {
    const made = (await management.call("POST", "ws_public_key", { name: "a" })).body as Key;
    const path = `ws_public_key/${made.id}`;
    expect(await management.call("PATCH", path, { is_secure_mode_enabled: true })).toMatchObject({
      status: 202,
      body: { ...made, is_secure_mode_enabled: true, updated_at: MICROS, updated_by: ACTOR },
    });
    const rotated = await management.call("PATCH", `${path}/rotate`);
    expect(rotated).toMatchObject({
      status: 202,
      body: { id: made.id, is_secure_mode_enabled: true, rotated_at: MICROS, rotated_by: ACTOR },
    });
    expect((rotated.body as Key).api_key).not.toBe(made.api_key);
    expect(await management.call("PATCH", path, {})).toMatchObject({
      status: 400,
      body: { detail: { is_secure_mode_enabled: ["This field is required."] } },
    });
  });

  it("204, 404: a deleted key is listed as such, and cannot be changed", async ({ management, harness }) => {
    const { id } = (await management.call("POST", "ws_public_key", { name: "a" })).body as Key;
    const other = createManagement(harness, (await createHub(harness)).workspace);
    expect((await other.call("DELETE", `ws_public_key/${id}`)).status).toBe(404);
    expect(await management.call("DELETE", `ws_public_key/${id}`)).toEqual({ status: 204, body: null });
    expect((await management.call("GET", "ws_public_key?limit=1")).body).toMatchObject({
      results: [{ id, is_deleted: true }],
    });
    const notFound = {
      status: 404,
      body: { error_code: "not_found", message: `public key '${id}' not found` },
    };
    expect(await management.call("PATCH", `ws_public_key/${id}/rotate`)).toMatchObject(notFound);
    expect(
      await management.call("PATCH", `ws_public_key/${id}`, { is_secure_mode_enabled: true }),
    ).toMatchObject(notFound);
    expect(await management.call("DELETE", `ws_public_key/${id}`)).toMatchObject(notFound);
  });
});
