import type { ActionName, Item, Store, StoreQuery } from "../types.ts";

/** What the user did, until the server's state has it. Plain data: it is stored, and sent between tabs. */
export interface Edit {
  /** Unique among all tabs. */
  id: string;
  action: ActionName;
  /** Empty for what is done to a whole store or to the bell. */
  ids: readonly string[];
  at: number;
  /** Of `read_all` and `archive_all`: absent for the whole inbox. */
  query?: Store;
  /** Of `snooze`. */
  until?: number;
  /** The edit that this one takes back. */
  undoes?: string;
  /** The change of the feed by which the server has it. */
  seq?: number;
}

/** Where an item stands in every list: pinned ones first, then the newest. */
export type Key = readonly [is_pinned: boolean, created_on: number];

export const keyOf = ({ is_pinned, created_on }: Item): Key => [is_pinned, created_on];

/** Below 0 if the first stands before the second. `created_on` is unique in a feed. */
export const compareKeys = (a: Key, b: Key): number => Number(b[0]) - Number(a[0]) || b[1] - a[1];

/** Whether it stands in what is loaded of a list: up to a place, all of it (null), or nothing (undefined). */
export const isWithin = (item: Item, end: Key | null | undefined): boolean =>
  end === null || (end !== undefined && compareKeys(keyOf(item), end) <= 0);

/** As the server decides it (client-protocols.md 7.2), so that a list here has what a page of it would have. */
export function matches(item: Item, query: StoreQuery, now: number): boolean {
  const { read, archived = false, tags, categories } = query;
  return (
    (item.expiry === null || item.expiry > now) &&
    item.archived === archived &&
    (read === undefined || (item.read_on !== null) === read) &&
    isAnyOf(tags, item.tags) &&
    isAnyOf(categories, [item.n_category])
  );
}

function isAnyOf(wanted: readonly string[] | undefined, had: readonly string[]): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.some((one) => had.includes(one));
}

const placeOf = ({ archived, snoozed_until }: Item) =>
  snoozed_until !== null ? "snoozed" : archived ? "archived" : "live";

type Effect = (item: Item, edit: Edit) => Partial<Item>;

const seen: Effect = ({ seen_on }, { at }) => ({ seen_on: seen_on ?? at });
const read: Effect = (item, edit) =>
  item.read_on === null ? { ...seen(item, edit), read_on: edit.at, is_pinned: false } : seen(item, edit);
const archive: Effect = (item) => ({
  archived: true,
  snoozed_until: null,
  is_pinned: placeOf(item) === "archived" && item.is_pinned,
});
/** What is snoozed is archived too, on the wire. */
const live: Effect = () => ({ archived: false, snoozed_until: null });

/** What each action makes of an item, as the server will (client-protocols.md 7.4). */
const EFFECTS: Partial<Record<ActionName, Effect>> = {
  seen,
  read,
  read_all: read,
  unread: () => ({ read_on: null }),
  interacted: (item, edit) => ({ ...read(item, edit), interacted_on: item.interacted_on ?? edit.at }),
  archive,
  archive_all: archive,
  unarchive: live,
  pin: () => ({ is_pinned: true }),
  unpin: () => ({ is_pinned: false }),
  snooze: (_, { until = 0 }) => ({ archived: true, snoozed_until: until }),
  unsnooze: (item, edit) => (placeOf(item) === "snoozed" ? live(item, edit) : {}),
};

/** Reading the whole inbox reads the archive too; archiving concerns what is not archived, whatever the store. */
function isMeant(item: Item, { action, ids, query, at }: Edit): boolean {
  if (ids.length > 0) return ids.includes(item.n_id);
  const archived =
    action === "read_all" ? (query === undefined ? item.archived : query.query?.archived) : false;
  return matches(item, { ...query?.query, ...(archived !== undefined && { archived }) }, at);
}

/** The item as it is after an edit: the same object where the edit changes nothing. */
export function applyEdit(item: Item, edit: Edit): Item {
  const effect = EFFECTS[edit.action];
  if (effect === undefined || !isMeant(item, edit)) return item;
  const change = effect(item, edit);
  const isChanged = Object.entries(change).some(([key, value]) => item[key as keyof Item] !== value);
  return isChanged ? { ...item, ...change } : item;
}

type Step = Pick<Edit, "action" | "until"> & { ids: string[] };

/** Reading and archiving unpin: pins come last. */
const UNDOING = ["snooze", "unsnooze", "archive", "unarchive", "read", "unread", "pin", "unpin"];

/** What turns items as they are after an edit into what they were before it. */
export function invert(before: readonly Item[], after: ReadonlyMap<string, Item>): Step[] {
  const steps: Step[] = [];
  for (const was of before) {
    let is = after.get(was.n_id) ?? was;
    function add(action: ActionName, until?: number): void {
      const ids = [was.n_id];
      const step: Step = until === undefined ? { action, ids } : { action, ids, until };
      is = applyEdit(is, { ...step, id: "", at: 0 });
      const same = steps.find((other) => other.action === action && other.until === until);
      if (same === undefined) steps.push(step);
      else same.ids.push(was.n_id);
    }
    const [from, to] = [placeOf(is), placeOf(was)];
    if (was.snoozed_until !== null && is.snoozed_until !== was.snoozed_until)
      add("snooze", was.snoozed_until);
    else if (from !== to) add(to === "archived" ? "archive" : from === "snoozed" ? "unsnooze" : "unarchive");
    if ((was.read_on === null) !== (is.read_on === null)) add(was.read_on === null ? "unread" : "read");
    if (was.is_pinned !== is.is_pinned) add(was.is_pinned ? "pin" : "unpin");
  }
  return steps.sort((a, b) => UNDOING.indexOf(a.action) - UNDOING.indexOf(b.action));
}
