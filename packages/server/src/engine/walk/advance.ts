import type { Tx } from "../../db/db.ts";
import type { WalkDeps } from "../deps.ts";
import type { Dispatch } from "../../queue/queue.ts";
import type { Performance } from "../node.ts";
import { createPace } from "../../queue/pace.ts";
import type { Perform } from "../performing.ts";
import type { NewMessage, Run, Surroundings } from "../run.ts";
import { type Walk, walkSafely } from "./walk.ts";

/**
 * Takes the runs of a chunk as far as they go in this transaction. All are walked; what some of them want done is then
 * done for all of them together, one statement per kind, and they walk on with its results, until nobody wants
 * anything more. Returns the messages they made.
 */
export async function advance(
  tx: Tx,
  walks: Walk[],
  surroundings: Surroundings,
  deps: WalkDeps & { perform: Perform; dispatch: Pick<Dispatch, "calm"> },
): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  // A chunk is of one lane.
  const lane = walks[0]?.run.workflow.lane ?? 0;
  const breathe = createPace({ calm: () => deps.dispatch.calm(lane) });
  let turn = walks;
  while (turn.length > 0) {
    const wanted: { run: Run; performance: Performance }[] = [];
    for (const walk of turn) {
      await breathe();
      const performance = walkSafely(walk, surroundings, deps, messages);
      if (performance !== null) wanted.push({ run: walk.run, performance });
    }
    const performed = wanted.length === 0 ? [] : await deps.perform(tx, wanted, surroundings);
    turn = performed.map(({ run, answer }): Walk => ({ run, begin: { kind: "answered", answer } }));
  }
  return messages;
}
