import { expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Server } from "../../../test/harness.ts";
import type { Queryable } from "../../db/db.ts";
import type { RequestRow } from "./intent.ts";
import { awaitExpanding, markExpanding } from "./notices.ts";

/*
 * Waiting for expands that may have missed a notice. The effect of notices: cancel.test.ts; under races: cancel-race.
 */

const WORKSPACE = 4711;

/** An expand that stays in progress until it is ended. */
async function beginExpand(harness: Server, workspace_id: number): Promise<{ end: () => Promise<void> }> {
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const done = harness.services.db.tx(async (tx) => {
    await markExpanding(tx, [{ workspace_id } as RequestRow]);
    begun.resolve();
    await ended.promise;
  });
  await begun.promise;
  return {
    end: async () => {
      ended.resolve();
      await done;
    },
  };
}

it("lasts until the expands of the workspace that were in progress have ended, and ignores later ones", async ({
  harness,
}) => {
  const { db } = harness.services;
  const [first, elsewhere] = [
    await beginExpand(harness, WORKSPACE),
    await beginExpand(harness, WORKSPACE + 1),
  ];
  const over: string[] = [];
  const looked = Promise.withResolvers<void>();
  const watched: Pick<Queryable, "query"> = {
    query: async (text, values, name) => {
      const rows = await db.query<never>(text, values, name);
      looked.resolve();
      return rows;
    },
  };
  const waiting = awaitExpanding(watched, WORKSPACE).then(() => over.push("waited"));
  await looked.promise;
  await awaitExpanding(db, WORKSPACE + 2);
  await expect(awaitExpanding(db, WORKSPACE, 1)).rejects.toMatchObject({ code: "conflict" });
  const second = await beginExpand(harness, WORKSPACE);
  expect(over).toEqual([]);
  await first.end();
  await waiting;
  expect(over).toEqual(["waited"]);
  await second.end();
  await elsewhere.end();
});
