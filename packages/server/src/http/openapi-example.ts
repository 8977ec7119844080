/**
 * Examples for bodies and replies. A schema that says `examples` or `example` has its own; everything else is put together from its
 * parts, and from what values with such a name look like, so that no endpoint is without one.
 */
interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  /** The same of a schema that converts what it parses: `examples` would be of the result. */
  example?: unknown;
  format?: string;
  minimum?: number;
  $ref?: string;
}

const UUID = "01a1faab-0f83-7c1e-9d0a-3b1f5c2e4d6a";
const ULID = "01KBG4T2Z8M6Q1V7X3Y5W9R0NP";
const MOMENT = "2026-11-20T17:18:14.123456Z";

/** By the name of the field. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  at: MOMENT,
  by: "1h",
  category: "transactional",
  channel: "email",
  cancellation_key: "order-1001",
  code: "user_not_found",
  commit_message: "First version",
  count: 1,
  created_at: MOMENT,
  depth: 0,
  description: "Sent when an order is placed",
  distinct_id: "ann",
  email: "api@example.com",
  embedded_preference_url: "https://acme.example/preferences",
  error: "user [distinct_id: 'ann'] not found",
  error_code: "user_not_found",
  error_description: "user [distinct_id: 'ann'] not found",
  event: "Order Placed",
  execution_id: ULID,
  first_at: MOMENT,
  hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  hosted_preference_domain: "preferences.acme.example",
  id: ULID,
  idempotency_key: "order-1001",
  last_at: MOMENT,
  limit: 20,
  locale: "en",
  logo: "https://acme.example/logo.png",
  message: "run started",
  message_id: UUID,
  name: "Order confirmed",
  nickname: "main",
  node_ref: "confirmation",
  now: MOMENT,
  object_type: "teams",
  offset: 0,
  op: "==",
  preference_page_url: "https://acme.example/preferences",
  primary_color: "#1a73e8",
  reason: "the user does not exist",
  ref: "confirmation",
  schema: "order",
  secondary_color: "#34a853",
  severity: "info",
  since: MOMENT,
  sliding_window: "1h",
  slug: "order-confirmed",
  stage: "run_started",
  status: "completed",
  summary: "ann got an email.",
  tenant_id: "acme",
  tenant_name: "Acme",
  timezone: "Europe/Berlin",
  tertiary_color: "#ffffff",
  trigger_type: "api",
  until: MOMENT,
  updated_at: MOMENT,
  value: "enterprise",
  variable: "plan",
  variable_ns: "$recipient",
  vendor_uid: "102290129340398",
  what: "the request",
  workflow: "order-confirmed",
  workflow_slug: "order-confirmed",
};

/** By the name of a list: what its elements are. */
const ELEMENTS: Readonly<Record<string, unknown>> = {
  blocked_channels: "sms",
  categories: "transactional",
  distinct_ids: "ann",
  errors: "body: missing",
  execution_ids: ULID,
  executions: ULID,
  messages: ULID,
  recipients: "ann",
  redriven_ids: ULID,
  sample_ids: ULID,
  tags: "orders",
  trigger_events: "Order Placed",
  usage: "Trigger Event",
  workflows: "order-confirmed",
};

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": MOMENT,
  date: MOMENT.slice(0, 10),
  uuid: UUID,
  uri: "https://example.com/",
  email: "ann@example.com",
};

/** Schemas may contain themselves. */
const MAX_DEPTH = 12;

/** `definitions` has what a `$ref` names, by the last part of it. */
export function exampleOf(schema: object, definitions: ReadonlyMap<string, object>): unknown {
  return build(schema, "", 0);

  function build(given: Schema, name: string, depth: number): unknown {
    const found = given.$ref === undefined ? given : definitions.get(given.$ref.replace(/^.*\//, ""));
    const part = (found ?? {}) as Schema;
    const own = part.example ?? part.examples?.[0];
    if (own !== undefined) return own;
    if (part.const !== undefined) return part.const;
    if (part.enum !== undefined) return part.enum.includes(SAMPLES[name]) ? SAMPLES[name] : part.enum[0];
    const choices = part.anyOf ?? part.oneOf ?? part.allOf ?? [];
    const choice = choices.find(({ type }) => type !== "null");
    if (choice !== undefined) {
      const isNullable = choices.length > 1 && choices.some(({ type }) => type === "null");
      return isNullable && isGuess(choice, name) ? null : build(choice, name, depth);
    }
    const [type] = [part.type].flat();
    if (type === "string" && [part.type].flat().includes("null") && isGuess({ ...part, type }, name))
      return null;
    if (type === "object" || part.properties !== undefined) return buildObject(part, name, depth);
    if (type === "array") return buildList(part, name, depth);
    return buildScalar(part, type, name);
  }

  function buildObject({ properties = {}, default: given }: Schema, name: string, depth: number): unknown {
    const names = Object.keys(properties);
    if (names.length === 0) return given ?? SAMPLES[name] ?? {};
    if (depth >= MAX_DEPTH) return {};
    return Object.fromEntries(names.map((key) => [key, build(properties[key] ?? {}, key, depth + 1)]));
  }

  /** A list of anything is better empty than with a guess. */
  function buildList({ items = {} }: Schema, name: string, depth: number): unknown[] {
    if (depth >= MAX_DEPTH || Object.keys(items).length === 0) return [];
    const known = items.type === "string" && items.enum === undefined ? ELEMENTS[name] : undefined;
    return [known ?? build(items, name, depth + 1)];
  }
}

/** Of what may be null, null is truer than a value that says nothing. */
function isGuess({ type, examples, format }: Schema, name: string): boolean {
  return type === "string" && examples === undefined && format === undefined && SAMPLES[name] === undefined;
}

function buildScalar(schema: Schema, type: string | undefined, name: string): unknown {
  switch (type) {
    case "boolean":
      return schema.default ?? true;
    case "integer":
    case "number":
      return numberOf(schema, name);
    case "string":
      return textOf(schema, name);
    case "null":
      return null;
    default:
      return SAMPLES[name] ?? schema.default ?? {};
  }
}

function numberOf({ default: given, minimum = 1 }: Schema, name: string): unknown {
  const sample = SAMPLES[name];
  // The least safe integer is no minimum that an author gave.
  return typeof sample === "number" ? sample : (given ?? Math.max(1, minimum));
}

function textOf({ format, default: given }: Schema, name: string): unknown {
  if (format !== undefined && FORMATS[format] !== undefined) return FORMATS[format];
  const sample = SAMPLES[name];
  return typeof sample === "string" ? sample : (given ?? "text");
}
