import { describe, expect, it } from "vitest";
import { routes } from "../api/index.gen.ts";
import { describeApi, operationId } from "./openapi.ts";

const document = JSON.parse(JSON.stringify(describeApi(routes, "1.2.3"))) as {
  paths: Record<string, Record<string, Operation>>;
};

interface Operation {
  operationId: string;
  summary: string;
  parameters: { name: string; in: string }[];
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: { required?: string[] } }> }
  >;
}

const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe("the OpenAPI document", () => {
  it("has every route, with its path parameters", () => {
    for (const { route, file } of routes) {
      const path = route.path.replace(/:(\w+)/g, "{$1}");
      const operation = document.paths[path]?.[route.method.toLowerCase()];
      const parameters = (operation?.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect(operation?.summary, file).toBe(route.summary);
      expect(
        parameters.map(({ name }) => `{${name}}`),
        file,
      ).toEqual(path.match(/\{\w+\}/g) ?? []);
    }
  });

  it("has a name for each operation, which no other has and which a program can have", () => {
    const ids = operations.map((operation) => operation.operationId);
    expect(ids).toHaveLength(routes.length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z0-9]+$/.test(id))).toEqual([]);
  });

  it.each([
    ["api/hub/trigger/trigger.ts", "hubTrigger"],
    ["api/hub/event/event-v2.ts", "hubEventV2"],
    ["api/hub/user/tenant/upsert.ts", "hubUserTenantUpsert"],
    ["api/management/workflow/list-versions.ts", "managementWorkflowListVersions"],
  ])("names operations by their files: %s is %s", (file, id) => {
    expect(operationId(file)).toBe(id);
  });

  it("says of every operation that a credential may be refused, and how to get one", () => {
    for (const { operationId, responses } of operations) {
      expect(responses["401"]?.description, operationId).toMatch(/credential|token/);
    }
  });

  it("has every reply of the endpoints that take records", () => {
    const repliesTo = (path: string) => document.paths[path]?.["post"]?.responses ?? {};
    const shapeOf = (path: string, status: string) =>
      repliesTo(path)[status]?.content?.["application/json"]?.schema.required;
    expect(shapeOf("/trigger/", "202")).toEqual(["status", "message_id"]);
    expect(shapeOf("/trigger/", "207")).toEqual(["status", "records"]);
    expect(shapeOf("/trigger/", "200")).toContain("recipients");
    expect(shapeOf("/v2/event/", "202")).toEqual(["status", "message_id"]);
    expect(shapeOf("/v2/event/", "207")).toEqual(["status", "records"]);
    expect(shapeOf("/v2/bulk/event/", "207")).toEqual(["status", "records"]);
    expect(Object.keys(repliesTo("/event/")["202"]?.content ?? {})).toEqual(["text/plain"]);
    expect(Object.keys(repliesTo("/{workspace_key}/trigger/")["202"]?.content ?? {})).toEqual(["text/plain"]);
  });

  it("says all that one status may mean", () => {
    const refused = document.paths["/trigger/"]?.["post"]?.responses["400"]?.description;
    expect(refused).toMatch(/right shape.*not JSON.*disabled/s);
  });

  it("has no unresolved reference", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference]) => reference,
    );
    for (const reference of references) expect(resolve(reference ?? ""), reference).toBeDefined();
  });
});

function resolve(reference: string): unknown {
  const steps = reference.replace(/^#\//, "").split("/");
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
}
