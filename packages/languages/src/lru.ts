/**
 * A cache of compiled programs by source that forgets the least recently used first. It has two halves: entries in
 * use move to the young one, and when that is full the old one is dropped. A hit in the young half therefore changes
 * nothing, whereas an exact order would be updated on each.
 */
export interface Lru<Value> {
  get: (source: string) => Value | undefined;
  set: (source: string, value: Value) => void;
}

export interface LruLimits {
  entries: number;
  /** The total length of all sources, since a compiled program takes memory in proportion to its source. */
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
