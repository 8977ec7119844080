import { createLru } from "../core/lru.ts";

/**
 * Caches the configuration in each process. An entry is loaded once, shared by all callers that wait for it, and
 * dropped when a NOTIFY reports a change; the time limit is only the backstop for a NOTIFY that was lost with its
 * connection.
 */
export interface Cache {
  get: <T>(key: string, load: () => Promise<T>) => Promise<T>;
  forget: (key: string) => void;
  clear: () => void;
}

const MAX_AGE_MS = 60_000;
const MAX_ENTRIES = 50_000;

export function createCache(now: () => number = Date.now): Cache {
  const entries = createLru<{ value: Promise<unknown>; until: number }>(MAX_ENTRIES);
  return {
    get<T>(key: string, load: () => Promise<T>): Promise<T> {
      const hit = entries.get(key);
      if (hit !== undefined && hit.until > now()) return hit.value as Promise<T>;
      const value = load();
      const entry = { value, until: now() + MAX_AGE_MS };
      entries.set(key, entry);
      // A failed load is not cached.
      value.catch(() => {
        if (entries.get(key) === entry) entries.delete(key);
      });
      return value;
    },
    forget: entries.delete,
    clear: entries.clear,
  };
}
