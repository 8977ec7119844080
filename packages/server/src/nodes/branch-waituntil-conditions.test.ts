import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { all, is, leaf } from "../../test/conditions.ts";
import { delay, type Pipeline, sentBy, sms } from "../../test/pipeline.ts";
import {
  allProcessed,
  ANN,
  beginWait,
  PAID,
  send,
  stepsOf,
  timeIsUp,
  untilWaiting,
  wait,
  waitingRows,
} from "../../test/waiting.ts";
import { profileFromRecipient } from "../core/profile/profile-operations.ts";
import { signalProfiles } from "../engine/waits/profile-signals.ts";
import { createSilentLog } from "../log.ts";
import { createQueue } from "../queue/queue.ts";

/* Waits for conditions on what a profile holds. The edits are signalled as endpoints do. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

describe("conditions of a wait", () => {
  const gold = is("tier", "gold", "$recipient");
  const nodes = [
    wait("w", { on: [PAID, gold], come: [sms("come")], timeout: [sms("timeout")] }),
    sms("after"),
  ];

  /** Edits a profile as an endpoint does: in the transaction of the edit, the waiting runs are signalled. */
  async function setTier(pipeline: Pipeline, tier: string): Promise<void> {
    const { db, recipients } = pipeline.services;
    const queue = createQueue({
      db,
      url: pipeline.databaseUrl,
      log: createSilentLog(),
      observe: () => {},
    });
    await queue.start({ worker: false });
    const { workspace_id } = pipeline;
    const { operations } = profileFromRecipient({ tier });
    await db.tx(async (tx) => {
      const outcomes = await recipients.apply(tx, workspace_id, [
        { object_type: "", distinct_id: "ann", operations, mode: "lenient", restore: false, create: false },
      ]);
      await signalProfiles(tx, workspace_id, outcomes, new Date(), queue);
    });
    await queue.stop();
  }

  it("that are already true do not wait", async ({ pipeline, workers }) => {
    await pipeline.commit("waits", nodes);
    await pipeline.trigger({ workflow: "waits", recipients: [{ ...ANN, tier: "gold" }] });
    await workers.start();

    const [run] = await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
    expect(stepsOf(run, "w")).toMatchObject([
      { s: "expression_evaluated", p: { branch: "w-come", result: true, conditions: [{ left: "gold" }] } },
    ]);
  });

  it("are evaluated again when the profile they read changes", async ({ pipeline, workers, harness }) => {
    await beginWait(pipeline, workers, nodes);
    const before = await untilWaiting(pipeline);
    await setTier(pipeline, "silver");
    await allProcessed(harness);
    expect(await pipeline.runs()).toEqual([{ ...before, updated_at: expect.any(Date) }]);
    await setTier(pipeline, "gold");
    await pipeline.finished(1);

    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("do not miss a change between reading the profile and the wait", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const { db } = harness.services;
    await pipeline.commit("waits", [delay("d", "1h"), ...nodes]);
    await pipeline.trigger({ workflow: "waits", recipients: [ANN] });
    const worker = await workers.start();
    const run = await untilWaiting(pipeline);
    const [recipient] = await db.query<{ id: string }>("select id from recipient where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    const changed = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    // The walk has read the profile, and cannot write its waiter until this transaction ends.
    const holding = db
      .tx(async (tx) => {
        await tx.query(
          "insert into waiter (workspace_id, key, topic, run_id, wait_id) values ($1, $2, '$profile', $3, 'held')",
          [pipeline.workspace_id, recipient?.id, run.id],
        );
        held.resolve();
        await changed.promise;
        throw new Error("rolled back");
      })
      .catch(() => {});
    await held.promise;
    await timeIsUp(pipeline, worker);
    await until(async () => {
      const [row] = await db.query<{ waits: boolean }>(
        `select exists (select from pg_stat_activity
                         where datname = current_database() and wait_event_type = 'Lock') as waits`,
      );
      return row?.waits;
    });
    await setTier(pipeline, "gold");
    changed.resolve();
    await holding;

    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });

  it("can be combined with events, any of which is enough", async ({ pipeline, workers }) => {
    await beginWait(pipeline, workers, nodes);
    await send(pipeline, "Paid", "ann");
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["come", "after"]);
  });

  it("on the payload alone watch no profile", async ({ pipeline, workers, harness }) => {
    await beginWait(pipeline, workers, [wait("w", { on: [all(leaf("a", "==", "1"))] })]);
    expect(await waitingRows(harness, pipeline)).toEqual({ waiters: 0, signals: 0 });
  });
});
