import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { furnishPages, page } from "../../../../test/preferences/pages.ts";
import { sign } from "../../../http/auth/signature.ts";

/* Preferences as web-sdk 1.x asks for them, with the workspace's signature, and react-preference-headless with a token. */

const ANN = "/v1/subscriber/ann";

it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  await desk.addRecipients(["ann"]);
});

describe("react-preference-headless", () => {
  it("200, 202: by SS_JWT, with POST for updates", async ({ client, hub }) => {
    const authorization = `SS_JWT ${hub.wsKey}:${await client.sign("ann")}`;
    const options = { as: null, headers: { authorization } };
    const answer = await client.call("GET", `${ANN}/full_preference/?tenant_id=default`, options);
    expect(answer).toMatchObject({ status: 200, json: await page(hub) });
    const body = { preference: "opt_out", opt_out_channels: ["sms"] };
    expect(await client.call("POST", `${ANN}/category/newsletter/`, { ...options, body })).toMatchObject({
      status: 202,
      json: { category: "newsletter", preference: "opt_out" },
    });
    const channels = { channel_preferences: [{ channel: "email", is_restricted: true }] };
    expect(
      await client.call("POST", `${ANN}/channel_preference/`, { ...options, body: channels }),
    ).toMatchObject({ status: 202 });
    expect(await page(hub)).toMatchObject({
      channel_preferences: expect.arrayContaining([{ channel: "email", is_restricted: true }]) as unknown[],
    });
  });

  it("401, 403: with reasons at the top level", async ({ client, hub }) => {
    const by = (authorization: string) =>
      client.call("GET", `${ANN}/full_preference`, { as: null, headers: { authorization } });
    expect(await by(`SS_JWT ${hub.wsKey}:${await client.sign("ann", { exp: 1_700_000_000 })}`)).toMatchObject(
      {
        status: 401,
        json: { message: "invalid user token: it has expired", type: "token_invalid" },
      },
    );
    expect(await by(`SS_JWT ${hub.wsKey}:${await client.sign("bob")}`)).toMatchObject({ status: 403 });
    for (const wrong of [
      `SS_JWT none:${await client.sign("ann")}`,
      `SS_JWT ${hub.wsKey}`,
      "SS_JWT",
      "SS_JWT :",
    ]) {
      expect(await by(wrong)).toMatchObject({ status: 401 });
    }
  });
});

describe("web-sdk 1.x", () => {
  const call = async (
    hub: { app: { inject: (options: object) => Promise<{ statusCode: number; json: () => unknown }> } } & {
      wsKey: string;
      wsSecret: string;
    },
    method: "GET" | "POST",
    target: string,
    payload?: string,
  ) => {
    const date = new Date().toUTCString();
    const body = payload === undefined ? null : Buffer.from(payload);
    const signature = sign(hub.wsSecret, { method, target, content_type: "application/json", date, body });
    const headers = {
      "content-type": "application/json",
      "x-amz-date": date,
      authorization: `${hub.wsKey}:${signature}`,
    };
    const reply = await hub.app.inject({ method, url: target, headers, payload });
    return { status: reply.statusCode, json: reply.json() };
  };

  it("200, 202: by the signature over the path as it was sent, ids with slashes too", async ({
    hub,
    client,
  }) => {
    expect(await call(hub, "GET", `${ANN}/full_preference/?tenant_id=&`)).toMatchObject({
      status: 200,
      json: await page(hub),
    });
    const body = JSON.stringify({ preference: "opt_out", opt_out_channels: ["sms"] });
    const path = "/v1/subscriber/a/b/category/newsletter/";
    expect(await call(hub, "POST", path, body)).toMatchObject({
      status: 202,
      json: { preference: "opt_out" },
    });
    expect((await hub.call("GET", "/v1/user/a%2Fb/")).status).toBe(200);
    expect(
      (await client.call("GET", "/v2/subscriber/a/b/category/newsletter", { as: "a/b" })).json,
    ).toMatchObject({
      preference: "opt_out",
    });
  });

  it("401: without a signature, which is what it sends where it cannot sign", async ({ client, hub }) => {
    for (const authorization of [hub.wsKey, `${hub.wsKey}:`, `${hub.wsKey}:c2lnbmF0dXJl`]) {
      const answer = await client.call("GET", `${ANN}/full_preference`, {
        as: null,
        headers: { authorization, "x-amz-date": new Date().toUTCString() },
      });
      expect(answer).toMatchObject({ status: 401, headers: { "access-control-allow-origin": "*" } });
    }
  });
});
