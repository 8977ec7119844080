import type { Edit, Key } from "../state/item.ts";
import type { Counts, Page } from "../state/model.ts";
import type { Rest } from "./rest.ts";
import type { Item, Store } from "../types.ts";

/** At most, in one request. */
const MANY = 100;
/** Those that one request does to many items. */
const BULK = new Set(["seen", "read", "unread", "archive", "unarchive"]);

export interface Changes {
  /** What was asked after cannot be continued: begin again. */
  reset?: boolean;
  results?: readonly Item[];
  seq: number;
  has_more?: boolean;
  counts?: Counts;
}

/** The feed's endpoints for one user in one tenant (client-protocols.md 7, and Carillon's additions). */
export interface FeedApi {
  /** A store's items after a place. */
  page(
    store: Store,
    options: { after?: Key | null | undefined; size: number; signal: AbortSignal },
  ): Promise<Page>;
  /** What changed after a change; without one, where the feed stands. */
  changes: (after: number | null, signal: AbortSignal) => Promise<Changes>;
  stream: (after: number, signal: AbortSignal) => Promise<Response>;
  /** Answers by which change the feed has them. They are of one action. */
  send: (edits: readonly Edit[]) => Promise<number | undefined>;
}

/** Whether two edits can be sent together. */
export const isJoinable = (a: Edit, b: Edit): boolean =>
  a.action === b.action && BULK.has(a.action) && a.ids.length + b.ids.length <= MANY;

export function createFeedApi(
  rest: Rest,
  who: { distinct_id: string; tenant_id: string },
  stores: readonly Store[],
): FeedApi {
  const all = stores.map(onWire);
  const act = async (path: string, method: "PATCH" | "POST", body?: unknown) =>
    (await rest.call<{ seq?: number }>(`/v1/feed/${path}`, { method, query: who, body })).seq;

  async function sendMany(action: string, ids: readonly string[]): Promise<number | undefined> {
    let seq: number | undefined;
    for (let at = 0; at < ids.length; at += MANY) {
      seq = await act(`bulk/notifications/${action}`, "POST", { notification_ids: ids.slice(at, at + MANY) });
    }
    return seq;
  }

  return {
    async page(store, { after, size, signal }) {
      interface Reply {
        results: Item[];
        meta: { has_more: boolean; seq: number };
      }
      const { results, meta } = await rest.call<Reply>("/v1/feed/notifications", {
        query: { ...who, page_size: size, store: onWire(store), search_after: after ?? [] },
        signal,
      });
      return { items: results, seq: meta.seq, hasMore: meta.has_more };
    },

    changes: (after, signal) =>
      rest.call("/v1/feed/changes", { query: { ...who, after, limit: MANY, stores: all }, signal }),

    stream: (after, signal) =>
      rest.open("/v1/feed/stream", { query: { ...who, after, stores: all }, signal }),

    async send(edits) {
      const [first] = edits;
      if (first === undefined) return undefined;
      const { action, query, until } = first;
      switch (action) {
        case "opened":
          return act("reset_bell_count", "PATCH");
        case "read_all":
          return act("mark_all_read", "PATCH", query === undefined ? {} : { store: onWire(query) });
        case "archive_all":
          return act("archive_all", "PATCH", query === undefined ? {} : { store: onWire(query) });
        default: {
          const ids = [...new Set(edits.flatMap((edit) => edit.ids))];
          if (BULK.has(action) && ids.length > 1) return sendMany(action, ids);
          let seq: number | undefined;
          for (const id of ids) {
            const body = until === undefined ? {} : { until };
            seq = await act(`notifications/${encodeURIComponent(id)}/${action}`, "PATCH", body);
          }
          return seq;
        }
      }
    },
  };
}

/** As the wire has it: an empty list filters nothing. */
function onWire({ id, query: { tags = [], categories = [], ...flags } = {} }: Store): object {
  return { store_id: id, query: { ...flags, tags: { or: tags }, categories: { or: categories } } };
}
