import { isJsonObject } from "../core/json.ts";
import { type AppError, ERRORS, type ErrorCode } from "../errors.ts";

/**
 * The wire has five JSON shapes for a refusal; which one a client parses depends on the endpoint. The handler throws an
 * `AppError` and does not know the shape.
 *
 * - `code_message`: users, objects, preferences, messages: `{code, message, detail?}`
 * - `management`: tenants, lists and the management API: `{code, error_code, type, message, detail}`
 * - `status_error`: events. A superset: newer SDKs read `error.message`, the published schema has `message` at the top
 *   level, and the Node SDK prints the body as it is.
 * - `client`: browsers and apps. A union of what their SDKs read (client-protocols.md §3): `error.type` and
 *   `error.message`, or `type`, `code` and `message` at the top level
 * - `trigger`: the same for triggers, whose published `status` is `fail`.
 * - `status_fail`: the legacy trigger, whose published schema is `{"status":"fail","message"}`
 * - `text`: the legacy endpoints `/event/` and `/{workspace_key}/trigger/`
 */
export type ErrorFamily =
  | "code_message"
  | "management"
  | "status_error"
  | "client"
  | "trigger"
  | "status_fail"
  | "text";

export interface WireReply {
  status: number;
  body: unknown;
  content_type: string;
  /** A list for a header that is there several times. */
  headers?: Readonly<Record<string, string | string[]>>;
}

const JSON_TYPE = "application/json; charset=utf-8";

/**
 * A refusal of all records at once, for clients that read `records` whatever the status: there is one entry for each
 * record that was looked at, and none was.
 */
export function presentBulkError(error: AppError, family: ErrorFamily): WireReply {
  const reply = presentError(error, family);
  const { body } = reply;
  return typeof body === "object" ? { ...reply, body: { ...body, records: [] } } : reply;
}

export function presentError(error: AppError, family: ErrorFamily): WireReply {
  const { status, type } = ERRORS[error.code];
  const { code, message, detail } = error;
  switch (family) {
    case "code_message":
      return {
        status,
        content_type: JSON_TYPE,
        // The older read API of templates is the only one of the family with a type.
        body: {
          code: status,
          ...(code === "does_not_exist" ? { type } : {}),
          message,
          ...optional("detail", detail),
        },
      };
    case "management":
      return {
        status,
        content_type: JSON_TYPE,
        body: { code: status, error_code: managementCode(error), type, message, detail: detail ?? message },
      };
    case "status_error":
    case "trigger":
      return {
        status,
        content_type: JSON_TYPE,
        body: {
          status: family === "trigger" ? "fail" : "error",
          status_code: status,
          message,
          error: { type: machineType(code), message },
          ...optional("detail", detail),
        },
      };
    case "client":
      return {
        status,
        content_type: JSON_TYPE,
        body: {
          status: "error",
          code: status,
          message,
          type: machineType(code),
          detail: detail ?? message,
          error_code: machineType(code),
          error: { type: machineType(code), message },
        },
      };
    case "status_fail":
      return { status, content_type: JSON_TYPE, body: { status: "fail", message } };
    case "text":
      return { status, content_type: "text/plain; charset=utf-8", body: message };
  }
}

/** `error.type` of triggers and events, on which SDKs branch. */
export function machineType(code: ErrorCode): string {
  switch (code) {
    case "not_found":
    case "schema_validation_error":
      return code;
    case "not_authenticated":
    case "workspace_key_inactive":
    case "authentication_failed":
      return "authentication_failed";
    default:
      return ERRORS[code].status === 400 ? "validation_error" : code;
  }
}

/**
 * What is wrong with a request is `validation_error` in the management family. Refused commits, fields that `detail` lists
 * by name, and lists of reasons of which the message is the JSON, are called `error`.
 */
function managementCode({ code, message, detail }: AppError): string {
  const { type } = ERRORS[code];
  if (type === "Unauthorized") return "unauthorized";
  if (type !== "ValidationError") return code;
  const isSpelt = isJsonObject(detail) || (Array.isArray(detail) && message === JSON.stringify(detail));
  return isSpelt || code === "commit_refused" ? "error" : "validation_error";
}

function optional(key: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [key]: value };
}
