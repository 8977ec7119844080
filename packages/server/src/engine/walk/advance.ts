import type { Turn } from "./turn.ts";
import type { Tx } from "../../db/db.ts";
import type { RunEffects, WalkDeps } from "../deps.ts";
import type { Queue } from "../../queue/queue.ts";
import type { EffectRequest } from "../node.ts";
import { createPace } from "../../queue/pace.ts";
import type { NewMessage, Run, ChunkData } from "../run.ts";
import { type Walk, walkSafely } from "./walk.ts";

/**
 * Takes the runs of a chunk as far as they go in this transaction. All are walked; the effects that some of them
 * request are then performed for all together, one statement per kind, and the runs walk on with the results, until
 * none requests more. Returns the messages they created.
 */
export async function advance(
  tx: Tx,
  walks: Walk[],
  chunkData: ChunkData,
  deps: WalkDeps & { runEffects: RunEffects; queue: Pick<Queue, "waitForUrgentWork"> },
): Promise<NewMessage[]> {
  // All runs of a chunk share one lane.
  const lane = walks[0]?.run.workflow.lane ?? 0;
  const pause = createPace({ waitForUrgentWork: () => deps.queue.waitForUrgentWork(lane) });
  const turns = new Map(walks.map(({ run }): [Run, Turn] => [run, { run, chunkData, deps, messages: [] }]));
  let open = walks;
  while (open.length > 0) {
    const wanted: { run: Run; effect: EffectRequest }[] = [];
    for (const { run, begin } of open) {
      await pause();
      const turn = turns.get(run);
      const effect = turn === undefined ? null : walkSafely(turn, begin);
      if (effect !== null) wanted.push({ run, effect });
    }
    const done = wanted.length === 0 ? [] : await deps.runEffects(tx, wanted, chunkData);
    open = done.map(({ run, answer }): Walk => ({ run, begin: { kind: "answered", answer } }));
  }
  return [...turns.values()].flatMap(({ messages }) => messages);
}
