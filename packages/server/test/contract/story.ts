/**
 * One life of a workspace that calls every operation of the public API once, with the bodies that its documentation shows,
 * in an order in which each finds what it needs.
 */
export interface Step {
  /** Method and path as the documentation writes them. */
  op: string;
  /** What stands for the names in the path, and a query. */
  params?: Record<string, string>;
  query?: string | undefined;
  body?: unknown;
  /** Keeps a value of the reply for later steps, which write it as `{name}`. */
  keep?: { name: string; from: string };
}

const USER = { distinct_id: "ada" };
const LIST = { list_id: "beta_testers" };
const OBJECT = { object_type: "teams", id: "devs" };
const TENANT = { tenant_id: "acme" };
const CATEGORY = "order-updates";
const TEMPLATE = { template_slug: "order-confirmed" };
const EMAIL = { ...TEMPLATE, channel: "email", variant_id: "default" };
const SMS = { ...TEMPLATE, channel: "sms", variant_id: "default" };
const WHATSAPP = { ...TEMPLATE, channel: "whatsapp", variant_id: "default" };
const WORKFLOW = { slug: "welcome-email" };
const SCHEMA = { schema_slug: "order-placed" };
const EVENT = { url_encoded_event_name: "Order%20Placed" };

const CHOICE = { preference: "opt_in", opt_out_channels: [], opt_in_channels: [] };
const CHANNELS = { channel_preferences: [{ channel: "email", is_restricted: false }] };
const CHOICES = { ...CHANNELS, categories: [{ category: CATEGORY, ...CHOICE }] };

const CATEGORIES = {
  root_categories: [
    { root_category: "system", sections: [] },
    {
      root_category: "transactional",
      sections: [
        {
          name: "Orders",
          slug: "orders",
          description: "What happens to orders",
          tags: [],
          categories: [
            {
              category: CATEGORY,
              name: "Order updates",
              description: "Sent when an order moves on",
              default_preference: "opt_in",
              default_mandatory_channels: [],
              default_opt_in_channels: ["email"],
              tags: ["orders"],
            },
          ],
        },
      ],
    },
    { root_category: "promotional", sections: [] },
  ],
};

export const STORY: Step[] = [
  // The workspace and its credentials.
  { op: "GET /v1/workspace/" },
  { op: "POST /v1/workspace/", body: { name: "my-workspace", description: "Testing workspace API" } },
  {
    op: "POST /v1/{workspace}/ws_api_key/",
    body: { name: "backend-prod", description: "Primary backend key" },
    keep: { name: "api_key_id", from: "id" },
  },
  { op: "GET /v1/{workspace}/ws_api_key/" },
  { op: "DELETE /v1/{workspace}/ws_api_key/{api_key_id}/" },
  {
    op: "POST /v1/{workspace}/ws_public_key/",
    body: { name: "web-app", description: "Browser integration" },
    keep: { name: "public_key_id", from: "id" },
  },
  { op: "GET /v1/{workspace}/ws_public_key/" },
  { op: "PATCH /v1/{workspace}/ws_public_key/{public_key_id}/", body: { is_secure_mode_enabled: true } },
  { op: "PATCH /v1/{workspace}/ws_public_key/{public_key_id}/rotate/" },
  { op: "DELETE /v1/{workspace}/ws_public_key/{public_key_id}/" },
  { op: "POST /v1/{workspace}/ws_signing_key/", keep: { name: "signing_key_uid", from: "uid" } },
  { op: "GET /v1/{workspace}/ws_signing_key/" },
  {
    op: "POST /v1/{workspace}/ws_signing_key/{signing_key_uid}/roll/",
    keep: { name: "signing_key_uid", from: "uid" },
  },
  { op: "DELETE /v1/{workspace}/ws_signing_key/{signing_key_uid}/" },

  // What is sent.
  { op: "POST /v1/{workspace}/preference_category/", body: CATEGORIES },
  { op: "PATCH /v1/{workspace}/preference_category/commit/", query: "commit_message=first" },
  { op: "GET /v1/{workspace}/preference_category/", query: "mode=live" },
  {
    op: "POST /v1/{workspace}/preference_category/translation/content/{locale}/",
    params: { locale: "es" },
    body: {
      sections: { orders: { name: "Pedidos", description: "Lo que ocurre con los pedidos" } },
      categories: { [CATEGORY]: { name: "Novedades del pedido", description: "Cuando un pedido avanza" } },
    },
  },
  {
    op: "GET /v1/{workspace}/preference_category/translation/content/{locale}/",
    params: { locale: "es" },
  },
  { op: "GET /v1/{workspace}/preference_category/translation/locale/" },
  {
    op: "DELETE /v1/{workspace}/preference_category/translation/content/{locale}/",
    params: { locale: "es" },
  },
  {
    op: "POST /v1/{workspace}/translation/content/{locale_file}/",
    params: { locale_file: "fr.json" },
    body: { locale: "fr.json", content: { welcome: "Bienvenue", greeting: "Bonjour, {{name}} !" } },
  },
  { op: "GET /v1/{workspace}/translation/content/{locale_file}/", params: { locale_file: "fr.json" } },
  { op: "PATCH /v1/{workspace}/translation/commit/", query: "commit_message=first" },
  { op: "GET /v1/{workspace}/translation/" },
  { op: "GET /v1/{workspace}/translation/version/{version}/", params: { version: "1" } },
  { op: "DELETE /v1/{workspace}/translation/content/{locale_file}/", params: { locale_file: "fr.json" } },
  { op: "POST /v1/{workspace}/translation/version/{version_no}/rollback/", params: { version_no: "1" } },
  {
    op: "POST /v2/{workspace}/template/{template_slug}/",
    params: TEMPLATE,
    body: {
      name: "Order Confirmed",
      description: "Sent when an order is placed",
      tags: ["transactional"],
      enabled_channels: ["email", "sms", "whatsapp"],
    },
  },
  {
    op: "POST /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/{variant_id}/",
    params: EMAIL,
    body: {
      locale: "en",
      conditions: null,
      content: {
        subject: "Order {{order_id}}",
        from_name: "Acme",
        body: { type: "raw", raw: { html: "<p>Thank you</p>" } },
      },
    },
  },
  {
    op: "POST /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/{variant_id}/",
    params: SMS,
    body: { locale: "en", needs_vendor_approval: true, content: { body: "Your order is confirmed" } },
  },
  {
    op: "POST /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/{variant_id}/",
    params: WHATSAPP,
    body: {
      locale: "en",
      content: { category: "UTILITY", body: { text: "Your order is confirmed" } },
    },
  },
  {
    op: "PATCH /v2/{workspace}/template/{template_slug}/mock_data/",
    params: TEMPLATE,
    body: {
      payload: { order_id: "o-1" },
      tenant_id: "default",
      is_batch: true,
      batch_count: 2,
      recipient_sub_type: "user",
      recipient_distinct_id: "user-123",
      actor_sub_type: "user",
      actor_distinct_id: "user-124",
    },
  },
  { op: "GET /v2/{workspace}/template/{template_slug}/mock_data/", params: TEMPLATE },
  {
    op: "PATCH /v2/{workspace}/template/{template_slug}/commit/",
    params: TEMPLATE,
    query: "commit_message=first",
    body: {},
  },
  { op: "GET /v2/{workspace}/template/" },
  { op: "GET /v2/{workspace}/template/{template_slug}/", params: TEMPLATE },
  { op: "GET /v2/{workspace}/template/{template_slug}/variant/", params: TEMPLATE },
  { op: "GET /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/", params: EMAIL },
  {
    op: "GET /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/{variant_id}/",
    params: EMAIL,
  },
  {
    op: "PATCH /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/{variant_id}/vendor_approval/",
    params: WHATSAPP,
    body: {
      approval_status: "approved",
      vendor_slug: "twilio-whatsapp",
      vendor_uid: "waba_id-123221",
      vendor_template_name: "tpl_v12",
      vendor_template_id: "1232",
      vendor_locale_code: "en",
      vendor_template_category: "UTILITY",
    },
  },
  {
    op: "PATCH /v2/{workspace}/template/{template_slug}/channel/{channel}/variant/{variant_id}/discard/",
    params: SMS,
    body: { comment: "Content needs revision before resubmission" },
  },
  { op: "GET /v1/template/" },
  { op: "GET /v1/template/{template_slug}/", params: TEMPLATE },
  {
    op: "GET /v1/template/{template_slug}/channel/{channel_slug}/",
    params: { ...TEMPLATE, channel_slug: "email" },
  },
  {
    op: "POST /v1/{workspace}/schema/{schema_slug}/",
    params: SCHEMA,
    query: "commit=true&commit_message=first",
    body: {
      name: "Order Placed Event",
      description: "Schema for order placement action",
      json_schema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        required: ["order_id"],
        properties: { order_id: { type: "string" } },
        additionalProperties: true,
      },
    },
  },
  { op: "PATCH /v1/{workspace}/schema/{schema_slug}/commit/", params: SCHEMA },
  { op: "GET /v1/{workspace}/schema/{schema_slug}/", params: SCHEMA },
  { op: "GET /v1/{workspace}/schema/" },
  {
    op: "POST /v1/{workspace}/event/",
    body: {
      name: "Order Placed",
      description: "Triggered whenever an order is placed",
      payload_schema: { schema: "order-placed", version_no: 1 },
    },
  },
  { op: "GET /v1/{workspace}/event/" },
  { op: "GET /v1/{workspace}/event/{url_encoded_event_name}/", params: EVENT },
  {
    op: "PATCH /v1/{workspace}/event/{url_encoded_event_name}/",
    params: EVENT,
    body: { description: "An order was placed", payload_schema: { schema: "order-placed" } },
  },
  {
    op: "POST /v1/{workspace}/workflow/{slug}/",
    params: WORKFLOW,
    query: "commit=true&commit_message=first",
    body: {
      name: "Welcome Email",
      description: "Sends welcome email to new users",
      category: CATEGORY,
      tags: ["welcome", "onboarding"],
      trigger_type: "event",
      trigger_events: ["Order Placed"],
      tree: {
        nodes: [
          {
            name: "Send Email",
            node_type: "send_email",
            properties: { template: TEMPLATE.template_slug },
            description: "Send welcome email to new users",
          },
        ],
      },
    },
  },
  { op: "GET /v1/{workspace}/event/{url_encoded_event_name}/linked_workflows/", params: EVENT },
  { op: "PATCH /v1/{workspace}/event/{url_encoded_event_name}/delink_schema/", params: EVENT },
  {
    op: "POST /v1/{workspace}/workflow/{slug}/",
    params: WORKFLOW,
    body: {
      name: "Welcome Email",
      category: CATEGORY,
      trigger_type: "api",
      tree: { nodes: [{ node_type: "send_email", properties: { template: TEMPLATE.template_slug } }] },
    },
  },
  { op: "PATCH /v1/{workspace}/workflow/{slug}/commit/", params: WORKFLOW },
  {
    op: "PATCH /v1/{workspace}/workflow/{slug}/enable/",
    params: WORKFLOW,
    body: { is_enabled: true },
  },
  { op: "GET /v1/{workspace}/workflow/{slug}/", params: WORKFLOW },
  { op: "GET /v1/{workspace}/workflow/" },

  // Who gets it.
  {
    op: "POST /v1/user/{distinct_id}/",
    params: USER,
    body: {
      $email: ["jsmith@example.com"],
      $sms: ["+1234567890"],
      $whatsapp: ["+1234567890"],
      $androidpush: ["android_push_token_xyz987"],
      $iospush: ["ios_push_token_lmn456"],
      $slack: [{ user_id: "U01ABCDE2F3", team_id: "T1234567890", access_token: "xoxb-1" }],
      $ms_teams: [{ user_id: "u-1", tenant_id: "t-1", conversation_id: "c-1" }],
      $timezone: "America/New_York",
      $locale: "en_GB",
      $preferred_language: "en",
      department: "Engineering",
    },
  },
  { op: "GET /v1/user/{distinct_id}/", params: USER },
  {
    op: "PATCH /v1/user/{distinct_id}/",
    params: USER,
    body: { operations: [{ $set: { name: "Ada" } }, { $increment: { logins: 1 } }] },
  },
  { op: "POST /v1/user/{distinct_id}/", params: { distinct_id: "anonymous" }, body: {} },
  { op: "POST /v1/user/{distinct_id}/merge/", params: USER, body: { from_user_id: "anonymous" } },
  { op: "GET /v1/user/" },
  {
    op: "POST /v1/object/{object_type}/{id}/",
    params: OBJECT,
    body: {
      department: "Engineering",
      $email: ["devs@example.com"],
      $slack: [{ channel: "CXXXXXXXX", access_token: "xoxb-1" }],
    },
  },
  { op: "GET /v1/object/{object_type}/{id}/", params: OBJECT },
  {
    op: "PATCH /v1/object/{object_type}/{id}/",
    params: OBJECT,
    body: { operations: [{ $set: { name: "Developers" } }] },
  },
  {
    op: "POST /v1/object/{object_type}/{id}/subscription/",
    params: OBJECT,
    body: { recipients: ["ada", { object_type: "teams", id: "web" }], properties: { role: "developer" } },
  },
  { op: "GET /v1/object/{object_type}/{id}/subscription/", params: OBJECT },
  { op: "GET /v1/object/{object_type}/", params: OBJECT },
  { op: "GET /v1/user/{distinct_id}/subscribed_to/object/", params: USER },
  {
    op: "GET /v1/object/{object_type}/{id}/subscribed_to/object/",
    params: { object_type: "teams", id: "web" },
  },
  {
    op: "POST /v1/tenant/{tenant_id}/",
    params: TENANT,
    body: {
      tenant_name: "Acme",
      logo: "https://cdn.example.com/acme.png",
      primary_color: "#ff0000",
      secondary_color: "#00ff00",
      tertiary_color: "#0000ff",
      social_links: { website: "https://acme.example.com" },
      properties: { k1: "v1" },
    },
  },
  { op: "GET /v1/tenant/{tenant_id}/", params: TENANT },
  { op: "GET /v1/tenant/" },
  {
    op: "POST /v1/subscriber_list/",
    body: { ...LIST, list_name: "Beta testers", list_description: "They see it first" },
  },
  {
    op: "POST /v1/subscriber_list/{list_id}/subscriber/add/",
    params: LIST,
    body: { distinct_ids: ["ada"] },
  },
  { op: "GET /v1/subscriber_list/" },
  { op: "GET /v1/subscriber_list/{list_id}/", params: LIST },
  { op: "GET /v1/subscriber_list/{list_id}/subscriber/", params: LIST },
  { op: "GET /v1/user/{distinct_id}/subscribed_to/list/", params: USER },
  {
    op: "POST /v1/subscriber_list/{list_id}/start_sync/",
    params: LIST,
    body: {},
    keep: { name: "version_id", from: "version_id" },
  },
  {
    op: "POST /v1/subscriber_list/{list_id}/version/{version_id}/subscriber/add/",
    params: LIST,
    body: { distinct_ids: ["ada", "bob"] },
  },
  {
    op: "POST /v1/subscriber_list/{list_id}/version/{version_id}/subscriber/remove/",
    params: LIST,
    body: { distinct_ids: ["bob"] },
  },
  { op: "PATCH /v1/subscriber_list/{list_id}/version/{version_id}/finish_sync/", params: LIST, body: {} },
  {
    op: "POST /v1/subscriber_list/{list_id}/start_sync/",
    params: LIST,
    body: {},
    keep: { name: "version_id", from: "version_id" },
  },
  { op: "PATCH /v1/subscriber_list/{list_id}/version/{version_id}/delete/", params: LIST, body: {} },

  // What they choose.
  ...["user/{distinct_id}", "object/{object_type}/{id}"].flatMap((who): Step[] => {
    const params = { ...USER, ...OBJECT, category_slug: CATEGORY };
    const at = `/v1/${who}/preference/`;
    return [
      { op: `GET ${at}`, params, query: "show_opt_out_channels=true&locale=en" },
      { op: `PATCH ${at}`, params, body: CHOICES },
      { op: `GET ${at}category/`, params },
      { op: `GET ${at}category/{category_slug}/`, params },
      { op: `PATCH ${at}category/{category_slug}/`, params, body: CHOICE },
      { op: `GET ${at}channel_preference/`, params },
      { op: `PATCH ${at}channel_preference/`, params, body: CHANNELS },
    ];
  }),
  { op: "PATCH /v1/bulk/user/preference/", body: { distinct_ids: ["ada"], ...CHOICES } },
  {
    op: "PATCH /v1/bulk/user/preference/reset/",
    body: { distinct_ids: ["ada"], reset_channel_preferences: true, reset_categories: true },
  },
  { op: "GET /v1/tenant/{tenant_id}/preference/", params: TENANT },
  { op: "GET /v1/tenant/{tenant_id}/preference/category/", params: TENANT },
  {
    op: "GET /v1/tenant/{tenant_id}/preference/category/{category}/",
    params: { ...TENANT, category: CATEGORY },
  },
  {
    op: "PATCH /v1/tenant/{tenant_id}/preference/category/{category}/",
    params: { ...TENANT, category: CATEGORY },
    body: { preference: "opt_in" },
  },
  { op: "GET /v1/tenant/{tenant_id}/category/", params: TENANT },
  {
    op: "PATCH /v1/tenant/{tenant_id}/category/{category_slug}/",
    params: { ...TENANT, category_slug: CATEGORY },
    body: {
      preference: "opt_in",
      mandatory_channels: ["email"],
      opt_in_channels: ["email"],
      blocked_channels: ["sms"],
    },
  },

  // Sending.
  {
    op: "POST /trigger/",
    body: {
      workflow: WORKFLOW.slug,
      recipients: [
        { distinct_id: "ada", $channels: ["email"], $email: ["john@example.com"], $timezone: "Asia/Kolkata" },
      ],
      actor: { distinct_id: "ada" },
      data: { order_id: "o-1" },
      tenant_id: "default",
      $idempotency_key: "order-1",
    },
  },
  {
    op: "POST /{workspace_key}/trigger/",
    body: {
      name: "dynamic",
      template: TEMPLATE.template_slug,
      notification_category: "transactional",
      users: [{ distinct_id: "ada", $channels: ["email"], $email: ["john@example.com"] }],
      data: { order_id: "o-1" },
    },
  },
  {
    op: "POST /event/",
    body: { distinct_id: "ada", event: "Order Placed", properties: { order_id: "o-1" } },
  },
  {
    op: "POST /{workspace_key}/broadcast/",
    body: {
      ...LIST,
      template: TEMPLATE.template_slug,
      notification_category: "transactional",
      channels: [],
      data: {},
      delay: 3600,
    },
  },
  {
    op: "POST /v1/workflow_run/cancel/",
    body: { workflow_slug: WORKFLOW.slug, recipients: ["ada"], idempotency_key: "order-1" },
  },
  { op: "POST /v1/broadcast_run/cancel/", body: LIST },
  { op: "GET /v1/message/", query: "limit=20" },
  {
    op: "PATCH /v1/bulk/message/",
    body: { messages: [{ message_id: "01HV0000000000000000000001", action: "seen" }] },
  },

  // Leaving.
  {
    op: "DELETE /v1/object/{object_type}/{id}/subscription/",
    params: OBJECT,
    body: { recipients: ["ada"] },
  },
  { op: "DELETE /v1/object/{object_type}/{id}/", params: OBJECT },
  {
    op: "POST /v1/subscriber_list/{list_id}/subscriber/remove/",
    params: LIST,
    body: { distinct_ids: ["ada"] },
  },
  { op: "PATCH /v1/subscriber_list/{list_id}/delete/", params: LIST, body: {} },
  { op: "DELETE /v1/tenant/{tenant_id}/", params: TENANT },
  { op: "DELETE /v1/{workspace}/workflow/{slug}/", params: WORKFLOW },
  { op: "DELETE /v1/user/{distinct_id}/", params: USER },
];
