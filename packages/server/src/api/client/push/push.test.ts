import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";

const KEY = "/v1/client/vapid_key/";

async function publicKey(hub: Hub): Promise<string> {
  const [row] = await hub.services.db.query<{ api_key: string }>(
    "select api_key from public_key where workspace_id = $1 and is_default",
    [hub.workspace_id],
  );
  return row?.api_key ?? "";
}

const ask = async (hub: Hub, authorization: string) => hub.call("GET", KEY, undefined, { authorization });

const settings = { config: { subject: "mailto:ops@acme.test" } };

describe("GET /v1/client/vapid_key/", () => {
  it("200: is null before there is a vendor, and then the pair that was made for it", async ({
    hub,
    management: m,
  }) => {
    const key = await publicKey(hub);
    expect(await ask(hub, key)).toMatchObject({ status: 200, json: { vapid_public_key: null } });
    const saved = await m.call("POST", "vendor/vapid-webpush", settings);
    expect(saved.status).toBe(200);
    const { public_key, private_key } = saved.body.config as Record<string, string>;
    expect(Buffer.from(public_key ?? "", "base64url")).toHaveLength(65);
    expect(private_key).toMatch(/\*/);
    expect(await ask(hub, key)).toMatchObject({ status: 200, json: { vapid_public_key: public_key } });
  });

  it("200: stays the same when the vendor is saved again, and is another in another workspace", async ({
    hub,
    management: m,
  }) => {
    const save = async (config: object) =>
      (await m.call("POST", "vendor/vapid-webpush", { config })).body.config;
    const first = await save({ subject: "mailto:ops@acme.test" });
    const second = await save({ subject: "mailto:push@acme.test", ttl_hours: 3 });
    expect(second).toMatchObject({ public_key: first.public_key, private_key: first.private_key });
    // As a form sends it back: the secret masked.
    expect(await save({ ...second })).toMatchObject({ public_key: first.public_key });
    expect(await ask(hub, await publicKey(hub))).toMatchObject({
      json: { vapid_public_key: first.public_key },
    });
  });

  it("401: is for a public key of the workspace", async ({ hub }) => {
    expect(await ask(hub, "SS.PUBK.nothing")).toMatchObject({ status: 401 });
  });
});

describe("GET /sdk/serviceworker.js", () => {
  it("200: is a script that knows its server, for any site", async ({ hub }) => {
    const { statusCode, headers, body } = await hub.app.inject({
      method: "GET",
      url: "/sdk/serviceworker.js",
      headers: { host: "notify.acme.test" },
    });
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "access-control-allow-origin": "*",
    });
    expect(body).toMatch(/^self\.carillonHost="http:\/\/notify\.acme\.test";\n/);
    expect(body.length).toBeLessThan(5000);
  });
});
