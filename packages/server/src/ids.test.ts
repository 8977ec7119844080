import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketNumber, bucketOf, bucketOfId, createIdSource, ulidTime } from "./ids.ts";

const owner = fc.record({
  workspace_id: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  object_type: fc.string(),
  distinct_id: fc.string(),
});

describe("ids of one process", () => {
  it("are in the order of their making, with and without a bucket, inside one millisecond", () => {
    const ids = createIdSource(() => 1_700_000_000_000);
    const bucket = bucketOf({ workspace_id: 1, object_type: "", distinct_id: "ann" });
    const made = Array.from({ length: 3000 }, (_, index) =>
      index % 2 === 0 ? ids.ulid() : ids.ulidIn(bucket),
    );
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(made.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true);
  });

  it("begin with their time, which never runs backwards", () => {
    let now = 1_700_000_000_000;
    const ids = createIdSource(() => now);
    expect(ids.ulid().slice(0, 10)).toBe(ulidTime(now));
    now -= 5000;
    expect(ids.ulid().slice(0, 10)).toBe(ulidTime(1_700_000_000_000));
  });
});

describe("the bucket of a recipient", () => {
  // Ids that have been given out hold these: they may never change.
  it.each([
    [{ workspace_id: 1, object_type: "", distinct_id: "ann" }, 635],
    [{ workspace_id: 2, object_type: "", distinct_id: "ann" }, 359],
    [{ workspace_id: 1, object_type: "team", distinct_id: "é 😀" }, 262],
  ])("of %o is %i for ever", (who, expected) => {
    expect(bucketNumber(createIdSource().ulidIn(bucketOf(who)))).toBe(expected);
  });

  it("is read back from every id that ends in it", () => {
    const ids = createIdSource();
    fc.assert(
      fc.property(owner, (who) => {
        const id = ids.ulidIn(bucketOf(who));
        expect(bucketOfId(id)).toBe(bucketOf(who));
        const number = bucketNumber(id);
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThan(1024);
      }),
    );
  });

  it("is spread evenly", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 102_400; index++) {
      const bucket = bucketOf({ workspace_id: 1, object_type: "", distinct_id: `user-${index}` });
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    expect(counts.size).toBe(1024);
    // A hundred each on average; a Poisson count beyond 160 would be one in a hundred thousand buckets.
    expect(Math.max(...counts.values())).toBeLessThan(160);
  });

  it("is none of what is no ULID", () => {
    for (const id of ["", "ann", "018f0000-0000-7000-8000-000000000001", "01ARZ3NDEKTSV4RRFFQ69G5FUU"]) {
      expect(bucketNumber(id)).toBeNull();
    }
  });
});
