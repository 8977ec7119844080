import { z } from "zod";
import { ERRORS } from "../errors.ts";
import type { RegisteredRoute, RouteDefinition } from "./route.ts";

/** The OpenAPI 3.1 document of all routes, from the same schemas that parse their requests. */
export function describeApi(routes: RegisteredRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  const definitions: Definitions = new Map();
  for (const { surface, route } of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: describeRoute(route, surface.name, definitions),
    };
  }
  return {
    openapi: "3.1.1",
    info: { title: "Carillon", version, description: "Self-hosted notification infrastructure." },
    components: {
      schemas: Object.fromEntries(definitions),
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

function describeRoute(route: RouteDefinition, surface: string, definitions: Definitions): object {
  const path = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = route.query === undefined ? [] : queryParameters(route.query, definitions);
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
            content: { "application/json": { schema: schemaOf(route.body, "input", definitions) } },
          },
        }),
    responses: {
      [route.reply.status]: {
        description: route.reply.description ?? route.summary,
        ...(route.reply.body === undefined
          ? {}
          : {
              content: { "application/json": { schema: schemaOf(route.reply.body, "output", definitions) } },
            }),
      },
      ...refusals,
    },
  };
}

function queryParameters(query: z.ZodType, definitions: Definitions): object[] {
  const schema = schemaOf(query, "input", definitions) as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: "query",
    required: schema.required?.includes(name) === true,
    schema: property,
  }));
}

/** Recursive schemas, hoisted to where a reference resolves: the document's components. */
type Definitions = Map<string, object>;

function schemaOf(schema: z.ZodType, io: "input" | "output", definitions: Definitions): object {
  const { $schema: _dialect, $defs: own, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  if (own === undefined) return rest;
  const offset = definitions.size;
  const names = new Map(Object.keys(own).map((name, index) => [name, `schema${offset + index}`]));
  for (const [name, definition] of Object.entries(own))
    definitions.set(names.get(name) ?? name, relink(definition, names));
  return relink(rest, names);
}

function relink(schema: object, names: Map<string, string>): object {
  return JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      key === "$ref" && typeof value === "string"
        ? value.replace(
            /^#\/\$defs\/(.+)$/,
            (_all, name: string) => `#/components/schemas/${names.get(name) ?? name}`,
          )
        : value,
    ),
  ) as object;
}
