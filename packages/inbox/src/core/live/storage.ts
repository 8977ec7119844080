import { compareKeys, isWithin, keyOf, matches } from "../state/item.ts";
import type { Model, Window } from "../state/model.ts";
import type { Item } from "../types.ts";

/** What is kept on the device between two visits. */
export interface Kept extends Pick<Model, "seq" | "counts" | "windows" | "edits"> {
  items: readonly Item[];
  /** The stores whose lists they are: with others, only the edits are of use. */
  layout: string;
}

export interface Storage {
  /** What was kept for this identity; what was kept for others is deleted. Never rejects. */
  load: () => Promise<Kept | null>;
  /** Never rejects: a device that keeps nothing is an inbox that works while it is open. */
  save: (model: Model) => Promise<void>;
  clear: () => Promise<void>;
}

const DATABASE = "carillon-inbox";
const TABLE = "kept";
const MOST = 100;

/** @param identity whose inbox it is, and on which server. */
export function openStorage(identity: string): Storage {
  let opening: Promise<IDBDatabase> | null = null;

  function open(): Promise<IDBDatabase> {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.addEventListener("upgradeneeded", () => request.result.createObjectStore(TABLE));
      request.addEventListener("error", () => reject(request.error ?? new Error("no database")));
      request.addEventListener("success", () => {
        const database = request.result;
        // Another version of this library may want to change it.
        database.addEventListener("versionchange", () => {
          opening = null;
          database.close();
        });
        resolve(database);
      });
    });
    return opening;
  }

  async function run<T>(
    mode: IDBTransactionMode,
    work: (table: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T | null> {
    try {
      const transaction = (await open()).transaction(TABLE, mode);
      const request = work(transaction.objectStore(TABLE));
      return await new Promise((resolve, reject) => {
        transaction.addEventListener("complete", () => resolve(request.result));
        transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("aborted")));
      });
    } catch {
      opening = null;
      return null;
    }
  }

  return {
    async load() {
      const identities = (await run("readonly", (table) => table.getAllKeys())) ?? [];
      for (const other of identities) {
        if (other !== identity) await run("readwrite", (table) => table.delete(other));
      }
      return (await run<Kept | undefined>("readonly", (table) => table.get(identity))) ?? null;
    },
    async save(model) {
      await run("readwrite", (table) => table.put(keep(model), identity));
    },
    async clear() {
      await run("readwrite", (table) => table.clear());
    },
  };
}

/** The first hundred items, and the lists as far as these fill them. */
export function keep({ stores, items, seq, counts, windows, edits, now }: Model): Kept {
  const lists = stores.flatMap(({ id, query = {} }) => {
    const end = windows[id]?.end;
    return end === undefined ? [] : [{ id, query, end }];
  });
  const listed = Array.from(items.values())
    .filter((item) => lists.some(({ query, end }) => isWithin(item, end) && matches(item, query, now)))
    .sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
  const kept = listed.slice(0, MOST);
  const last = kept.at(-1);
  const ends = lists.map(({ id, end }): [string, Window] => {
    const isCut = last !== undefined && listed.length > MOST && !isWithin(last, end);
    return [
      id,
      { status: "ready", end: listed.length > MOST && last !== undefined && !isCut ? keyOf(last) : end },
    ];
  });
  return {
    seq,
    counts,
    windows: Object.fromEntries(ends),
    edits,
    items: kept,
    layout: JSON.stringify(stores),
  };
}
