import { expect, it } from "vitest";
import type { Channel } from "../core/channel.ts";
import { channels } from "./index.gen.ts";

/*
 * Every form of an address in the vendor's own documentation: the REST reference (bodies, answers, schemas) and the
 * pages of the SDKs. Placeholders are as printed there; what a client copies must be accepted.
 */
const SERVICE_URL = "https://smba.trafficmanager.net/amer";
const TEAM = "c1981ab2-9aaf-xxxx-xxxx";

const OFFICIAL: Record<Channel, unknown[]> = {
  email: [
    "jsmith@example.com",
    "john@example.com",
    "devs@example.com",
    "user@example.com",
    "abc@example.com",
  ],
  sms: ["+1234567890", "+15555555555", "+15551234567", "+15555550100"],
  whatsapp: ["+1234567890", "+15555555555", "+15551234567", "+15555550100"],
  inbox: ["4nlPk4XXLcDxxxHQ70xx2Cx24", "4nlPk4t4kurG5kChxxxx", "mwjNxXS-z5IvY6VwyXweG0mqc14WL-z9ctBlJ-4wx60"],
  androidpush: [
    "android_push_token_xyz987",
    "__android_push_token__",
    { token: "__android_push_token__", provider: "fcm", device_id: "" },
  ],
  iospush: [
    "ios_push_token_lmn456",
    "__ios_push_token__",
    { token: "__ios_push_token__", provider: "apns", device_id: "" },
  ],
  webpush: [
    {
      token: "webpush_token_abc123",
      endpoint: "https://fcm.googleapis.com/fcm/send/abc123",
      keys: { p256dh: "BNJxwH...", auth: "tBH..." },
    },
  ],
  slack: [
    { user_id: "U01ABCDE2F3", team_id: "T1234567890", access_token: "xoxb-..." },
    { email: "user@example.com", access_token: "xoxb-XXXXXXXX" },
    { email_id: "user@example.com", access_token: "xoxb-..." },
    { user_id: "U/WXXXXXXXX", access_token: "xoxb-XXXXXX" },
    { channel: "CXXXXXXXX", access_token: "xoxb-XXXXXX" },
    { incoming_webhook: { url: "https://hooks.slack.com/services/TXXXX/BXXXX/XXXXXXX" } },
  ],
  ms_teams: [
    { user_id: "teams_user_id_12345", tenant_id: "tenant_12345", conversation_id: "conversation_12345" },
    { service_url: SERVICE_URL, tenant_id: "tenant_12345", user_id: "teams_user_id_12345" },
    { tenant_id: TEAM, service_url: SERVICE_URL, conversation_id: "19:c1524d7c-a06f-456f-8abe-xxxx" },
    { tenant_id: TEAM, service_url: SERVICE_URL, user_id: "29:1nsLcmJ2RKtYH6Cxxxx-xxxx" },
    { incoming_webhook: { url: "https://wnk1z.webhook.office.com/webhookb2/XXXXXXXXX" } },
  ],
};

const examples = channels.flatMap((definition) =>
  OFFICIAL[definition.channel].map((input) => [definition.channel, input, definition] as const),
);

it.each(examples)("accepts the documented %s address %j", (_channel, input, definition) => {
  expect(definition.parseIdentity(input, {})).toMatchObject({ ok: true });
});
