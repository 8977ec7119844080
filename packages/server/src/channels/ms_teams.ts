import { describeValue } from "../core/describe-value.ts";
import type { IdentityResult } from "../core/profile/identity.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { defineChannel } from "./channel.ts";
import { chatFields, defineChatBody } from "./shared/chat-body.ts";
import { contentObject, textField } from "./content.ts";
import { fingerprint, identityKey } from "./shared/identity-key.ts";

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "incoming_webhook",
  "tenant_id",
  "service_url",
  "conversation_id",
  "user_id",
]);

const SERVICE_URL = /^https:\/\/smba\.trafficmanager\.net\//;

/** Microsoft's address for bots that know no region. The reference's example of a user leaves the address out. */
const GLOBAL_SERVICE_URL = "https://smba.trafficmanager.net/teams";

export default defineChannel({
  channel: "ms_teams",
  parseIdentity,
  content: contentObject({ ...chatFields("ms_teams"), body_card: textField }),
  ...defineChatBody("card", "body_card", 14_000),
});

/**
 * Where to post: a webhook, a conversation, or a user to open one with. If several are given, only the first in that
 * order is used and kept.
 */
function parseIdentity(input: unknown): IdentityResult {
  if (!isJsonObject(input)) return { ok: false, reason: "$ms_teams: value must be of dict/map type" };
  const destination = Object.keys(input).every((key) => KNOWN_KEYS.has(key)) ? findDestination(input) : null;
  if (destination === null) return { ok: false, reason: `invalid value: ${describeValue(input)}` };
  return {
    ok: true,
    identity: {
      value: destination.value,
      key: identityKey(...destination.key),
      provider: "",
      device_id: null,
      bundle_id: null,
    },
  };
}

interface Destination {
  value: JsonObject;
  key: string[];
}

function findDestination(input: JsonObject): Destination | null {
  const { incoming_webhook, tenant_id, conversation_id, user_id } = input;
  const service_url = input["service_url"] ?? GLOBAL_SERVICE_URL;
  if (incoming_webhook !== undefined && incoming_webhook !== null) {
    const url = isJsonObject(incoming_webhook) ? incoming_webhook["url"] : undefined;
    if (!isTrimmed(url) || !/^https:\/\/\S+$/.test(url)) return null;
    return { value: { incoming_webhook: { url } }, key: ["webhook", fingerprint(url)] };
  }
  if (!isTrimmed(tenant_id) || !isTrimmed(service_url) || !SERVICE_URL.test(service_url)) return null;
  if (conversation_id !== undefined && conversation_id !== null) {
    if (!isTrimmed(conversation_id)) return null;
    return {
      value: { tenant_id, service_url, conversation_id },
      key: ["conversation_id", tenant_id, conversation_id],
    };
  }
  if (!isTrimmed(user_id)) return null;
  return { value: { tenant_id, service_url, user_id }, key: ["user_id", tenant_id, user_id] };
}

/** A non-empty string without surrounding space, as Teams requires. */
function isTrimmed(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 2048 && value.trim() === value;
}
