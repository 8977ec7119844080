import type { Tx } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Lists } from "../lists/lists.ts";
import type { Recipients } from "../recipients/recipients.ts";
import type { Dispatch } from "../queue/queue.ts";
import type { Effects } from "./effect.ts";
import type { NodeOutcome, Performance } from "./node.ts";
import type { Run, Surroundings } from "./run.ts";

/** Does what the runs of a chunk ask for at the same time. */
export type Perform = (
  tx: Tx,
  wanted: { run: Run; performance: Performance }[],
  surroundings: Surroundings,
) => Promise<Performed[]>;

/** What a run goes on with after what it wanted was done. */
export interface Performed {
  run: Run;
  /** Called by the run's own walk: a bug in it is that run's. */
  answer: () => NodeOutcome;
}

/** One effect, in bulk. Results in the order of the requests. What it writes about people it puts into the surroundings too. */
export type EffectFunction<Type extends keyof Effects> = (
  tx: Tx,
  asked: { run: Run; request: Effects[Type]["request"] }[],
  surroundings: Surroundings,
  deps: EffectDeps,
) => Promise<Effects[Type]["result"][]>;

export interface EffectDeps {
  ids: IdSource;
  recipients: Recipients;
  lists: Lists;
  dispatch: Dispatch;
}
