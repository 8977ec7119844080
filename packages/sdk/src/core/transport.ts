import { platform } from "#platform";
import type { Fetch, Fetched } from "../platform/platform.ts";
import { checkSize, encodeJson } from "./body.ts";
import type { Credential } from "./credentials.ts";
import { kindOf, optionsOf, wellFormed } from "./check.ts";
import { CarillonError, invalidInput, reasonOf, refusalOf, toCarillonError } from "./errors.ts";
import { isRecord } from "./is-record.ts";
import { isUnsent, mayRetry, pause, type Repeatable, waitBefore } from "./retry.ts";
import { timeOf } from "./times.ts";
import { type CallSpan, quietly, startSpan, type Tracer } from "./tracing.ts";
import { VERSION } from "./version.ts";

/** Where the SDK reports what it does: one line for each attempt, never a body or a credential. */
export interface Logger {
  debug?: (message: string, fields: Record<string, unknown>) => void;
  warn?: (message: string, fields: Record<string, unknown>) => void;
}

/** What every call takes besides its arguments. */
export interface CallOptions {
  /** Ends the call, its retries and the waits between them. */
  signal?: AbortSignal;
  /** Milliseconds for one attempt, instead of the client's. */
  timeout?: number;
}

export interface TransportOptions {
  /** Ends in a slash. */
  url: string;
  /** Of the data API; null if the client has none. */
  data: Credential | null;
  /** Of the management API. */
  management: Credential | null;
  timeout: number;
  retries: number;
  retryDelay: ((attempt: number) => number) | null;
  logger: Logger;
  tracer: Tracer | null;
  fetch: Fetch;
  /** Appended to the User-Agent. */
  app: string;
}

export type QueryValue = string | number | boolean | Date | null | undefined;
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;

export interface Request extends CallOptions {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Encoded, without a leading slash: `v1/user/`. */
  path: string;
  query?: Query | undefined;
  body?: unknown;
  /** The body's JSON, where it was made already. */
  bytes?: Uint8Array<ArrayBuffer>;
  auth?: "data" | "management";
  /**
   * Whether a second request of the same content does nothing further. Absent: by method, with PATCH and POST only
   * repeated when the first certainly was not processed.
   */
  repeatable?: Repeatable;
}

export interface Answer {
  status: number;
  statusText: string;
  /** Parsed if it is JSON; else its text. Undefined without a body. */
  body: unknown;
  text: string;
  requestId: string | null;
  /** Receipts of the users whom the call deleted. */
  erasures: string[];
}

export type Send = (request: Request) => Promise<Answer>;

const CONTENT_TYPE = "application/json; charset=utf-8";

/** One request with its retries, time-outs and signature. Throws a `CarillonError` for everything that is not a 2xx. */
export function createTransport(options: TransportOptions): Send {
  const base = new URL(options.url);
  const agent = `carillon-sdk/${VERSION} (${platform.name})${options.app === "" ? "" : ` ${options.app}`}`;

  return async function send(request) {
    const url = new URL(request.path, base);
    for (const [name, value] of queryPairs(request.query)) url.searchParams.append(name, value);
    const bytes = bodyOf(request);
    const credential = credentialFor(options, request.auth ?? "data");
    const span = startSpan(options.tracer, request.method, url);
    try {
      const answer = await attempts(request, url, bytes, credential, span);
      span.set("http.response.status_code", answer.status);
      span.set("carillon.request_id", answer.requestId);
      span.end(null);
      return answer;
    } catch (error) {
      const { code, status, requestId } = toCarillonError(error, "call");
      span.set("http.response.status_code", status === 0 ? null : status);
      span.set("carillon.request_id", requestId);
      span.end(code);
      throw error;
    }
  };

  async function attempts(
    request: Request,
    url: URL,
    bytes: Uint8Array<ArrayBuffer> | null,
    credential: Credential,
    span: CallSpan,
  ): Promise<Answer> {
    const repeatable = request.repeatable ?? (request.method === "GET" || request.method === "DELETE");
    const headers = { ...span.headers, "user-agent": agent };
    let perhapsDone = false;
    for (let attempt = 0; ; attempt++) {
      const started = Date.now();
      const result = await once(url, bytes, credential, headers, request, options);
      const fields = { method: request.method, path: url.pathname, attempt, ms: Date.now() - started };
      if (result.error === null) {
        const { status, requestId } = result.answer;
        quietly(() => options.logger.debug?.("answered", { ...fields, status, requestId }));
        return result.answer;
      }
      const { error } = result;
      // The answer of an earlier attempt got lost, and it had deleted the thing.
      if (perhapsDone && request.method === "DELETE" && error.status === 404) return GONE;
      perhapsDone ||= !isUnsent(error) && error.status !== 429;
      const isLast = attempt >= options.retries || !mayRetry(error, repeatable);
      const wait = isLast ? null : waitBefore(attempt, result.retryAfter, options.retryDelay);
      const { status, code, requestId } = error;
      const failed = { ...fields, status, code, requestId };
      if (wait === null) {
        quietly(() => options.logger.warn?.("failed", failed));
        throw error;
      }
      quietly(() => options.logger.warn?.("failed, will retry", { ...failed, wait }));
      span.event("retry", { "error.type": code, wait });
      span.set("http.request.resend_count", attempt + 1);
      await pause(wait, request.signal);
    }
  }
}

const GONE: Answer = {
  status: 204,
  statusText: "",
  body: undefined,
  text: "",
  requestId: null,
  erasures: [],
};

type Outcome = { answer: Answer; error: null } | { error: CarillonError; retryAfter: string | null };

async function once(
  url: URL,
  bytes: Uint8Array<ArrayBuffer> | null,
  credential: Credential,
  ownHeaders: Record<string, string>,
  request: Request,
  options: TransportOptions,
): Promise<Outcome> {
  const { method, signal } = request;
  const timeout = request.timeout ?? options.timeout;
  const date = new Date().toUTCString();
  const target = url.pathname + url.search;
  const headers: Record<string, string> = {
    authorization: credential({ method, target, contentType: CONTENT_TYPE, date, body: bytes }),
    "content-type": CONTENT_TYPE,
    date,
    // Where `Date` may not be set, the server reads this one.
    "x-amz-date": date,
    ...ownHeaders,
  };
  const control = new AbortController();
  const abort = () => control.abort();
  if (isAborted(signal)) return { error: aborted(signal), retryAfter: null };
  signal?.addEventListener("abort", abort, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    control.abort();
  }, timeout);
  try {
    const response = await options.fetch(url, {
      method,
      headers,
      body: bytes,
      signal: control.signal,
      redirect: "manual",
    });
    const text = await response.text();
    return settle(response, text);
  } catch (error) {
    if (isAborted(signal)) return { error: aborted(signal), retryAfter: null };
    if (isLate) {
      const message = `${method} ${url.pathname}: no answer within ${timeout} ms`;
      return { error: new CarillonError("timeout", message, { cause: error }), retryAfter: null };
    }
    const { cause } = isRecord(error) ? error : {};
    // `fetch` says only that it failed; its cause has the reason.
    const reason = reasonOf(isRecord(cause) ? cause : error);
    return {
      error: new CarillonError("connection_failed", `${method} ${url.origin}: ${reason}`, { cause: error }),
      retryAfter: null,
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function settle(response: Fetched, text: string): Outcome {
  const { status, statusText } = response;
  const requestId = response.headers.get("x-request-id");
  const body = parse(text, response.headers.get("content-type") ?? "");
  const erasures = (response.headers.get("x-carillon-erasure") ?? "").split(", ").filter((id) => id !== "");
  if (response.ok) return { answer: { status, statusText, body, text, requestId, erasures }, error: null };
  return {
    error: refusalOf(status, body ?? text, requestId),
    retryAfter: response.headers.get("retry-after"),
  };
}

function parse(text: string, type: string): unknown {
  if (text === "") return undefined;
  if (!/\bjson\b/i.test(type)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function bodyOf({ bytes, body }: Request): Uint8Array<ArrayBuffer> | null {
  if (bytes === undefined && body === undefined) return null;
  const encoded = bytes ?? encodeJson(body, "body");
  checkSize(encoded, "body");
  return encoded;
}

function credentialFor({ data, management }: TransportOptions, auth: "data" | "management"): Credential {
  if (auth === "data") {
    if (data !== null) return data;
    throw invalidInput(
      "apiKey",
      "is needed for this call: give createCarillon an apiKey, or a key and a secret",
    );
  }
  if (management !== null) return management;
  throw invalidInput(
    "serviceToken",
    "is needed for calls of the management API: give createCarillon a serviceToken and a workspace",
  );
}

function* queryPairs(query: Query | undefined): Generator<[string, string]> {
  for (const [name, given] of Object.entries(optionsOf(query))) {
    for (const value of Array.isArray(given) ? (given as QueryValue[]) : [given as QueryValue]) {
      if (value !== null && value !== undefined) yield [name, queryText(name, value)];
    }
  }
}

function queryText(name: string, value: unknown): string {
  if (value instanceof Date) return timeOf(name, value);
  if (typeof value === "string") return wellFormed(name, value);
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
    return String(value);
  throw invalidInput(name, `must be a string, a number, a boolean or a Date, and is ${kindOf(value)}`);
}

/** A signal changes while the answer is awaited. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function aborted(signal: AbortSignal | undefined): CarillonError {
  return new CarillonError("aborted", "the call was aborted", { cause: signal?.reason });
}
