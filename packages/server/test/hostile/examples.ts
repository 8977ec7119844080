import { z } from "zod";
import type { RegisteredRoute } from "../../src/http/route.ts";

/**
 * A valid body for each route, to be corrupted. Routes that parse by hand have one here; for any other, including
 * future ones, a body of the right shape is generated from its schema.
 */
export function exampleBody({ route }: RegisteredRoute): { body: unknown; is_sound: boolean } | null {
  const known = EXAMPLES[`${route.method} ${route.path}`];
  if (known !== undefined) return { body: known, is_sound: true };
  return route.body === undefined ? null : { body: fromSchema(schemaOf(route.body)), is_sound: false };
}

/** The query parameters of a route. */
export function queryNames({ route }: RegisteredRoute): string[] {
  return route.query === undefined ? [] : Object.keys(schemaOf(route.query).properties ?? {});
}

/** What hostile requests may change and delete; valid ones use other names. */
export const VICTIM = "victim";

const recipient = {
  distinct_id: VICTIM,
  name: "Ada",
  $email: ["ada@example.com"],
  $sms: ["+14155552671"],
  $androidpush: [{ token: "t1", provider: "fcm", device_id: "d1" }],
  $webpush: [{ keys: { auth: "a", p256dh: "b" }, endpoint: "https://push.example.com/1" }],
  $slack: [{ email: "ada@example.com", access_token: "xoxb-1" }],
  $ms_teams: [{ incoming_webhook: { url: "https://teams.example.com/1" } }],
  $whatsapp: ["+14155552671"],
  $locale: "en",
  $timezone: "Europe/Berlin",
  $channels: ["email", "inbox"],
};

const trigger = {
  workflow: VICTIM,
  recipients: [recipient, "bob", { object_type: "teams", id: "t1", name: "Team" }],
  actor: { distinct_id: "actor", name: "Grace" },
  data: {
    n: 1,
    order: { id: "A-1", items: [{ name: "Bell", quantity: 2 }] },
    $attachments: [{ filename: "a.txt", data: "YQ==" }],
  },
  tenant_id: "default",
  cancellation_key: "c1",
  metadata: { source: "test" },
};

const event = {
  event: "Order placed",
  distinct_id: VICTIM,
  properties: { n: 1, tags: ["a"] },
  tenant_id: "default",
  $insert_id: "i1",
  $time: 1_700_000_000_000,
  env: "",
};

const edit = {
  distinct_id: VICTIM,
  $user_operations: [
    { $set: { name: "Ada", $timezone: "UTC" } },
    { $append: { $email: "ada@example.com", $androidpush: "t2", $device_id: "d1", $pushvendor: "fcm" } },
    { $add: { count: 1 }, $set_once: { born: "1815" }, $remove: { $sms: "+14155552671" } },
    { $unset: ["name", "$email"] },
  ],
  $insert_id: "i2",
};

const condition = {
  type: "expression_v1",
  expression_v1: {
    op: "AND",
    args: [
      { variable_ns: "$recipient", variable: "name", op: "==", value: "Ada" },
      { op: "OR", args: [{ variable_ns: "", variable: "order.total", op: ">=", value: 100 }] },
    ],
  },
};

const workflow = {
  name: "Victim",
  description: null,
  category: "transactional",
  tags: ["a"],
  is_enabled: true,
  trigger_type: "event",
  trigger_events: ["Order placed"],
  ratelimit: { count: 5, sliding_window: "1h" },
  conditions: [condition],
  override_recipients_type: null,
  override_actor_user_expr: ".actor",
  tree: {
    nodes: [
      {
        node_type: "delay",
        name: "Wait",
        ref: "wait",
        properties: { delay_type: "dynamic", value: ".seconds" },
      },
      {
        node_type: "branch",
        name: "Large?",
        ref: "size",
        properties: {},
        branches: [
          {
            name: "Large",
            ref: "large",
            is_default: false,
            conditions: [condition],
            nodes: [
              {
                node_type: "send_multi_channel",
                ref: "send",
                properties: {
                  template: VICTIM,
                  channels: ["inbox"],
                  channels_expr: '["inbox"]',
                  success: "seen",
                },
              },
            ],
          },
          { name: "Default", ref: "small", is_default: true, conditions: [], nodes: [] },
        ],
      },
      { node_type: "send_inbox", ref: "inbox", properties: { template: VICTIM } },
    ],
  },
};

const variant = {
  locale: "en",
  content: {
    header: "Order {{order.id}}",
    subject: "Order {{order.id}}",
    type: "basic",
    body: "Thank you, {{default $recipient.name 'friend'}}.",
    action_url: "https://example.com/{{order.id}}",
    tags: ["a"],
  },
  conditions: [condition],
  needs_vendor_approval: false,
  seq_no: 1,
  vendor_approvals: [],
};

const inline = {
  name: "Inline",
  template: VICTIM,
  notification_category: "transactional",
  users: [recipient],
  delivery: { smart: false, success: "seen", time_to_live: "1h", mandatory_channels: ["email"] },
  delay: "1s",
  trigger_at: "2026-01-01T00:00:00Z",
  data: { n: 1 },
};

const vendor = {
  nickname: "second",
  categories: ["transactional"],
  config: {
    url: "http://127.0.0.1:9/{{to_digits}}",
    body: '{"to":"{{to}}","text":"{{text}}","key":"{{credentials.key}}"}',
    headers: { authorization: "Bearer {{credentials.key}}" },
    credentials: { key: "k1" },
    success_status: [200, 202],
    success_value: "/^ok (\\w+)/",
    success_equals: ["yes"],
    ack_id: "data.messages[0].id",
    error_classes: { "17": "recipient" },
    timeout_seconds: 5,
  },
};

const EXAMPLES: Record<string, unknown> = {
  "POST /trigger/": trigger,
  "POST /:workspace_key/trigger/": inline,
  "POST /event/": edit,
  "POST /v2/event/": event,
  "POST /v2/bulk/event/": [event, edit],
  "POST /v1/user/:distinct_id/": { ...recipient, role: "admin" },
  "PATCH /v1/user/:distinct_id/": { operations: edit.$user_operations },
  "POST /v1/object/:object_type/:id/": { $email: ["team@example.com"], name: "Team" },
  "PATCH /v1/object/:object_type/:id/": { operations: edit.$user_operations },
  "DELETE /v1/bulk/object/:object_type/": { object_ids: [VICTIM, "t1"] },
  "POST /v1/object/:object_type/:id/subscription/": {
    recipients: [recipient, "bob", { object_type: "teams", id: "t1", name: "Team" }],
    properties: { role: "admin" },
    parent_object_properties: { name: "Team" },
  },
  "DELETE /v1/object/:object_type/:id/subscription/": {
    recipients: ["bob", { object_type: "teams", id: "t1" }],
  },
  "PATCH /v1/bulk/message/": { messages: [{ message_id: "01M5Q4TZJ0H8E3WQ8YV9K2B7XA", action: "seen" }] },
  "POST /v1/brand/:brand_id/": { brand_name: "Victim" },
  "POST /v1/subscriber_list/": {
    list_id: VICTIM,
    list_name: "Victim",
    list_description: null,
    track_user_entry: true,
    track_user_exit: true,
  },
  "POST /v1/:workspace/workflow/:slug/": workflow,
  "POST /v2/:workspace/template/:slug/channel/:channel/variant/:id/": variant,
  "PATCH /v2/:workspace/template/:slug/commit/": { variants: [{ channel: "inbox", id: "default" }] },
  "POST /v1/:workspace/vendor/:vendor_slug/": vendor,
  "DELETE /v1/bulk/user/": { distinct_ids: [VICTIM, "bob"] },
};

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
}

const MAX_DEPTH = 6;

function fromSchema(schema: Schema, depth = 0): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined && depth < MAX_DEPTH) return fromSchema(first, depth + 1);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "string":
      return VICTIM;
    case "number":
    case "integer":
      return 1;
    case "boolean":
      return true;
    case "array":
      return depth < MAX_DEPTH && schema.items !== undefined ? [fromSchema(schema.items, depth + 1)] : [];
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, property]) => [
          name,
          depth < MAX_DEPTH ? fromSchema(property, depth + 1) : null,
        ]),
      );
    default:
      return {};
  }
}
