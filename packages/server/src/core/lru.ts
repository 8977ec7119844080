/** The most recently used values, bounded by their weights together. */
export interface TextCache<Value> {
  get: (text: string) => Value | undefined;
  add: (text: string, value: Value, weight: number) => void;
}

export function createTextCache<Value>(max_weight: number): TextCache<Value> {
  // A map keeps the order of insertion: a hit moves its entry to the end, so the first one is the oldest.
  const entries = new Map<string, { value: Value; weight: number }>();
  let total = 0;

  function remove(text: string): void {
    total -= entries.get(text)?.weight ?? 0;
    entries.delete(text);
  }

  return {
    get(text) {
      const entry = entries.get(text);
      if (entry === undefined) return undefined;
      entries.delete(text);
      entries.set(text, entry);
      return entry.value;
    },
    add(text, value, weight) {
      remove(text);
      entries.set(text, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= max_weight) break;
        remove(oldest);
      }
    },
  };
}
