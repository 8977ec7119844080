import { describeValue } from "../core/text/describe-value.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { defineChannel } from "./channel.ts";
import { chatFields, defineChatBody, type RichForm } from "./shared/chat-body.ts";
import { contentObject, textField } from "./content.ts";
import { type Destination, isGiven, parseChatIdentity } from "./shared/chat-identity.ts";
import { fingerprint } from "./shared/identity-key.ts";

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
  sample: (text) => ({ body_text: text }),
  parseIdentity: (input) =>
    parseChatIdentity(
      "ms_teams",
      input,
      KNOWN_KEYS,
      findDestination,
      (other) => `invalid value: ${describeValue(other)}`,
    ),
  content: contentObject({ ...chatFields("ms_teams"), body_card: textField }),
  ...defineChatBody({ type: "card", field: "body_card", maxLength: 14_000, finish: finishCard }),
});

const CARD_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json";
/** The newest version that Teams shows. */
const NEWEST_CARD = "1.6";
/** Teams' own limit for a message. */
const MAX_CARD_BYTES = 28 * 1024;

/** Teams shows no card without a schema and a version. */
function finishCard(card: Json): ReturnType<RichForm["finish"]> {
  if (!isJsonObject(card) || card.type !== "AdaptiveCard") {
    return { ok: false, reason: 'must be an object of `"type": "AdaptiveCard"`' };
  }
  const { $schema = CARD_SCHEMA, version = "1.5" } = card;
  if (typeof version !== "string" || !/^1\.[0-6]$/.test(version)) {
    return { ok: false, reason: `version must be a text, at most "${NEWEST_CARD}"` };
  }
  const document: JsonObject = { ...card, $schema, version };
  const bytes = Buffer.byteLength(JSON.stringify(document));
  if (bytes > MAX_CARD_BYTES) {
    return { ok: false, reason: `a card has at most ${MAX_CARD_BYTES} bytes, and this one has ${bytes}` };
  }
  return { ok: true, document };
}

/**
 * Where to post: a webhook, a conversation, or a user to open one with. If several are given, only the first in that
 * order is used and kept.
 */
function findDestination(input: JsonObject): Destination | null {
  const { incoming_webhook, tenant_id, conversation_id, user_id } = input;
  const service_url = input["service_url"] ?? GLOBAL_SERVICE_URL;
  if (isGiven(incoming_webhook)) {
    const url = isJsonObject(incoming_webhook) ? incoming_webhook["url"] : undefined;
    if (!isTrimmed(url) || !/^https:\/\/\S+$/.test(url)) return null;
    return { value: { incoming_webhook: { url } }, key: ["webhook", fingerprint(url)] };
  }
  if (!isTrimmed(tenant_id) || !isTrimmed(service_url) || !SERVICE_URL.test(service_url)) return null;
  if (isGiven(conversation_id)) {
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
