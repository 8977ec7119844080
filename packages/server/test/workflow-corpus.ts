import type { JsonObject } from "../src/core/json.ts";

/**
 * A valid node of every type, as clients write them: settings nested, no refs. Outside themselves they name only the
 * template `welcome` and the workflow `other`.
 */
export const EVERY_NODE: readonly NodeSample[] = [
  sample("delay", { delay_type: "fixed", value: "1h30m" }),
  sample("delay", { delay_type: "dynamic", value: ".wait // 60" }),
  sample("delay", {
    delay_type: "relative_to",
    relative_to: {
      pivot_expr: ".meeting.at",
      offset_type: "before",
      offset_value_type: "dynamic",
      offset_value: '."$recipient".lead_time',
    },
  }),
  sample("timewindow", {
    windows: [
      { frequency: "weekly", weekdays: ["mo", "fr"], stime: "09:00", etime: "17:30" },
      { frequency: "monthly", monthdays: [{ pos: -1, day: "" }], stime: "22:00", etime: "06:00" },
    ],
    tz_selection: "recipient",
    tz_fixed: "Europe/London",
  }),
  sample("batch", {
    mode: "flush_leading_item",
    window_type: "fixed",
    fixed_window: "10m",
    batch_key: ".post_id",
    retain_count: 100,
    retain_order: "last",
  }),
  sample("batch", { mode: "accumulate_all", window_type: "dynamic", dynamic_window_expr: ".window" }),
  sample("digest", {
    schedule_type: "static",
    schedule: {
      frequency: "weekly",
      interval: 2,
      weekdays: ["mo"],
      time: "19:00",
      tz_selection: "fixed",
      tz_fixed: "Etc/GMT+1",
    },
    trigger_min_count: 2,
  }),
  sample("digest", { schedule_type: "dynamic", dynamic_schedule_expr: '."$recipient".schedule' }),
  sample("httpapi_fetch", {
    http_method: "GET",
    url: '"https://example.com/" + data.id',
    headers: [{ key: '"Authorization"', value: '"Bearer " + data.token' }],
    query_params: [{ key: '"full"', value: "true" }],
    body: null,
    output_key: "order",
  }),
  sample("httpapi_webhook", {
    http_method: "POST",
    url: "https://example.com/hook",
    body_content_type: "application/json",
    body: "{ id: data.id, [if data.pro then 'plan']: 'pro' }",
    output_key: null,
  }),
  sample("transform", {
    variables: [
      { key: "greeting", value_lang: "handlebars", value: "Hello {{$recipient.name}}" },
      { key: "total.sum", value_lang: "jsonnet", value: "std.foldl(function(a, b) a + b, data.amounts, 0)" },
    ],
  }),
  sample("invokeworkflow", {
    workflow: "other",
    recipient_selection: "expression",
    recipient_expression: "[user.id for user in data.users]",
    actor_selection: "",
    data: "{ from: data.id }",
    append_current_run_data: false,
  }),
  sample("userupdate", { user_selection: "actor", properties: '{ "$email": data.email, plan: "pro" }' }),
  sample("subscriberlistoperation_adduser", {
    op: "add_user",
    list_id: "buyers-{{region}}",
    is_list_id_dynamic: true,
    create_list_if_missing: true,
    list_name: "Buyers in {{region}}",
    user_selection: ["actor", "recipient"],
  }),
  sample("subscriberlistoperation_removeuser", { list_id: "beta", user_selection: ["recipient"] }),
  sample("objectoperation_addsubscription", {
    object_type: "teams",
    object_id: "{{team_id}}",
    is_object_id_dynamic: true,
    create_object_if_missing: true,
    user_selection: ["recipient"],
    subscription_properties: "{ role: 'member' }",
  }),
  sample("objectoperation_removesubscription", {
    object_type: "teams",
    object_id: "core",
    user_selection: ["recipient"],
  }),
  ...["email", "sms", "whatsapp", "inbox", "mobile_push", "webpush", "slack", "ms_teams"].map((channel) =>
    sample(`send_${channel}`, { template: "welcome", success: "seen", success_is_event: false }),
  ),
  sample("send_multi_channel", {
    template: "welcome",
    channels: ["email", "ms_teams"],
    channels_expr: ".channels",
  }),
  sample("send_smart_channel_routing", {
    template: "welcome",
    channels: [],
    channels_expr: null,
    ttl_value: "2h",
    mandatory_channels: ["inbox"],
    routing_basis: "cost_low_to_high",
    success: "Order Paid",
    success_is_event: true,
  }),
  {
    ...sample("branch", {}),
    branches: [
      {
        name: "Pro",
        is_default: false,
        is_terminal: true,
        conditions: [
          {
            type: "expression_v1",
            expression_v1: {
              op: "OR",
              args: [
                { variable_ns: "$recipient", variable: "plan", op: "==", value: '"pro"' },
                { variable: "amount", op: ">=", value: "100" },
              ],
            },
          },
        ],
        nodes: [sample("send_sms", { template: "welcome" })],
      },
      { name: "Default", is_default: true, conditions: [], nodes: [] },
    ],
  },
  {
    ...sample("branch_waituntil", {}),
    branches: [
      {
        name: "Paid",
        is_default: false,
        conditions: [
          {
            type: "future_event",
            event_name: "Order Paid",
            event_conditions: [{ variable_ns: "$future_event", variable: "id", op: "==", value: "id" }],
          },
          { type: "future_event", event_name: "$USER_ENTERED_LIST - Buyers" },
        ],
        nodes: [],
      },
      {
        name: "Max wait",
        is_default: true,
        conditions: [{ type: "delay", delay_properties: { delay_type: "dynamic", value: ".patience" } }],
        nodes: [sample("delay", { delay_type: "fixed", value: "5s" })],
      },
    ],
  },
];

export interface NodeSample {
  node_type: string;
  properties: JsonObject;
  branches?: BranchSample[];
}

export interface BranchSample {
  name: string;
  is_default: boolean;
  is_terminal?: boolean;
  conditions: JsonObject[];
  nodes: NodeSample[];
}

/** The same node in the older form: settings beside `node_type`, in its branches too. */
export function flatten({ properties, branches, ...node }: NodeSample): Record<string, unknown> {
  const inside = branches?.map((branch) => ({ ...branch, nodes: branch.nodes.map(flatten) }));
  return { ...node, ...properties, ...(inside !== undefined && { branches: inside }) };
}

function sample(node_type: string, properties: JsonObject): NodeSample {
  return { node_type, properties };
}
