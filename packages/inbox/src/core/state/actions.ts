import { applyEdit, type Edit, invert } from "./item.ts";
import type { Action, ActionName, Item, Settlement } from "../types.ts";

export interface ActionDeps {
  /** Those that are known, as they are seen: with the edits that are there already. */
  items: () => Iterable<Item>;
  itemOf: (id: string) => Item | undefined;
  /** Makes them part of the state, here and in the other tabs, and has them sent. */
  commit: (edits: readonly Edit[]) => void;
}

export interface Actions {
  act: (action: ActionName, ids: readonly string[], more?: Pick<Edit, "query" | "until">) => Action;
  /** The server has them (by a change of the feed), refused them, or never saw them. */
  settle: (ids: readonly string[], settlement: Settlement, seq?: number) => void;
  /** Items came of which nothing was known here, with all changes up to one of the feed. */
  meet: (items: readonly Item[], seq: number) => void;
}

/** What takes back an action on an item that was not known here when it was done. */
const OPPOSITE: Partial<Record<ActionName, ActionName>> = {
  read: "unread",
  unread: "read",
  archive: "unarchive",
  unarchive: "archive",
  pin: "unpin",
  unpin: "pin",
  snooze: "unsnooze",
  read_all: "unread",
  archive_all: "unarchive",
};

/** Those that are sent whatever is known here: the item does not show what they do, or not all of it. */
const ALWAYS = new Set<ActionName>(["interacted", "opened", "read_all", "archive_all"]);
const WHOLE = new Set<ActionName>(["read_all", "archive_all"]);

/** An edit that is under way. */
interface Open {
  resolve: (settlement: Settlement) => void;
  /** Of an edit of a whole store: items that it changed, as is seen now, and that were not known when it was made. */
  met: Item[];
  action: ActionName;
  seq?: number | undefined;
  /** Takes back what it did to items that were met. */
  undoMet?: () => void;
}

/** Makes edits of what the user does. An undo is an edit too: the one that leads back. */
export function createActions({ items, itemOf, commit }: ActionDeps): Actions {
  const prefix = Math.random().toString(36).slice(2);
  const open = new Map<string, Open>();
  let count = 0;

  const newId = () => `${prefix}.${(count += 1)}`;

  function act(action: ActionName, ids: readonly string[], more: Pick<Edit, "query" | "until"> = {}): Action {
    const edit: Edit = { id: newId(), action, ids, at: Date.now(), ...more };
    const before: Item[] = [];
    const after = new Map<string, Item>();
    for (const item of WHOLE.has(action) ? items() : ids.map(itemOf)) {
      if (item === undefined) continue;
      const changed = applyEdit(item, edit);
      if (changed === item) continue;
      before.push(item);
      after.set(item.n_id, changed);
    }
    const unknown = ids.filter((id) => itemOf(id) === undefined);
    if (!ALWAYS.has(action)) edit.ids = [...before.map(({ n_id }) => n_id), ...unknown];
    if (edit.ids.length === 0 && !ALWAYS.has(action)) {
      return { done: Promise.resolve({ status: "done" }), undo: () => {} };
    }

    const entry: Open = { resolve: () => {}, met: [], action };
    const done = new Promise<Settlement>((resolve) => {
      entry.resolve = resolve;
    });
    open.set(edit.id, entry);
    commit([edit]);

    const back = OPPOSITE[action];
    function takeBack(steps: Pick<Edit, "action" | "ids" | "until">[], others: readonly string[]): void {
      if (back !== undefined && others.length > 0) steps.push({ action: back, ids: others });
      const at = Date.now();
      if (steps.length > 0) commit(steps.map((step) => ({ ...step, id: newId(), at, undoes: edit.id })));
    }
    function undoMet(): void {
      const { met, seq: end = Infinity } = entry;
      entry.met = [];
      takeBack(
        [],
        met.filter(({ seq }) => seq <= end).map(({ n_id }) => n_id),
      );
    }

    let isUndone = false;
    return {
      done,
      undo() {
        if (isUndone) return;
        isUndone = true;
        takeBack(invert(before, after), unknown);
        // Those of which it is seen only later follow then.
        entry.undoMet = undoMet;
        if (entry.seq !== undefined) undoMet();
      },
    };
  }

  return {
    act,
    settle(ids, settlement, seq) {
      for (const id of ids) {
        const entry = open.get(id);
        if (entry === undefined) continue;
        entry.resolve(settlement);
        entry.seq = seq;
        if (seq === undefined || !WHOLE.has(entry.action)) open.delete(id);
      }
    },
    meet(items, seq) {
      for (const [id, entry] of open) {
        const { action, seq: end } = entry;
        if (!WHOLE.has(action)) continue;
        entry.met.push(
          ...items.filter((item) => (action === "read_all" ? item.read_on !== null : item.archived)),
        );
        if (end === undefined || end > seq) continue;
        open.delete(id);
        entry.undoMet?.();
      }
    },
  };
}
