import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import { furnishPages, notFound, refused } from "../../../../../test/preferences/pages.ts";
import { readLink } from "../../../../preferences/hosted/link.ts";

const LINK = "/v1/user/ann/preference_link/";
const TTL = "must be a whole number of seconds from 60 to 31536000";

let ann: string;
it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  ann = await desk.addUser("ann");
});

interface Made {
  url: string;
  expires_at: string;
}

describe("POST /v1/user/{distinct_id}/preference_link/", () => {
  it("201: makes a link that opens the user's page", async ({ hub, desk }) => {
    await desk.addTenant("acme");
    const body = { tenant_id: "acme", channel: "email", category: "newsletter", ttl: 3600 };
    const { status, json } = await hub.call("POST", LINK, body);
    expect(status).toBe(201);
    const { url, expires_at } = json as Made;
    const { pathname } = new URL(url);
    const claims = readLink(pathname.replace("/p/", ""))?.prove(hub.workspace.link_keys);
    expect(claims).toMatchObject({
      recipient_id: ann,
      tenant_id: "acme",
      channel: "email",
      category: "newsletter",
      message_id: null,
    });
    const seconds = (Date.parse(expires_at) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(3500);
    expect(seconds).toBeLessThan(3700);
    const { statusCode, body: shown } = await hub.app.inject({ method: "GET", url: pathname });
    expect(statusCode).toBe(200);
    expect(shown).toContain('value="channel/newsletter/email/off"');
  });

  it("201: needs no more than the user, and is valid for 60 days", async ({ hub }) => {
    for (const body of [{}, { tenant_id: null, channel: null, category: null, ttl: null }]) {
      const { status, json } = await hub.call("POST", LINK, body);
      expect(status).toBe(201);
      const days = (Date.parse((json as Made).expires_at) - Date.now()) / 86_400_000;
      expect(days).toBeCloseTo(60, 1);
    }
  });

  it.for<[object, Record<string, string>]>([
    [{ ttl: 59 }, { ttl: TTL }],
    [{ ttl: 1.5 }, { ttl: TTL }],
    [{ ttl: "60" }, { ttl: TTL }],
    [{ ttl: 31_536_001 }, { ttl: TTL }],
    [{ tenant_id: 7 }, { tenant_id: "must be a string" }],
    [{ category: 7 }, { category: "must be a string" }],
  ])("400: refuses %j", async ([body, detail], { hub }) => {
    expect(await hub.call("POST", LINK, body)).toMatchObject(refused(detail));
  });

  it("400: names the channels that there are", async ({ hub }) => {
    const { status, text } = await hub.call("POST", LINK, { channel: "pigeon" });
    expect(status).toBe(400);
    expect(text).toContain("whatsapp");
  });

  it("404: for a user, a tenant or a category that does not exist", async ({ hub }) => {
    expect(await hub.call("POST", "/v1/user/nobody/preference_link/", {})).toMatchObject({ status: 404 });
    expect(await hub.call("POST", LINK, { tenant_id: "nobody" })).toMatchObject(
      notFound("tenant 'nobody' not found"),
    );
    expect(await hub.call("POST", LINK, { category: "gone" })).toMatchObject(
      notFound("category 'gone' not found"),
    );
  });
});
