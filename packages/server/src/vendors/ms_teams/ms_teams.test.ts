import { describe, expect, it } from "vitest";
import {
  type Answer,
  dial,
  outgoingMessage,
  scriptedHttp,
  vendorContract,
} from "../../../test/outside/vendor-contract.ts";
import type { JsonObject } from "../../core/json.ts";
import { HttpCallError, type HttpReply, type HttpRequest } from "../../delivery/http/http.ts";
import type { OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import teams from "./ms_teams.ts";

const config = {
  client_id: "11111111-2222-3333-4444-555555555555",
  client_secret: "abc~defghijklmnop",
};
const TENANT = "99999999-8888-7777-6666-555555555555";
const SERVICE = "https://smba.trafficmanager.net/amer";
const CONNECTOR = "https://acme.webhook.office.com/webhookb2/1/IncomingWebhook/abcdefghijklmnop/2";
const WORKFLOW =
  "https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=abcdefghijklmnop";
const byConversation = {
  tenant_id: TENANT,
  service_url: `${SERVICE}/`,
  conversation_id: "19:abc@thread.tacv2",
};
const byUser = { tenant_id: TENANT, service_url: SERVICE, user_id: "29:1abc" };
const byWebhook = (url = CONNECTOR) => ({ incoming_webhook: { url } });

const text = (to: JsonObject, more: JsonObject = {}): OutgoingMessage =>
  outgoingMessage({
    to,
    content: {
      templating_language: "handlebars",
      body_type: "text",
      body_text: "Hello **Ann**",
      body_card: "",
      ...more,
    },
  });
const card = { type: "AdaptiveCard", version: "1.5", body: [{ type: "TextBlock", text: "Grüße 💌" }] };
const cardMessage = (to: JsonObject, body_card: string = JSON.stringify(card)) =>
  text(to, { body_type: "card", body_card });

const reply = (status: number, body: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const posted = reply(201, { id: "1:abc" });
const error = (code: string) => ({ error: { code, message: `no: ${code}` } });

const isLogin = ({ url }: HttpRequest) => url.startsWith("https://login.microsoftonline.com/");
const isOpening = ({ url }: HttpRequest) => url.endsWith("/v3/conversations");
const prepared: Answer = (request) =>
  isLogin(request)
    ? reply(200, { token_type: "Bearer", expires_in: 3599, access_token: "eyJ.token" })
    : reply(201, { id: "a:conversation" });
const isPrepared = (request: HttpRequest) => isLogin(request) || isOpening(request);

for (const [name, to] of Object.entries({ byConversation, byUser, byWebhook: byWebhook() })) {
  describe(`an identity ${name}`, () => {
    vendorContract(teams, {
      config,
      message: text(to),
      prepare: (request) => (isPrepared(request) ? (prepared(request) as HttpReply) : undefined),
      refused: [
        { client_id: "my bot", client_secret: "x" },
        { client_id: config.client_id },
        { client_secret: "x" },
        { ...config, tenant_id: "acme.onmicrosoft.com" },
      ],
    });
  });
}

function connect(answer: Answer, settings: object = config) {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const requests: HttpRequest[] = [];
  const http = scriptedHttp((request) => {
    requests.push(request);
    return answer(request);
  });
  const connection = teams.open(teams.config.parse(settings), { http, dial, now: () => clock.now });
  return {
    send: (message: OutgoingMessage) => connection.send(message, AbortSignal.timeout(1000)),
    verify: () => connection.verify?.(AbortSignal.timeout(1000)),
    clock,
    requests,
    paths: () => requests.map(({ url }) => new URL(url).pathname),
  };
}

async function sending(message: OutgoingMessage, answer: HttpReply, settings: object = config) {
  const { send, requests } = connect(
    (request) => (isPrepared(request) ? prepared(request) : answer),
    settings,
  );
  return { outcome: await send(message), requests };
}

const bodyOf = (request: HttpRequest | undefined) => JSON.parse(String(request?.body)) as JsonObject;

describe("a message of the bot", () => {
  it("to a conversation is one call with the bot's token", async () => {
    const { outcome, requests } = await sending(text(byConversation), posted);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "1:abc", delivered: true });
    expect(requests).toMatchObject([
      { method: "POST", url: "https://login.microsoftonline.com/botframework.com/oauth2/v2.0/token" },
      {
        method: "POST",
        url: `${SERVICE}/v3/conversations/19%3Aabc%40thread.tacv2/activities`,
        headers: { authorization: "Bearer eyJ.token", "content-type": "application/json" },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(String(requests[0]?.body)))).toEqual({
      grant_type: "client_credentials",
      ...config,
      scope: "https://api.botframework.com/.default",
    });
    expect(bodyOf(requests[1])).toEqual({ type: "message", text: "Hello **Ann**", textFormat: "markdown" });
  });

  it("of a single-tenant bot logs in at its tenant", async () => {
    const { requests } = await sending(text(byConversation), posted, { ...config, tenant_id: TENANT });
    expect(requests[0]?.url).toBe(`https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`);
  });

  it("to a user opens a conversation first", async () => {
    const { requests } = await sending(text(byUser), posted);
    expect(bodyOf(requests[1])).toEqual({
      bot: { id: `28:${config.client_id}` },
      members: [{ id: "29:1abc" }],
      isGroup: false,
      tenantId: TENANT,
      channelData: { tenant: { id: TENANT } },
    });
    expect(requests[2]?.url).toBe(`${SERVICE}/v3/conversations/a%3Aconversation/activities`);
  });

  it("has a card", async () => {
    const attachments = [
      { contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card },
    ];
    const { requests } = await sending(cardMessage(byConversation), posted);
    expect(bodyOf(requests[1])).toEqual({ type: "message", attachments });
    const evaluated = await sending(text(byConversation, { body_type: "card", body_card: card }), posted);
    expect(bodyOf(evaluated.requests[1])).toEqual({ type: "message", attachments });
  });

  it.each([
    ["a card that is none", cardMessage(byConversation, '{"type":"message"}'), "invalid_card"],
    ["a list", cardMessage(byConversation, "[]"), "invalid_body_card"],
    ["no JSON", cardMessage(byConversation, "{ type: data.x }"), "invalid_body_card"],
    ["a blank text", text(byConversation, { body_text: "" }), "no_text"],
  ])("of %s is not sent", async (_title, message, code) => {
    const { outcome, requests } = await sending(message, posted);
    expect(outcome).toMatchObject({ kind: "failed", class: "message", code });
    expect(requests).toEqual([]);
  });

  it.each([
    ["nobody", { tenant_id: TENANT, service_url: SERVICE }],
    ["no tenant", { service_url: SERVICE, user_id: "29:1" }],
    [
      "another host, which must not get the token",
      { ...byUser, service_url: "https://smba.trafficmanager.net.evil.test/" },
    ],
    ["another host in disguise", { ...byUser, service_url: "https://smba.trafficmanager.net/@evil.test" }],
    ["a webhook that is no URL", { incoming_webhook: { url: "https://" } }],
  ])("to an identity that names %s is not sent", async (_title, to) => {
    const { outcome, requests } = await sending(text(to), posted);
    expect(outcome).toMatchObject({ kind: "failed", class: "recipient", code: "invalid_identity" });
    expect(requests).toEqual([]);
  });

  it("needs a bot in the settings", async () => {
    const { outcome, requests } = await sending(text(byUser), posted, {});
    expect(outcome).toMatchObject({ kind: "failed", class: "config", code: "no_bot" });
    expect(requests).toEqual([]);
  });

  it.each([
    [400, "BadSyntax", "message"],
    [400, "BadArgument", "message"],
    [401, "BotNotRegistered", "config"],
    [403, "BotNotInConversationRoster", "recipient"],
    [403, "ConversationBlockedByUser", "recipient"],
    [403, "BotDisabledByAdmin", "recipient"],
    [404, "ConversationNotFound", "recipient"],
    [412, "PreconditionFailed", "transient"],
    [413, "MessageSizeTooBig", "message"],
    [429, "Throttled", "throttled"],
    [502, "BadGateway", "transient"],
    [503, "ServiceUnavailable", "transient"],
    [504, "GatewayTimeout", "transient"],
  ])("that is refused with %i %s fails as %s", async (status, code, kind) => {
    const { outcome } = await sending(text(byUser), reply(status, error(code)));
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message: `no: ${code}` });
  });

  it("waits as long as it is told", async () => {
    const { outcome } = await sending(text(byUser), reply(429, error("Throttled"), { "retry-after": "4" }));
    expect(outcome).toMatchObject({ class: "throttled", retry_after: 4 });
  });

  it("is sent once more with a new token where the token is refused", async () => {
    const answers = [reply(401, {}), posted];
    const { send, paths } = connect((request) =>
      isPrepared(request) ? prepared(request) : (answers.shift() ?? posted),
    );
    expect(await send(text(byConversation))).toMatchObject({ kind: "sent" });
    expect(paths().filter((path) => path.endsWith("/token"))).toHaveLength(2);
  });
});

describe("the conversation with a user", () => {
  it("is opened once a day", async () => {
    const { send, clock, requests } = connect((request) =>
      isPrepared(request) ? prepared(request) : posted,
    );
    await send(text(byUser));
    await send(text(byUser));
    expect(requests.filter(isOpening)).toHaveLength(1);
    clock.now += 86_400_000;
    await send(text(byUser));
    expect(requests.filter(isOpening)).toHaveLength(2);
  });

  it("that has gone is opened again, once", async () => {
    const answers = [posted, reply(404, error("ConversationNotFound")), posted];
    const { send, requests } = connect((request) =>
      isPrepared(request) ? prepared(request) : (answers.shift() ?? posted),
    );
    await send(text(byUser));
    expect(await send(text(byUser))).toMatchObject({ kind: "sent" });
    expect(requests.filter(isOpening)).toHaveLength(2);
  });

  it("that cannot be opened fails the message, and is asked for again", async () => {
    const { send, requests } = connect((request) =>
      isLogin(request) ? prepared(request) : reply(403, error("BotNotInConversationRoster")),
    );
    expect(await send(text(byUser))).toMatchObject({
      class: "recipient",
      code: "BotNotInConversationRoster",
    });
    await send(text(byUser));
    expect(requests.filter(isOpening)).toHaveLength(2);
  });

  it("that was perhaps opened leaves nothing in doubt: the message has not left", async () => {
    const { send } = connect((request) => {
      if (isLogin(request)) return prepared(request);
      throw new HttpCallError("timeout", "no answer in time", true);
    });
    expect(await send(text(byUser))).toMatchObject({ kind: "failed", class: "transient", code: "timeout" });
  });
});

describe("a message by a webhook", () => {
  it("is a card, and needs no bot", async () => {
    const { outcome, requests } = await sending(text(byWebhook()), reply(200, "1"), {});
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: null, delivered: true });
    expect(requests).toMatchObject([{ method: "POST", url: CONNECTOR }]);
    expect(bodyOf(requests[0])).toEqual({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          contentUrl: null,
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            body: [{ type: "TextBlock", text: "Hello **Ann**", wrap: true }],
          },
        },
      ],
    });
    const rich = await sending(cardMessage(byWebhook()), reply(200, "1"), {});
    expect(bodyOf(rich.requests[0])).toMatchObject({ attachments: [{ content: card }] });
  });

  it("of a workflow is accepted with 202", async () => {
    const { outcome, requests } = await sending(text(byWebhook(WORKFLOW)), reply(202, ""));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: null, delivered: true });
    expect(requests).toMatchObject([{ url: WORKFLOW }]);
  });

  it("wins against all other keys of an identity", async () => {
    const { requests } = await sending(
      text({ ...byWebhook(), ...byConversation, ...byUser }),
      reply(200, "1"),
    );
    expect(requests).toMatchObject([{ url: CONNECTOR }]);
  });

  const within = (status: number) =>
    `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${status} with ContextId tcid=0`;

  it.each([
    [200, within(400), "http_400", "message"],
    [200, within(413), "http_413", "message"],
    [200, within(429), "http_429", "throttled"],
    [200, within(404), "http_404", "recipient"],
    [200, within(503), "http_503", "transient"],
    [400, "Summary or Text is required.", "http_400", "message"],
    [400, error("TriggerInputSchemaMismatch"), "TriggerInputSchemaMismatch", "message"],
    [400, error("WorkflowTriggerIsNotEnabled"), "WorkflowTriggerIsNotEnabled", "recipient"],
    [401, error("DirectApiAuthorizationRequired"), "DirectApiAuthorizationRequired", "recipient"],
    [403, "", "http_403", "recipient"],
    [404, error("WorkflowNotFound"), "WorkflowNotFound", "recipient"],
    [410, "", "http_410", "recipient"],
    [413, "", "http_413", "message"],
    [429, "", "http_429", "throttled"],
    [502, "", "http_502", "transient"],
  ])("that is refused with %i %j fails as %s, %s", async (status, body, code, kind) => {
    const { outcome } = await sending(text(byWebhook(WORKFLOW)), reply(status, body));
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code });
    expect(outcome).not.toHaveProperty("inactivate");
  });

  it("to an address that may not be called fails for this recipient alone", async () => {
    const { send } = connect(() => {
      throw new HttpCallError("blocked_address", "a private address", false);
    });
    expect(await send(text(byWebhook()))).toMatchObject({ class: "recipient", code: "blocked_address" });
  });

  it("never shows its address or its signature", async () => {
    for (const url of [CONNECTOR, WORKFLOW]) {
      const { outcome } = await sending(text(byWebhook(url)), reply(500, `cannot POST ${url}`));
      expect(JSON.stringify(outcome)).not.toContain("abcdefghijklmnop");
    }
  });
});

describe("the settings", () => {
  it("are verified by logging in", async () => {
    expect(await connect(prepared).verify()).toEqual({ ok: true });
    const refusal = { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret." };
    expect(await connect(() => reply(401, refusal)).verify()).toEqual({
      ok: false,
      message: "AADSTS7000215: Invalid client secret.",
    });
    expect(await connect(prepared, {}).verify()).toEqual({ ok: true });
  });

  it("say which half of the credentials is missing", () => {
    expect(teams.config.safeParse({ client_id: config.client_id }).error?.issues).toMatchObject([
      { path: ["client_secret"], message: "client_id and client_secret go together" },
    ]);
  });
});
