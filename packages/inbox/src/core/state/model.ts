import { compareKeys, type Edit, type Key, keyOf } from "./item.ts";
import type { Connection, InboxFailure, Item, Store, StoreState } from "../types.ts";

/**
 * What a tab knows: the server's truth up to one change of the feed, and the user's edits that are not in it yet. What
 * people see is the edits laid over the truth (view.ts), so an edit that is refused is taken away and leaves nothing.
 *
 * A list is a window: all known items of the store that stand before `end`. A page moves the end; a change that
 * concerns what stands before it comes as a whole item. So no list has a gap or an item twice, whatever order pages
 * and changes come in, as long as no page is older than the truth that it is added to.
 */
export interface Model {
  readonly stores: readonly Store[];
  readonly items: ReadonlyMap<string, Item>;
  /** The last change of the feed that `items` has; null: nothing is loaded. */
  readonly seq: number | null;
  /** Unread items by store, and `badge`. */
  readonly counts: Counts;
  readonly windows: Readonly<Record<string, Window>>;
  /** In the order in which they were made. */
  readonly edits: readonly Edit[];
  readonly connection: Connection;
  readonly failure: InboxFailure | null;
  /** When expiry was looked at last. */
  readonly now: number;
}

export type Counts = Readonly<Record<string, number>>;

export interface Window {
  readonly status: StoreState["status"];
  /** The last place that is loaded; null: all of them; undefined: none. */
  readonly end: Key | null | undefined;
}

export interface Page {
  items: readonly Item[];
  seq: number;
  hasMore: boolean;
}

export type Message =
  /** Replaces the truth. Stores without a page are not loaded. */
  | { type: "restart"; seq: number; counts: Counts; pages: Readonly<Record<string, Page>> }
  /** What was kept on the device. */
  | { type: "restored"; kept: Pick<Model, "items" | "seq" | "counts" | "windows" | "edits"> }
  | { type: "page"; store: string; page: Page }
  | { type: "status"; store: string; status: Window["status"] }
  | { type: "changes"; seq: number; items: readonly Item[]; counts?: Counts | undefined }
  | { type: "edited"; edits: readonly Edit[] }
  /** The server has them, as of a change of the feed. */
  | { type: "settled"; ids: readonly string[]; seq: number }
  /** They were refused or undone. */
  | { type: "dropped"; ids: readonly string[] }
  | { type: "connection"; connection: Connection }
  | { type: "failure"; failure: InboxFailure | null }
  | { type: "tick"; now: number };

const NOT_LOADED: Window = { status: "idle", end: undefined };

export function createModel(stores: readonly Store[], now: number): Model {
  return {
    stores,
    items: new Map(),
    seq: null,
    counts: {},
    windows: Object.fromEntries(stores.map(({ id }) => [id, NOT_LOADED])),
    edits: [],
    connection: "offline",
    failure: null,
    now,
  };
}

export function reduce(model: Model, message: Message): Model {
  const next = step(model, message);
  const seq = next.seq ?? 0;
  const edits = next.edits.filter((edit) => edit.seq === undefined || edit.seq > seq);
  return edits.length === next.edits.length ? next : { ...next, edits };
}

function step(model: Model, message: Message): Model {
  const { items, edits, windows } = model;
  switch (message.type) {
    case "restart": {
      const { seq, counts, pages } = message;
      const loaded = Object.values(pages).flatMap((page) => page.items);
      const opened = model.stores.map(({ id }) => [id, pages[id] ? windowOf(pages[id]) : NOT_LOADED]);
      return {
        ...model,
        seq,
        counts,
        items: merge(new Map(), loaded),
        windows: Object.fromEntries(opened) as Model["windows"],
      };
    }
    case "restored": {
      const { kept } = message;
      return {
        ...model,
        ...kept,
        windows: { ...windows, ...kept.windows },
        edits: [...kept.edits, ...edits],
      };
    }
    case "page": {
      const { store, page } = message;
      return {
        ...model,
        items: merge(items, page.items),
        windows: { ...windows, [store]: windowOf(page, windows[store]) },
      };
    }
    case "status": {
      const { store, status } = message;
      return { ...model, windows: { ...windows, [store]: { ...(windows[store] ?? NOT_LOADED), status } } };
    }
    case "changes": {
      const { seq, counts = model.counts } = message;
      const isOld = model.seq !== null && seq < model.seq;
      return {
        ...model,
        items: merge(items, message.items),
        ...(isOld ? {} : { seq, counts }),
      };
    }
    case "edited": {
      const known = new Set(edits.map(({ id }) => id));
      return { ...model, edits: [...edits, ...message.edits.filter(({ id }) => !known.has(id))] };
    }
    case "settled": {
      const { ids, seq } = message;
      return { ...model, edits: edits.map((edit) => (ids.includes(edit.id) ? { ...edit, seq } : edit)) };
    }
    case "dropped":
      return { ...model, edits: edits.filter(({ id }) => !message.ids.includes(id)) };
    case "connection":
      return { ...model, connection: message.connection };
    case "failure":
      return { ...model, failure: message.failure };
    case "tick":
      return { ...model, now: message.now };
  }
}

/** Each item in its newest state, in whatever order they come. */
function merge(known: ReadonlyMap<string, Item>, items: readonly Item[]): ReadonlyMap<string, Item> {
  const newer = items.filter((item) => item.seq > (known.get(item.n_id)?.seq ?? -1));
  if (newer.length === 0) return known;
  const merged = new Map(known);
  for (const item of newer) if (item.seq > (merged.get(item.n_id)?.seq ?? -1)) merged.set(item.n_id, item);
  return merged;
}

/** An end only moves on: a page that was asked for twice takes nothing away. */
function windowOf({ items, hasMore }: Page, before?: Window): Window {
  const last = items.at(-1);
  let end = hasMore && last !== undefined ? keyOf(last) : null;
  const old = before?.end;
  if (old === null || (old !== undefined && end !== null && compareKeys(end, old) < 0)) end = old;
  return { status: "ready", end };
}
