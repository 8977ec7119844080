import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { createHttpClient } from "../../delivery/http/http.ts";
import { dial, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import type { Outcome, OutgoingMessage } from "../../delivery/vendor/vendor.ts";
import generic from "./generic-http.ts";

type Settings = Partial<z.input<typeof generic.config>>;

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A gateway on loopback that records its requests. */
async function serve(answer: RequestListener): Promise<AsyncDisposable & { url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, reply) => {
    const { method = "", url = "", headers } = request;
    void text(request).then((body) => {
      seen.push({ method, url, headers, body });
      return answer(request, reply);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const replying =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, reply) =>
    void reply.writeHead(status, headers).end(body);

const never = new AbortController().signal;

async function send(
  settings: Settings,
  outgoing = message(),
  signal = never,
  allow = ["127.0.0.1"],
): Promise<Outcome> {
  const http = createHttpClient({ allow_private: allow });
  try {
    return await generic
      .open(generic.config.parse(settings), { http, dial, now: Date.now })
      .send(outgoing, signal);
  } finally {
    await http.close();
  }
}

function message(more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    message_id: "01JD0000000000000000000000",
    workspace: "w",
    tenant_id: "acme",
    recipient: "user-1",
    category: "otp",
    attempt: 1,
    to: "+4915112345678",
    content: { type: "basic", body: 'Your "code" is 1&2=3 ✓', header: "" },
    attachments: [],
    only_to: null,
    callback_url: null,
    ...more,
  };
}

/** The outcome of a reply, with settings that parse it. */
async function outcomeOf(listener: RequestListener, settings: Settings = {}): Promise<Outcome> {
  await using gateway = await serve(listener);
  return await send({ url: gateway.url, body: '{"to":"{{to}}"}', ...settings });
}

const complete = {
  url: "https://gateway.example/send?user={{credentials.user}}",
  headers: { Authorization: "Bearer header-secret-value", "X-Plain": "{{message_id}}" },
  credentials: { user: "credential-user-1", password: "credential-password-1" },
  content_type: "application/json; charset=utf-8",
  body: '{"to":"{{to}}","text":{{json text}},"password":"{{credentials.password}}"}',
  sender: "ACME",
  entity_id: "110100001",
  success_status: [200, 202],
  success_value: "$.status",
  success_equals: ["ok", "queued"],
  ack_id: "messages[0].id",
  error_code: "error.code",
  error_message: "/message=(.*)/",
  error_classes: { "102": "config" as const },
  timeout_seconds: 5,
};

vendorContract(generic, {
  config: complete,
  message: message(),
  refused: [
    {},
    { url: "gateway.example/send" },
    { url: "ftp://gateway.example" },
    { url: "{{credentials.url}}" },
    { url: "https://{{missing}}/" },
    { url: "https://x.example/{{#if to}}" },
    { url: "https://" },
    { url: "https://x.example", method: "DELETE" },
    { url: "https://x.example", body: '{"text":{{{text}}} }' },
    { url: "https://x.example", body: "{{txt}}" },
    { url: "https://x.example", body: "not json" },
    { url: "https://x.example", content_type: "json" },
    { url: "https://x.example", content_type: "text/plain\r\nX: y" },
    { url: "https://x.example", headers: { "bad name": "x" } },
    { url: "https://x.example", headers: { "x-a": "1\r\nx-b: 2" } },
    { url: "https://x.example", headers: { "x-a": "{{unknown}}" } },
    { url: "https://x.example", headers: { "x-a": "{{credentials.unknown}}" } },
    { url: "https://x.example", credentials: { "a.b": "x" } },
    { url: "https://x.example", success_value: "a..b" },
    { url: "https://x.example", ack_id: "/(/" },
    { url: "https://x.example", error_classes: { "1": "whatever" } },
    { url: "https://x.example", timeout_seconds: 0 },
    { url: "https://x.example", success_status: [99] },
    { url: "https://x.example", report_status: "a..b" },
    { url: "https://x.example", report_statuses: { "1": "seen" } },
  ],
});

describe("a request", () => {
  it("is built as the settings say, each value encoded for its place", async () => {
    await using gateway = await serve(replying(200, "{}"));
    const outcome = await send({
      url: `${gateway.url}/v1/{{workspace}}/send?to={{to_digits}}&text={{text}}&ref={{nid}}`,
      method: "PUT",
      headers: { Authorization: "Bearer {{credentials.token}}", "X-Unicode": "{{unicode}}" },
      credentials: { token: "t-1" },
      sender: "ACME",
      entity_id: "E1",
      body: '{"to":"{{to}}","text":"{{text}}","raw":{{json text}},"from":"{{sender}}","pe":"{{entity_id}}","tpl":"{{template_id}}"}',
    });
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: null });
    const [request] = gateway.seen;
    const body = 'Your "code" is 1&2=3 ✓';
    expect(request?.method).toBe("PUT");
    expect(request?.url).toBe(
      "/v1/w/send?to=4915112345678&text=Your%20%22code%22%20is%201%262%3D3%20%E2%9C%93&ref=01JD0000000000000000000000",
    );
    expect(request?.headers).toMatchObject({
      authorization: "Bearer t-1",
      "x-unicode": "true",
      "content-type": "application/json",
    });
    expect(JSON.parse(request?.body ?? "")).toEqual({
      to: "+4915112345678",
      text: body,
      raw: body,
      from: "ACME",
      pe: "E1",
      tpl: "",
    });
  });

  it("can be a form, XML, or nothing but a URL", async () => {
    await using gateway = await serve(replying(200, ""));
    const { url } = gateway;
    await send({ url, content_type: "application/x-www-form-urlencoded", body: "to={{to}}&text={{text}}" });
    await send({ url, content_type: "text/xml", body: "<sms to='{{to}}'>{{text}}</sms>" });
    await send({ url: `${url}/?q={{text}}`, method: "GET" });
    const [form, xml, plain] = gateway.seen;
    expect(Object.fromEntries(new URLSearchParams(form?.body))).toEqual({
      to: "+4915112345678",
      text: 'Your "code" is 1&2=3 ✓',
    });
    expect(xml?.body).toBe("<sms to='+4915112345678'>Your &#34;code&#34; is 1&#38;2=3 ✓</sms>");
    expect(plain?.body).toBe("");
    expect(plain?.headers).not.toHaveProperty("content-type");
  });

  it("has the address of its reports, or a blank where there is none", async () => {
    await using gateway = await serve(replying(200, "{}"));
    const settings = { url: gateway.url, body: '{"dlr":"{{callback_url}}"}' };
    const callback_url = "https://notify.acme.test/webhook/generic-http/sms/uid/";
    await send(settings, message({ callback_url }));
    await send(settings);
    expect(gateway.seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { dlr: `${callback_url}?message_id=01JD0000000000000000000000` },
      { dlr: "" },
    ]);
  });

  it("carries the id of a DLT message's text", async () => {
    await using gateway = await serve(replying(200, ""));
    const approvals = [{ vendor_slug: "generic-http-sms", vendor_template_id: "1107" }];
    const settings = { url: `${gateway.url}/{{template_id}}` };
    await send(settings, message({ content: { body: "Hi", vendor_approvals: approvals } }));
    await send(settings, message({ content: { body: "Hi", template_id: "1108" } }));
    expect(gateway.seen.map(({ url }) => url)).toEqual(["/1107", "/1108"]);
  });

  it("carries the registered header of a DLT message as its sender", async () => {
    await using gateway = await serve(replying(200, ""));
    const outgoing = message({ content: { type: "dlt", body: "Hi", header: "ACMECO" } });
    await send({ url: `${gateway.url}/{{sender}}/{{unicode}}`, sender: "OTHER" }, outgoing);
    expect(gateway.seen[0]?.url).toBe("/ACMECO/false");
  });

  it("cannot be changed by the message's content", async () => {
    await using gateway = await serve(replying(200, ""));
    const evil = '"}, "to": "+1\r\n\r\n&to=1#<x> \u0000';
    const outgoing = message({ content: { body: evil } });
    await send({ url: `${gateway.url}/{{text}}?a={{text}}&b=1`, body: '{"text":"{{text}}"}' }, outgoing);
    const [request] = gateway.seen;
    const url = new URL(request?.url ?? "", gateway.url);
    expect([...url.searchParams]).toEqual([
      ["a", evil],
      ["b", "1"],
    ]);
    expect(JSON.parse(request?.body ?? "")).toEqual({ text: evil });
  });

  it("is not made for an invalid number, no text, or a private address", async () => {
    await using gateway = await serve(replying(200, ""));
    const { url } = gateway;
    const to = { number: "+491" };
    expect(await send({ url }, message({ to }))).toMatchObject({
      class: "recipient",
      code: "invalid_number",
    });
    expect(await send({ url }, message({ to: "ann" }))).toMatchObject({ class: "recipient" });
    expect(await send({ url }, message({ content: {} }))).toMatchObject({
      class: "message",
      code: "empty_text",
    });
    expect(await send({ url }, message(), never, [])).toMatchObject({
      class: "config",
      code: "blocked_address",
    });
    expect(gateway.seen).toEqual([]);
  });

  it("whose template fails for this message is a mistake in the settings", async () => {
    const settings = { url: "https://x.example/{{#if template_id}}{{nothing}}{{/if}}" };
    const outgoing = message({ content: { body: "x", template_id: "t" } });
    expect(await send(settings, outgoing)).toMatchObject({ class: "config", code: "invalid_template" });
  });
});

describe("success", () => {
  it.each<[string, RequestListener, Settings, string | null]>([
    ["is any 2xx unless said otherwise", replying(204, ""), {}, null],
    ["can be certain statuses", replying(302, "", { location: "/" }), { success_status: [302] }, null],
    [
      "has the id of the reply",
      replying(200, '{"a":[{"id":9007199254740993}]}'),
      { ack_id: "a[0].id" },
      "9007199254740993",
    ],
    ["has the id of a text", replying(200, "1701|4915|abc:1"), { ack_id: "/^1701\\|\\d+\\|(.+)/" }, "abc:1"],
    ["can be a value", replying(200, '{"ok":true}'), { success_value: "ok", success_equals: ["true"] }, null],
    ["can be that there is a value", replying(200, "success | 91"), { success_value: "/^success/" }, null],
    ["has no id where the reply has none", replying(200, "{}"), { ack_id: "id" }, null],
  ])("%s", async (_, listener, settings, id) => {
    expect(await outcomeOf(listener, settings)).toEqual({ kind: "sent", vendor_message_id: id });
  });
});

describe("a refusal", () => {
  const reading: Settings = {
    success_value: "status",
    success_equals: ["ok"],
    error_code: "error.code",
    error_message: "error.message",
    error_classes: { "21211": "recipient", "20429": "throttled", "102": "config" },
  };
  const error = (code: unknown, status = 200): RequestListener =>
    replying(status, JSON.stringify({ status: "error", error: { code, message: "as\r\nsaid" } }));

  it.each<[string, RequestListener, Settings, Partial<Outcome>]>([
    [
      "401 is about the settings",
      replying(401, "no"),
      {},
      { class: "config", code: "http_401", message: "no" },
    ],
    ["403 is about the settings", replying(403, ""), {}, { class: "config", message: "HTTP 403" }],
    ["a redirect is about the settings", replying(301, "", { location: "/x" }), {}, { class: "config" }],
    ["400 is about the message", replying(400, "{}"), {}, { class: "message", code: "http_400" }],
    ["404 is about the message", replying(404, ""), {}, { class: "message" }],
    ["408 passes", replying(408, "", { connection: "close" }), {}, { class: "transient" }],
    ["500 passes", replying(500, ""), {}, { class: "transient", code: "http_500" }],
    [
      "503 passes, when it says",
      replying(503, "", { "retry-after": "7" }),
      {},
      { class: "transient", retry_after: 7 },
    ],
    [
      "429 is about pace",
      replying(429, "", { "retry-after": "12" }),
      {},
      { class: "throttled", retry_after: 12 },
    ],
    [
      "429 may give a date",
      replying(429, "", {
        "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
        date: "Wed, 21 Oct 2026 07:28:00 GMT",
      }),
      {},
      { class: "throttled", retry_after: 30 },
    ],
    [
      "a code is judged as the settings say",
      error(21211),
      reading,
      { class: "recipient", code: "21211", message: "as said" },
    ],
    ["a code wins over the status", error("20429", 500), reading, { class: "throttled" }],
    ["an unknown code is judged by its status", error("x y", 401), reading, { class: "config", code: "x_y" }],
    ["an unknown code in a 200 is about the message", error("constructor"), reading, { class: "message" }],
    [
      "a 200 without the value is one",
      replying(200, "gateway said hello"),
      reading,
      { class: "message", code: "http_200" },
    ],
    [
      "a 2xx that is not among the statuses is one",
      replying(202, "x"),
      { success_status: [200] },
      { class: "message" },
    ],
  ])("%s", async (_, listener, settings, expected) => {
    expect(await outcomeOf(listener, settings)).toMatchObject({ kind: "failed", ...expected });
  });

  it("does not repeat secrets that the gateway repeats", async () => {
    const settings: Settings = {
      headers: { Authorization: "Basic aGVsbG86d29ybGQ=", "X-Key": "{{credentials.key}}" },
      credentials: { key: "key with space" },
    };
    const body = "denied: Basic aGVsbG86d29ybGQ= aGVsbG86d29ybGQ= key with space key%20with%20space";
    expect(await outcomeOf(replying(401, body), settings)).toMatchObject({
      message: "denied: ******** ******** ******** ********",
    });
  });
});

describe("no answer", () => {
  it("after the request was written leaves it open whether it was sent", async () => {
    const silent: RequestListener = () => {};
    const broken: RequestListener = (request) => void request.socket.destroy();
    expect(await outcomeOf(broken)).toMatchObject({ kind: "ambiguous", code: "connection_lost" });
    await using gateway = await serve(silent);
    const outcome = await send({ url: gateway.url }, message(), AbortSignal.timeout(50));
    expect(outcome).toMatchObject({ kind: "ambiguous", code: "aborted" });
  });

  it("because no server listens is temporary", async () => {
    const gateway = await serve(() => {});
    await gateway[Symbol.asyncDispose]();
    expect(await send({ url: gateway.url })).toMatchObject({
      kind: "failed",
      class: "transient",
      code: "connection_refused",
    });
  });
});

describe("a report", () => {
  const url = "https://notify.acme.test/webhook/generic-http/sms/uid/?message_id=01JD";
  const read = (request: object, settings: Settings = {}) =>
    generic.webhook?.read(
      webhookRequest({ url, ...request }),
      generic.config.parse({ url: "https://x.example", ...settings }),
    );
  const about = { message_id: "01JD", vendor_message_id: null, address: null, at: null };
  const delivered = { kind: "status", ...about, status: "delivered", reason: null };

  it("has our id in its address and its status in the words of SMPP, unless said otherwise", () => {
    expect(read({ form: { status: "DELIVRD" } })).toEqual([delivered]);
    expect(read({ json: { status: "delivered" } })).toEqual([delivered]);
    const query = { method: "GET", url: `${url}&status=DELIVRD`, body: Buffer.alloc(0) };
    expect(read(query)).toEqual([delivered]);
    expect(generic.webhook?.read(webhookRequest({ ...query }))).toEqual([delivered]);
    expect(read({ form: { status: "ENROUTE" } })).toMatchObject([{ status: "sent_by_vendor" }]);
    expect(read({ form: { status: "UNDELIV" } })).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason: "UNDELIV" },
    ]);
  });

  it("is read as the settings say", () => {
    const settings: Settings = {
      report_list: "results",
      report_message_id: "reference",
      report_ack_id: "gw.id",
      report_address: "msisdn",
      report_status: "state[0]",
      report_reason: "why",
      report_statuses: { "7": "delivery_failure", "0": "delivered" },
    };
    const one = { reference: "01JE", "gw.id": "g1", msisdn: 4915, state: [7], why: "absent" };
    const two = { gw: { id: "g2" }, state: ["0"] };
    const json = { results: [one, two, { state: [0] }, null, { reference: "01JF", state: ["?"] }] };
    expect(read({ json }, settings)).toEqual([
      {
        kind: "status",
        message_id: "01JE",
        vendor_message_id: "g1",
        address: "4915",
        at: null,
        status: "delivery_failure",
        reason: "absent",
      },
      { ...delivered, message_id: null, vendor_message_id: "g2" },
    ]);
  });

  it("of an unknown end, or of an unknown message, is left out", () => {
    expect(read({ form: { status: "UNKNOWN" } })).toEqual([]);
    expect(read({ form: { status: "constructor" } })).toEqual([]);
    const url = "https://notify.acme.test/webhook/generic-http/sms/uid/";
    expect(read({ url, form: { status: "DELIVRD" } })).toEqual([]);
  });
});
