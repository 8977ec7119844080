import * as fc from "fast-check";
import { beforeEach, describe, expect } from "vitest";
import { onDatabase as it } from "../../../test/fixture.ts";
import type { Db } from "../../db/db.ts";
import type { Run } from "../run.ts";
import { throttle } from "./throttle.ts";

/* The gate alone, with given transaction times. That it refuses triggers is tested with expand. */

let workspace_id = 0;

beforeEach(() => {
  workspace_id += 1;
});

const NOON = Date.parse("2026-07-17T12:00:00Z");
const MINUTE = 60_000;

function runAt(now: number, count: number, distinct_id = "ann"): Run {
  const definition = { ratelimit: { count, sliding_window: "5m" } };
  const workflow = { slug: "orders", definition };
  return {
    workspace_id,
    object_type: "",
    distinct_id,
    inline: null,
    workflow,
    now: new Date(now),
  } as unknown as Run;
}

/** Whether a run begins, in its own transaction. */
async function begins(db: Db, now: number, count: number): Promise<boolean> {
  const run = runAt(now, count);
  return !(await db.tx((tx) => throttle(tx, [run]))).has(run);
}

describe("a throttle", () => {
  it("counts a start with a later time that was written earlier", async ({ db }) => {
    expect(await begins(db, NOON + 30, 2)).toBe(true);
    expect(await begins(db, NOON, 2)).toBe(true);
    expect(await begins(db, NOON + 50, 2)).toBe(false);
    expect(await begins(db, NOON + 20, 2)).toBe(false);
  });

  it("does not count starts from before the clock was set back", async ({ db }) => {
    expect(await begins(db, NOON + 60 * MINUTE, 1)).toBe(true);
    expect(await begins(db, NOON, 1)).toBe(true);
    expect(await begins(db, NOON + MINUTE, 1)).toBe(false);
  });

  it("lets the next begin when the window has passed, to the millisecond", async ({ db }) => {
    expect(await begins(db, NOON, 1)).toBe(true);
    expect(await begins(db, NOON + 5 * MINUTE - 1, 1)).toBe(false);
    expect(await begins(db, NOON + 5 * MINUTE, 1)).toBe(true);
  });

  it("never exceeds its count within any window, in whatever order overlapping transactions reach it", async ({
    db,
  }) => {
    const steps = fc.array(fc.record({ on: fc.nat(3 * MINUTE), late: fc.nat(MINUTE - 1) }), {
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (count, arrivals) => {
        workspace_id += 1;
        const starts: number[] = [];
        let clock = NOON;
        for (const { on, late } of arrivals) {
          clock += on;
          if (await begins(db, clock - late, count)) starts.push(clock - late);
        }
        const within = (end: number) => starts.filter((at) => at > end - 5 * MINUTE && at <= end).length;
        expect(Math.max(0, ...starts.map(within))).toBeLessThanOrEqual(count);
      }),
      { numRuns: 60 },
    );
  });
});
