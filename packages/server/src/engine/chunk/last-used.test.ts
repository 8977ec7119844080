import { expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Pipeline } from "../../../test/pipeline.ts";
import { createNoteUsed, type NoteUsed } from "./last-used.ts";

/** Process clock in milliseconds. */
let now: number;
let note: NoteUsed;
let statements: number;

it.beforeEach(async ({ pipeline }) => {
  await pipeline.commit("one", []);
  await pipeline.commit("two", []);
  now = 0;
  statements = 0;
  note = createNoteUsed("workflow", () => now);
});

const runsOf = ({ workspace_id }: Pipeline, ...slugs: string[]) =>
  slugs.map((slug) => ({ workspace_id, slug }));

const noted = (pipeline: Pipeline, ...slugs: string[]) =>
  pipeline.services.db.tx((tx) =>
    note(
      {
        ...tx,
        query: (...args: Parameters<typeof tx.query>) => {
          statements++;
          return tx.query(...args);
        },
      },
      runsOf(pipeline, ...slugs),
    ),
  );

/** Seconds since the last execution, per workflow. */
async function shown(pipeline: Pipeline): Promise<(number | null)[]> {
  const rows = await pipeline.services.db.query<{ seconds: number | null }>(
    `select round(extract(epoch from now() - last_executed_at))::int as seconds
       from workflow where workspace_id = $1 order by slug`,
    [pipeline.workspace_id],
  );
  return rows.map(({ seconds }) => seconds);
}

const age = (pipeline: Pipeline, seconds: number) =>
  pipeline.services.db.query(
    "update workflow set last_executed_at = now() - $2 * interval '1 second' where workspace_id = $1",
    [pipeline.workspace_id, seconds],
  );

it("is written once a minute for each workflow, however many runs there are", async ({ pipeline }) => {
  await noted(pipeline, "one", "one", "one");
  expect(await shown(pipeline)).toEqual([0, null]);
  await noted(pipeline, "one", "two");
  expect(await shown(pipeline)).toEqual([0, 0]);
  expect(statements).toBe(2);
  now = 59_999;
  await noted(pipeline, "one", "two");
  expect(statements).toBe(2);
  await age(pipeline, 90);
  now = 60_000;
  await noted(pipeline, "two", "one");
  expect(await shown(pipeline)).toEqual([0, 0]);
  expect(statements).toBe(3);
});

it("is not written when another process has just written it", async ({ pipeline }) => {
  await age(pipeline, 30);
  await noted(pipeline, "one");
  expect(await shown(pipeline)).toEqual([30, 30]);
});

it("does not wait for a locked workflow, and is written the next time", async ({ pipeline, harness }) => {
  const { db } = harness.services;
  await db.tx(async (tx) => {
    await tx.query("select 1 from workflow where workspace_id = $1 and slug = 'one' for update", [
      pipeline.workspace_id,
    ]);
    await noted(pipeline, "one", "two");
  });
  expect(await shown(pipeline)).toEqual([null, 0]);
  now = 60_000;
  await noted(pipeline, "one");
  expect(await shown(pipeline)).toEqual([0, 0]);
});

it("is not considered written when the transaction was rolled back", async ({ pipeline, harness }) => {
  const failed = harness.services.db.tx(async (tx) => {
    await note(tx, runsOf(pipeline, "one"));
    throw new Error("came to nothing");
  });
  await expect(failed).rejects.toThrow("came to nothing");
  await noted(pipeline, "one");
  expect(await shown(pipeline)).toEqual([0, null]);
});
