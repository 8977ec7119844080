/**
 * Expressions that take too long. A run is one of many, and a walk awaits nothing: an expression that used its whole
 * time would do so again for each of a campaign's recipients, while a one-time password waits. Who has done so a few
 * times is refused for a minute.
 */
export interface Overruns {
  /** Why this source is refused at the moment; null when it is not. */
  refusal: (source: string) => string | null;
  /** It was evaluated, in so many milliseconds. */
  took: (source: string, ms: number) => void;
}

const SLOW_MS = 100;
/** A machine that stands still makes everything slow, once or twice. */
const STRIKES = 3;
const PENALTY_MS = 60_000;
const MAX_SOURCES = 1000;

export function createOverruns(clock: () => number = Date.now): Overruns {
  const slow = new Map<string, { strikes: number; until: number }>();

  function find(source: string): { strikes: number; until: number } | null {
    const known = slow.get(source);
    if (known === undefined || known.until > clock()) return known ?? null;
    slow.delete(source);
    return null;
  }

  return {
    refusal(source) {
      if (slow.size === 0 || (find(source)?.strikes ?? 0) < STRIKES) return null;
      return `took longer than ${SLOW_MS} ms ${STRIKES} times; it is not tried again for a minute`;
    },
    took(source, ms) {
      if (ms < SLOW_MS) return;
      const strikes = (find(source)?.strikes ?? 0) + 1;
      if (slow.size >= MAX_SOURCES) slow.clear();
      slow.set(source, { strikes, until: clock() + PENALTY_MS });
    },
  };
}
