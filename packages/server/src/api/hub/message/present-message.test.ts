import { describe, expect, it } from "vitest";
import { type MessageRow, presentContent, presentMessage } from "./present-message.ts";

const AT = new Date("2026-04-01T17:18:06.000Z");

const ROW: MessageRow = {
  id: "01HV0000000000000000000001",
  execution_id: "01HV0000000000000000000002",
  broadcast_id: null,
  parent_run_id: null,
  workflow_slug: "order-confirmation",
  version_id: "01HV0000000000000000000003",
  workflow_name: "Order Confirmation",
  node_ref: "inbox_1",
  template_slug: "order",
  template_name: "Order",
  template_version_no: 4,
  variant_id: "default",
  category: "transactional",
  tenant_id: "acme",
  object_type: "",
  distinct_id: "user_123",
  parent_object: null,
  channel: "inbox",
  channel_value: "sub_1",
  vendor_slug: "carillon-inbox",
  vendor_nickname: "Inbox",
  status: "seen",
  failure_reason: null,
  idempotency_key: "order-5678",
  is_read: false,
  is_archived: false,
  created_at: AT,
  updated_at: AT,
  triggered_at: AT,
  delivered_at: null,
  seen_at: AT,
  clicked_at: null,
  dismissed_at: null,
  read_at: null,
  unread_at: null,
  archived_at: null,
  unarchived_at: null,
  smart_step: null,
  success_metric: null,
  success_achieved_at: null,
  wait_time_in_seconds: null,
};

describe("presentMessage", () => {
  it("has every key that clients know, and no content by default", () => {
    expect(presentMessage(ROW)).toEqual({
      message_id: "01HV0000000000000000000001",
      created_at: "2026-04-01T17:18:06.000Z",
      updated_at: "2026-04-01T17:18:06.000Z",
      triggered_at: "2026-04-01T17:18:06.000Z",
      delivered_at: null,
      seen_at: "2026-04-01T17:18:06.000Z",
      clicked_at: null,
      dismissed_at: null,
      read_at: null,
      unread_at: null,
      archived_at: null,
      unarchived_at: null,
      is_read: false,
      is_archived: false,
      status: "seen",
      channel: "inbox",
      idempotency_key: "order-5678",
      failure_reason: null,
      recipient: { $type: "user", distinct_id: "user_123", object_type: null, id: null },
      parent_entity_id: null,
      parent_entity_type: null,
      vendor: { name: "suprsend_inbox", nickname: "Inbox" },
      execution_id: "01HV0000000000000000000002",
      parent_execution_id: null,
      is_campaign: false,
      tenant_id: "acme",
      workflow: {
        slug: "order-confirmation",
        version_id: "01HV0000000000000000000003",
        name: "Order Confirmation",
        node_ref: "inbox_1",
      },
      template: { name: "Order", slug: "order", version_no: 4, variant_id: "default" },
      channel_identity: { inbox: "sub_1" },
      category: "transactional",
      is_smart: false,
      success_metric: null,
      success_achieved_at: null,
      wait_time_in_seconds: null,
    });
  });

  it("shows the success metric of a smart routing, when it was achieved, and how long its turn was waited for", () => {
    const routed = {
      smart_step: 0,
      success_metric: "seen",
      success_achieved_at: AT,
      wait_time_in_seconds: 0,
    };
    expect(presentMessage({ ...ROW, ...routed })).toMatchObject({
      is_smart: true,
      success_metric: "seen",
      success_achieved_at: "2026-04-01T17:18:06.000Z",
      wait_time_in_seconds: 0,
    });
  });

  it("names an object by its type and id", () => {
    expect(presentMessage({ ...ROW, object_type: "team", distinct_id: "t1" })).toMatchObject({
      recipient: { $type: "object", distinct_id: null, object_type: "team", id: "t1" },
    });
  });

  it("names the object that a subscriber was reached through", () => {
    expect(presentMessage({ ...ROW, parent_object: "team/t1", parent_run_id: "r1" })).toMatchObject({
      parent_entity_id: "team/t1",
      parent_entity_type: "object",
      parent_execution_id: "r1",
    });
  });

  it.each([
    ["failure_by_vendor", "delivery_failure"],
    ["delivery_failure", "delivery_failure"],
    ["trigger_failed", "trigger_failed"],
  ])("calls the status %s %s", (status, wire) => {
    expect(presentMessage({ ...ROW, status })).toMatchObject({ status: wire });
  });

  it.each([
    ["sms", "twilio-sms", "twilio"],
    ["ms_teams", "simulator-ms_teams", "simulator"],
    ["email", "aws-ses-email", "aws-ses"],
    ["email", "oddly_named", "oddly_named"],
    ["email", null, null],
  ])("names the vendor of %s %s: %s", (channel, vendor_slug, name) => {
    const row = { ...ROW, channel, vendor_slug, vendor_nickname: null };
    expect(presentMessage(row)).toMatchObject({ vendor: { name, nickname: null } });
  });

  it.each([
    ["slack", { user_id: "U1", access_token: "xoxb-1" }, { user_id: "U1" }],
    ["slack", { incoming_webhook: { url: "https://hooks.slack.com/x" } }, {}],
    ["webpush", { endpoint: "https://push", keys: { auth: "a", p256dh: "p" } }, { endpoint: "https://push" }],
    ["sms", "+15555550100", "+15555550100"],
    ["sms", null, null],
  ])("never shows the credentials of a %s identity", (channel, channel_value, shown) => {
    expect(presentMessage({ ...ROW, channel, channel_value })).toMatchObject({
      channel_identity: { [channel]: shown },
    });
  });

  it("belongs to a campaign when a broadcast made it", () => {
    const row = { ...ROW, broadcast_id: "broadcast_01HV", parent_run_id: "broadcast_01HV" };
    expect(presentMessage(row)).toMatchObject({
      is_campaign: true,
      execution_id: "broadcast_01HV",
      parent_execution_id: null,
    });
  });

  it("has no template where none was found", () => {
    expect(presentMessage({ ...ROW, template_slug: null })).toMatchObject({ template: null });
  });

  it("has the content if requested", () => {
    expect(presentMessage({ ...ROW, content: { header: "Hi" } })).toMatchObject({
      content: { schema_version: "1.0", templating_language: "handlebars", header: "Hi" },
    });
    expect(presentMessage({ ...ROW, content: null })).toMatchObject({ content: null });
  });
});

describe("presentContent", () => {
  it("keeps the content's own values of these keys", () => {
    const content = { schema_version: "2.0", templating_language: "jsonnet", body: "x" };
    expect(presentContent(content)).toEqual(content);
  });

  it.each([null, undefined, "text", []])("is null for %j", (content) => {
    expect(presentContent(content)).toBeNull();
  });
});
