import { describe, expect, it } from "vitest";
import { createFileCache } from "./file-cache.ts";

/** A cache of texts with a clock of its own; `asked` lists the fetches. */
function setUp(max_bytes = 10) {
  let time = 0;
  const asked: string[] = [];
  const cache = createFileCache<string>({
    max_bytes,
    ttl_ms: 100,
    sizeOf: (text) => (text.startsWith("no") ? null : text.length),
    now: () => time,
  });
  const fetching = (text: string) => async () => {
    asked.push(text);
    return text;
  };
  return { cache, asked, fetching, pass: (ms: number) => (time += ms) };
}

describe("files that were just attached", () => {
  it("are fetched once for all concurrent requests, and after them", async () => {
    const { cache, asked, fetching } = setUp();
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = cache.get("a", () => promise);
    const second = cache.get("a", fetching("other"));
    resolve("file");
    expect(await Promise.all([first, second, cache.get("a", fetching("third"))])).toEqual([
      "file",
      "file",
      "file",
    ]);
    expect(asked).toEqual([]);
  });

  it("are fetched again when their time is over", async () => {
    const { cache, asked, fetching, pass } = setUp();
    await cache.get("a", fetching("one"));
    pass(99);
    expect(await cache.get("a", fetching("two"))).toBe("one");
    pass(1);
    expect(await cache.get("a", fetching("two"))).toBe("two");
    expect(asked).toEqual(["one", "two"]);
  });

  it("are not kept when they were refused, or failed", async () => {
    const { cache, fetching } = setUp();
    await cache.get("a", fetching("no"));
    expect(await cache.get("a", fetching("yes"))).toBe("yes");
    await expect(cache.get("b", () => Promise.reject(new Error("lost")))).rejects.toThrow("lost");
    expect(await cache.get("b", fetching("yes"))).toBe("yes");
  });

  it("are evicted, least recently used first", async () => {
    const { cache, asked, fetching } = setUp();
    await cache.get("a", fetching("aaaa"));
    await cache.get("b", fetching("bbbb"));
    await cache.get("a", fetching("a again"));
    await cache.get("c", fetching("cccc"));
    await cache.get("a", fetching("a again"));
    await cache.get("b", fetching("b again"));
    expect(asked).toEqual(["aaaa", "bbbb", "cccc", "b again"]);
  });

  it("larger than the cache are returned and not kept, and evict nothing", async () => {
    const { cache, asked, fetching } = setUp();
    await cache.get("a", fetching("aaaa"));
    const big = "x".repeat(11);
    expect(await cache.get("big", fetching(big))).toBe(big);
    await cache.get("big", fetching(big));
    await cache.get("a", fetching("a again"));
    expect(asked).toEqual(["aaaa", big, big]);
  });

  it("being fetched are not evicted, and count when they arrive", async () => {
    const { cache, asked, fetching } = setUp();
    const { promise, resolve } = Promise.withResolvers<string>();
    const slow = cache.get("slow", () => promise);
    await cache.get("a", fetching("aaaaaaaa"));
    await cache.get("b", fetching("bbbbbbbb"));
    expect(asked).toEqual(["aaaaaaaa", "bbbbbbbb"]);
    resolve("slow");
    expect(await cache.get("slow", fetching("slow again"))).toBe("slow");
    await slow;
    // With it the cache was too full, and the entry used before it is evicted.
    await cache.get("b", fetching("b again"));
    expect(asked).toEqual(["aaaaaaaa", "bbbbbbbb", "b again"]);
  });
});
