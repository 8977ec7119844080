import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Json, JsonObject } from "../../src/core/json.ts";
import { createDial, type Dial } from "../../src/delivery/http/dial.ts";
import type { HttpClient, HttpErrorCode, HttpReply, HttpRequest } from "../../src/delivery/http/http.ts";
import { HttpCallError } from "../../src/delivery/http/http.ts";
import { redactConfig, secretFields } from "../../src/delivery/vendor/secret.ts";
import type {
  FailureClass,
  Outcome,
  OutgoingMessage,
  Vendor,
  Verification,
} from "../../src/delivery/vendor/vendor.ts";
import {
  MalformedReport,
  type Proof,
  type VendorWebhook,
  type WebhookDeps,
  type WebhookRequest,
} from "../../src/delivery/vendor/webhook.ts";

export interface VendorFixtures<Config extends z.ZodObject> {
  /** Complete settings, with every secret filled in: the contract checks where these values go. */
  config: z.input<Config>;
  /** A message that the vendor would accept, with content as the channel renders it. */
  message: OutgoingMessage;
  /** Settings that must be refused. */
  refused?: unknown[];
  /** The slug, if it is not `<vendor>-<channel>`. */
  slug?: string;
  /** Answers the calls before the one that sends: tokens, lookups. Undefined: this one sends. */
  prepare?: (request: HttpRequest) => HttpReply | undefined;
  /** Where a vendor that is not HTTP gets, if its host is fixed. */
  dial?: Dial;
}

/**
 * What holds for every vendor, whatever its protocol: its slug, its settings and their secrets, and that no external
 * response and no content makes it throw. Each vendor's test calls this once and then tests its own features.
 */
export function vendorContract<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  fixtures: VendorFixtures<Config>,
): void {
  describe(`${vendor.slug} as a vendor`, () => {
    it("is named by its vendor and its channel", () => {
      expect(vendor.slug).toMatch(/^[a-z0-9]+([_-][a-z0-9]+)*$/);
      expect(vendor.slug).toBe(fixtures.slug ?? `${vendor.vendor}-${vendor.channel}`);
      expect(vendor.name.trim()).toBe(vendor.name);
      expect(vendor.name).not.toBe("");
    });

    settingsContract(vendor, fixtures);
    sendingContract(vendor, fixtures);
    if (vendor.webhook !== undefined) webhookContract(vendor, vendor.webhook, fixtures);
  });
}

function settingsContract<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  { config, refused = [] }: VendorFixtures<Config>,
): void {
  it("reads its settings, and reads them again as it stored them", () => {
    const parsed = vendor.config.parse(config);
    const stored: unknown = JSON.parse(JSON.stringify(parsed));
    expect(vendor.config.parse(stored)).toEqual(parsed);
  });

  it("describes every setting for the form, and marks the secret ones", () => {
    const form = z.toJSONSchema(vendor.config, { io: "input" });
    for (const [name, field] of Object.entries(form.properties ?? {})) {
      expect(field, `setting ${name}`).toHaveProperty("title");
    }
  });

  it("shows its settings without the secrets", () => {
    const shown = JSON.stringify(redactConfig(vendor.config, vendor.config.parse(config)));
    const secrets = secretValues(vendor.config, config);
    for (const value of secrets) {
      expect(shown).not.toContain(JSON.stringify(value).slice(1, -1));
    }
    expect(secretFields(vendor.config).length > 0).toBe(secrets.length > 0);
  });

  it.each(refused.map((settings) => [settings]))("refuses the settings %j", (settings) => {
    expect(vendor.config.safeParse(settings).success).toBe(false);
  });
}

/** A word that every object knows, wherever vendors have a word of their own. */
const CONSTRUCTORS = JSON.stringify({
  ...Object.fromEntries(
    ["type", "event", "EVENT", "RecordType", "Type", "status", "name", "code", "error", "reason"].map(
      (key) => [key, "constructor"],
    ),
  ),
  errors: [{ code: "constructor", status: "constructor" }],
  data: { type: "constructor", event: "constructor" },
  "event-data": { event: "constructor" },
  Messages: [{ Status: "error", Errors: [{ ErrorCode: "constructor" }] }],
  results: [{ event: "constructor" }],
});

/** Bodies that are of no vendor's form, and some that nearly are. */
const STRANGE_REPORTS = [
  "",
  "null",
  "0",
  '"text"',
  "[]",
  "{}",
  "[[]]",
  "[null,1,{}]",
  '{"__proto__":{"a":1}}',
  "a=1&b=%E0%A4%A",
  '{"type":{},"data":[],"event":null}',
  `{"event":"${"x".repeat(10_000)}"}`,
  "\u0000",
  "{",
  CONSTRUCTORS,
  `[${CONSTRUCTORS}]`,
];

function webhookContract<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  webhook: VendorWebhook<z.output<Config>>,
  { config }: VendorFixtures<Config>,
): void {
  const settings = vendor.config.parse(config);

  it("reads any report, or says that it is none", () => {
    for (const body of STRANGE_REPORTS) {
      let reports: unknown = [];
      try {
        reports = webhook.read(webhookRequest({ body: Buffer.from(body) }));
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedReport);
      }
      expect(Array.isArray(reports)).toBe(true);
      // What is no JSON would not be stored as it was read.
      expect(JSON.parse(JSON.stringify(reports))).toEqual(reports);
    }
  });

  it("believes no request without a signature, if it has a secret to prove one", async () => {
    for (const body of STRANGE_REPORTS) {
      const proof =
        (await webhook.verify?.(webhookRequest({ body: Buffer.from(body) }), settings, closed)) ?? "unsigned";
      expect(proof).not.toBe("verified");
    }
  });
}

/** For webhooks that need nothing from outside. */
export const closed: WebhookDeps = {
  http: scriptedHttp(() => {
    throw new HttpCallError("connection_refused", "the network is closed in a test", false);
  }),
};

/** A report as it comes in: by default at its own address, now, as JSON. */
export function webhookRequest({
  json,
  form,
  ...more
}: Partial<WebhookRequest> & { json?: unknown; form?: Record<string, string> } = {}): WebhookRequest {
  const url = more.url ?? "https://notify.acme.test/webhook/vendor/channel/uid/";
  const text = form === undefined ? JSON.stringify(json ?? {}) : new URLSearchParams(form).toString();
  return {
    method: "POST",
    query: new URL(url).searchParams,
    headers: {},
    body: Buffer.from(text),
    received_at: Date.now(),
    ...more,
    url,
  };
}

/** A message to be sent, with what its channel's test fills in. */
export function outgoingMessage(more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    message_id: "01JD0000000000000000000000",
    workspace: "acme-workspace",
    tenant_id: "default",
    recipient: "user-1",
    category: "transactional",
    attempt: 1,
    to: "ann@example.com",
    callback_url: "https://notify.acme.test/webhook/vendor/channel/uid/",
    content: {},
    attachments: [],
    only_to: null,
    ...more,
  };
}

/** Sends one message through a vendor whose other side is a function; returns the outcome and every request. */
export async function sendThrough<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  config: z.input<Config>,
  message: OutgoingMessage,
  answer: Answer,
): Promise<{ outcome: Outcome; requests: HttpRequest[] }> {
  const requests: HttpRequest[] = [];
  const http = scriptedHttp((request) => {
    requests.push(request);
    return answer(request);
  });
  const connection = vendor.open(vendor.config.parse(config), { http, dial, now: Date.now });
  try {
    return { outcome: await connection.send(message, newSignal()), requests };
  } finally {
    await connection.close?.();
  }
}

/** Tries the credentials of a vendor whose other side is a function; returns the verdict and every request. */
export async function verifyThrough<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  config: z.input<Config>,
  answer: Answer,
): Promise<{ verification: Verification | undefined; requests: HttpRequest[] }> {
  const requests: HttpRequest[] = [];
  const http = scriptedHttp((request) => {
    requests.push(request);
    return answer(request);
  });
  const connection = vendor.open(vendor.config.parse(config), { http, dial, now: Date.now });
  try {
    return { verification: await connection.verify?.(newSignal()), requests };
  } finally {
    await connection.close?.();
  }
}

/** What a vendor makes of a request's signature. */
export function proving<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  config: z.input<Config>,
  request: Parameters<typeof webhookRequest>[0],
): Proof | Promise<Proof> | undefined {
  return vendor.webhook?.verify?.(webhookRequest(request), vendor.config.parse(config), closed);
}

/** To servers on this machine. */
export const dial = createDial({ allow_private: ["127.0.0.1"] });

/** Responses that follow no vendor's documentation. */
const STRANGE_BODIES = [
  CONSTRUCTORS,
  "",
  "null",
  "[]",
  "{",
  "0",
  '"text"',
  "<html>Bad gateway</html>",
  '{"__proto__":1}',
];
const STRANGE_STATUSES = [
  100, 200, 202, 204, 301, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503, 999,
];
const CALL_FAILURES: [HttpErrorCode, boolean][] = [
  ["blocked_address", false],
  ["dns_failed", false],
  ["connection_refused", false],
  ["tls_failed", false],
  ["timeout", false],
  ["timeout", true],
  ["connection_lost", true],
  ["bad_reply", true],
  ["response_too_large", true],
];

function sendingContract<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  fixtures: VendorFixtures<Config>,
): void {
  const { message, prepare } = fixtures;
  const config = vendor.config.parse(fixtures.config);
  const secrets = secretValues(vendor.config, fixtures.config);

  const send = async (outgoing: OutgoingMessage, signal: AbortSignal, answer: Answer): Promise<Outcome> => {
    const connection = vendor.open(config, {
      http: scriptedHttp((request) => prepare?.(request) ?? answer(request)),
      dial: fixtures.dial ?? dial,
      now: Date.now,
    });
    try {
      return await connection.send(outgoing, signal);
    } finally {
      await connection.close?.();
    }
  };

  it("returns an outcome for any response", async () => {
    for (const status of STRANGE_STATUSES) {
      for (const body of STRANGE_BODIES) {
        const outcome = await send(message, newSignal(), () => ({ status, headers: {}, body }));
        expect(problemsOf(outcome, secrets)).toEqual([]);
      }
    }
  });

  it("returns an outcome when the call fails, and never `failed` for one that may have arrived", async () => {
    for (const [code, arrived] of CALL_FAILURES) {
      let expected = ["sent", "failed", "ambiguous"];
      const outcome = await send(message, newSignal(), () => {
        expected = [arrived ? "ambiguous" : "failed"];
        throw new HttpCallError(code, `${code} in a test`, arrived);
      });
      expect(problemsOf(outcome, secrets)).toEqual([]);
      expect(expected).toContain(outcome.kind);
    }
  });

  it("returns an outcome for content and identities of any shape", async () => {
    for (const hostile of hostileMessages(message)) {
      const outcome = await send(hostile, newSignal(), () => ({ status: 200, headers: {}, body: "{}" }));
      expect(problemsOf(outcome, secrets)).toEqual([]);
    }
  });

  it("returns an outcome when its signal is aborted before it starts", async () => {
    const outcome = await send(message, AbortSignal.abort(), ({ signal }) => {
      throw new HttpCallError(
        signal?.aborted === true ? "aborted" : "connection_refused",
        "in a test",
        false,
      );
    });
    expect(problemsOf(outcome, secrets)).toEqual([]);
  });

  it("closes, and closes again without an error", async () => {
    const connection = vendor.open(config, {
      http: scriptedHttp(() => ({ status: 200, headers: {}, body: "{}" })),
      dial: fixtures.dial ?? dial,
      now: Date.now,
    });
    await connection.close?.();
    await connection.close?.();
    expect(connection.send).toBeTypeOf("function");
  });
}

/** Simulators hang until their signal is aborted. */
function newSignal(): AbortSignal {
  return AbortSignal.timeout(1000);
}

export type Answer = (request: HttpRequest) => HttpReply | Promise<HttpReply>;

/** An HTTP client whose network is a function, for vendors whose addresses are fixed. */
export function scriptedHttp(answer: Answer): HttpClient {
  return { request: async (request) => answer(request), close: async () => {} };
}

const CLASSES = new Set<FailureClass>(["recipient", "message", "config", "throttled", "transient"]);

/** What is wrong with an outcome, whatever it is. */
function problemsOf(outcome: Outcome, secrets: string[]): string[] {
  const text = JSON.stringify(outcome);
  const problems = secrets.some((value) => text.includes(value)) ? ["shows a secret"] : [];
  const check = (sound: boolean, problem: string): void => {
    if (!sound) {
      problems.push(`${problem}: ${text.slice(0, 300)}`);
    }
  };
  if (outcome.kind === "sent") {
    check(outcome.vendor_message_id !== "", "has a blank vendor_message_id");
    return problems;
  }
  check(/^\S.{0,99}$/.test(outcome.code), "has no usable code");
  check(outcome.message !== "" && outcome.message.length <= 1000, "has no message, or too long a one");
  if (outcome.kind === "failed") {
    check(CLASSES.has(outcome.class), "has an unknown class");
    check((outcome.retry_after ?? 0) >= 0, "asks for a retry in the past");
    check(
      outcome.inactivate !== true || outcome.class === "recipient",
      "inactivates without a dead recipient",
    );
  }
  return problems;
}

/** The same message with every field of its content, and its identity, replaced by invalid values. */
function hostileMessages(message: OutgoingMessage): OutgoingMessage[] {
  const values: Json[] = [
    null,
    "",
    0,
    true,
    [],
    {},
    [null, {}, 5],
    "line\r\nBcc: evil@example.com\r\n\r\nbody",
    "\u0000\uD800 💥 \u202E",
    "x".repeat(100_000),
    JSON.parse('{"__proto__":{"polluted":true},"constructor":"x"}') as JsonObject,
  ];
  const contents = Object.keys(message.content).flatMap((key) =>
    values.map((value) => ({ ...message, content: { ...message.content, [key]: value } })),
  );
  const identities = values
    .filter((value) => typeof value === "string" || (typeof value === "object" && value !== null))
    .map((to) => ({ ...message, to: to as string | JsonObject }));
  const file = { filename: "\uD800 💥;\r\nX: y", content_type: "x/y", bytes: Buffer.alloc(0), sha256: "" };
  return [...contents, ...identities, { ...message, content: {} }, { ...message, attachments: [file, file] }];
}

function secretValues(schema: z.ZodType, config: unknown): string[] {
  return secretFields(schema).flatMap((path) => leaves(config, path.split(".")));
}

function leaves(value: unknown, [step, ...rest]: string[]): string[] {
  if (step === undefined) {
    return typeof value === "string" ? [value] : [];
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  const entries = Object.entries(value).filter(([key]) => step === "*" || key === step);
  return entries.flatMap(([, child]) => leaves(child, rest));
}
