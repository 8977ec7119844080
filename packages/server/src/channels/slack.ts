import { z } from "zod";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { defineChannel } from "./channel.ts";
import { chatFields, defineChatBody } from "./shared/chat-body.ts";
import { contentObject, fieldSources, renderFields, textField } from "./content.ts";
import { parseEmailAddress } from "./shared/email-address.ts";
import { type Destination, isGiven, parseChatIdentity } from "./shared/chat-identity.ts";
import { fingerprint } from "./shared/identity-key.ts";

const KNOWN_KEYS: ReadonlySet<string> = new Set([
  "incoming_webhook",
  "channel",
  "channel_id",
  "user_id",
  "email",
  "email_id",
  "access_token",
  "team_id",
]);

/** Slack's own limit. */
const MAX_BLOCKS = 50;

/** A payload that names a message has all that is sent with it in that message's thread. */
const DEFAULT_THREAD = '{{default thread_ts ""}}';

const body = defineChatBody({
  type: "block",
  field: "body_block",
  maxLength: 13_200,
  finish: (document) => {
    if (Array.isArray(document)) {
      return { ok: false, reason: "must be an object with the list `blocks`, and is the list itself" };
    }
    if (!isJsonObject(document) || !Array.isArray(document.blocks) || !document.blocks.every(isJsonObject)) {
      return { ok: false, reason: "must be an object with `blocks`, a list of objects" };
    }
    const { length } = document.blocks;
    if (length === 0 || length > MAX_BLOCKS) {
      return { ok: false, reason: `must have 1 to ${MAX_BLOCKS} blocks, and has ${length}` };
    }
    return { ok: true, document };
  },
});

export default defineChannel({
  channel: "slack",
  sample: (text) => ({ body_text: text }),
  parseIdentity: (input) =>
    parseChatIdentity("slack", input, KNOWN_KEYS, findDestination, () => "invalid value"),
  content: contentObject({
    ...chatFields("slack"),
    body_block: textField,
    /** The message in whose thread this one is posted. Blank: none. */
    thread_ts: z.string().default(DEFAULT_THREAD),
  }),
  ...body,
  sources: (content) => [...body.sources(content), ...fieldSources(content, ["thread_ts"])],
  render: (content, text) => renderFields(body.render(content, text), ["thread_ts"], text, "none"),
});

/**
 * Where and with whose token to post: a webhook, a channel, a user or an e-mail address to look one up by. If several
 * are given, only the first in that order is used and kept. A `team_id` says what the token says too.
 */
function findDestination(input: JsonObject): Destination | null {
  const { incoming_webhook, access_token, user_id } = input;
  // Answers in the REST reference use `email_id`.
  const email = input["email"] ?? input["email_id"];
  // The REST reference uses `channel`, the SDKs `channel_id`.
  const channel_id = input["channel_id"] ?? input["channel"];
  if (isGiven(incoming_webhook)) {
    const url = isJsonObject(incoming_webhook) ? incoming_webhook["url"] : undefined;
    if (!matches(url, /^https:\/\/hooks\.slack\.com\/\S+$/)) return null;
    return { value: { incoming_webhook: { url } }, key: ["webhook", fingerprint(url)] };
  }
  if (!matches(access_token, /^xox\S+$/)) return null;
  const token = fingerprint(access_token);
  if (isGiven(channel_id)) {
    if (!matches(channel_id, /^[cC][A-Za-z0-9]+$/)) return null;
    return { value: { channel_id, access_token }, key: ["channel_id", channel_id, token] };
  }
  if (isGiven(user_id)) {
    // The slash is for the reference's placeholder, `U/WXXXXXXXX`.
    if (!matches(user_id, /^[uUwW][A-Za-z0-9/]+$/)) return null;
    return { value: { user_id, access_token }, key: ["user_id", user_id, token] };
  }
  const parsed = typeof email === "string" ? parseEmailAddress(email) : null;
  if (parsed === null || !parsed.ok) return null;
  return {
    value: { email: parsed.address, access_token },
    key: ["email", parsed.address.toLowerCase(), token],
  };
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && value.length <= 2048 && pattern.test(value);
}
