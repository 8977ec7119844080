import { afterAll, beforeEach, describe, expect } from "vitest";
import { onOwnApi as it } from "../fixture.ts";
import { until, type Server } from "../harness.ts";
import { createRandom } from "../random.ts";
import { makeStory } from "./generate.ts";
import { createMortals, type Mortal, type Mortals } from "./mortal.ts";
import { play } from "./play.ts";

/*
 * The stories of the model again, while workers die in the middle of their transactions. The results must be the same
 * as otherwise: nothing is lost, and nothing is done twice.
 */
/** The work of killed workers is free again after 15 s. */
const PATIENCE_SECONDS = 100;

let mortals: Mortals;
/** The live workers. */
let workers: Mortal[];
let steps: number;
let playing: number;

it.beforeAll(async ({ harness }) => {
  mortals = createMortals(harness);
});
afterAll(async () => {
  await mortals.close();
});
beforeEach(async () => {
  steps = 0;
  playing = 0;
  workers = await Promise.all([mortals.start(), mortals.start()]);
});

async function playAll(harness: Server, first: number, count: number): Promise<void> {
  playing = count;
  const stories = Array.from({ length: count }, async (_, index) => {
    const seed = first + index;
    try {
      const { engine, model } = await play(harness, makeStory(seed), () => steps++);
      expect.soft(engine, `seed ${seed}`).toEqual(model);
    } finally {
      playing--;
    }
  });
  await Promise.all([...stories, keepAwake()]);
}

/** Their own timers look at a moved clock only once a second. */
async function keepAwake(): Promise<void> {
  await until(async () => {
    // A killed worker cannot be woken.
    await Promise.allSettled(workers.map(({ wake }) => wake()));
    return playing === 0;
  }, PATIENCE_SECONDS);
}

/** Waits for this many more steps; false when all stories are over. */
async function later(count: number): Promise<boolean> {
  const then = steps + count;
  await until(async () => playing === 0 || steps >= then, PATIENCE_SECONDS);
  return playing > 0;
}

const interrupted = async (harness: Server): Promise<number> =>
  (await harness.services.db.query("select from pgboss.job where retry_count > 0")).length;

describe("workers that are killed", { timeout: (PATIENCE_SECONDS + 10) * 1000 }, () => {
  it("leave nothing undone and nothing done twice when all die at once and others come", async ({
    harness,
  }) => {
    const random = createRandom(7);
    const stories = playAll(harness, 501, 16);
    while (await later(random.between(20, 60))) {
      await Promise.all(workers.map(({ kill }) => kill()));
      workers = await Promise.all([mortals.start(), mortals.start()]);
    }
    await stories;
    await Promise.all(workers.map(({ stop }) => stop()));
    expect(await interrupted(harness)).toBeGreaterThan(5);
  });

  it("leave their work to a live one", async ({ harness }) => {
    const before = await interrupted(harness);
    workers.push(...(await Promise.all([mortals.start(), mortals.start()])));
    const stories = playAll(harness, 601, 12);
    await later(30);
    await Promise.all(workers.splice(1).map(({ kill }) => kill()));
    await stories;
    await Promise.all(workers.map(({ stop }) => stop()));
    expect(await interrupted(harness)).toBeGreaterThan(before);
  });
});
