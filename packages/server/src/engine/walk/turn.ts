import type { WalkDeps } from "../deps.ts";
import type { ChunkData, NewMessage, Run } from "../run.ts";

/** One run's way through one transaction. Whatever the walk makes is written with the run after it. */
export interface Turn {
  run: Run;
  chunkData: ChunkData;
  deps: WalkDeps;
  /** The messages that the run has made in this transaction. */
  messages: NewMessage[];
}
