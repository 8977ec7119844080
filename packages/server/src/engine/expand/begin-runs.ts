import type { Tx } from "../../db/db.ts";
import type { StoredRecipient } from "../../recipients/recipients.ts";
import { loadChoices, loadPeople } from "../chunk/chunk-data.ts";
import { writeChunk } from "../chunk/store.ts";
import type { StageDeps } from "../deps.ts";
import type { RequestProblem } from "../problem.ts";
import { addStep, type ChunkData, type Configuration, type NewMessage, type Run } from "../run.ts";
import { signalMissed } from "../waits/accepted-events.ts";
import { advance } from "../walk/advance.ts";
import { announceWakes, report } from "../walk/after-commit.ts";
import type { Walk } from "../walk/walk.ts";
import { admit } from "./gates.ts";

/** What runs are begun with. */
export interface Beginning {
  configuration: Configuration;
  /** By request id; what keeps a run from beginning is added. */
  problems: Map<string, RequestProblem[]>;
  /** Recipients that this transaction has already read or written. */
  known?: ReadonlyMap<string, StoredRecipient>;
}

/** The runs that may begin, of those that were planned, and what they see. */
export async function beginRuns(
  tx: Tx,
  runs: Run[],
  { configuration, problems, known }: Beginning,
  deps: StageDeps,
): Promise<{ begun: Run[]; chunkData: ChunkData }> {
  const [recipients, choices] = await Promise.all([
    loadPeople(tx, runs, deps, known),
    loadChoices(tx, runs, deps),
  ]);
  const chunkData: ChunkData = { ...configuration, recipients, messages: new Map(), choices };
  const begun = await admit(tx, runs, chunkData, problems, deps.queue);
  for (const run of begun) addStep(run, null, "info", "run_started", "run started");
  return { begun, chunkData };
}

/** Walks runs as far as they go, and writes them with their messages, which it returns. */
export async function carryOut(
  tx: Tx,
  begun: Run[],
  chunkData: ChunkData,
  deps: StageDeps,
): Promise<NewMessage[]> {
  const walks = begun.map((run): Walk => ({ run, begin: { kind: "enter" } }));
  const messages = await advance(tx, walks, chunkData, deps);
  await writeChunk(tx, { made: begun }, messages, deps);
  await signalMissed(tx, begun, chunkData, deps.queue);
  announceWakes(tx, begun, deps);
  tx.afterCommit(() => report(begun, messages, deps));
  return messages;
}
