import { unescapeOrNull } from "../../core/text/text.ts";
import type { lookup } from "node:dns";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, zstdDecompress } from "node:zlib";
import { Agent } from "undici";
import type { Dispatcher } from "undici";
import { createAddressGuard } from "./address-guard.ts";
import { BlockedAddress, createGuardedConnector } from "./guarded-connector.ts";

/**
 * The only way out over HTTP, for vendors and for the nodes that call customers' URLs. One client serves the whole
 * process: it keeps connections alive per origin, refuses addresses outside the public internet, and reports for every
 * failure whether the other side may have received the request. It logs nothing.
 */
export interface HttpClient {
  /** Resolves with any response, whatever its status. Throws `HttpCallError` when there is none. */
  request: (request: HttpRequest) => Promise<HttpReply>;
  /** Waits for running calls (they end by their own timeouts), then closes every connection. */
  close: () => Promise<void>;
}

export interface HttpClientOptions {
  /** Private hosts, addresses and CIDR ranges that may be called nevertheless; `"*"` allows everything. */
  allow_private?: readonly string[];
  /** Certificates trusted besides the system's, as PEM. */
  ca?: readonly string[];
  /** Replaces the system resolver. Its results are still checked by the guard. */
  lookup?: typeof lookup;
}

export interface HttpRequest {
  method: string;
  /** `http:` or `https:`. A user name and password in it become basic authorization. */
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Covers the whole call: name, connection, redirects and body. Default 30,000. */
  timeout_ms?: number;
  /** Size of the body after decompression. Default 1 MiB. */
  max_response_bytes?: number;
  /** How many redirects to follow. Default 0: a redirect is returned like any other response. */
  redirects?: number;
  /** The encoding of `HttpReply.body`: `base64` for files. Default `utf8`. */
  encoding?: "utf8" | "base64";
  signal?: AbortSignal;
}

export interface HttpReply {
  status: number;
  /** Lower-case names; repeated headers are joined by `", "`. */
  headers: Record<string, string>;
  body: string;
}

export type HttpErrorCode =
  | "invalid_request"
  | "blocked_address"
  | "dns_failed"
  | "connection_refused"
  | "connection_failed"
  | "tls_failed"
  | "timeout"
  | "aborted"
  | "connection_lost"
  | "bad_reply"
  | "response_too_large"
  | "bad_redirect"
  | "client_closed";

/** A call without a usable response. The text names the origin at most: never a path, a query or a credential. */
export class HttpCallError extends Error {
  override readonly name = "HttpCallError";
  readonly code: HttpErrorCode;
  /** False only if not one byte of the request was written: then a retry cannot send anything twice. */
  readonly may_have_arrived: boolean;

  constructor(code: HttpErrorCode, message: string, mayHaveArrived: boolean, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.may_have_arrived = mayHaveArrived;
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RESPONSE_BYTES = 1_048_576;

/** The maximum of a Node timer; anything longer would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** One slow origin must not take every file descriptor; calls beyond this wait for a free connection. */
const CONNECTIONS_PER_ORIGIN = 256;

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const agent = new Agent({
    connect: createGuardedConnector(createAddressGuard(options.allow_private ?? []), options),
    connections: CONNECTIONS_PER_ORIGIN,
    keepAliveTimeout: 30_000,
    // A call has one deadline, enforced here. The agent's own would stop it at other moments for other reasons.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  let closing: Promise<void> | undefined;
  return {
    request: (request) => call(agent, request),
    close: () => (closing ??= agent.close()),
  };
}

/** A URL that is safe to show and log: credentials and the values of its query are hidden. */
export function redact(url: string): string {
  if (!URL.canParse(url)) {
    return "[not a URL]";
  }
  const parsed = new URL(url);
  const credentials = parsed.username === "" && parsed.password === "" ? "" : "***@";
  const query = parsed.search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "")
    // A pair without a name is all value: `?token`.
    .map((pair) => (pair.includes("=") ? `${pair.slice(0, pair.indexOf("="))}=***` : "***"));
  return `${parsed.protocol}//${credentials}${parsed.host}${parsed.pathname}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

/**
 * Seconds requested by a `Retry-After` header, in either of its forms: a number, or a date. A date is read relative to
 * the reply's own `Date`, so that a wrong clock on either side does no harm. Undefined when there is none.
 */
export function retryAfterSeconds(headers: Readonly<Record<string, string>>): number | undefined {
  const value = headers["retry-after"]?.trim() ?? "";
  if (/^\d{1,9}(\.\d+)?$/.test(value)) {
    return Math.ceil(Number(value));
  }
  const until = Date.parse(value);
  if (Number.isNaN(until)) {
    return undefined;
  }
  const now = Date.parse(headers.date ?? "");
  return Math.max(0, Math.ceil((until - (Number.isNaN(now) ? Date.now() : now)) / 1000));
}

/** One request of a call: a call that follows redirects makes several. */
interface Hop {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array | null;
  timeout_ms: number;
  max_response_bytes: number;
  signal: AbortSignal | undefined;
  /** An earlier hop was answered, so in any case a server has received the request. */
  arrived: boolean;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

async function call(agent: Agent, request: HttpRequest): Promise<HttpReply> {
  const started = performance.now();
  const limit = request.redirects ?? 0;
  let hop = firstHop(request);
  for (let followed = 0; ; followed += 1) {
    const answer = await exchange(agent, hop);
    const location = limit === 0 ? undefined : redirectTarget(answer);
    if (location === undefined) {
      const body = await decompress(answer, hop);
      return {
        status: answer.status,
        headers: answer.headers,
        body: body.toString(request.encoding ?? "utf8"),
      };
    }
    if (followed === limit) {
      throw failure(hop, "bad_redirect", "too many redirects", true);
    }
    const left = (request.timeout_ms ?? DEFAULT_TIMEOUT_MS) - (performance.now() - started);
    hop = { ...nextHop(hop, answer.status, location), timeout_ms: left };
  }
}

function firstHop(request: HttpRequest): Hop {
  if (!URL.canParse(request.url)) {
    throw new HttpCallError("invalid_request", "the URL is not valid", false);
  }
  const url = new URL(request.url);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new HttpCallError("invalid_request", `${url.protocol} URLs are not called`, false);
  }
  const method = request.method.toUpperCase();
  if (method === "CONNECT") {
    throw new HttpCallError("invalid_request", "tunnels are not opened", false);
  }
  return {
    method,
    url,
    headers: withDefaults(request.headers ?? {}, url),
    body: request.body ?? null,
    timeout_ms: request.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    max_response_bytes: request.max_response_bytes ?? DEFAULT_MAX_RESPONSE_BYTES,
    signal: request.signal,
    arrived: false,
  };
}

/** Lower-case names, so that later code can access a header directly. */
function withDefaults(given: Readonly<Record<string, string>>, url: URL): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": "Carillon" };
  if (url.username !== "" || url.password !== "") {
    const pair = `${unescapeOnce(url.username)}:${unescapeOnce(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  }
  for (const name in given) {
    headers[name.toLowerCase()] = given[name] ?? "";
  }
  return headers;
}

function unescapeOnce(text: string): string {
  return unescapeOrNull(text) ?? text;
}

function redirectTarget(answer: Answer): string | undefined {
  return [301, 302, 303, 307, 308].includes(answer.status) ? answer.headers.location : undefined;
}

/** Headers that are kept on a redirect to another origin: any other may carry a credential. */
const PORTABLE_HEADERS = new Set(["accept", "accept-language", "content-type", "user-agent"]);

function nextHop(hop: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, hop.url.href)) {
    throw failure(hop, "bad_redirect", "redirected to something that is not a URL", true);
  }
  const url = new URL(location, hop.url);
  if (url.protocol !== "https:" && (url.protocol !== "http:" || hop.url.protocol === "https:")) {
    throw failure(hop, "bad_redirect", `redirected to a ${url.protocol} URL, which is not followed`, true);
  }
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(hop.headers)) {
    const mayTravel = url.origin === hop.url.origin || PORTABLE_HEADERS.has(name);
    if (mayTravel && !(becomesGet && name.startsWith("content-"))) {
      headers[name] = value;
    }
  }
  return {
    ...hop,
    method: becomesGet ? "GET" : hop.method,
    url,
    headers,
    body: becomesGet ? null : hop.body,
    arrived: true,
  };
}

/**
 * Sends one request and collects the response. It uses the dispatcher directly instead of undici's `request`: only its
 * handler is notified when the request starts to be written, which distinguishes a message that was certainly not sent
 * from one that may have been.
 */
function exchange(agent: Agent, hop: Hop): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let status = 0;
    let headers: Record<string, string> = {};
    const chunks: Buffer[] = [];
    let size = 0;

    const settle = (): void => {
      settled = true;
      clearTimeout(timer);
      hop.signal?.removeEventListener("abort", onAbort);
    };
    const fail = (code: HttpErrorCode, detail: string, cause?: unknown): void => {
      if (settled) {
        return;
      }
      settle();
      const error = failure(hop, code, detail, controller !== undefined, cause);
      reject(error);
      controller?.abort(error);
    };
    const onAbort = (): void => fail("aborted", "the caller gave up");
    const timer = setTimeout(
      () => fail("timeout", "no answer in time"),
      Math.min(hop.timeout_ms, LONGEST_TIMER_MS),
    );
    if (hop.signal?.aborted === true) {
      onAbort();
      return;
    }
    hop.signal?.addEventListener("abort", onAbort, { once: true });

    agent.dispatch(
      {
        origin: hop.url.origin,
        path: hop.url.pathname + hop.url.search,
        method: hop.method,
        headers: hop.headers,
        body: hop.body,
      },
      {
        onRequestStart: (current) => {
          if (settled) {
            // Aborted while it waited for a connection: it must not be written any more.
            current.abort(new Error("given up"));
            return;
          }
          controller = current;
        },
        onResponseStart: (_, code, received) => {
          status = code;
          headers = joinHeaders(received);
          if (Number(headers["content-length"]) > hop.max_response_bytes && hop.method !== "HEAD") {
            fail("response_too_large", "the answer is too large");
          }
        },
        onResponseData: (_, chunk) => {
          size += chunk.length;
          if (size > hop.max_response_bytes) {
            fail("response_too_large", "the answer is too large");
          } else {
            chunks.push(chunk);
          }
        },
        onResponseEnd: () => {
          if (!settled) {
            settle();
            const only = chunks.length === 1 ? chunks[0] : undefined;
            resolve({ status, headers, body: only ?? Buffer.concat(chunks, size) });
          }
        },
        onResponseError: (_, error) => {
          fail(callErrorCode(error, controller !== undefined), error.message, error);
        },
      },
    );
  });
}

function failure(
  hop: Hop,
  code: HttpErrorCode,
  detail: string,
  written: boolean,
  cause?: unknown,
): HttpCallError {
  const text = `${hop.method} ${hop.url.origin}: ${detail}`;
  return new HttpCallError(code, text, hop.arrived || written, cause);
}

function joinHeaders(received: Record<string, string | string[] | undefined>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in received) {
    const value = received[name];
    headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return headers;
}

const DECODERS: Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** No compression is requested, but some servers compress anyway. The limit applies to the decompressed body. */
async function decompress(answer: Answer, hop: Hop): Promise<Buffer> {
  const encoding = answer.headers["content-encoding"]?.trim().toLowerCase();
  const decode = encoding !== undefined && Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (decode === undefined || answer.body.length === 0) {
    return answer.body;
  }
  try {
    return await decode(answer.body, { maxOutputLength: hop.max_response_bytes });
  } catch (cause) {
    const large = errorCode(cause) === "ERR_BUFFER_TOO_LARGE";
    throw large
      ? failure(hop, "response_too_large", "the answer is too large", true, cause)
      : failure(hop, "bad_reply", "the answer cannot be decompressed", true, cause);
  }
}

const INVALID = new Set([
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
]);
const TLS =
  /^(ERR_(TLS|SSL|OSSL)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** What an error of a socket means; `written`: it came after the request had begun to leave. */
export function callErrorCode(error: Error, written: boolean): HttpErrorCode {
  if (error instanceof BlockedAddress) {
    return "blocked_address";
  }
  const code = errorCode(error);
  if (INVALID.has(code)) {
    return "invalid_request";
  }
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") {
    return "client_closed";
  }
  if (written) {
    const unreadable =
      error.name === "HTTPParserError" || /^(HPE_|UND_ERR_(HEADERS_OVERFLOW|RES))/.test(code);
    return unreadable ? "bad_reply" : "connection_lost";
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") {
    return "timeout";
  }
  if (code === "ECONNREFUSED") {
    return "connection_refused";
  }
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) {
    return "dns_failed";
  }
  return TLS.test(code) ? "tls_failed" : "connection_failed";
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
