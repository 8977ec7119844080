import { z } from "zod";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import { parseJson } from "../core/json/parse-json.ts";
import type { Json } from "../core/json.ts";
import type { PageStart } from "../inbox/read-feed.ts";
import { EVERYTHING, MAX_STORES, parseStore, type Store } from "../inbox/store-query.ts";

/**
 * The query of inbox clients, of the feed and of the API before it. They are of many ages, and tolerated: a name that is
 * given twice (Android), an empty value, and a value that was never set, which arrives as the word `undefined`.
 */
const given = z
  .union([z.string(), z.array(z.string())])
  .nullish()
  .transform((value) =>
    [value ?? []].flat().find((text) => !["", "undefined", "null"].includes(text.trim())),
  );

const MAX_ID = 255;

export const feedDistinctId = given
  .transform((id, ctx) => {
    if (id === undefined) refuse(ctx, "is a required field");
    else if (id.length > MAX_ID) refuse(ctx, `must be at most ${MAX_ID} characters`);
    return id ?? "";
  })
  .meta({ description: "Whose inbox it is.", example: "ann" });

export const feedTenantId = given
  .transform((id) => id ?? DEFAULT_TENANT)
  .meta({ description: "In which tenant; `default` if absent.", example: "acme" });

/** Spread into the query of an endpoint about a feed. */
export const feedOwner = { distinct_id: feedDistinctId, tenant_id: feedTenantId };

const STORE_EXAMPLE = '{"store_id":"mentions","query":{"read":false,"tags":{"or":["mention"]}}}';

export const storeQuery = given
  .transform((text, ctx) => {
    if (text === undefined) return EVERYTHING;
    const value = readJson(text, ctx, `must be JSON such as ${STORE_EXAMPLE}`);
    return value === undefined ? EVERYTHING : (storeIn(value, ctx, "")?.query ?? EVERYTHING);
  })
  .meta({
    description:
      "JSON: which items. Absent: all that are not archived. `tags` and `categories` match any of theirs.",
    example: STORE_EXAMPLE,
  });

export const storesQuery = given
  .transform((text, ctx) => {
    if (text === undefined) return [];
    const list = readJson(text, ctx, `must be a JSON array such as [${STORE_EXAMPLE}]`);
    if (list === undefined) return [];
    if (!Array.isArray(list)) refuse(ctx, `must be a JSON array such as [${STORE_EXAMPLE}]`);
    else if (list.length > MAX_STORES) refuse(ctx, `must have at most ${MAX_STORES} stores`);
    else return list.flatMap((value, index) => namedStore(value, ctx, `[${index}]`));
    return [];
  })
  .meta({
    description: "A JSON array of stores, each counted under its `store_id`.",
    example: `[${STORE_EXAMPLE}]`,
  });

/** A store in the body of a request. */
export const storeBody = z
  .unknown()
  .transform((value, ctx) => (value == null ? null : (storeIn(value as Json, ctx, "")?.query ?? null)))
  .meta({ example: JSON.parse(STORE_EXAMPLE) as object });

function namedStore(value: Json, ctx: z.RefinementCtx, place: string): Store[] {
  const store = storeIn(value, ctx, place);
  if (store === null) return [];
  if (store.store_id !== "") return [store];
  refuse(ctx, `${place} store_id is a required field`);
  return [];
}

function storeIn(value: Json, ctx: z.RefinementCtx, place: string): Store | null {
  const parsed = parseStore(value);
  if (parsed.ok) return parsed.store;
  refuse(ctx, `${place} ${parsed.reason}`.trim());
  return null;
}

function readJson(text: string, ctx: z.RefinementCtx, reason: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    refuse(ctx, reason);
    return undefined;
  }
}

/** Out of range is brought into it, as clients expect; what is no number is refused. */
function numberQuery(least: number, most: number, fallback: number) {
  return given.transform((text, ctx) => {
    if (text === undefined) return fallback;
    const value = Number(text);
    if (Number.isNaN(value)) refuse(ctx, "must be a number");
    return Math.min(Math.max(Math.trunc(value), least), most);
  });
}

const MAX_PAGE_NO = 100_000;
/** The last instant that a date has. */
const MAX_MS = 8.64e15;
const DEFAULT_SIZE = 20;

export const pageSize = (most: number) =>
  numberQuery(1, most, DEFAULT_SIZE).meta({
    description: `Items in a page: 1 to ${most}, ${DEFAULT_SIZE} if absent.`,
  });

export const pageNo = numberQuery(1, MAX_PAGE_NO, 0).meta({
  description: "The number of the page, from 1.",
  example: 1,
});

/** Milliseconds since 1970; 0 for none. */
export const msQuery = numberQuery(0, MAX_MS, 0).meta({ example: 1_795_195_264_507 });

/** The number of a change; null: none was given. */
export const seqQuery = given
  .transform((text, ctx) => {
    if (text === undefined) return null;
    const seq = Number(text);
    if (Number.isSafeInteger(seq) && seq >= 0) return seq;
    refuse(ctx, "must be the seq of an earlier answer");
    return null;
  })
  .meta({ example: 1_795_195_264_511 });

export const searchAfter = given
  .transform((text, ctx): { is_pinned: boolean; created_on: Date } | null | undefined => {
    if (text === undefined) return undefined;
    const reason =
      "must be [] for the first page, or [is_pinned, created_on] of the last item of the page before";
    const place = readJson(text, ctx, reason);
    if (place === undefined) return undefined;
    const [pinned, created_on] = Array.isArray(place) ? place : [null];
    if (Array.isArray(place) && place.length === 0) return null;
    // Swift sends the flag as a number, and either of them as 1.0 or 1.795195264507e12.
    const isFlag = typeof pinned === "boolean" || pinned === 0 || pinned === 1;
    if (isFlag && typeof created_on === "number" && created_on >= 0 && created_on <= MAX_MS) {
      return { is_pinned: Boolean(pinned), created_on: new Date(created_on) };
    }
    refuse(ctx, reason);
    return undefined;
  })
  .meta({
    description: "`[]`, or `[is_pinned, created_on]` of the last item of the page before.",
    example: "[]",
  });

/** The page that a client asks for, in whichever way it knows. */
export function pageStart(query: {
  search_after: { is_pinned: boolean; created_on: Date } | null | undefined;
  page_no: number;
  before: number;
}): PageStart {
  const { search_after, page_no, before } = query;
  if (search_after !== undefined || page_no === 0) return { after: search_after ?? null };
  return { page_no, before: before === 0 ? null : new Date(before) };
}

/**
 * Counts as clients take them: flat numbers. The name of a store may be one that the body has another use for; `status`
 * makes web-sdk from 2 throw the whole reply away.
 */
export function presentCounts(
  counts: Record<string, number>,
  badge: "badge" | "ss_bell_count",
): Record<string, number> {
  const stores = Object.entries(counts).filter(([name]) => !["badge", badge, "status"].includes(name));
  return Object.fromEntries([[badge, counts.badge ?? 0], ...stores]);
}

export const countsShape = z
  .record(z.string(), z.int())
  .describe("`badge`: what came since the bell was opened. The others: the unread items of each store.")
  .meta({ examples: [{ badge: 2, mentions: 1 }] });

function refuse(ctx: z.RefinementCtx, message: string): void {
  ctx.addIssue({ code: "custom", message });
}
