import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import { parseInstant } from "../../../core/instant.ts";
import { cursorShape } from "../../../http/cursor.ts";

/**
 * The filters of `/v1/message/`, read from the query. Lists come as `name[]`, repeated at will, and from some
 * clients as a bare `name`; an empty value is no filter.
 */
export interface MessageFilter {
  /** Any of them; null for all. */
  statuses: StatusFilter[] | null;
  channel: string | null;
  recipient_ids: string[] | null;
  categories: string[] | null;
  /** Inclusive, at the start of a second. */
  from: Date | null;
  /** Exclusive: the end of the last second that was asked for. */
  until: Date | null;
  workflow_slug: string | null;
  execution_id: string | null;
  idempotency_key: string | null;
  message_id: string | null;
  tenant_id: string | null;
  is_campaign: boolean | null;
  object: { object_type: string; id: string } | null;
}

/** What one value of `status[]` stands for: stored statuses, or a flag. */
export type StatusFilter = { statuses: string[] } | { flag: "is_read" | "is_archived"; value: boolean };

const FAILED_BY_VENDOR = ["failure_by_vendor", "delivery_failure"];

const STATUS_FILTERS: ReadonlyMap<string, StatusFilter> = new Map<string, StatusFilter>([
  [
    "triggered",
    {
      statuses: ["triggered", "trigger_blocked", "sent_by_vendor", "to_be_triggered", "not_to_be_triggered"],
    },
  ],
  ["delivery_failed", { statuses: ["trigger_failed", ...FAILED_BY_VENDOR] }],
  ["failure_by_vendor", { statuses: FAILED_BY_VENDOR }],
  ["delivery_failure", { statuses: FAILED_BY_VENDOR }],
  ["delivered", { statuses: ["delivered"] }],
  ["seen", { statuses: ["seen"] }],
  ["clicked", { statuses: ["clicked"] }],
  ["dismissed", { statuses: ["dismissed"] }],
  ["read", { flag: "is_read", value: true }],
  ["unread", { flag: "is_read", value: false }],
  ["archived", { flag: "is_archived", value: true }],
]);

const SECOND_MS = 1000;
const MAX_VALUES = 100;

const text = z.string().max(512).optional();
const list = z.union([z.string().max(512), z.array(z.string().max(512)).max(MAX_VALUES)]).optional();
const flag = z
  .stringbool({ truthy: ["true", "1"], falsy: ["false", "0"], error: "must be true or false" })
  .optional();
/** Calls of webhook nodes are rows of this log too. */
const LOGGED = [...CHANNELS, "webhook"] as const;
const channel = z.enum(LOGGED, {
  error: `must be one of [${LOGGED.map((name) => `'${name}'`).join(" ")}]`,
});

const instant = z
  .string()
  .transform((value, ctx) => {
    const at = parseInstant(mendOffset(value.trim()));
    if (at === null) ctx.addIssue({ code: "custom", message: "must be an RFC 3339 date-time" });
    return at;
  })
  .optional();

const shape = z.object({
  ...cursorShape,
  status: list,
  "status[]": list,
  channel: z.union([z.literal("").transform(() => undefined), channel]).optional(),
  recipient_id: list,
  "recipient_id[]": list,
  category: list,
  "category[]": list,
  created_at_gte: instant,
  created_at_lte: instant,
  workflow_slug: text,
  execution_id: text,
  idempotency_key: text,
  message_id: text,
  tenant_id: text,
  is_campaign: flag,
  object_id: text,
  object_type: text,
  include_content: flag,
});

export const messageQuery = shape.transform((query, ctx) => {
  const { limit, after, before, include_content = false } = query;
  const refuse = (path: string, message: string) => ctx.addIssue({ code: "custom", path: [path], message });
  const filter = toFilter(query, refuse);
  return { limit, after, before, include_content, filter };
});

type Refuse = (path: string, message: string) => void;

function toFilter(query: z.output<typeof shape>, refuse: Refuse): MessageFilter {
  const from = floorSecond(query.created_at_gte ?? null);
  const last = floorSecond(query.created_at_lte ?? null);
  if (from !== null && last !== null && last < from) {
    refuse("created_at_lte", "must not be before created_at_gte");
  }
  return {
    statuses: toStatuses(toList(query.status, query["status[]"]), refuse),
    channel: query.channel ?? null,
    recipient_ids: toList(query.recipient_id, query["recipient_id[]"]),
    categories: toList(query.category, query["category[]"]),
    from,
    until: last === null ? null : new Date(last.getTime() + SECOND_MS),
    workflow_slug: query.workflow_slug || null,
    execution_id: query.execution_id || null,
    idempotency_key: query.idempotency_key || null,
    message_id: query.message_id || null,
    tenant_id: query.tenant_id || null,
    is_campaign: query.is_campaign ?? null,
    object: toObject(query.object_type || null, query.object_id || null, refuse),
  };
}

function toStatuses(names: string[] | null, refuse: Refuse): StatusFilter[] | null {
  if (names === null) return null;
  return names.flatMap((name) => {
    const status = STATUS_FILTERS.get(name);
    if (status !== undefined) return [status];
    refuse(
      "status[]",
      `must be one of [${[...STATUS_FILTERS.keys()].map((known) => `'${known}'`).join(" ")}]`,
    );
    return [];
  });
}

function toObject(object_type: string | null, id: string | null, refuse: Refuse): MessageFilter["object"] {
  if (object_type !== null && id !== null) return { object_type, id };
  if (object_type !== null) refuse("object_id", "is a required field");
  if (id !== null) refuse("object_type", "is a required field");
  return null;
}

function toList(...given: (string | string[] | undefined)[]): string[] | null {
  const values = given.flatMap((value) => value ?? []).filter((value) => value !== "");
  return values.length === 0 ? null : [...new Set(values)];
}

/** In a query a `+` that was not encoded arrives as a space: `…T09:30:00 05:30`. */
function mendOffset(value: string): string {
  return value.replace(/^(.+\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) (\d{2}:?\d{2})$/, "$1+$2");
}

function floorSecond(at: Date | null): Date | null {
  return at === null ? null : new Date(Math.floor(at.getTime() / SECOND_MS) * SECOND_MS);
}
