import type { WalkDeps } from "../deps.ts";
import type { ChunkData, NewMessage, Run } from "../run.ts";

/** One run's walk in one transaction. What the walk creates is written with the run afterwards. */
export interface Turn {
  run: Run;
  chunkData: ChunkData;
  deps: WalkDeps;
  /** The messages that the run has created in this transaction. */
  messages: NewMessage[];
}
