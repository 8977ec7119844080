import { z } from "zod";
import { ERRORS } from "../errors.ts";
import type { RegisteredRoute, RouteDefinition } from "./route.ts";

/** The OpenAPI 3.1 document of all routes, from the same schemas that parse their requests. */
export function describeApi(routes: RegisteredRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { surface, route } of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route, surface.name) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "Carillon", version, description: "Self-hosted notification infrastructure." },
    components: {
      securitySchemes: {
        hub: {
          type: "http",
          scheme: "bearer",
          description: "API key, or `<workspace_key>:<signature>` as the SDKs sign.",
        },
        management: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "ServiceToken <token>",
        },
      },
    },
    paths,
  };
}

function describeRoute(route: RouteDefinition, surface: string): object {
  const path = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = route.query === undefined ? [] : queryParameters(route.query);
  const refusals = Object.fromEntries(
    (route.errors ?? []).map((code) => [ERRORS[code].status, { description: ERRORS[code].help }]),
  );
  return {
    summary: route.summary,
    tags: [surface],
    security: [{ [surface]: [] }],
    parameters: [...path, ...query],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: schemaOf(route.body, "input") } },
          },
        }),
    responses: {
      [route.reply.status]: {
        description: route.reply.description ?? route.summary,
        ...(route.reply.body === undefined
          ? {}
          : { content: { "application/json": { schema: schemaOf(route.reply.body, "output") } } }),
      },
      ...refusals,
    },
  };
}

function queryParameters(query: z.ZodType): object[] {
  const schema = schemaOf(query, "input") as { properties?: Record<string, object>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: "query",
    required: schema.required?.includes(name) === true,
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
