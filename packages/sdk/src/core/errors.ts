import { ERROR_HELP } from "../generated/error-help.gen.ts";
import { isRecord } from "./is-record.ts";

/** Codes that the SDK itself gives; all others are the server's (`docs/reference/errors.md`). */
const OWN_HELP: Readonly<Record<string, string>> = {
  invalid_input: "Nothing was sent. The message names the field and what it takes.",
  connection_failed:
    "No connection to the server. Check the url of createCarillon and whether the server runs.",
  timeout: "The server did not answer in time. Send it again, or raise `timeout`.",
  aborted: "The signal of the call was aborted.",
  source_failed:
    "The iterable that was given threw. What it gave before was sent; the outcomes are in `detail`.",
  bad_response:
    "The answer is not Carillon's. Check the url of createCarillon, and what stands before the server.",
};

/** The server's codes by status, for envelopes that have no code. */
const BY_STATUS: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "not_authenticated",
  403: "permission_denied",
  404: "not_found",
  409: "conflict",
  413: "payload_too_large",
  429: "throttled",
  500: "internal",
  503: "database_unavailable",
};

export interface CarillonErrorOptions {
  status?: number;
  field?: string | null;
  requestId?: string | null;
  detail?: unknown;
  body?: unknown;
  cause?: unknown;
}

/**
 * The one error of this package: bad input, no connection, a time-out, or a refusal of the server.
 *
 * @example
 * try {
 *   await carillon.users.get("nobody");
 * } catch (error) {
 *   if (!(error instanceof CarillonError) || error.code !== "not_found") throw error;
 * }
 */
export class CarillonError extends Error {
  override readonly name: string = "CarillonError";
  /** Machine-readable: `not_found`, `throttled` …, or the SDK's own `invalid_input`, `connection_failed`, `timeout`, `aborted`, `source_failed`, `bad_response`. */
  readonly code: string;
  /** Of the HTTP response; 0 if there was none. */
  readonly status: number;
  /** The field that is wrong, if one is: `recipients[2].$email`. */
  readonly field: string | null;
  /** What to do about it, in one sentence. */
  readonly help: string;
  /** The server's id of the request, as its log has it. */
  readonly requestId: string | null;
  /** What the server says besides the message: field paths to reasons, or a list of problems. */
  readonly detail: unknown;
  /** The whole answer: parsed if it was JSON, else its text; null without one. */
  readonly body: unknown;

  constructor(code: string, message: string, options: CarillonErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? 0;
    this.field = options.field ?? null;
    this.requestId = options.requestId ?? null;
    this.detail = options.detail ?? null;
    this.body = options.body ?? null;
    this.help = OWN_HELP[code] ?? ERROR_HELP[code] ?? "";
  }
}

/** Bad input, found before anything was sent: `workflow: must not be empty`. */
export function invalidInput(field: string, problem: string): CarillonError {
  return new CarillonError("invalid_input", `${field}: ${problem}`, { field });
}

/** What any thrown value is as an error of this package: one that is not is what came of a field. */
export function toCarillonError(error: unknown, field: string): CarillonError {
  if (error instanceof CarillonError) return error;
  return new CarillonError("invalid_input", `${field}: ${reasonOf(error)}`, { field, cause: error });
}

/** Whatever was thrown, in words. By its shape: a test runner's errors are of another realm. */
export function reasonOf(error: unknown): string {
  const { message, code } = (isRecord(error) ? error : {}) as { message?: unknown; code?: unknown };
  const said = [message, code].find((text): text is string => typeof text === "string" && text !== "");
  return said ?? String(error);
}

interface Refusal {
  error_code?: unknown;
  message?: unknown;
  detail?: unknown;
  error?: { type?: unknown; message?: unknown };
}

/** A refusal in any of the wire's envelopes, which differ by endpoint (`packages/server/src/http/envelope.ts`). */
export function refusalOf(status: number, body: unknown, requestId: string | null): CarillonError {
  const refusal: Refusal = isRecord(body) ? body : {};
  const said = [refusal.message, refusal.error?.message, body].find(
    (text): text is string => typeof text === "string" && text !== "",
  );
  const machine = [refusal.error?.type, refusal.error_code].find(
    (code): code is string => typeof code === "string" && Object.hasOwn(ERROR_HELP, code),
  );
  const code = machine ?? BY_STATUS[status] ?? (status >= 500 ? "internal" : "bad_response");
  const detail = refusal.detail ?? null;
  const message = said ?? `the server answered ${status}`;
  return new CarillonError(code, message, {
    status,
    requestId,
    detail,
    body,
    field: fieldOf(message, detail),
  });
}

/** The first field that a refusal names: the key of its detail, or what stands before the colon. */
function fieldOf(message: string, detail: unknown): string | null {
  const named = isRecord(detail) ? detail : parseRecord(message);
  const [first] = Object.keys(named);
  if (first !== undefined) return first;
  return /^([$\w][\w$.[\]-]*): /.exec(message)?.[1] ?? null;
}

function parseRecord(text: string): Record<string, unknown> {
  if (!text.startsWith("{")) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
