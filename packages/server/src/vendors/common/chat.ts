import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { createLru } from "../../core/lru.ts";
import { textAt } from "../../delivery/vendor/call.ts";
import { failure } from "../../delivery/vendor/failure.ts";
import { parseReply } from "../../delivery/vendor/reply-reader.ts";
import type { Failed, OutgoingMessage } from "../../delivery/vendor/vendor.ts";

/* What Slack and Teams share: a rendered body in one of two forms, and addresses that are looked up before sending. */

/** The body: a text, or the JSON object of the rich form. */
export type ChatBody = { text: string } | { rich: JsonObject };

/** Reads the rendered content; `rich` is the `body_type` of the rich form, which is in `field`. */
export function readChatBody(
  { content }: OutgoingMessage,
  rich: string,
  field: string,
): { ok: true; body: ChatBody } | { ok: false; failure: Failed } {
  if (textAt(content, "body_type") === rich) {
    const value = content[field];
    const parsed = typeof value === "string" ? parseReply(value) : value;
    if (isJsonObject(parsed)) return { ok: true, body: { rich: parsed } };
    return refusal(`invalid_${field}`, `${field} is not a JSON object`);
  }
  const text = textAt(content, "body_text");
  if (text.trim() !== "") return { ok: true, body: { text } };
  return refusal("no_text", "body_text is blank");
}

function refusal(code: string, message: string): { ok: false; failure: Failed } {
  return { ok: false, failure: failure("message", code, message) };
}

export interface Found {
  value: string;
  /** It was remembered, so it may be out of date. */
  is_remembered: boolean;
}

/** Answers of look-ups, kept for a day. Those that failed are not kept. */
export interface LookUps {
  find: (key: string, look: () => Promise<string | Failed>) => Promise<Found | Failed>;
  forget: (key: string) => void;
}

const KEPT_MS = 86_400_000;
const MAX_KEPT = 50_000;

export function createLookUps(now: () => number): LookUps {
  const kept = createLru<{ value: string; until: number }>(MAX_KEPT);
  return {
    async find(key, look) {
      const known = kept.get(key);
      if (known !== undefined && now() < known.until) return { value: known.value, is_remembered: true };
      const value = await look();
      if (typeof value !== "string") return value;
      kept.set(key, { value, until: now() + KEPT_MS });
      return { value, is_remembered: false };
    },
    forget: kept.delete,
  };
}
