import { MAX_FILES } from "../../core/attachments.ts";
import { type Channel, channelKey, CHANNELS } from "../../core/channel.ts";
import { MAX_OBJECT_TYPE, MAX_RECIPIENT_ID } from "../../core/text/recipient-name.ts";
import { MAX_RECORDS } from "./records.ts";

/*
 * What the data API takes, spelt out for the reference: recipients, their addresses, attachments, and the records of
 * triggers and events. The endpoints parse by hand, one record after the other, and do not use these.
 */
type Schema = Record<string, unknown>;

const text = (example: string, more: Schema = {}): Schema => ({
  type: "string",
  examples: [example],
  ...more,
});

function object(properties: Record<string, Schema>, required: string[] = [], more: Schema = {}): Schema {
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }), ...more };
}

const id = text("ann", { minLength: 1, maxLength: MAX_RECIPIENT_ID });
const slackToken = text("xoxb-1234", { description: "Of the app's bot." });
const webhook = (url: string): Schema =>
  object({ incoming_webhook: object({ url: text(url) }, ["url"]) }, ["incoming_webhook"]);
const teamsTenant = {
  tenant_id: text("c1981ab2-9aaf-4c1f-8b6e-2f6f1d1f0a11", {
    description: "The directory's, not a tenant of yours.",
  }),
  service_url: text("https://smba.trafficmanager.net/amer", { description: "Absent: the global address." }),
};

function pushToken(providers: string[]): Schema {
  return {
    anyOf: [
      text("device-token"),
      object(
        {
          token: text("device-token"),
          provider: { type: "string", enum: providers, default: providers[0] },
          device_id: text("device-1"),
          bundle_id: text("com.example.app"),
        },
        ["token"],
      ),
    ],
  };
}

/** One address of each channel. */
const ADDRESSES: Readonly<Record<Channel, Schema>> = {
  email: text("ann@example.com", { format: "email" }),
  sms: text("+14155552671", { description: "A number that parses to E.164." }),
  whatsapp: text("+14155552671", { description: "A number that parses to E.164." }),
  inbox: text("4nlPk4t4kurG5kChOELB8Q1LcDI9DHzHQ70st2E2C24", {
    description: "Everybody has one already.",
  }),
  androidpush: pushToken(["fcm", "xiaomi", "oppo"]),
  iospush: pushToken(["apns"]),
  webpush: object(
    {
      endpoint: text("https://fcm.googleapis.com/fcm/send/abc123"),
      keys: object({ p256dh: text("BNJxwH"), auth: text("tBHItJI5") }, ["p256dh", "auth"]),
    },
    ["endpoint", "keys"],
    { description: "A browser's PushSubscription." },
  ),
  slack: {
    anyOf: [
      object({ email: text("ann@example.com"), access_token: slackToken }, ["email", "access_token"]),
      object({ user_id: text("U01ABCDE2F3"), access_token: slackToken, team_id: text("T0123456789") }, [
        "user_id",
        "access_token",
      ]),
      object({ channel: text("C0123456789"), access_token: slackToken }, ["channel", "access_token"]),
      webhook("https://hooks.slack.com/services/T0/B0/secret"),
    ],
  },
  ms_teams: {
    anyOf: [
      object({ ...teamsTenant, conversation_id: text("19:c1524d7c") }, ["tenant_id", "conversation_id"]),
      object({ ...teamsTenant, user_id: text("29:1nsLcmJ2") }, ["tenant_id", "user_id"]),
      webhook("https://acme.webhook.office.com/webhookb2/secret"),
    ],
  },
};

/** `$email`, `$sms` …: an address, or a list of them. */
export const channelProperties: Record<string, Schema> = Object.fromEntries(
  CHANNELS.map((channel) => {
    const address = ADDRESSES[channel];
    return [channelKey(channel), { anyOf: [{ type: "array", items: address }, address] }];
  }),
);

const profileProperties: Record<string, Schema> = {
  ...channelProperties,
  $timezone: text("America/New_York", { description: "An IANA name." }),
  $locale: text("en_GB"),
  $preferred_language: text("en"),
};

const PROFILE_EXAMPLE = {
  $email: ["ann@example.com"],
  $sms: ["+14155552671"],
  $slack: [{ user_id: "U01ABCDE2F3", access_token: "xoxb-1234" }],
  $timezone: "America/New_York",
  $locale: "en_GB",
  plan: "enterprise",
};

const context: Schema = object({ tenant_id: text("acme") }, [], {
  description: "The profile given here belongs to the tenant's profile of the person.",
});

/** The body that creates a user or adds to one. */
export const userProfile: Schema = object({ ...profileProperties, $context: context }, [], {
  additionalProperties: true,
  examples: [PROFILE_EXAMPLE],
});

/** The body that creates an object or adds to one. */
export const objectProfile: Schema = object(profileProperties, [], {
  additionalProperties: true,
  examples: [{ $email: ["finance@example.com"], name: "Finance" }],
});

const controls: Record<string, Schema> = {
  $channels: {
    type: "array",
    items: { type: "string", enum: [...CHANNELS] },
    description: "Only these, for this run.",
  },
  $skip_create: {
    type: "boolean",
    default: false,
    description: "Does not create the profile if it is missing.",
  },
  $context: context,
};

const user: Schema = object(
  {
    distinct_id: { ...id, description: "Required unless `is_transient`." },
    is_transient: {
      type: "boolean",
      default: false,
      description: "Reached at the addresses given, never stored.",
    },
    ...controls,
    ...profileProperties,
  },
  [],
  {
    title: "A user with a profile",
    additionalProperties: true,
    description: "All other keys are properties.",
  },
);

const objectRecipient: Schema = object(
  {
    object_type: text("teams", { maxLength: MAX_OBJECT_TYPE }),
    id: { ...id, examples: ["finance"] },
    $object_subscriptions_query: object({
      depth: {
        type: "integer",
        enum: [0, 1, 2],
        default: 2,
        description: "0: no subscribers; 2: of children too.",
      },
    }),
    ...controls,
    ...profileProperties,
  },
  ["object_type", "id"],
  { title: "An object, and its subscribers", additionalProperties: true },
);

export const recipient: Schema = {
  anyOf: [{ ...id, title: "A user's distinct_id" }, user, objectRecipient],
};

const attachmentFields: Record<string, Schema> = {
  filename: text("invoice.pdf"),
  ignore_if_error: { type: "boolean", default: false, description: "Send the mail without it if it fails." },
};

/** The payload of a trigger or an event. */
const payload: Schema = object(
  {
    $attachments: {
      type: "array",
      maxItems: MAX_FILES,
      description: "Files of e-mails.",
      items: {
        anyOf: [
          object({ url: text("https://acme.example/invoice.pdf"), ...attachmentFields }, ["url"], {
            title: "By URL, fetched when the mail is sent",
          }),
          object(
            {
              data: text("SGVsbG8=", { contentEncoding: "base64" }),
              contentType: text("application/pdf"),
              ...attachmentFields,
            },
            ["data"],
            { title: "Inline" },
          ),
        ],
      },
    },
  },
  [],
  { additionalProperties: true, description: "What templates and conditions see." },
);

const PAYLOAD_EXAMPLE = {
  order_id: "A-1001",
  $attachments: [{ url: "https://acme.example/invoice.pdf", filename: "invoice.pdf" }],
};

const nullable = (schema: Schema): Schema => ({ ...schema, type: [schema["type"], "null"] });
const tenant = nullable(text("acme", { maxLength: 64 }));
const key = nullable(text("order-1001", { maxLength: 255 }));

const TRIGGER_EXAMPLE = {
  workflow: "order-confirmed",
  recipients: [{ distinct_id: "ann", $email: ["ann@example.com"], name: "Ann" }, "bob"],
  actor: "carl",
  data: PAYLOAD_EXAMPLE,
  tenant_id: "acme",
  $idempotency_key: "order-1001",
};

const MOST_RECIPIENTS = "Up to 100, unless the setting `MAX_RECIPIENTS` says otherwise.";

const trigger: Schema = object(
  {
    workflow: text("order-confirmed", { description: "Slug of a committed, enabled workflow." }),
    recipients: { type: "array", minItems: 1, items: recipient, description: MOST_RECIPIENTS },
    actor: { anyOf: [...(recipient["anyOf"] as Schema[]), { type: "null" }] },
    data: payload,
    tenant_id: tenant,
    $idempotency_key: key,
    cancellation_key: key,
    metadata: { type: "object", description: "Kept with the request, without effect." },
  },
  ["workflow", "recipients"],
);

const INLINE_TRIGGER_EXAMPLE = {
  name: "Order shipped",
  template: "order-shipped",
  notification_category: "transactional",
  users: [{ distinct_id: "ann", $email: ["ann@example.com"] }],
  delivery: { smart: false, success: "seen" },
  data: { order_id: "A-1001" },
};

const inlineTrigger: Schema = object(
  {
    name: text("Order shipped"),
    template: text("order-shipped"),
    notification_category: { type: "string", enum: ["system", "transactional", "promotional"] },
    users: { type: "array", minItems: 1, items: recipient, description: MOST_RECIPIENTS },
    delay: { type: ["string", "number", "null"], examples: ["1d2h"], description: "A duration, or seconds." },
    trigger_at: { type: ["string", "null"], format: "date-time" },
    delivery: object({
      smart: { type: "boolean", default: false },
      success: text("seen"),
      time_to_live: text("1h"),
      mandatory_channels: { type: "array", items: { type: "string", enum: [...CHANNELS] } },
    }),
    data: payload,
    tenant_id: tenant,
    $idempotency_key: key,
    cancellation_key: key,
  },
  ["name", "template", "notification_category", "users"],
);

const BROADCAST_EXAMPLE = {
  list_id: "beta-testers",
  template: "news",
  notification_category: "promotional",
  channels: ["email"],
  data: { edition: "November" },
  $idempotency_key: "news-2026-11",
};

/** The body of a broadcast. */
export const broadcastBody: Schema = object(
  {
    list_id: text("beta-testers", { maxLength: 64, description: "Or `all_users`, which everybody is in." }),
    template: text("news", {
      description: "Slug of a template; the version that is live when a page is sent.",
    }),
    notification_category: text("promotional", { description: "Slug of a published category, or a root." }),
    channels: {
      type: ["array", "null"],
      items: { type: "string", enum: [...CHANNELS] },
      description: "Absent or empty: all live channels of the template.",
    },
    data: payload,
    delay: { type: ["string", "number", "null"], examples: ["1d2h"], description: "A duration, or seconds." },
    trigger_at: { type: ["string", "null"], format: "date-time", description: "Wins over `delay`." },
    tenant_id: tenant,
    $idempotency_key: key,
  },
  ["list_id", "template", "notification_category"],
  { examples: [BROADCAST_EXAMPLE] },
);

const OPERATIONS_EXAMPLE = [
  { $set: { plan: "enterprise", $timezone: "America/New_York" } },
  { $append: { $email: "ann@example.com" } },
  { $unset: ["nickname"] },
];

const some: Schema = { type: "object" };
const addressed: Schema = object(channelProperties, [], { additionalProperties: true });

/** The operators of an edit. */
const operators: Record<string, Schema> = {
  $set: object(profileProperties, [], { additionalProperties: true }),
  $set_once: some,
  $add: { type: "object", additionalProperties: { type: "number" } },
  $increment: { type: "object", additionalProperties: { type: "number" } },
  $append: addressed,
  $remove: addressed,
  $unset: { type: "array", items: { type: "string" } },
};

/** The body that edits a user. */
export const userEdit: Schema = object(
  { operations: { type: "array", items: object(operators) } },
  ["operations"],
  { examples: [{ operations: OPERATIONS_EXAMPLE }] },
);

const EVENT_EXAMPLE = {
  event: "Order Placed",
  distinct_id: "ann",
  properties: PAYLOAD_EXAMPLE,
  tenant_id: "acme",
  $idempotency_key: "order-1001",
};

const USER_EDIT_EVENT_EXAMPLE = { distinct_id: "ann", $user_operations: OPERATIONS_EXAMPLE };

/** A record of the event endpoints. */
const eventRecord: Schema = {
  anyOf: [
    object(
      {
        event: text("Order Placed", { minLength: 2, maxLength: 255 }),
        distinct_id: id,
        properties: payload,
        tenant_id: tenant,
        $idempotency_key: key,
        $insert_id: text("5d4c1c4e-0000-4000-8000-000000000000"),
      },
      ["event", "distinct_id"],
      { title: "An event" },
    ),
    object(
      {
        distinct_id: id,
        tenant_id: tenant,
        $user_operations: { type: "array", items: object(operators) },
        ...operators,
      },
      ["distinct_id"],
      { title: "An edit of a user: a list of operations, or operators beside the id" },
    ),
  ],
};

const listOf = (items: Schema, maxItems: number): Schema => ({ type: "array", minItems: 1, maxItems, items });

export const triggerBody: Schema = {
  description: `One trigger, or an array of up to ${MAX_RECORDS}.`,
  anyOf: [trigger, listOf(trigger, MAX_RECORDS)],
  examples: [TRIGGER_EXAMPLE],
};

export const inlineTriggerBody: Schema = {
  description: `One trigger, or an array of up to ${MAX_RECORDS}.`,
  anyOf: [inlineTrigger, listOf(inlineTrigger, MAX_RECORDS)],
  examples: [INLINE_TRIGGER_EXAMPLE],
};

/** One record, or an array of up to so many. */
export const eventBody = (most: number): Schema => ({
  description: `One event, one edit of a user, or an array of up to ${most}.`,
  anyOf: [eventRecord, listOf(eventRecord, most)],
  examples: [EVENT_EXAMPLE],
});

export const bulkEventBody: Schema = {
  description: "Records as `/v2/event/` takes them.",
  ...listOf(eventRecord, MAX_RECORDS),
  examples: [[EVENT_EXAMPLE, USER_EDIT_EVENT_EXAMPLE]],
};

/** A user as replies show one. */
export const USER_EXAMPLE = {
  distinct_id: "ann",
  properties: { plan: "enterprise", $locale: "en_GB", $timezone: "America/New_York" },
  created_at: "2026-11-20T17:18:14.123456+00:00",
  updated_at: "2026-11-20T17:18:14.123456+00:00",
  $email: [{ value: "ann@example.com", status: "active", perma_status: "active" }],
  $androidpush: [{ value: "device-token", id_provider: "fcm", status: "active", perma_status: "active" }],
};

/** An address as replies show it. */
const shownAddress: Schema = object(
  {
    value: { anyOf: [{ type: "string" }, { type: "object" }] },
    value_json: { type: "object", description: "Of Slack, Teams and web push: the same as `value`." },
    id_provider: text("fcm", { description: "Of push and the inbox." }),
    status: { type: "string", enum: ["active", "inactive"] },
    perma_status: { type: "string", enum: ["active", "disabled"] },
  },
  ["value", "status", "perma_status"],
);

const shownProfile: Record<string, Schema> = {
  properties: { type: "object" },
  created_at: { type: "string" },
  updated_at: { type: "string" },
  ...Object.fromEntries(
    CHANNELS.map((channel) => [channelKey(channel), { type: "array", items: shownAddress }]),
  ),
};

/** What a reply shows of a user. */
export const shownUser: Record<string, Schema> = { distinct_id: { type: "string" }, ...shownProfile };

/** What a reply shows of an object. */
export const shownObject: Record<string, Schema> = {
  object_type: { type: "string" },
  id: { type: "string" },
  subscriptions_count: { type: "integer" },
  ...shownProfile,
};

/** An object as replies show one. */
export const OBJECT_EXAMPLE = {
  object_type: "teams",
  id: "finance",
  subscriptions_count: 3,
  properties: { name: "Finance" },
  created_at: "2026-11-20T17:18:14.123456+00:00",
  updated_at: "2026-11-20T17:18:14.123456+00:00",
  $email: [{ value: "finance@example.com", status: "active", perma_status: "active" }],
};

/** What a tenant says of a user. */
export const shownTenant: Schema = object({ tenant_id: text("acme"), ...shownUser }, [
  "tenant_id",
  "properties",
]);
