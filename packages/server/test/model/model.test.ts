import { afterAll, describe, expect } from "vitest";
import { onOwnServer as it } from "../fixture.ts";
import { makeStory, rehearse } from "./generate.ts";
import { play } from "./play.ts";
import { startWorker, type Worker } from "../worker.ts";

/*
 * Random stories, played on the reference model and on an engine of two workers: statuses, step logs with their times,
 * payloads, messages, request logs and the results of cancels are the same, and nothing is left over.
 */
const AT_ONCE = 20;
/** The last three cancel runs that were absorbed into a batch after a warning or an error. */
const groups = [
  ...[1, 101, 201].map((first) => ({ first, last: first + AT_ONCE - 1 })),
  ...[1157, 3309, 3320].map((seed) => ({ first: seed, last: seed })),
];

const seedsOf = ({ first, last }: { first: number; last: number }): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe("two workers", () => {
  let second: Worker;

  it.beforeAll(async ({ harness }) => {
    second = await startWorker(harness);
  });
  afterAll(async () => {
    await second.stop();
  });

  it.for(groups)(
    "do what the model does, in the stories of seeds $first to $last",
    async (group, { harness }) => {
      await Promise.all(
        seedsOf(group).map(async (seed) => {
          const { engine, model } = await play(harness, makeStory(seed));
          expect.soft(engine, `seed ${seed}`).toEqual(model);
        }),
      );
    },
  );
});

describe("the stories", () => {
  it("are about everything that the model knows", () => {
    const models = groups.flatMap(seedsOf).map((seed) => rehearse(makeStory(seed)).model);
    const runs = models.flatMap(({ runs }) => runs);
    const statuses = new Set(runs.map(({ status }) => status));
    expect([...statuses].toSorted()).toEqual(["cancelled", "completed", "failed", "partial_failure"]);
    const said = runs.flatMap(({ steps }) => steps).join("\n");
    for (const words of [
      "batch_absorbed",
      "batch_item_cancelled",
      "digest_below_min_count",
      "node_completed ahead",
      "node_completed 2 of 2",
      "node_completed 1 of 2",
      "node_failed",
      "channels_computed warning",
    ]) {
      expect(said).toContain(words);
    }
    const refusals = new Set(models.flatMap(({ requests }) => requests.flatMap(({ refusals }) => refusals)));
    expect([...refusals].toSorted()).toEqual(["conditions_false", "throttled"]);
    expect(models.some(({ repeats }) => repeats() > 0)).toBe(true);
  });
});
