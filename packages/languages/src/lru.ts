/**
 * Compiled programs by source, the least recently used forgotten first. Two halves take turns: what is asked for
 * moves to the young one, and when that is full the old one goes. A hit in the young half therefore changes nothing,
 * where a list in exact order would be written to on each.
 */
export interface Lru<Value> {
  get: (source: string) => Value | undefined;
  set: (source: string, value: Value) => void;
}

export interface LruLimits {
  entries: number;
  /** Of all sources together: a compiled program takes memory in proportion to its source. */
  characters: number;
}

interface Half<Value> {
  values: Map<string, Value>;
  characters: number;
}

export function createLru<Value>(limits: LruLimits): Lru<Value> {
  const maxEntries = limits.entries / 2;
  const maxCharacters = limits.characters / 2;
  let young: Half<Value> = createHalf();
  let old: Half<Value> = createHalf();

  function set(source: string, value: Value): void {
    if (!young.values.has(source)) {
      const characters = young.characters + source.length;
      if (young.values.size >= maxEntries || characters > maxCharacters) {
        old = young;
        young = createHalf();
      }
      young.characters += source.length;
    }
    young.values.set(source, value);
  }

  return {
    get(source) {
      const recent = young.values.get(source);
      if (recent !== undefined) return recent;
      const value = old.values.get(source);
      if (value !== undefined) set(source, value);
      return value;
    },
    set,
  };
}

function createHalf<Value>(): Half<Value> {
  return { values: new Map(), characters: 0 };
}
