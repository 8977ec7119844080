/**
 * Files that were just attached, for the mails that carry them next: the recipients of one trigger, all mails of a
 * campaign. Whoever asks for a file that is on its way waits for it, so that a thousand mails fetch it once.
 */
export interface FileCache<Fetched> {
  /** What is kept under the key, or what `fetch` gives. */
  get: (key: string, fetch: () => Promise<Fetched>) => Promise<Fetched>;
}

export interface FileCacheOptions<Fetched> {
  /** Of all that is kept. What was asked for longest ago gives way. */
  max_bytes: number;
  /** How long a file counts as what its address would give. */
  ttl_ms: number;
  /** In bytes; null for what is not to be kept: a refusal is asked for again. */
  sizeOf: (fetched: Fetched) => number | null;
  /** Milliseconds, of any origin. */
  now?: () => number;
}

interface Entry<Fetched> {
  fetched: Promise<Fetched>;
  /** Zero while it is on its way. */
  size: number;
  until: number;
}

const ON_ITS_WAY = Number.POSITIVE_INFINITY;

export function createFileCache<Fetched>(options: FileCacheOptions<Fetched>): FileCache<Fetched> {
  const { max_bytes, ttl_ms, sizeOf, now = () => performance.now() } = options;
  /** In the order they were asked for last. */
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
