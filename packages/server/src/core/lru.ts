/** The most recently used values, up to a total weight. */
export interface Lru<Value> {
  get: (key: string) => Value | undefined;
  /** Without weights, the limit is a number of values. */
  set: (key: string, value: Value, weight?: number) => void;
  delete: (key: string) => void;
  clear: () => void;
}

export function createLru<Value>(max_weight: number): Lru<Value> {
  // A map keeps the order of insertion: a hit moves its entry to the end, so the first one is the oldest. A hit in the
  // newer half stays where it is, since moving costs ten times the look-up.
  const entries = new Map<string, { value: Value; weight: number; placed: number }>();
  let total = 0;
  let placements = 0;

  function remove(key: string): void {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (placements - entry.placed >= entries.size / 2) {
        entries.delete(key);
        entry.placed = ++placements;
        entries.set(key, entry);
      }
      return entry.value;
    },
    set(key, value, weight = 1) {
      remove(key);
      entries.set(key, { value, weight, placed: ++placements });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= max_weight) break;
        remove(oldest);
      }
    },
    delete: remove,
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
