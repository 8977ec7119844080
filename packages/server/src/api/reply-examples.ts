/*
 * What the lists of what happened hold, for the reference: their rows are as wide as they are various, and no schema
 * says more of them than one that was really read. All are of one trigger.
 */
const REQUEST = "01a22c38-f91f-7016-b99f-05f846c8e55c";
const EXECUTION = "01M8P3HYD300001H6TC0RHC9KV";
const MESSAGE = "01M8P3HYDN00000QWGNFGAC6KV";
const AT = "2026-11-30T11:31:01.073000Z";
const AT_MILLIS = "2026-11-30T11:31:01.073Z";

const CONTENT = {
  $schema: "https://schema.suprsend.com/template/v2/channel/sms_schema.json",
  templating_language: "handlebars",
  type: "basic",
  category: "",
  header: "",
  body: "Order A-1001 is on its way.",
};

export const VENDOR_EXAMPLE = "simulator-sms";

export const CONTENT_EXAMPLE = { schema_version: "1.0", ...CONTENT };

export const MESSAGE_EXAMPLE = {
  message_id: MESSAGE,
  created_at: AT_MILLIS,
  updated_at: "2026-11-30T11:31:01.215Z",
  triggered_at: AT_MILLIS,
  delivered_at: null,
  seen_at: null,
  clicked_at: null,
  dismissed_at: null,
  read_at: null,
  unread_at: null,
  archived_at: null,
  unarchived_at: null,
  is_read: false,
  is_archived: false,
  status: "sent_by_vendor",
  channel: "sms",
  idempotency_key: "order-1001",
  failure_reason: null,
  recipient: { $type: "user", distinct_id: "ann", object_type: null, id: null },
  parent_entity_id: null,
  parent_entity_type: null,
  vendor: { name: "simulator", nickname: "" },
  execution_id: EXECUTION,
  parent_execution_id: null,
  is_campaign: false,
  tenant_id: "default",
  workflow: {
    slug: "order-confirmed",
    version_id: "01M8P3HY6Z00001CDZTNTVF49Z",
    name: "Order confirmed",
    node_ref: "confirmation",
  },
  template: { name: "Order confirmed", slug: "order-confirmed", version_no: 1, variant_id: "default" },
  channel_identity: { sms: "+14155552671" },
  category: "transactional",
  is_smart: false,
  success_metric: null,
  success_achieved_at: null,
  wait_time_in_seconds: null,
};

export const EXECUTION_EXAMPLE = {
  execution_id: EXECUTION,
  request_id: REQUEST,
  parent_object_execution_id: null,
  broadcast_execution_id: null,
  parent_object: null,
  workflow_slug: "order-confirmed",
  workflow_version: 1,
  category: "transactional",
  recipient: "ann",
  tenant_id: "default",
  idempotency_key: "order-1001",
  status: "completed",
  waiting_until: null,
  waiting_for: null,
  created_at: AT,
  updated_at: AT,
  ended_at: AT,
};

const NO_NODE = { node_ref: null, node_name: null, node_type: null };
const NODE = { node_ref: "confirmation", node_name: "Confirmation", node_type: "send_sms" };

export const EXECUTION_DETAIL_EXAMPLE = {
  ...EXECUTION_EXAMPLE,
  workflow_name: "Order confirmed",
  cancellation_key: null,
  actor: null,
  steps: [
    {
      created_at: AT,
      ...NO_NODE,
      execution_stage: "run_started",
      status: "info",
      message: "run started",
      properties: null,
    },
    {
      created_at: AT,
      ...NODE,
      execution_stage: "message_triggered",
      status: "info",
      message: "sms message triggered",
      properties: { message_id: MESSAGE, channel: "sms", variant: "default", vendor: VENDOR_EXAMPLE },
    },
    {
      created_at: AT,
      ...NO_NODE,
      execution_stage: "run_completed",
      status: "info",
      message: "run completed",
      properties: null,
    },
  ],
  messages: [
    {
      message_id: MESSAGE,
      ...NODE,
      template_slug: "order-confirmed",
      template_version: 1,
      variant_id: "default",
      channel: "sms",
      channel_value: "+14155552671",
      status: "sent_by_vendor",
      vendor: VENDOR_EXAMPLE,
      vendor_nickname: "",
      message_id_by_vendor: `sim-${MESSAGE}-1`,
      attempt: 1,
      failure_class: null,
      failure_reason: null,
      created_at: AT,
      triggered_at: AT,
      events: [],
    },
  ],
  children: [],
};

export const REQUEST_EXAMPLE = {
  request_id: REQUEST,
  created_at: "2026-11-30T11:31:01.024000Z",
  updated_at: null,
  api_type: "workflow_trigger",
  api_name: "workflow",
  wf_trigger_type: "api",
  name: "order-confirmed",
  distinct_id_list: ["ann"],
  actor: null,
  tenant_id: null,
  idempotency_key: "order-1001",
  status: "completed",
  errors: [],
  executions: [
    { exec_id: EXECUTION, workflow_slug: "order-confirmed", status: "completed", distinct_id: "ann" },
  ],
  payload: {
    workflow: "order-confirmed",
    recipients: [{ distinct_id: "ann", $sms: ["+14155552671"] }],
    data: { order_id: "A-1001" },
    $idempotency_key: "order-1001",
  },
  response: { status_code: 202, message_id: REQUEST },
  metadata: { user_agent: "@suprsend/node-sdk/1.15.1" },
};

export const SIMULATED_EXAMPLE = {
  message_id: MESSAGE,
  execution_id: EXECUTION,
  workflow_slug: "order-confirmed",
  node_ref: "confirmation",
  template_slug: "order-confirmed",
  category: "transactional",
  tenant_id: "default",
  recipient: "ann",
  channel: "sms",
  content: CONTENT,
  status: "sent_by_vendor",
  failure_reason: null,
  attempt: 1,
  attachments: null,
  to: "+14155552671",
  vendor: VENDOR_EXAMPLE,
  created_at: AT,
};
