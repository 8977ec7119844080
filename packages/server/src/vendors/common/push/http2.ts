import { once } from "node:events";
import type { EventEmitter } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as openSession,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as encrypt } from "node:tls";
import type { Dial } from "../../../delivery/http/dial.ts";
import { callErrorCode, HttpCallError, type HttpErrorCode } from "../../../delivery/http/http.ts";
import type { VendorReply } from "../../../delivery/vendor/call.ts";
import { failure } from "../../../delivery/vendor/failure.ts";
import { parseReply } from "../../../delivery/vendor/reply-reader.ts";
import { type Ambiguous, type Failed, outcomeOf } from "../../../delivery/vendor/vendor.ts";
import { orAborted } from "./or-aborted.ts";

/**
 * HTTP/2 to one host over one connection with many requests at a time, for vendors that demand it. The connection is
 * opened when it is first needed and replaced when it ends. A request that the server says it has not begun (GOAWAY,
 * REFUSED_STREAM: https://www.rfc-editor.org/rfc/rfc9113#section-8.7) is made again on the next connection; any other
 * that gets no reply is ambiguous.
 */
export interface Http2Client {
  request: (request: Http2Request, signal: AbortSignal) => Promise<VendorReply | Failed | Ambiguous>;
  /** Waits for running requests (they end by their own timeouts), then closes the connection. */
  close: () => Promise<void>;
}

export interface Http2Request {
  method: string;
  path: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  body: string;
  timeout_ms: number;
}

export interface Http2Options {
  host: string;
  port: number;
  dial: Dial;
  /**
   * Firewalls forget silent connections without a word: when nothing was heard for this long, a ping comes before the
   * next request. Default 60,000.
   */
  quiet_ms?: number;
  /** How long a ping may take. Default 3,000. */
  ping_ms?: number;
}

interface Connection {
  session: ClientHttp2Session;
  /** The last stream that the server has looked at, once it has said so. */
  last_stream: number | null;
  /** When something was last heard of the server, by `performance.now()`. */
  heard_at: number;
  /** Whether the server answers the ping that is under way. */
  pinging: Promise<boolean> | null;
}

const CONNECT_TIMEOUT_MS = 10_000;
const QUIET_MS = 60_000;
const PING_MS = 3000;
/** Connections that one request is tried on. */
const MAX_CONNECTIONS = 3;
const MAX_REPLY_BYTES = 64 * 1024;

export function createHttp2Client(options: Http2Options): Http2Client {
  const { host, quiet_ms = QUIET_MS, ping_ms = PING_MS } = options;
  let current: Promise<Connection> | null = null;
  let isClosed = false;

  function open(): Promise<Connection> {
    const opening = connect(options);
    const forget = (): void => {
      if (current === opening) current = null;
    };
    opening.then(({ session }) => session.once("goaway", forget).once("close", forget), forget);
    return opening;
  }

  /** Throws `HttpCallError`. */
  async function connected(): Promise<Connection> {
    const opening = (current ??= open());
    const connection = await opening;
    if (isUsable(connection) && (await isAlive(connection, quiet_ms, ping_ms))) return connection;
    if (current === opening) current = null;
    throw lost(host, "the connection ended before it was used");
  }

  async function attempt(
    request: Http2Request,
    signal: AbortSignal,
    left: number,
  ): ReturnType<Http2Client["request"]> {
    if (isClosed) return failure("transient", "client_closed", "the connection is being closed");
    const connection = await orAborted(connected().catch(asCallError), signal);
    if (connection instanceof HttpCallError) {
      const mayRepeat = connection.code === "connection_lost" && left > 1;
      return mayRepeat ? attempt(request, signal, left - 1) : outcomeOf(connection);
    }
    if ("kind" in connection) return connection;
    const answer = await exchange(connection, host, request, signal);
    if (!(answer instanceof HttpCallError)) return answer;
    if (answer.code === "timeout") void isAlive(connection, 0, ping_ms);
    return answer.may_have_arrived || left === 1 || answer.code !== "connection_lost"
      ? outcomeOf(answer)
      : attempt(request, signal, left - 1);
  }

  return {
    request: (request, signal) => attempt(request, signal, MAX_CONNECTIONS),
    async close() {
      isClosed = true;
      const connection = await current?.catch(() => null);
      if (connection === null || connection === undefined || connection.session.destroyed) return;
      const closed = once(connection.session, "close");
      connection.session.close();
      await closed;
    },
  };
}

async function connect({ host, port, dial }: Http2Options): Promise<Connection> {
  let socket;
  try {
    socket = await dial({ host, port, timeout_ms: CONNECT_TIMEOUT_MS });
  } catch (cause) {
    throw notConnected(host, cause);
  }
  const secure = encrypt({ socket, servername: host, ALPNProtocols: ["h2"], minVersion: "TLSv1.2" });
  const timer = setTimeout(() => {
    secure.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" }));
  }, CONNECT_TIMEOUT_MS);
  try {
    await arrival(secure, "secureConnect");
    if (secure.alpnProtocol !== "h2") throw new Error("the server does not speak HTTP/2");
    const session = openSession(`https://${host}`, { createConnection: () => secure });
    // Each request hears of an error by itself.
    session.on("error", () => {});
    const connection: Connection = { session, last_stream: null, heard_at: performance.now(), pinging: null };
    session.on("goaway", (_code, last_stream) => (connection.last_stream = last_stream));
    // Before them it is unknown how many requests the server takes at a time.
    await arrival(session, "remoteSettings");
    return connection;
  } catch (cause) {
    secure.destroy();
    throw notConnected(host, cause);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for an event. Rejects when the emitter fails or closes before it. */
function arrival(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    emitter.once(event, () => resolve());
    emitter.once("error", reject);
    emitter.once("close", () => reject(new Error("the server closed the connection")));
  });
}

function isUsable({ session, last_stream }: Connection): boolean {
  return !session.closed && !session.destroyed && last_stream === null;
}

/** Pings a server that was not heard of for `quiet_ms`. A connection without an answer is destroyed. */
async function isAlive(connection: Connection, quiet_ms: number, ping_ms: number): Promise<boolean> {
  if (performance.now() - connection.heard_at < quiet_ms) return true;
  // One ping for all that wait: a session takes few at a time.
  connection.pinging ??= ping(connection.session, ping_ms).finally(() => (connection.pinging = null));
  if (await connection.pinging) connection.heard_at = performance.now();
  else connection.session.destroy();
  return isUsable(connection);
}

function ping(session: ClientHttp2Session, timeout_ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout_ms, false);
    const answered = (isThere: boolean): void => {
      clearTimeout(timer);
      resolve(isThere);
    };
    if (session.destroyed || !session.ping((error) => answered(error === null))) answered(false);
  });
}

/** Makes one request. An error that `connection_lost` and `may_have_arrived: false` describe can be made again. */
function exchange(
  connection: Connection,
  host: string,
  { method, path, headers, body, timeout_ms }: Http2Request,
  signal: AbortSignal,
): Promise<VendorReply | HttpCallError> {
  return new Promise((resolve) => {
    let stream: ClientHttp2Stream;
    try {
      stream = connection.session.request({
        ":method": method,
        ":authority": host,
        ":path": path,
        ...headers,
      });
    } catch (cause) {
      const code = isUsable(connection) ? "invalid_request" : "connection_lost";
      resolve(new HttpCallError(code, `${method} https://${host}: not sent`, false, cause));
      return;
    }
    let received: IncomingHttpHeaders | null = null;
    let text = "";
    let gaveUp: HttpErrorCode | null = null;
    const giveUp = (code: HttpErrorCode): void => {
      gaveUp ??= code;
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const onAbort = (): void => giveUp("aborted");
    const timer = setTimeout(giveUp, timeout_ms, "timeout");
    signal.addEventListener("abort", onAbort, { once: true });

    stream.setEncoding("utf8");
    stream.on("response", (answered) => {
      received = answered;
      connection.heard_at = performance.now();
    });
    stream.on("data", (chunk: string) => {
      if (text.length < MAX_REPLY_BYTES) text += chunk;
    });
    // What failed is read from the state at the end, which follows every error.
    stream.on("error", () => {});
    stream.once("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      if (received !== null) resolve(replyOf(received, text));
      else resolve(failureOf(connection, host, method, stream, gaveUp));
    });
    stream.end(body);
    if (signal.aborted) onAbort();
  });
}

function failureOf(
  { last_stream }: Connection,
  host: string,
  method: string,
  { id, rstCode }: ClientHttp2Stream,
  gaveUp: HttpErrorCode | null,
): HttpCallError {
  const isUnread =
    id === undefined ||
    rstCode === constants.NGHTTP2_REFUSED_STREAM ||
    (last_stream !== null && id > last_stream);
  const code = gaveUp ?? "connection_lost";
  const detail =
    gaveUp === "timeout" ? "no answer in time" : gaveUp === null ? "no answer" : "the caller gave up";
  return new HttpCallError(code, `${method} https://${host}: ${detail}`, !isUnread);
}

function replyOf(received: IncomingHttpHeaders, body: string): VendorReply {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(received)) {
    if (!name.startsWith(":")) headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return { status: Number(received[":status"]), headers, body, json: parseReply(body) };
}

function lost(host: string, detail: string): HttpCallError {
  return new HttpCallError("connection_lost", `https://${host}: ${detail}`, false);
}

function notConnected(host: string, cause: unknown): HttpCallError {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  return new HttpCallError(callErrorCode(error, false), `https://${host}: ${error.message}`, false, cause);
}

function asCallError(error: unknown): HttpCallError {
  if (error instanceof HttpCallError) return error;
  throw error;
}
