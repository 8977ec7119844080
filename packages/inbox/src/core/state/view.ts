import { applyEdit, compareKeys, type Edit, isWithin, keyOf, matches } from "./item.ts";
import type { Model } from "./model.ts";
import { keepList, keepObject } from "./same.ts";
import type { InboxState, Item, StoreState } from "../types.ts";

export interface View {
  /** What people see of a model. A part that has not changed is the object that was there before. */
  stateOf: (model: Model) => InboxState;
  /** An item with the edits laid over it; undefined if it is not known. */
  itemOf: (model: Model, id: string) => Item | undefined;
}

export function createView(): View {
  /** Of items that edits change, so that they stay the same objects while neither they nor the edits do. */
  let edited = new Map<string, { truth: Item; edits: readonly Edit[]; item: Item }>();
  let lastModel: Model | null = null;
  let lastState: InboxState | null = null;

  /** The edits by item, so that those that no edit is about cost nothing. */
  let indexed: readonly Edit[] = [];
  let byId = new Map<string, Edit[]>();
  /** One of a whole store may concern any item. */
  let hasWhole = false;

  function editsOf(id: string, edits: readonly Edit[]): readonly Edit[] | undefined {
    if (edits !== indexed) {
      indexed = edits;
      byId = new Map();
      for (const edit of edits) {
        for (const one of edit.ids) byId.set(one, [...(byId.get(one) ?? []), edit]);
      }
      hasWhole = edits.some(({ ids }) => ids.length === 0);
    }
    return hasWhole ? edits : byId.get(id);
  }

  function withEdits(truth: Item, model: Model): Item {
    const edits = model.edits.length === 0 ? undefined : editsOf(truth.n_id, model.edits);
    if (edits === undefined) return truth;
    const known = edited.get(truth.n_id);
    if (known?.truth === truth && known.edits === edits) return known.item;
    const made = edits.reduce(applyEdit, truth);
    const item = known?.truth === truth ? keepObject(known.item, made) : made;
    edited.set(truth.n_id, { truth, edits, item });
    return item;
  }

  function build(model: Model): InboxState {
    const { windows, counts, edits, now, connection, failure } = model;
    if (edits.length === 0) edited = new Map();
    const items = Array.from(model.items.values(), (truth) => ({ truth, item: withEdits(truth, model) }));
    const sorted = items.map(({ item }) => item).sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
    const touched = items.filter(({ truth, item }) => truth !== item);
    const stores: Record<string, StoreState> = {};
    for (const { id, query = {} } of model.stores) {
      const isUnread = (item: Item) => item.read_on === null && matches(item, query, now);
      const isEmptied = edits.some(
        ({ action, query: of }) =>
          (action === "read_all" || action === "archive_all") && (of === undefined || of.id === id),
      );
      // What edits change of the items that are here; nothing of what else is unread is left by one to all.
      const unread = isEmptied
        ? items.filter(({ item }) => isUnread(item)).length
        : touched.reduce(
            (count, { truth, item }) => count + Number(isUnread(item)) - Number(isUnread(truth)),
            counts[id] ?? 0,
          );
      const before = lastState?.stores[id];
      const { status, end } = windows[id] ?? { status: "idle", end: undefined };
      const state: StoreState = {
        items: keepList(
          before?.items,
          sorted.filter((item) => isWithin(item, end) && matches(item, query, now)),
        ),
        status,
        hasMore: end !== null,
        unread: Math.max(0, unread),
      };
      stores[id] = keepObject(before, state);
    }
    const isOpened = edits.some(
      ({ action, query }) => action === "opened" || (action === "read_all" && query === undefined),
    );
    const state: InboxState = {
      stores: keepObject(lastState?.stores, stores),
      badge: isOpened ? 0 : (counts.badge ?? 0),
      connection,
      pending: edits.filter(({ seq }) => seq === undefined).length,
      error: failure,
    };
    return keepObject(lastState, state);
  }

  return {
    stateOf(model) {
      if (model !== lastModel || lastState === null) {
        lastState = build(model);
        lastModel = model;
      }
      return lastState;
    },
    itemOf(model, id) {
      const truth = model.items.get(id);
      return truth === undefined ? undefined : withEdits(truth, model);
    },
  };
}
