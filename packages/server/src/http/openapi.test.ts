import { describe, expect, it } from "vitest";
import { routes } from "../api/index.gen.ts";
import { describeApi } from "./openapi.ts";

const document = JSON.parse(JSON.stringify(describeApi(routes, "1.2.3"))) as {
  paths: Record<string, Record<string, { summary: string; parameters: { name: string; in: string }[] }>>;
};

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

  it("has no reference that leads nowhere", () => {
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
