import { createLru } from "../core/lru.ts";

/**
 * How fast each of many callers may go, in one process. Each has a bucket that refills evenly. What costs more than is
 * left is let through as long as anything is left, and has to be made up for: an array of a hundred must not wait for
 * a hundred at once, which a small bucket never holds.
 */
export interface RateLimit {
  /** Whole seconds until the caller may go on; 0: at once. Takes nothing. */
  wait_seconds: (caller: string) => number;
  take: (caller: string, cost: number) => void;
  /** `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers has it. */
  policy: string;
  /** `RateLimit`: what is left of the bucket, and the seconds until it is full again. */
  remaining: (caller: string) => string;
}

export interface RateLimitOptions {
  /** Names the limit in the headers. */
  name: string;
  per_second: number;
  /** How many seconds' worth the bucket holds. */
  burst_seconds: number;
  /** Milliseconds of a clock that only moves forward. */
  now?: () => number;
}

/** Callers kept in memory. The one that has not come for longest starts again with a full bucket. */
const MAX_CALLERS = 100_000;

/** Null: there is no limit. */
export function createRateLimit(options: RateLimitOptions): RateLimit | null {
  const { name, per_second, burst_seconds, now = () => performance.now() } = options;
  if (per_second === 0) return null;
  const each_ms = 1000 / per_second;
  const burst_ms = burst_seconds * 1000;
  /** When each caller's bucket is full again. */
  const fullAt = createLru<number>(MAX_CALLERS);

  /** Milliseconds until the caller's bucket is full. */
  function missing_ms(caller: string): number {
    return Math.max(0, (fullAt.get(caller) ?? 0) - now());
  }

  return {
    wait_seconds(caller) {
      const missing = missing_ms(caller);
      // A bucket may hold less than one, and lets one through when it is full.
      return missing === 0 ? 0 : Math.max(0, Math.ceil((missing + each_ms - burst_ms) / 1000));
    },
    take(caller, cost) {
      fullAt.set(caller, now() + missing_ms(caller) + cost * each_ms);
    },
    policy: `"${name}";q=${per_second * burst_seconds};w=${burst_seconds}`,
    remaining(caller) {
      const missing = missing_ms(caller);
      const left = Math.max(0, Math.floor((burst_ms - missing) / each_ms));
      return `"${name}";r=${left};t=${Math.ceil(missing / 1000)}`;
    },
  };
}
