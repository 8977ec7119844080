import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Outcome, sendInBatches } from "../src/core/batches.ts";
import { encodeJson, MAX_BODY } from "../src/core/body.ts";
import { sendAll } from "../src/core/bulk.ts";
import { CarillonError } from "../src/core/errors.ts";

/** How many records become few calls, and their outcomes again one each, without a network. */
const encode = (record: unknown) => encodeJson(record, "record");
const decode = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as unknown[];

async function collect<Record>(outcomes: AsyncIterable<Outcome<Record>>): Promise<Outcome<Record>[]> {
  const all: Outcome<Record>[] = [];
  for await (const outcome of outcomes) all.push(outcome);
  return all;
}

/** Answers each record with itself. */
function echo(most = MAX_BODY) {
  const calls: unknown[][] = [];
  return {
    calls,
    post: async (bytes: Uint8Array, count: number) => {
      expect(bytes.length).toBeLessThanOrEqual(most);
      const records = decode(bytes);
      expect(records).toHaveLength(count);
      calls.push(records);
      return records.map((record) => ({ message_id: JSON.stringify(record) }));
    },
  };
}

describe("records in batches", () => {
  it("are all sent once, in order, in calls within the limits", async () => {
    // Sizes around the limit of a call, and far from it.
    const size = fc.oneof(fc.nat(200), fc.integer({ min: 300_000, max: MAX_BODY + 50 }));
    const shape = fc.record({
      sizes: fc.array(size, { maxLength: 12 }),
      small: fc.nat(350),
      concurrency: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ sizes, small, concurrency }) => {
        const records = [
          ...sizes.map((length) => "x".repeat(length)),
          ...Array.from({ length: small }, (_none, n) => n),
        ];
        const { calls, post } = echo();
        const outcomes = await collect(sendInBatches(records, { prepare: encode, post, concurrency }));
        expect(outcomes.map(({ index, record }) => [index, record])).toEqual(
          records.map((record, n) => [n, record]),
        );
        const fits = (record: unknown) => encode(record).length + 2 <= MAX_BODY;
        for (const outcome of outcomes) {
          if (fits(outcome.record))
            expect(outcome).toMatchObject({ status: "success", message_id: JSON.stringify(outcome.record) });
          else
            expect(outcome).toMatchObject({
              status: "error",
              error: { code: "invalid_input", field: "record" },
            });
        }
        // Calls are made in order, too: each begins before the next is filled.
        expect(calls.flat()).toEqual(records.filter(fits));
        expect(Math.max(0, ...calls.map((call) => call.length))).toBeLessThanOrEqual(100);
      }),
      { numRuns: 30 },
    );
  });

  it("are read no further ahead than calls are under way", async () => {
    let read = 0;
    function* endless() {
      for (;;) yield read++;
    }
    let answered = 0;
    let most = 0;
    const post = async (_bytes: Uint8Array, count: number) => {
      most = Math.max(most, read - answered);
      await new Promise((resolve) => setImmediate(resolve));
      answered += count;
      return Array.from({ length: count }, () => ({ message_id: null }));
    };
    let taken = 0;
    for await (const _outcome of sendInBatches(endless(), { prepare: encode, post, concurrency: 3 })) {
      if (++taken === 5000) break;
    }
    expect(most).toBeLessThanOrEqual(401);
    expect(read).toBeLessThan(5000 + 500);
  });

  it("come from any iterable; where it fails, what it gave is sent and reported before the failure", async () => {
    const reason = new Error("the cursor is gone", { cause: new Error("ECONNRESET") });
    let closed = 0;
    async function* broken() {
      try {
        yield* Array(250).keys();
        await Promise.resolve();
        throw reason;
      } finally {
        closed++;
      }
    }
    const { calls, post } = echo();
    const seen: Outcome<number>[] = [];
    const work = (async () => {
      for await (const one of sendInBatches(broken(), { prepare: encode, post })) seen.push(one);
    })();
    await expect(work).rejects.toMatchObject({
      code: "source_failed",
      field: "records",
      message: "records: failed after 250 records: the cursor is gone",
      cause: reason,
    });
    expect(seen.map(({ index, status }) => [index, status])).toEqual(
      [...Array(250).keys()].map((index) => [index, "success"]),
    );
    expect(calls.map((call) => call.length)).toEqual([100, 100, 50]);

    const sum = sendAll(broken(), { prepare: (n) => (n === 7 ? encode(undefined) : encode(n)), post });
    await expect(sum).rejects.toMatchObject({
      code: "source_failed",
      cause: reason,
      detail: { status: "partial", total: 250, success: 249, failed_records: [{ index: 7, record: 7 }] },
    });
    expect(closed).toBe(2);
  });

  it("are closed at their source when they are no longer wanted", async () => {
    let closed = 0;
    function* records() {
      try {
        for (;;) yield 1;
      } finally {
        closed++;
      }
    }
    for await (const _outcome of sendInBatches(records(), { prepare: encode, post: echo().post })) break;
    expect(closed).toBe(1);
  });

  it.each([
    [null, "null"],
    [undefined, "missing"],
    ["ada", "a string"],
    [{}, "an object"],
    [7, "a number"],
  ])("are refused as a whole if they are %j", async (source, kind) => {
    const { calls, post } = echo();
    const message = `records: must be an array or another iterable of records, and is ${kind}`;
    await expect(sendAll(source as never, { prepare: encode, post })).rejects.toMatchObject({
      code: "invalid_input",
      field: "records",
      message,
    });
    expect(calls).toEqual([]);
  });

  it("share the failure of their call, and only of it", async () => {
    let calls = 0;
    const post = async (_bytes: Uint8Array, count: number) => {
      if (++calls === 2) throw new CarillonError("internal", "a bug", { status: 500 });
      return Array.from({ length: count }, () => ({ message_id: "m" }));
    };
    const outcomes = await collect(sendInBatches(Array(250).keys(), { prepare: encode, post }));
    const failed = outcomes.filter(({ status }) => status === "error");
    expect(failed.map(({ index }) => index)).toEqual([...Array(100).keys()].map((n) => n + 100));
    expect(failed[0]).toMatchObject({ status_code: 500, error: { message: "a bug" } });
  });

  it("are counted like the server counts: in characters, and only what is over the limit alone is refused", async () => {
    const { calls, post } = echo(Infinity);
    const records = ["é".repeat(MAX_BODY - 4), "é".repeat(MAX_BODY - 3), "🛎️".repeat(100), "x"];
    const outcomes = await collect(sendInBatches(records, { prepare: encode, post }));
    expect(outcomes.map(({ status }) => status)).toEqual(["success", "error", "success", "success"]);
    expect(calls.map((call) => call.length)).toEqual([1, 2]);
  });

  it("that the answer forgets are not taken for accepted", async () => {
    const post = async () => [{ message_id: "m-0" }];
    expect(await collect(sendInBatches([0, 1], { prepare: encode, post }))).toMatchObject([
      { status: "success" },
      {
        status: "error",
        error: { code: "bad_response", message: "the answer has no entry for this record" },
      },
    ]);
  });

  it("stop being read when they are aborted; what was under way is reported first", async () => {
    const control = new AbortController();
    const seen: number[] = [];
    const post = async (_bytes: Uint8Array, count: number) => {
      control.abort();
      return Array.from({ length: count }, () => ({ message_id: null }));
    };
    const stream = sendInBatches(Array(1000).keys(), { prepare: encode, post, signal: control.signal });
    const work = (async () => {
      for await (const { index } of stream) seen.push(index);
    })();
    await expect(work).rejects.toMatchObject({ code: "aborted" });
    expect(seen.length).toBeGreaterThanOrEqual(100);
    expect(seen.length).toBeLessThan(1000);
  });
});
