import type { ErrorFamily } from "../../src/http/envelope.ts";

/** A response, from `inject` or from a socket. */
export interface Answer {
  status: number;
  content_type: string;
  text: string;
}

/**
 * What is wrong with a response, in words; null if a client can handle it: never a failure of the server, readable JSON
 * or text, and for a refusal the family's shape with a reason in it.
 */
export function faultOf(answer: Answer, families: readonly ErrorFamily[], method = "GET"): string | null {
  const { status, content_type, text } = answer;
  if (status >= 500) return `a failure of the server: ${status} ${text.slice(0, 200)}`;
  if (status < 200 || (status >= 300 && status < 400)) return `an unexpected status: ${status}`;
  if (method === "HEAD") return text === "" ? null : "a body after HEAD";
  if (status === 204) return text === "" ? null : "a 204 with a body";
  if (status >= 400) {
    return families.some((family) => isRefusal(answer, family))
      ? null
      : `a refusal without the shape of [${families.join(", ")}]: ${status} ${content_type} ${text.slice(0, 200)}`;
  }
  if (content_type.startsWith("application/json"))
    return parse(text) === undefined ? "a body that is no JSON" : null;
  return content_type.startsWith("text/") && text !== ""
    ? null
    : `a body of an unexpected type: ${content_type}`;
}

function isRefusal({ status, content_type, text }: Answer, family: ErrorFamily): boolean {
  // Pages for people refuse as pages.
  if (family === "text") return /^text\/(?:plain|html)\b/.test(content_type) && text !== "";
  const body = content_type.startsWith("application/json") ? parse(text) : undefined;
  if (typeof body !== "object" || body === null) return false;
  const fields = body as Record<string, unknown>;
  if (!isReason(fields.message)) return false;
  switch (family) {
    case "code_message":
      return fields.code === status;
    case "management":
      return fields.code === status && isReason(fields.error_code) && isReason(fields.type);
    case "client": {
      const error = fields.error as Record<string, unknown> | undefined;
      return (
        fields.status === "error" &&
        fields.code === status &&
        isReason(error?.type) &&
        isReason(error?.message)
      );
    }
    case "status_fail":
      return fields.status === "fail";
    case "status_error":
    case "trigger": {
      const error = fields.error as Record<string, unknown> | undefined;
      const status_text = family === "trigger" ? "fail" : "error";
      return fields.status === status_text && fields.status_code === status && isReason(error?.message);
    }
  }
}

function isReason(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
