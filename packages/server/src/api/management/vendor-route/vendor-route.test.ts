import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Management } from "../../../../test/management.ts";

async function save({ call }: Management, nickname: string, vendor = "simulator-email"): Promise<string> {
  const { body } = await call("POST", `vendor/${vendor}`, { config: {}, nickname });
  return (body as { id: string }).id;
}

const listOf = async ({ call }: Management, channel: string, category: string, tenant_id = "default") => {
  const { body } = await call("GET", "vendor_route");
  const { results } = body as {
    results: { tenant_id: string; channel: string; category: string; vendors: { id: string }[] }[];
  };
  return results.find(
    (route) => route.channel === channel && route.category === category && route.tenant_id === tenant_id,
  )?.vendors;
};

describe("POST /v1/{workspace}/vendor_route/{channel}/{category}/ 200", () => {
  it("replaces one list and leaves the others alone", async ({ management }) => {
    const [one, two] = [await save(management, "one"), await save(management, "two")];
    const vendors = [{ id: one, fallback_seconds: 60 }, { id: two }];
    expect(await management.call("POST", "vendor_route/email/system", { vendors })).toEqual({
      status: 200,
      body: {
        tenant_id: "default",
        channel: "email",
        category: "system",
        vendors: [
          { id: one, fallback_seconds: 60 },
          { id: two, fallback_seconds: 30 },
        ],
      },
    });
    expect(await listOf(management, "email", "system")).toMatchObject([{ id: one }, { id: two }]);
    expect(await listOf(management, "email", "promotional")).toMatchObject([{ id: two }, { id: one }]);
  });

  it("keeps the order and the times of what follows a vendor that is saved again", async ({ management }) => {
    const [one, two] = [await save(management, "one"), await save(management, "two")];
    const vendors = [{ id: one, fallback_seconds: 60 }, { id: two }];
    await management.call("POST", "vendor_route/email/system", { vendors });
    await save(management, "two");
    expect(await listOf(management, "email", "system")).toEqual([
      { id: two, fallback_seconds: 30 },
      { id: one, fallback_seconds: 60 },
    ]);
  });

  it("gives a tenant a list of its own, and takes it back", async ({ management, hub }) => {
    const id = await save(management, "one");
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    const body = { tenant_id: "acme", vendors: [{ id }] };
    expect(await management.call("POST", "vendor_route/email/system", body)).toMatchObject({ status: 200 });
    expect(await listOf(management, "email", "system", "acme")).toMatchObject([{ id }]);
    await management.call("POST", "vendor_route/email/system", { tenant_id: "acme", vendors: [] });
    expect(await listOf(management, "email", "system", "acme")).toBeUndefined();
  });
});

describe("POST /v1/{workspace}/vendor_route/{channel}/{category}/ refuses", () => {
  it("400: a vendor that is not stored, of another channel, or listed twice", async ({ management }) => {
    const [mail, text] = [await save(management, "one"), await save(management, "two", "simulator-sms")];
    const set = (vendors: unknown, route = "email/system") =>
      management.call("POST", `vendor_route/${route}`, { vendors });
    const wrong = (index: number, text: string) => ({
      status: 400,
      body: { detail: { [`vendors.${index}.id`]: [expect.stringContaining(text)] } },
    });
    expect(await set([{ id: mail }, { id: "01NOPE" }])).toMatchObject(wrong(1, "'01NOPE' not found"));
    expect(await set([{ id: text }])).toMatchObject(wrong(0, "is a vendor of sms"));
    expect(await set([{ id: mail }, { id: mail }])).toMatchObject(wrong(1, "listed twice"));
    expect(await set([{ id: mail, fallback_seconds: 0 }])).toMatchObject({ status: 400 });
    expect(await set([{ id: mail }], "pigeon/system")).toMatchObject({ status: 400 });
    expect(await set([{ id: mail }], "email/urgent")).toMatchObject({ status: 400 });
    expect(await listOf(management, "email", "system")).toMatchObject([{ id: mail }]);
  });

  it("404: a tenant that does not exist", async ({ management }) => {
    const vendors = [{ id: await save(management, "one") }];
    const body = { tenant_id: "nobody", vendors };
    expect(await management.call("POST", "vendor_route/email/system", body)).toMatchObject({ status: 404 });
  });
});

describe("POST /v1/{workspace}/vendor/{id}/verify/", () => {
  it("200: says whether the credentials work; 404 for unknown settings", async ({ management }) => {
    const id = await save(management, "one");
    expect(await management.call("POST", `vendor/${id}/verify`)).toEqual({
      status: 200,
      body: { ok: true, message: null },
    });
    const dead = { host: "127.0.0.1", port: 1, encryption: "none", from_email: "a@b.test" };
    const { body } = await management.call("POST", "vendor/smtp-email", { config: dead });
    const smtp = (body as { id: string }).id;
    expect(await management.call("POST", `vendor/${smtp}/verify`)).toMatchObject({
      status: 200,
      body: { ok: false, message: expect.stringContaining("ECONNREFUSED") },
    });
    expect(await management.call("POST", "vendor/01NOPE/verify")).toMatchObject({ status: 404 });
  });
});

describe("GET /v1/{workspace}/vendor_catalog/", () => {
  it("200: lists every vendor with its settings, secrets marked", async ({ management }) => {
    const { body } = await management.call("GET", "vendor_catalog");
    const { results } = body as { results: { vendor_slug: string; reports: boolean; settings: unknown }[] };
    const resend = results.find(({ vendor_slug }) => vendor_slug === "resend-email");
    expect(resend).toMatchObject({
      reports: true,
      settings: { properties: { api_key: { title: "API key", "x-secret": true } } },
    });
    expect(results.find(({ vendor_slug }) => vendor_slug === "smtp-email")?.reports).toBe(false);
  });
});
