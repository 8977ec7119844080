import { z } from "zod";
import { AppError, type ErrorCode, ERRORS } from "../errors.ts";
import { type ErrorFamily, presentError, type WireReply } from "./envelope.ts";
import { exampleOf } from "./openapi-example.ts";
import type { RegisteredRoute, RouteDefinition, SecurityScheme, Surface } from "./route.ts";

/** Builds the OpenAPI 3.1 document of all routes, from the same schemas that parse their requests. */
export function describeApi(routes: RegisteredRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  const definitions: Definitions = new Map();
  const proofs = new Set(
    routes.flatMap(({ surface }) => (surface.proof === undefined ? [] : [surface.name])),
  );
  for (const registered of routes) {
    const { route } = registered;
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: describeRoute(registered, definitions, proofs),
    };
  }
  return {
    openapi: "3.1.1",
    info: { title: "Carillon", version, description: "Self-hosted notification infrastructure." },
    components: {
      schemas: Object.fromEntries(definitions),
      securitySchemes: {
        ...Object.fromEntries(routes.flatMap(({ surface }) => schemesOf(surface))),
        session: SESSION,
      },
    },
    paths,
  };
}

/** As `/v1/auth/` sets it. */
const SESSION = {
  type: "apiKey",
  in: "cookie",
  name: "carillon_session",
  description:
    "The session of a person, whose role decides. What changes something needs an Origin header of the server's own address. The data API needs the header `Carillon-Workspace: <slug>` besides.",
} as const;

const proofOf = (surface: string) => `${surface} proof`;

function schemesOf({ name, security, proof }: Surface): [string, SecurityScheme][] {
  const schemes: [string, SecurityScheme | null | undefined][] = [
    [name, security],
    [proofOf(name), proof],
  ];
  return schemes.flatMap(([named, scheme]) => (scheme ? [[named, scheme]] : []));
}

/** Without an entry: no credential is wanted. */
function securityOf(surface: Surface, route: RouteDefinition, proofs: ReadonlySet<string>): object[] {
  const credentials = surface.security === null ? [] : (route.credentials ?? [surface.name]);
  return [
    ...credentials.flatMap((name) => [
      { [name]: [] },
      ...(proofs.has(name) ? [{ [name]: [], [proofOf(name)]: [] }] : []),
    ]),
    ...(surface.takes_sessions === true ? [{ session: [] }] : []),
    ...(surface.takes_strangers === true ? [{}] : []),
  ];
}

const IF_MATCH = {
  name: "If-Match",
  in: "header",
  required: false,
  description:
    "The `hash` of the draft that was changed. With another one there now, nothing is written and 412 says which.",
  schema: { type: "string" },
} as const;

function describeRoute(
  { surface, route, file }: RegisteredRoute,
  definitions: Definitions,
  /** The surfaces that take proof besides their credentials. */
  proofs: ReadonlySet<string>,
): object {
  const path = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = route.query === undefined ? [] : queryParameters(route.query, definitions);
  const { reply } = route;
  const replies = [{ ...reply, description: reply.description ?? route.summary }, ...(reply.others ?? [])];
  return {
    operationId: operationId(file),
    summary: route.summary,
    tags: [surface.name],
    security: securityOf(surface, route, proofs),
    parameters: [...path, ...query, ...(route.takes_if_match === true ? [IF_MATCH] : [])],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              "application/json": withExample(schemaOf(route.body, "input", definitions), definitions),
            },
          },
        }),
    responses: {
      ...describeRefusals(
        [
          ...surface.errors,
          ...(route.errors ?? []),
          ...(route.takes_if_match === true ? (["precondition_failed"] as const) : []),
        ],
        route.family ?? surface.family,
      ),
      ...Object.fromEntries(replies.map((one) => [one.status, describeReply(one, definitions)])),
    },
  };
}

/**
 * The name under which clients are generated, from the endpoint's file: `api/hub/user/tenant/upsert.ts` is
 * `hubUserTenantUpsert`. A part that the file repeats from its folder appears once: `api/hub/event/event-v2.ts` is
 * `hubEventV2`.
 */
export function operationId(file: string): string {
  const steps = file
    .replace(/^api\//, "")
    .replace(/\.ts$/, "")
    .split("/");
  const told = steps.filter((step, index) => !(steps[index + 1] ?? "").startsWith(step));
  return told
    .join("-")
    .split(/[-_]/)
    .map((word, index) => (index === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join("");
}

interface Reply {
  body?: z.ZodType;
  description: string;
  content_type?: string;
}

function describeReply({ body, description, content_type }: Reply, definitions: Definitions): object {
  if (body === undefined) return { description };
  const schema = schemaOf(body, "output", definitions);
  return { description, content: { [content_type ?? "application/json"]: withExample(schema, definitions) } };
}

function withExample(schema: object, definitions: Definitions): object {
  return { schema, example: exampleOf(schema, definitions) };
}

/** Refusals share statuses: each status lists all that it may mean, with an example of each. */
function describeRefusals(codes: readonly ErrorCode[], family: ErrorFamily): Record<string, object> {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, alike]) => {
      const samples = alike.map((code) => [code, refusalOf(code, family)] as const);
      const [[, { content_type }] = ["", { content_type: "application/json" }]] = samples;
      const examples = Object.fromEntries(samples.map(([code, { body }]) => [code, { value: body }]));
      return [
        status,
        {
          description: alike.map((code) => ERRORS[code].help).join(" "),
          content: { [content_type.replace(/;.*$/, "")]: { examples } },
        },
      ];
    }),
  );
}

/** Its message is the first sentence of its help: real ones name the field or the thing. */
function refusalOf(code: ErrorCode, family: ErrorFamily): WireReply {
  const [message = ""] = ERRORS[code].help.split(/(?<=\.)\s/);
  return presentError(new AppError(code, message), family);
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

/** Recursive schemas, hoisted into the document's components, where references resolve. */
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
