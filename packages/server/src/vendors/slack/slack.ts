import { z } from "zod";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { cut } from "../../core/text/text.ts";
import {
  callVendor,
  listAt,
  lookUp,
  type Reading,
  type Refusal,
  refusalOf,
  textAt,
  type VendorCall,
  type VendorReply,
} from "../../delivery/vendor/call.ts";
import { blameRecipient, failure, secretsInUrl } from "../../delivery/vendor/failure.ts";
import type {
  Failed,
  FailureClass,
  Outcome,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { createLookUps, type Found, readChatBody } from "../common/chat.ts";

const API = "https://slack.com/api";

const config = z.object({
  unfurl_links: z.boolean().default(false).meta({
    title: "Unfurl links",
    description: "Show previews of the pages that a message links to.",
  }),
});

type Config = z.output<typeof config>;

/**
 * Slack: bots (https://docs.slack.dev/reference/methods/chat.postMessage) and incoming webhooks
 * (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). The credentials are part of the
 * recipient's identity: a bot's token with a channel, a member or an e-mail address, or the URL of a webhook. Members
 * and their conversations are looked up once a day.
 */
export default defineVendor({
  slug: "slack-slack",
  vendor: "slack",
  channel: "slack",
  name: "Slack",
  has_many_hosts: true,
  config,
  open,
});

/** Where to post: a webhook, or a conversation that a bot's token may write to. */
type Destination =
  | { by: "webhook"; url: string }
  | { by: "channel" | "member" | "email"; name: string; token: string };

type BotDestination = Exclude<Destination, { by: "webhook" }>;

function open({ unfurl_links }: Config, { http, now }: VendorDeps): VendorConnection {
  const members = createLookUps(now);
  const conversations = createLookUps(now);

  /** Makes a call of the API that is no message, and reads one text of its reply. */
  async function ask(
    call: VendorCall,
    token: string,
    path: string[],
    signal: AbortSignal,
  ): Promise<string | Failed> {
    const reply = await lookUp(http, { ...call, headers: bearer(token) }, signal);
    if ("kind" in reply) return reply;
    const found = textAt(reply.json, ...path);
    return isOk(reply) && found !== "" ? found : refusalOf(reply, refused(reply), [token]);
  }

  const findMember = (email: string, token: string, signal: AbortSignal) =>
    members.find(`${token} ${email}`, () => {
      const url = `${API}/users.lookupByEmail?email=${encodeURIComponent(email)}`;
      return ask({ method: "GET", url }, token, ["user", "id"], signal);
    });

  const findConversation = (member: string, token: string, signal: AbortSignal) =>
    conversations.find(`${token} ${member}`, () => {
      const call = { url: `${API}/conversations.open`, json: { users: member } };
      return ask(call, token, ["channel", "id"], signal);
    });

  /** The conversation to post to, and what to forget if it is none any more. */
  async function resolve(
    { by, name, token }: BotDestination,
    signal: AbortSignal,
  ): Promise<(Found & { forget: () => void }) | Failed> {
    if (by === "channel") return { value: name, is_remembered: false, forget() {} };
    const member =
      by === "email" ? await findMember(name, token, signal) : { value: name, is_remembered: false };
    if ("kind" in member) return member;
    const conversation = await findConversation(member.value, token, signal);
    if ("kind" in conversation) {
      if (!member.is_remembered || !OUT_OF_DATE.has(conversation.code)) return conversation;
      members.forget(`${token} ${name}`);
      return resolve({ by, name, token }, signal);
    }
    return {
      value: conversation.value,
      is_remembered: member.is_remembered || conversation.is_remembered,
      forget() {
        members.forget(`${token} ${name}`);
        conversations.forget(`${token} ${member.value}`);
      },
    };
  }

  async function post(
    to: BotDestination,
    body: JsonObject,
    signal: AbortSignal,
    isLast = false,
  ): Promise<Outcome> {
    const conversation = await resolve(to, signal);
    if ("kind" in conversation) return conversation;
    const call = {
      url: `${API}/chat.postMessage`,
      headers: bearer(to.token),
      json: { ...body, channel: conversation.value },
    };
    const outcome = await callVendor(http, call, { accepted, refused, secrets: [to.token] }, signal);
    const isGone = outcome.kind === "failed" && OUT_OF_DATE.has(outcome.code);
    if (!isGone || !conversation.is_remembered || isLast) return outcome;
    conversation.forget();
    return post(to, body, signal, true);
  }

  return {
    async send(message, signal) {
      const to = destinationOf(message.to);
      if (to === null) {
        return failure(
          "recipient",
          "invalid_identity",
          "the identity names no webhook, channel, member or e-mail",
        );
      }
      const body = bodyOf(message, unfurl_links);
      if (!body.ok) return body.failure;
      if (to.by !== "webhook") return post(to, body.fields, signal);
      const call = { url: to.url, json: body.fields };
      return blameRecipient(await callVendor(http, call, webhookReading(to.url), signal));
    },
  };
}

/** How Slack answers to a member or a conversation that has gone, or has been made anew under another id. */
const OUT_OF_DATE = new Set(["channel_not_found", "user_not_found", "user_disabled", "is_archived"]);

function bearer(token: string) {
  return { authorization: `Bearer ${token}` };
}

/** If several are named, the first in this order counts, as when an identity is stored. */
function destinationOf(to: OutgoingMessage["to"]): Destination | null {
  const url = textAt(to, "incoming_webhook", "url");
  if (url !== "") return /^https:/i.test(url) && URL.canParse(url) ? { by: "webhook", url } : null;
  const token = textAt(to, "access_token");
  const named = (
    [
      ["channel", "channel_id"],
      ["member", "user_id"],
      ["email", "email"],
    ] as const
  ).find(([, field]) => textAt(to, field) !== "");
  if (named === undefined || !/^[\x21-\x7e]+$/.test(token)) return null;
  const [by, field] = named;
  return { by, name: textAt(to, field), token };
}

/** What the object of a template may set: neither where to post nor with which token. */
const MEMBERS = [
  "blocks",
  "text",
  "attachments",
  "thread_ts",
  "reply_broadcast",
  "unfurl_links",
  "unfurl_media",
  "username",
  "icon_emoji",
  "icon_url",
];

type Body = { ok: true; fields: JsonObject } | { ok: false; failure: Failed };

function bodyOf(message: OutgoingMessage, unfurl_links: boolean): Body {
  const read = readChatBody(message, "block", "body_block");
  if (!read.ok) return read;
  const thread_ts = textAt(message.content, "thread_ts");
  const always = { unfurl_links, ...(thread_ts === "" ? {} : { thread_ts }) };
  if ("text" in read.body) return { ok: true, fields: { ...always, text: read.body.text } };
  const { rich } = read.body;
  if (!Array.isArray(rich.blocks)) {
    const text = 'body_block must be an object with "blocks", a list';
    return { ok: false, failure: failure("message", "invalid_blocks", text) };
  }
  const given = MEMBERS.flatMap((member) =>
    Object.hasOwn(rich, member) ? [[member, rich[member] ?? null]] : [],
  );
  const text = summaryOf(rich.blocks);
  const defaults = { ...always, ...(text === "" ? {} : { text }) };
  return { ok: true, fields: { ...defaults, ...Object.fromEntries(given) } };
}

const MAX_SUMMARY = 300;

/** The text of the notification: without one Slack shows that there is no preview. */
function summaryOf(blocks: Json[]): string {
  const texts = blocks.flatMap((block) => {
    const fields = isJsonObject(block) && Array.isArray(block.fields) ? block.fields : [];
    return [textAt(block, "text", "text"), ...fields.map((field) => textAt(field, "text"))];
  });
  return cut(texts.filter((text) => text !== "").join(" "), MAX_SUMMARY);
}

function isOk({ status, json }: VendorReply): boolean {
  return status === 200 && isJsonObject(json) && json.ok === true;
}

function accepted(reply: VendorReply) {
  if (!isOk(reply)) return null;
  const [channel, ts] = [textAt(reply.json, "channel"), textAt(reply.json, "ts")];
  return { vendor_message_id: ts === "" ? null : `${channel}:${ts}`, delivered: true };
}

const RECIPIENT = [
  "channel_not_found",
  "channel_is_archived",
  "is_archived",
  "not_in_channel",
  "user_not_found",
  "users_not_found",
  "user_disabled",
  "user_not_visible",
  "cannot_dm_bot",
  "messages_tab_disabled",
  "action_prohibited",
  "no_service",
  "no_service_id",
  "no_team",
  "team_disabled",
  "posting_to_general_channel_denied",
];

/** What is wrong is the token, which belongs to the identity: another recipient's may well work. */
const TOKEN = [
  "invalid_auth",
  "invalid_token",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "missing_scope",
  "no_permission",
  "not_allowed_token_type",
  "access_denied",
  "team_access_not_granted",
  "org_login_required",
  "ekm_access_denied",
  "enterprise_is_restricted",
  "two_factor_setup_required",
];

const THROTTLED = ["ratelimited", "rate_limited", "message_limit_exceeded"];

const TRANSIENT = [
  "internal_error",
  "fatal_error",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
  "rollup_error",
];

const CLASSES: ReadonlyMap<string, FailureClass> = new Map([
  ...[...RECIPIENT, ...TOKEN].map((code) => [code, "recipient"] as const),
  ...THROTTLED.map((code) => [code, "throttled"] as const),
  ...TRANSIENT.map((code) => [code, "transient"] as const),
]);

/** https://docs.slack.dev/reference/methods/chat.postMessage#errors: what is not listed is wrong with the message. */
function refused({ json, body }: VendorReply): Refusal {
  const code = textAt(json, "error");
  if (code === "") return { message: body };
  const needed = textAt(json, "needed");
  const details = listAt(json, "response_metadata", "messages").filter((text) => typeof text === "string");
  const message = [
    TOKEN.includes(code) ? `token: ${code}` : code,
    ...(needed === "" ? [] : [`needed: ${needed}`]),
    ...details,
  ].join("; ");
  return { class: classOf(code), code, message };
}

function classOf(code: string): FailureClass | undefined {
  // restricted_action_read_only_channel and others.
  return CLASSES.get(code) ?? (code.startsWith("restricted_action") ? "recipient" : undefined);
}

/** A webhook answers in plain words: https://docs.slack.dev/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks */
function webhookReading(url: string): Reading {
  return {
    accepted: ({ status, body }) =>
      status === 200 && body.trim() === "ok" ? { vendor_message_id: null, delivered: true } : null,
    refused({ status, body }) {
      const code = /^[a-z_]{3,60}$/.exec(body.trim())?.[0] ?? "";
      const isGone = status === 403 || status === 404 || status === 410;
      return { class: classOf(code) ?? (isGone ? "recipient" : undefined), code, message: body };
    },
    secrets: secretsInUrl(url),
  };
}
