import type suprsend from "@suprsend/node-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, type World } from "./world.ts";

/** Tenants by the names of the stock SDK, by their name and by the one that they had before, against a server process. */
export function sdkTenantFlows(sdk: typeof suprsend): void {
  let world: World;
  let client: World["client"];

  beforeAll(async () => {
    world = await createWorld(sdk);
    ({ client } = world);
  });
  afterAll(() => world.close());

  describe("tenants", () => {
    it("are created, changed, read and listed", async () => {
      await client.tenants.upsert("acme", { tenant_name: "Acme", primary_color: "#ff0000" });
      await client.tenants.upsert("acme", { timezone: "Europe/Berlin", properties: { plan: "gold" } });
      expect(await client.tenants.get("acme")).toMatchObject({
        tenant_id: "acme",
        tenant_name: "Acme",
        primary_color: "#ff0000",
        timezone: "Europe/Berlin",
        properties: { plan: "gold" },
      });
      expect(await client.tenants.list({ limit: 1 })).toMatchObject({
        meta: { count: 2, limit: 1, offset: 0 },
        results: [{ tenant_id: "acme" }],
      });
      await expect(client.tenants.get("nobody")).rejects.toThrow("404: No tenant found for tenant_id nobody");
    });

    it("are also brands", async () => {
      await client.brands.upsert("bell", { brand_name: "Bell" });
      expect(await client.brands.get("bell")).toMatchObject({ brand_id: "bell", brand_name: "Bell" });
      expect(await client.tenants.get("bell")).toMatchObject({ tenant_id: "bell", tenant_name: "Bell" });
      expect(await client.brands.list({ limit: 1, offset: 0 })).toMatchObject({
        results: [{ brand_id: "bell" }],
      });
    });
  });
}
