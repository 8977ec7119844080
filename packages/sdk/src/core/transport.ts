import { platform } from "#platform";
import type { Fetch, Fetched } from "../platform/platform.ts";
import { checkSize, encodeJson } from "./body.ts";
import type { Credential } from "./credentials.ts";
import { CarillonError, invalidInput, refusalOf } from "./errors.ts";
import { isUnsent, mayRetry, pause, type Repeatable, waitBefore } from "./retry.ts";
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
    const repeatable = request.repeatable ?? (request.method === "GET" || request.method === "DELETE");
    let perhapsDone = false;
    for (let attempt = 0; ; attempt++) {
      const started = Date.now();
      const result = await once(url, bytes, credential, agent, request, options);
      const fields = { method: request.method, path: url.pathname, attempt, ms: Date.now() - started };
      if (result.error === null) {
        options.logger.debug?.("answered", {
          ...fields,
          status: result.answer.status,
          requestId: result.answer.requestId,
        });
        return result.answer;
      }
      const { error } = result;
      // The answer of an earlier attempt got lost, and it had deleted the thing.
      if (perhapsDone && request.method === "DELETE" && error.status === 404) return GONE;
      perhapsDone ||= !isUnsent(error) && error.status !== 429;
      const isLast = attempt >= options.retries || !mayRetry(error, repeatable);
      const wait = isLast ? null : waitBefore(attempt, result.retryAfter, options.retryDelay);
      options.logger.warn?.(wait === null ? "failed" : "failed, will retry", {
        ...fields,
        status: error.status,
        code: error.code,
        requestId: error.requestId,
        ...(wait === null ? {} : { wait }),
      });
      if (wait === null) throw error;
      await pause(wait, request.signal);
    }
  };
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
  agent: string,
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
    "user-agent": agent,
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
    return {
      error: new CarillonError("connection_failed", `${method} ${url.origin}: ${reasonOf(error)}`, {
        cause: error,
      }),
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

function* queryPairs(query: Query = {}): Generator<[string, string]> {
  for (const [name, given] of Object.entries(query)) {
    for (const value of Array.isArray(given) ? (given as QueryValue[]) : [given as QueryValue]) {
      if (value !== null && value !== undefined) {
        yield [name, value instanceof Date ? value.toISOString() : String(value)];
      }
    }
  }
}

/** A signal changes while the answer is awaited. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function aborted(signal: AbortSignal | undefined): CarillonError {
  return new CarillonError("aborted", "the call was aborted", { cause: signal?.reason });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}
