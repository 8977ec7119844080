import { createValue, useValue } from "./value.ts";

/** A part that is loaded when it is likely to be wanted. */
export interface Lazy<T> {
  /** A hook: null until it is loaded. */
  use: () => T | null;
  /** Begins to load it, once; again where that failed. */
  load: () => void;
}

export function createLazy<T>(load: () => Promise<T>): Lazy<T> {
  const loaded = createValue<T | null>(null);
  let isUnderWay = false;
  async function begin(): Promise<void> {
    if (isUnderWay || loaded.get() !== null) return;
    isUnderWay = true;
    try {
      loaded.set(await load());
    } catch (error) {
      reportError(error);
    } finally {
      isUnderWay = false;
    }
  }
  return { use: () => useValue(loaded), load: () => void begin() };
}
