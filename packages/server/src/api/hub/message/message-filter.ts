import { z } from "zod";
import { LOGGED_CHANNELS } from "../../../core/channel.ts";
import {
  choiceFilter,
  cursorFilter,
  flagFilter,
  instantFilter,
  listFilter,
  oneOf,
  textFilter,
  ULID,
  wholeNumber,
} from "../../filter-values.ts";

/**
 * The filters of `/v1/message/`, parsed from the query. Lists come as `name[]`, repeatable, and from some clients as
 * plain `name`; commas are part of a value. An empty value is no filter.
 */
export interface MessageFilter {
  /** Any of them; null for all. */
  statuses: StatusFilter[] | null;
  channel: string | null;
  recipient_ids: string[] | null;
  categories: string[] | null;
  /** Inclusive, at the start of a second. */
  from: Date | null;
  /** Exclusive: the end of the last requested second. */
  until: Date | null;
  workflow_slug: string | null;
  execution_id: string | null;
  idempotency_key: string | null;
  message_id: string | null;
  tenant_id: string | null;
  is_campaign: boolean | null;
  object: { object_type: string; id: string } | null;
}

/** The meaning of one value of `status[]`: stored statuses, or a flag. */
export type StatusFilter = { statuses: string[] } | { flag: "is_read" | "is_archived"; value: boolean };

const FAILED_BY_VENDOR = ["failure_by_vendor", "delivery_failure"];

/** Statuses whose filter has the stored name. */
const PLAIN = [
  "to_be_triggered",
  "not_to_be_triggered",
  "trigger_blocked",
  "trigger_failed",
  "sent_by_vendor",
  "delivered",
  "seen",
  "clicked",
  "dismissed",
];

/**
 * Three filters mean more, or something else, than the status of that name: `triggered` covers everything that has not
 * got further, `delivery_failed` is not a status, and `read` is a flag, which can be reset.
 */
const STATUS_FILTERS: ReadonlyMap<string, StatusFilter> = new Map<string, StatusFilter>([
  [
    "triggered",
    {
      statuses: ["triggered", "trigger_blocked", "sent_by_vendor", "to_be_triggered", "not_to_be_triggered"],
    },
  ],
  ["delivery_failed", { statuses: ["trigger_failed", ...FAILED_BY_VENDOR] }],
  ...FAILED_BY_VENDOR.map((name): [string, StatusFilter] => [name, { statuses: FAILED_BY_VENDOR }]),
  ...PLAIN.map((name): [string, StatusFilter] => [name, { statuses: [name] }]),
  ["read", { flag: "is_read", value: true }],
  ["unread", { flag: "is_read", value: false }],
  ["archived", { flag: "is_archived", value: true }],
]);

const SECOND_MS = 1000;
const MAX_LIMIT = 1000;

const status = listFilter.describe(`Any of ${[...STATUS_FILTERS.keys()].join(", ")}; may be repeated.`);

const shape = z.object({
  limit: wholeNumber
    .transform((text) => (text === "" ? undefined : Math.min(Math.max(Number(text), 1), MAX_LIMIT)))
    .optional()
    .describe(`Messages in a page: 1 to ${MAX_LIMIT}, 10 if absent.`),
  after: cursorFilter(ULID),
  before: cursorFilter(ULID),
  status,
  "status[]": status,
  channel: choiceFilter(LOGGED_CHANNELS),
  recipient_id: listFilter,
  "recipient_id[]": listFilter,
  category: listFilter,
  "category[]": listFilter,
  created_at_gte: instantFilter,
  created_at_lte: instantFilter,
  workflow_slug: textFilter,
  execution_id: textFilter,
  idempotency_key: textFilter,
  message_id: textFilter,
  tenant_id: textFilter,
  is_campaign: flagFilter,
  object_id: textFilter,
  object_type: textFilter,
  include_content: flagFilter,
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
    statuses: toStatuses(query, refuse),
    channel: query.channel ?? null,
    recipient_ids: merge(query.recipient_id, query["recipient_id[]"]),
    categories: merge(query.category, query["category[]"]),
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

/** Refuses under the spelling that the client used. */
function toStatuses(query: z.output<typeof shape>, refuse: Refuse): StatusFilter[] | null {
  for (const field of ["status", "status[]"] as const) {
    const isKnown = query[field]?.every((name) => STATUS_FILTERS.has(name)) ?? true;
    if (!isKnown) refuse(field, oneOf(STATUS_FILTERS.keys()));
  }
  return merge(query.status, query["status[]"])?.flatMap((name) => STATUS_FILTERS.get(name) ?? []) ?? null;
}

function toObject(object_type: string | null, id: string | null, refuse: Refuse): MessageFilter["object"] {
  if (object_type !== null && id !== null) return { object_type, id };
  if (object_type !== null) refuse("object_id", "is a required field");
  if (id !== null) refuse("object_type", "is a required field");
  return null;
}

function merge(...given: (string[] | undefined)[]): string[] | null {
  const values = given.flatMap((list) => list ?? []);
  return values.length === 0 ? null : [...new Set(values)];
}

function floorSecond(at: Date | null): Date | null {
  return at === null ? null : new Date(Math.floor(at.getTime() / SECOND_MS) * SECOND_MS);
}
