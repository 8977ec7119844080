import type { Tx } from "../../db/db.ts";
import type { RunEffects, WalkDeps } from "../deps.ts";
import type { Queue } from "../../queue/queue.ts";
import type { EffectRequest } from "../node.ts";
import { createPace } from "../../queue/pace.ts";
import type { NewMessage, Run, ChunkData } from "../run.ts";
import { type Walk, walkSafely } from "./walk.ts";

/**
 * Takes the runs of a chunk as far as they go in this transaction. All are walked; what some of them want done is then
 * done for all of them together, one statement per kind, and they walk on with its results, until nobody wants
 * anything more. Returns the messages they made.
 */
export async function advance(
  tx: Tx,
  walks: Walk[],
  chunkData: ChunkData,
  deps: WalkDeps & { runEffects: RunEffects; queue: Pick<Queue, "waitForUrgentWork"> },
): Promise<NewMessage[]> {
  const messages: NewMessage[] = [];
  // A chunk is of one lane.
  const lane = walks[0]?.run.workflow.lane ?? 0;
  const pause = createPace({ waitForUrgentWork: () => deps.queue.waitForUrgentWork(lane) });
  let turn = walks;
  while (turn.length > 0) {
    const wanted: { run: Run; effect: EffectRequest }[] = [];
    for (const walk of turn) {
      await pause();
      const effect = walkSafely(walk, chunkData, deps, messages);
      if (effect !== null) wanted.push({ run: walk.run, effect });
    }
    const done = wanted.length === 0 ? [] : await deps.runEffects(tx, wanted, chunkData);
    turn = done.map(({ run, answer }): Walk => ({ run, begin: { kind: "answered", answer } }));
  }
  return messages;
}
