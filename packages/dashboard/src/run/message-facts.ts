import type { MessageRow } from "../api/wire.ts";

/** A recipient as the logs name it: a user's id, or `object_type/id`. */
export function recipientOf({ recipient }: Pick<MessageRow, "recipient">): string {
  const { $type, distinct_id, object_type, id } = recipient;
  return $type === "object" ? `${object_type ?? ""}/${id ?? ""}` : (distinct_id ?? "–");
}

/**
 * An address as people read it. Chat and push addresses are objects, of which only the name is worth a line; the address
 * of an inbox is ours and names nobody.
 */
export function addressOf(channel: string, value: unknown): string | null {
  if (channel === "inbox") return null;
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Record<string, unknown>;
  for (const name of ["email", "channel", "channel_id", "user_id", "conversation_id", "token", "endpoint"]) {
    const one = fields[name];
    if (typeof one === "string" && one !== "") return one;
  }
  return null;
}

export interface Content {
  subject: string | null;
  html: string | null;
  text: string | null;
  title: string | null;
}

/** What of a rendered content a person would see, whatever the channel's shape. */
export function contentOf(content: Record<string, unknown> | null): Content {
  const { subject, html, text, header, title, body, body_text } = content ?? {};
  const nested = (value: unknown) =>
    typeof value === "object" && value !== null ? (value as { text?: unknown }).text : value;
  return {
    subject: firstText(subject),
    html: firstText(html),
    title: firstText(nested(header), title),
    text: firstText(text, nested(body), body_text),
  };
}

function firstText(...values: unknown[]): string | null {
  return values.find((value): value is string => typeof value === "string" && value !== "") ?? null;
}
