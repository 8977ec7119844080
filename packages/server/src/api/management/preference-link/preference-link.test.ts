import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";

const ROTATE = "preference_link_key/rotate";

it.beforeEach(async ({ hub }) => {
  await hub.call("POST", "/v1/user/ann/", {});
});

async function newLink(hub: Hub): Promise<string> {
  const { json } = await hub.call("POST", "/v1/user/ann/preference_link/", {});
  return new URL((json as { url: string }).url).pathname;
}

const statusOf = async (hub: Hub, url: string) => (await hub.app.inject({ method: "GET", url })).statusCode;

describe("PATCH /v1/{workspace}/preference_link_key/rotate/", () => {
  it("200: signs with another key, and still knows what the first one signed", async ({
    hub,
    management: m,
  }) => {
    const before = await newLink(hub);
    expect(await m.call("PATCH", ROTATE)).toEqual({
      status: 200,
      body: { link_generation: 2, link_oldest_generation: 1 },
    });
    const after = await newLink(hub);
    expect([await statusOf(hub, before), await statusOf(hub, after)]).toEqual([200, 200]);
  });

  it("200: refuses earlier links, for one click too, where they are revoked", async ({
    hub,
    management: m,
  }) => {
    const before = await newLink(hub);
    expect(await m.call("PATCH", ROTATE, { revoke: true })).toMatchObject({
      body: { link_generation: 2, link_oldest_generation: 2 },
    });
    expect([await statusOf(hub, before), await statusOf(hub, await newLink(hub))]).toEqual([404, 200]);
    const click = await hub.app.inject({
      method: "POST",
      url: `${before}/one-click`,
      payload: "List-Unsubscribe=One-Click",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(click.statusCode).toBe(404);
  });

  it("400: refuses what is not true or false", async ({ management: m }) => {
    const { status, body } = await m.call("PATCH", ROTATE, { revoke: "yes" });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain("must be true or false");
  });
});
