import { expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";

it("201: a brand is a tenant by another name, and both show the same row", async ({ hub }) => {
  const answer = await hub.call("POST", "/v1/brand/acme/", {
    brand_name: "Acme",
    primary_color: "#ff0000",
    properties: { plan: "gold" },
  });
  expect(answer).toMatchObject({
    status: 201,
    json: { brand_id: "acme", brand_name: "Acme", primary_color: "#ff0000", properties: { plan: "gold" } },
  });
  expect(answer.json).not.toHaveProperty("tenant_id");
  const { brand_id, brand_name, ...rest } = answer.json as Record<string, unknown>;
  expect((await hub.call("GET", "/v1/tenant/acme/")).json).toEqual({
    tenant_id: brand_id,
    tenant_name: brand_name,
    ...rest,
  });
  await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme Inc", timezone: "Europe/Berlin" });
  expect(await hub.call("GET", "/v1/brand/acme/")).toMatchObject({
    status: 200,
    json: { brand_name: "Acme Inc", timezone: "Europe/Berlin", primary_color: "#ff0000" },
  });
});

it("201: only what is sent changes", async ({ hub }) => {
  await hub.call("POST", "/v1/brand/acme/", { brand_name: "Acme", logo: "https://acme.com/a.png" });
  const answer = await hub.call("POST", "/v1/brand/acme/", { secondary_color: "#00ff00" });
  expect(answer.json).toMatchObject({
    brand_name: "Acme",
    logo: "https://acme.com/a.png",
    secondary_color: "#00ff00",
  });
});

it("200: lists them by limit and offset, the default one included", async ({ hub }) => {
  for (const id of ["a", "b"]) await hub.call("POST", `/v1/brand/${id}/`, { brand_name: id });
  expect((await hub.call("GET", "/v1/brand/?limit=2&offset=0")).json).toMatchObject({
    meta: { count: 3, limit: 2, offset: 0 },
    results: [{ brand_id: "b" }, { brand_id: "a" }],
  });
  expect((await hub.call("GET", "/v1/brand?limit=2&offset=2")).json).toMatchObject({
    results: [{ brand_id: "default" }],
  });
});

it.for([
  ["/v1/brand/acme/", {}, { brand_name: ["missing value"] }],
  ["/v1/brand/acme/", { brand_name: "<b>" }, { brand_name: ["Ensure this field contains non-html text"] }],
  [
    "/v1/brand/a%20b/",
    { brand_name: "A" },
    {
      brand_id: [
        "Ensure this field contains legal characters. Only letters, numbers, underscore(_), hyphen(-) characters allowed",
      ],
    },
  ],
] as const)("400: %s %j", async ([path, body, detail], { hub }) => {
  expect(await hub.call("POST", path, body)).toMatchObject({
    status: 400,
    json: {
      code: 400,
      error_code: "error",
      type: "ValidationError",
      message: JSON.stringify(detail),
      detail,
    },
  });
});

it("404: an unknown brand", async ({ hub }) => {
  const message = "No brand found for brand_id acme";
  expect((await hub.call("GET", "/v1/brand/acme/")).json).toEqual({
    code: 404,
    error_code: "not_found",
    type: "NotFound",
    message,
    detail: message,
  });
});

it("202: triggers take brand_id for tenant_id", async ({ hub }) => {
  await hub.addWorkflow("greet");
  await hub.call("POST", "/v1/brand/acme/", { brand_name: "Acme" });
  const answer = await hub.call("POST", "/trigger/", {
    workflow: "greet",
    recipients: ["ann"],
    brand_id: "acme",
  });
  expect(answer.status).toBe(202);
  expect((await hub.requests()).map(({ tenant_id }) => tenant_id)).toEqual(["acme"]);
});
