/** Who wants to know of something; one that throws does not keep the others from it. */
export interface Listeners<T> {
  add: (listener: (detail: T) => void) => () => void;
  call: (detail: T) => void;
}

export function createListeners<T>(): Listeners<T> {
  // By an object of its own, so that the same function may be added twice.
  const all = new Set<{ listener: (detail: T) => void }>();
  return {
    add(listener) {
      const entry = { listener };
      all.add(entry);
      return () => void all.delete(entry);
    },
    call(detail) {
      for (const { listener } of all) {
        try {
          listener(detail);
        } catch (error) {
          // As an error that nobody caught; on a server there is no such thing.
          (globalThis.reportError ?? console.error)(error);
        }
      }
    },
  };
}

/** A value that can be watched: what toasts, preferences and the like show. */
export interface Cell<T> {
  get: () => T;
  set: (value: T) => void;
  onChange: (listener: () => void) => () => void;
}

export function createCell<T>(value: T): Cell<T> {
  const listeners = createListeners<void>();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      listeners.call();
    },
    onChange: (listener) => listeners.add(listener),
  };
}

/** Where a loop rests until its time is over or someone wakes it. */
export interface Bed {
  /** Returns at once if it was woken since it last rested, or was aborted. Without milliseconds: until it is woken. */
  rest: (signal: AbortSignal, milliseconds?: number) => Promise<void>;
  wake: () => void;
}

export function createBed(): Bed {
  let isWoken = false;
  let wake: (() => void) | null = null;
  return {
    rest: (signal, milliseconds) =>
      new Promise((resolve) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        function end(): void {
          clearTimeout(timer);
          signal.removeEventListener("abort", end);
          isWoken = false;
          wake = null;
          resolve();
        }
        if (isWoken || signal.aborted) return end();
        if (milliseconds !== undefined) timer = setTimeout(end, milliseconds);
        signal.addEventListener("abort", end);
        wake = end;
      }),
    wake() {
      if (wake === null) isWoken = true;
      else wake();
    },
  };
}

/** Milliseconds before another attempt: doubling up to half a minute, and spread so that clients do not come at once. */
export function backoff(failures: number, asked = 0): number {
  const most = Math.min(30_000, 1000 * 2 ** Math.min(failures, 10));
  return Math.max(asked, most / 2) + (Math.random() * most) / 2;
}
