/**
 * Caches recently attached files for the next mails that carry them: the recipients of one trigger, all mails of a
 * campaign. A request for a file that is being fetched waits for it, so that a thousand mails fetch it once.
 */
export interface FileCache<Fetched> {
  /** The cached value for the key, or the result of `fetch`. */
  get: (key: string, fetch: () => Promise<Fetched>) => Promise<Fetched>;
}

export interface FileCacheOptions<Fetched> {
  /** The total size of the cache. The least recently used files are evicted. */
  max_bytes: number;
  /** How long a file counts as current. */
  ttl_ms: number;
  /** In bytes; null for a value that is not cached: refusals are fetched again. */
  sizeOf: (fetched: Fetched) => number | null;
  /** Milliseconds from an arbitrary origin. */
  now?: () => number;
}

interface Entry<Fetched> {
  fetched: Promise<Fetched>;
  /** Zero while it is being fetched. */
  size: number;
  until: number;
}

const ON_ITS_WAY = Number.POSITIVE_INFINITY;

export function createFileCache<Fetched>(options: FileCacheOptions<Fetched>): FileCache<Fetched> {
  const { max_bytes, ttl_ms, sizeOf, now = () => performance.now() } = options;
  /** Least recently used first. */
  const entries = new Map<string, Entry<Fetched>>();
  let bytes = 0;

  async function fetchAndKeep(key: string, fetch: () => Promise<Fetched>): Promise<Fetched> {
    try {
      const fetched = await fetch();
      keep(key, sizeOf(fetched));
      return fetched;
    } catch (error) {
      entries.delete(key);
      throw error;
    }
  }

  function keep(key: string, size: number | null): void {
    const entry = entries.get(key);
    if (entry === undefined || size === null || size > max_bytes) {
      entries.delete(key);
      return;
    }
    entry.size = size;
    entry.until = now() + ttl_ms;
    bytes += size;
    for (const [other, { size: freed, until }] of entries) {
      if (until === ON_ITS_WAY) continue;
      if (bytes <= max_bytes && until > now()) break;
      entries.delete(other);
      bytes -= freed;
    }
  }

  return {
    get(key, fetch) {
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        if (known.until > now()) {
          entries.set(key, known);
          return known.fetched;
        }
        bytes -= known.size;
      }
      const fetched = fetchAndKeep(key, fetch);
      entries.set(key, { fetched, size: 0, until: ON_ITS_WAY });
      return fetched;
    },
  };
}
