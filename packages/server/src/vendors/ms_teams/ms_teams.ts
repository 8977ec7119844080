import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import {
  callVendor,
  judgeReply,
  type Reading,
  type Refusal,
  refusalOf,
  textAt,
  type VendorReply,
} from "../../delivery/vendor/call.ts";
import {
  blameRecipient,
  classOfStatus,
  failure,
  secretsInUrl,
  withoutDoubt,
} from "../../delivery/vendor/failure.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import type {
  Failed,
  FailureClass,
  Outcome,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../delivery/vendor/vendor.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { type ChatBody, createLookUps, type Found, readChatBody } from "../common/chat.ts";
import { createOAuth } from "../common/push/oauth.ts";

const LOGIN = "https://login.microsoftonline.com";
const SCOPE = "https://api.botframework.com/.default";
/** The authority of multitenant bots: https://learn.microsoft.com/en-us/azure/bot-service/abs-quickstart */
const MULTITENANT = "botframework.com";
const CARD_TYPE = "application/vnd.microsoft.card.adaptive";
const CARD_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const config = z
  .object({
    client_id: z
      .string()
      .trim()
      .refine((text) => text === "" || UUID.test(text), "must be a UUID")
      .default("")
      .meta({
        title: "Application (client) ID",
        description: "Of the bot's registration. Blank: only incoming webhooks are sent to.",
      }),
    client_secret: secret(z.string().trim()).default("").meta({
      title: "Client secret",
      description: "The value of a secret of the registration, not its ID.",
    }),
    tenant_id: z
      .string()
      .trim()
      .refine((text) => text === "" || UUID.test(text), "must be a UUID")
      .default("")
      .meta({
        title: "Directory (tenant) ID",
        description:
          "Where a single-tenant bot is registered: all that were made since August 2025. Blank: an older, multitenant bot.",
      }),
  })
  .superRefine(({ client_id, client_secret }, context) => {
    if ((client_id === "") === (client_secret === "")) return;
    const path = [client_id === "" ? "client_id" : "client_secret"];
    context.addIssue({ code: "custom", path, message: "client_id and client_secret go together" });
  });

type Config = z.output<typeof config>;

/**
 * Microsoft Teams: a bot that writes to conversations and users
 * (https://learn.microsoft.com/en-us/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages, errors as
 * in https://learn.microsoft.com/en-us/microsoftteams/platform/bots/build-conversational-capability#status-codes-for-bot-conversational-apis),
 * and incoming webhooks: those of connectors
 * (https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using) and those of
 * workflows that replace them, which answer 202 and take adaptive cards alone.
 */
export default defineVendor({
  slug: "ms_teams-ms_teams",
  vendor: "ms_teams",
  channel: "ms_teams",
  name: "Microsoft Teams",
  has_many_hosts: true,
  config,
  open,
});

type Destination =
  | { by: "webhook"; url: string }
  | { by: "conversation" | "user"; name: string; service_url: string; tenant_id: string };

type BotDestination = Exclude<Destination, { by: "webhook" }>;

function open({ client_id, client_secret, tenant_id }: Config, { http, now }: VendorDeps): VendorConnection {
  const secrets = [client_secret];
  const oauth = createOAuth({
    http,
    now,
    grant: () => ({
      url: `${LOGIN}/${tenant_id || MULTITENANT}/oauth2/v2.0/token`,
      form: { grant_type: "client_credentials", client_id, client_secret, scope: SCOPE },
    }),
    secrets,
  });
  const conversations = createLookUps(now);
  const reading: Reading = { accepted, refused, secrets };

  /** Opens the conversation of the bot with a user, or finds the one that is there. */
  async function openConversation(to: BotDestination, signal: AbortSignal): Promise<string | Failed> {
    const { name, service_url, tenant_id: tenant } = to;
    const json = {
      bot: { id: `28:${client_id}` },
      members: [{ id: name }],
      isGroup: false,
      tenantId: tenant,
      channelData: { tenant: { id: tenant } },
    };
    const reply = await oauth.exchange({ url: `${service_url}/v3/conversations`, json }, signal);
    if ("kind" in reply) return withoutDoubt(reply);
    const id = reply.status >= 200 && reply.status < 300 ? textAt(reply.json, "id") : "";
    return id === "" ? refusalOf(reply, refused(reply), secrets) : id;
  }

  async function resolve(to: BotDestination, signal: AbortSignal): Promise<Found | Failed> {
    if (to.by === "conversation") return { value: to.name, is_remembered: false };
    return conversations.find(keyOf(to), () => openConversation(to, signal));
  }

  async function post(
    to: BotDestination,
    activity: JsonObject,
    signal: AbortSignal,
    isLast = false,
  ): Promise<Outcome> {
    const conversation = await resolve(to, signal);
    if ("kind" in conversation) return conversation;
    const url = `${to.service_url}/v3/conversations/${encodeURIComponent(conversation.value)}/activities`;
    const reply = await oauth.exchange({ url, json: activity }, signal);
    if ("kind" in reply) return reply;
    if (reply.status === 404 && conversation.is_remembered && !isLast) {
      conversations.forget(keyOf(to));
      return post(to, activity, signal, true);
    }
    return judgeReply(reply, reading);
  }

  return {
    async send(message, signal) {
      const to = destinationOf(message.to);
      if (to === null) {
        return failure(
          "recipient",
          "invalid_identity",
          "the identity names no webhook, conversation or user of Teams",
        );
      }
      const read = readChatBody(message, "card", "body_card");
      if (!read.ok) return read.failure;
      if ("rich" in read.body && read.body.rich.type !== "AdaptiveCard") {
        return failure("message", "invalid_card", 'body_card must be an object with "type": "AdaptiveCard"');
      }
      if (to.by === "webhook") {
        const call = { url: to.url, json: cardMessage(cardOf(read.body)) };
        return blameRecipient(await callVendor(http, call, webhookReading(to.url), signal));
      }
      if (client_id === "") {
        const text =
          "only incoming webhooks can be sent to: the settings have no client_id and client_secret of a bot";
        return failure("config", "no_bot", text);
      }
      return post(to, activityOf(read.body), signal);
    },
    async verify(signal) {
      if (client_id === "") return { ok: true };
      const refusal = await oauth.refusal(signal);
      return refusal === null ? { ok: true } : { ok: false, message: refusal.message };
    },
  };
}

/** The only host to which the bot's token is sent. */
const SERVICE_URL = /^https:\/\/smba\.trafficmanager\.net\/[\w./-]*$/;

/** If several are named, the first in this order counts, as when an identity is stored. */
function destinationOf(to: OutgoingMessage["to"]): Destination | null {
  const url = textAt(to, "incoming_webhook", "url");
  if (url !== "") return /^https:/i.test(url) && URL.canParse(url) ? { by: "webhook", url } : null;
  const service_url = textAt(to, "service_url");
  const tenant_id = textAt(to, "tenant_id");
  if (!SERVICE_URL.test(service_url) || tenant_id === "") return null;
  const service = { service_url: service_url.replace(/\/+$/, ""), tenant_id };
  const conversation = textAt(to, "conversation_id");
  if (conversation !== "") return { by: "conversation", name: conversation, ...service };
  const user = textAt(to, "user_id");
  return user === "" ? null : { by: "user", name: user, ...service };
}

function keyOf({ service_url, tenant_id, name }: BotDestination): string {
  return `${service_url} ${tenant_id} ${name}`;
}

function activityOf(body: ChatBody): JsonObject {
  return "text" in body
    ? { type: "message", text: body.text, textFormat: "markdown" }
    : cardMessage(body.rich);
}

/** Webhooks of workflows take cards alone. */
function cardOf(body: ChatBody): JsonObject {
  if ("rich" in body) return body.rich;
  return {
    $schema: CARD_SCHEMA,
    type: "AdaptiveCard",
    version: "1.4",
    body: [{ type: "TextBlock", text: body.text, wrap: true }],
  };
}

function cardMessage(card: JsonObject): JsonObject {
  return { type: "message", attachments: [{ contentType: CARD_TYPE, contentUrl: null, content: card }] };
}

function accepted({ status, json }: VendorReply) {
  return status >= 200 && status < 300 ? { vendor_message_id: textAt(json, "id"), delivered: true } : null;
}

/** The bot is not there, or is not wanted: `BotNotInConversationRoster`, `ConversationBlockedByUser` and the like. */
function refused({ status, json }: VendorReply): Refusal {
  const code = textAt(json, "error", "code");
  return { class: classOfBot(status), code, message: textAt(json, "error", "message") || code };
}

function classOfBot(status: number): FailureClass | undefined {
  if (status === 403 || status === 404) return "recipient";
  // Several calls for one conversation at a time: one of the service's parts gives up.
  return status === 412 ? "transient" : undefined;
}

/**
 * A connector answers 200 and `1`, and says a failure with 200 too: "…failed with error: Microsoft Teams endpoint
 * returned HTTP error 429 with ContextId…". A workflow answers 202. The credential is in the URL, which belongs to the
 * identity: one that is refused, switched off or deleted is the recipient's.
 */
function webhookReading(url: string): Reading {
  return {
    accepted: ({ status, body }) =>
      status >= 200 && status < 300 && !FAILED.test(body)
        ? { vendor_message_id: null, delivered: true }
        : null,
    refused({ status, json, body }) {
      const inner = Number(/HTTP error (\d{3})/.exec(body)?.[1] ?? status);
      const code = textAt(json, "error", "code");
      const message = textAt(json, "error", "message") || body;
      const isGone = [401, 403, 404, 410].includes(inner) || SWITCHED_OFF.has(code);
      return { class: isGone ? "recipient" : classOfStatus(inner), code: code || `http_${inner}`, message };
    },
    secrets: secretsInUrl(url),
  };
}

const FAILED = /failed with error/i;
/** https://learn.microsoft.com/en-us/troubleshoot/power-platform/power-automate/flow-run-issues/triggers-troubleshoot */
const SWITCHED_OFF = new Set([
  "WorkflowTriggerIsNotEnabled",
  "WorkflowNotFound",
  "DirectApiAuthorizationRequired",
]);
