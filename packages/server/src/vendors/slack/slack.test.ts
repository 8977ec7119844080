import { describe, expect, it } from "vitest";
import {
  type Answer,
  dial,
  outgoingMessage,
  scriptedHttp,
  sendThrough,
  vendorContract,
} from "../../../test/outside/vendor-contract.ts";
import type { JsonObject } from "../../core/json.ts";
import { HttpCallError, type HttpReply, type HttpRequest } from "../../delivery/http/http.ts";
import type { OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import slack from "./slack.ts";

const TOKEN = "xoxb-1234567890-abcdefghij";
const WEBHOOK = "https://hooks.slack.com/services/T0/B0/abcdefghijklmnop";
const webhook = { incoming_webhook: { url: WEBHOOK } };
const byChannel = { channel_id: "C024BE91L", access_token: TOKEN };
const byMember = { user_id: "U012AB3CD", access_token: TOKEN };
const byEmail = { email: "ann+1@example.com", access_token: TOKEN };

const text = (to: JsonObject, more: JsonObject = {}): OutgoingMessage =>
  outgoingMessage({
    to,
    content: {
      templating_language: "handlebars",
      body_type: "text",
      body_text: "Hello *Ann*",
      body_block: "",
      ...more,
    },
  });
const block = (to: JsonObject, body_block: string) => text(to, { body_type: "block", body_block });

const reply = (status: number, body: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const posted = reply(200, { ok: true, channel: "C024BE91L", ts: "1503435956.000247" });

const isPost = ({ url }: HttpRequest) => url.endsWith("/chat.postMessage");
const lookUps: Answer = ({ url }) =>
  url.includes("users.lookupByEmail")
    ? reply(200, { ok: true, user: { id: "U012AB3CD" } })
    : reply(200, { ok: true, channel: { id: "D069C7QFK" } });

for (const [name, to] of Object.entries({ webhook, byChannel, byEmail })) {
  describe(`an identity ${name}`, () => {
    vendorContract(slack, {
      config: {},
      message: text(to),
      prepare: (request) =>
        isPost(request) || name === "webhook" ? undefined : (lookUps(request) as HttpReply),
      refused: [{ unfurl_links: "yes" }],
    });
  });
}

const sending = (message: OutgoingMessage, answer: HttpReply, settings: object = {}) =>
  sendThrough(slack, settings, message, (request) =>
    isPost(request) || request.url === WEBHOOK ? answer : lookUps(request),
  );

const bodyOf = (request: HttpRequest | undefined) => JSON.parse(String(request?.body)) as JsonObject;

describe("a message of a bot", () => {
  it("to a channel is one call", async () => {
    const { outcome, requests } = await sending(text(byChannel), posted);
    expect(outcome).toEqual({
      kind: "sent",
      vendor_message_id: "C024BE91L:1503435956.000247",
      delivered: true,
    });
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: "https://slack.com/api/chat.postMessage",
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      },
    ]);
    expect(bodyOf(requests[0])).toEqual({ channel: "C024BE91L", text: "Hello *Ann*", unfurl_links: false });
  });

  it("to a member opens a conversation first", async () => {
    const { requests } = await sending(text(byMember), posted, { unfurl_links: true });
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: "https://slack.com/api/conversations.open",
        headers: { authorization: `Bearer ${TOKEN}` },
      },
      { url: "https://slack.com/api/chat.postMessage" },
    ]);
    expect(bodyOf(requests[0])).toEqual({ users: "U012AB3CD" });
    expect(bodyOf(requests[1])).toMatchObject({ channel: "D069C7QFK", unfurl_links: true });
  });

  it("to an e-mail address looks up the member before that", async () => {
    const { requests } = await sending(text(byEmail), posted);
    expect(requests).toMatchObject([
      { method: "GET", url: "https://slack.com/api/users.lookupByEmail?email=ann%2B1%40example.com" },
      { url: "https://slack.com/api/conversations.open" },
      { url: "https://slack.com/api/chat.postMessage" },
    ]);
  });

  it("has blocks, and a text for the notification", async () => {
    const { requests } = await sending(
      block(
        byChannel,
        JSON.stringify({
          blocks: [
            { type: "header", text: { type: "plain_text", text: "Grüße 💌" } },
            { type: "section", fields: [{ type: "mrkdwn", text: "*Order* 17" }] },
            { type: "divider" },
          ],
          thread_ts: "1503435956.000247",
          channel: "C_OTHER",
          token: "xoxb-other",
        }),
      ),
      posted,
    );
    expect(bodyOf(requests[0])).toEqual({
      channel: "C024BE91L",
      blocks: [
        { type: "header", text: { type: "plain_text", text: "Grüße 💌" } },
        { type: "section", fields: [{ type: "mrkdwn", text: "*Order* 17" }] },
        { type: "divider" },
      ],
      text: "Grüße 💌 *Order* 17",
      thread_ts: "1503435956.000247",
      unfurl_links: false,
    });
  });

  it("is posted in the thread that its template names", async () => {
    const threaded = await sending(text(byChannel, { thread_ts: "1503435956.000247" }), posted);
    expect(bodyOf(threaded.requests[0])).toMatchObject({
      text: "Hello *Ann*",
      thread_ts: "1503435956.000247",
    });
    const { requests } = await sending(text(byChannel, { thread_ts: "" }), posted);
    expect(bodyOf(requests[0])).not.toHaveProperty("thread_ts");
  });

  it("takes blocks that were evaluated already", async () => {
    const { requests } = await sending(
      text(byChannel, { body_type: "block", body_block: { blocks: [{ type: "divider" }], text: "Hi" } }),
      posted,
    );
    expect(bodyOf(requests[0])).toMatchObject({ blocks: [{ type: "divider" }], text: "Hi" });
  });

  it.each([
    ["a bare list of blocks", block(byChannel, '[{"type":"divider"}]'), "invalid_body_block", "JSON object"],
    ["an object without blocks", block(byChannel, '{"text":"x"}'), "invalid_blocks", '"blocks"'],
    ["no JSON", block(byChannel, "{ blocks: [data.x] }"), "invalid_body_block", "JSON object"],
    ["a blank text", text(byChannel, { body_text: " " }), "no_text", "blank"],
  ])("of %s is not sent", async (_title, message, code, words) => {
    const { outcome, requests } = await sending(message, posted);
    expect(outcome).toMatchObject({ kind: "failed", class: "message", code });
    expect(outcome).toHaveProperty("message", expect.stringContaining(words));
    expect(requests).toEqual([]);
  });

  it.each([
    ["no address", { access_token: TOKEN }],
    ["no token", { channel_id: "C1" }],
    ["a token of two lines", { channel_id: "C1", access_token: "xoxb-1\r\nx: y" }],
    ["a webhook that is no URL", { incoming_webhook: { url: "hooks.slack.com" } }],
  ])("to an identity with %s is not sent", async (_title, to) => {
    const { outcome, requests } = await sending(text(to), posted);
    expect(outcome).toMatchObject({ kind: "failed", class: "recipient", code: "invalid_identity" });
    expect(requests).toEqual([]);
  });

  const codes = (kind: string, ...names: string[]) => names.map((name) => [name, kind] as const);
  it.each([
    ...codes(
      "recipient",
      "channel_not_found",
      "is_archived",
      "not_in_channel",
      "user_not_found",
      "cannot_dm_bot",
    ),
    ...codes(
      "recipient",
      "messages_tab_disabled",
      "restricted_action",
      "restricted_action_read_only_channel",
    ),
    ...codes(
      "message",
      "no_text",
      "msg_too_long",
      "invalid_blocks",
      "invalid_arguments",
      "msg_blocks_too_long",
    ),
    ...codes("throttled", "ratelimited"),
    ...codes("transient", "internal_error", "fatal_error", "service_unavailable", "request_timeout"),
    ...codes("transient", "team_added_to_org"),
  ])("that is refused with %s fails as %s", async (error, kind) => {
    const { outcome } = await sending(text(byChannel), reply(200, { ok: false, error }));
    expect(outcome).toEqual({ kind: "failed", class: kind, code: error, message: error });
  });

  it.each([
    ["invalid_auth"],
    ["not_authed"],
    ["account_inactive"],
    ["token_revoked"],
    ["token_expired"],
    ["missing_scope"],
    ["no_permission"],
    ["team_access_not_granted"],
    ["org_login_required"],
    ["ekm_access_denied"],
  ])("whose token is refused with %s fails for this recipient alone, and ends nothing", async (error) => {
    const { outcome } = await sending(
      text(byChannel),
      reply(200, { ok: false, error, needed: "chat:write" }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: "recipient",
      code: error,
      message: `token: ${error}; needed: chat:write`,
    });
  });

  it("says which block is wrong", async () => {
    const answer = {
      ok: false,
      error: "invalid_blocks",
      response_metadata: { messages: ["[ERROR] no text [/blocks/0]"] },
    };
    const { outcome } = await sending(text(byChannel), reply(200, answer));
    expect(outcome).toMatchObject({ message: "invalid_blocks; [ERROR] no text [/blocks/0]" });
  });

  it("waits as long as it is told", async () => {
    const { outcome } = await sending(
      text(byChannel),
      reply(429, { ok: false, error: "ratelimited" }, { "retry-after": "12" }),
    );
    expect(outcome).toMatchObject({ class: "throttled", retry_after: 12 });
  });

  it("never shows its token", async () => {
    const { outcome } = await sending(text(byChannel), reply(500, `crash with ${TOKEN}`));
    expect(outcome).toMatchObject({ class: "transient" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });
});

describe("a look-up", () => {
  function connect(answer: Answer) {
    const clock = { now: Date.UTC(2026, 0, 1) };
    const calls: string[] = [];
    const http = scriptedHttp((request) => {
      calls.push(request.url.replace(/^.*\/api\/(\w+\.\w+).*$/, "$1"));
      return answer(request);
    });
    const connection = slack.open(slack.config.parse({}), { http, dial, now: () => clock.now });
    const send = (to: JsonObject = byEmail) => connection.send(text(to), AbortSignal.timeout(1000));
    return { send, clock, calls };
  }

  it("is remembered for a day, for each token", async () => {
    const { send, clock, calls } = connect((request) => (isPost(request) ? posted : lookUps(request)));
    await send();
    expect(calls).toEqual(["users.lookupByEmail", "conversations.open", "chat.postMessage"]);
    calls.length = 0;
    await send();
    await send(byMember);
    expect(calls).toEqual(["chat.postMessage", "chat.postMessage"]);
    calls.length = 0;
    await send({ ...byEmail, access_token: "xoxb-other" });
    expect(calls).toHaveLength(3);
    calls.length = 0;
    clock.now += 86_400_000;
    await send();
    expect(calls).toHaveLength(3);
  });

  it("that is out of date is made once more", async () => {
    const answers = [posted, reply(200, { ok: false, error: "channel_not_found" }), posted];
    const { send, calls } = connect((request) =>
      isPost(request) ? (answers.shift() ?? posted) : lookUps(request),
    );
    await send();
    calls.length = 0;
    expect(await send()).toMatchObject({ kind: "sent" });
    expect(calls).toEqual([
      "chat.postMessage",
      "users.lookupByEmail",
      "conversations.open",
      "chat.postMessage",
    ]);
  });

  it("of a member who has a new id since is made once more", async () => {
    const ids = ["U_OLD", "U_NEW"];
    const { send, calls } = connect((request) => {
      if (isPost(request)) return posted;
      if (request.method === "GET") return reply(200, { ok: true, user: { id: ids.shift() } });
      return String(request.body).includes("U_OLD")
        ? reply(200, { ok: false, error: "user_disabled" })
        : lookUps(request);
    });
    expect(await send()).toMatchObject({ class: "recipient", code: "user_disabled" });
    expect(await send()).toMatchObject({ kind: "sent" });
    expect(calls.slice(2)).toEqual([
      "conversations.open",
      "users.lookupByEmail",
      "conversations.open",
      "chat.postMessage",
    ]);
  });

  it("that is new and wrong is not repeated", async () => {
    const { send, calls } = connect((request) =>
      isPost(request) ? reply(200, { ok: false, error: "channel_not_found" }) : lookUps(request),
    );
    expect(await send()).toMatchObject({ class: "recipient", code: "channel_not_found" });
    expect(calls).toHaveLength(3);
  });

  it.each([
    ["users_not_found", "recipient"],
    ["missing_scope", "recipient"],
    ["ratelimited", "throttled"],
    ["internal_error", "transient"],
  ])("that is refused with %s fails the message as %s, and is not remembered", async (error, kind) => {
    const { send, calls } = connect(() => reply(200, { ok: false, error }));
    expect(await send()).toMatchObject({ kind: "failed", class: kind, code: error });
    await send();
    expect(calls).toEqual(["users.lookupByEmail", "users.lookupByEmail"]);
  });

  it("without an answer leaves nothing in doubt: the message has not left", async () => {
    const { send } = connect(() => {
      throw new HttpCallError("connection_lost", "cut", true);
    });
    expect(await send()).toMatchObject({ kind: "failed", class: "transient", code: "connection_lost" });
  });
});

describe("a message by a webhook", () => {
  it("is one call", async () => {
    const { outcome, requests } = await sending(text(webhook), reply(200, "ok"));
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: null, delivered: true });
    expect(requests).toMatchObject([{ method: "POST", url: WEBHOOK }]);
    expect(requests[0]?.headers).not.toHaveProperty("authorization");
    expect(bodyOf(requests[0])).toEqual({ text: "Hello *Ann*", unfurl_links: false });
  });

  it("wins against all other keys of an identity", async () => {
    const { requests } = await sending(text({ ...webhook, ...byChannel, ...byEmail }), reply(200, "ok"));
    expect(requests).toMatchObject([{ url: WEBHOOK }]);
  });

  it.each([
    [400, "invalid_payload", "invalid_payload", "message"],
    [400, "no_text", "no_text", "message"],
    [403, "action_prohibited", "action_prohibited", "recipient"],
    [403, "invalid_token", "invalid_token", "recipient"],
    [404, "no_service", "no_service", "recipient"],
    [404, "channel_not_found", "channel_not_found", "recipient"],
    [404, "<html>", "http_404", "recipient"],
    [410, "channel_is_archived", "channel_is_archived", "recipient"],
    [429, "rate_limited", "rate_limited", "throttled"],
    [500, "rollup_error", "rollup_error", "transient"],
    [503, "", "http_503", "transient"],
    [200, "<html>", "http_200", "message"],
  ])("that is refused with %i %s fails as %s, %s", async (status, body, code, kind) => {
    const { outcome } = await sending(text(webhook), reply(status, body));
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code });
    expect(outcome).not.toHaveProperty("inactivate");
  });

  it("to an address that may not be called fails for this recipient alone", async () => {
    const { outcome } = await sendThrough(slack, {}, text(webhook), () => {
      throw new HttpCallError("blocked_address", "a private address", false);
    });
    expect(outcome).toMatchObject({ class: "recipient", code: "blocked_address" });
  });

  it("never shows its address", async () => {
    const { outcome } = await sending(text(webhook), reply(500, `cannot POST ${WEBHOOK}`));
    expect(JSON.stringify(outcome)).not.toContain("abcdefghijklmnop");
  });
});
