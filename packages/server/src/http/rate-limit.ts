import { createLru } from "../core/lru.ts";

/**
 * How fast each of many callers may go, in one process. Each has a bucket that refills evenly. What costs more than is
 * left is let through as long as anything is left, and has to be made up for: an array of a hundred must not wait for
 * a hundred at once, which a small bucket never holds.
 */
export interface RateLimit {
  /** What a caller has left. Kept for as long as the caller keeps coming. */
  bucket: (caller: string) => Bucket;
  /** `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers has it. */
  policy: string;
}

export interface Bucket {
  /** Whole seconds until the caller may go on; 0: at once. Takes nothing. */
  wait_seconds: () => number;
  take: (cost: number) => void;
  /** `RateLimit`: what is left of the bucket, and the seconds until it is full again. */
  remaining: () => string;
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
  const buckets = createLru<Bucket>(MAX_CALLERS);

  function createBucket(): Bucket {
    let full_at = 0;
    /** Milliseconds until the bucket is full. */
    const missing_ms = () => Math.max(0, full_at - now());
    return {
      wait_seconds() {
        const missing = missing_ms();
        // A bucket may hold less than one, and lets one through when it is full.
        return missing === 0 ? 0 : Math.max(0, Math.ceil((missing + each_ms - burst_ms) / 1000));
      },
      take(cost) {
        full_at = now() + missing_ms() + cost * each_ms;
      },
      remaining() {
        const missing = missing_ms();
        const left = Math.max(0, Math.floor((burst_ms - missing) / each_ms));
        return `"${name}";r=${left};t=${Math.ceil(missing / 1000)}`;
      },
    };
  }

  return {
    bucket(caller) {
      const known = buckets.get(caller);
      if (known !== undefined) return known;
      const made = createBucket();
      buckets.set(caller, made);
      return made;
    },
    policy: `"${name}";q=${per_second * burst_seconds};w=${burst_seconds}`,
  };
}
