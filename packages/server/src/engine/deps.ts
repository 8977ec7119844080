import type { Catalog } from "../catalog/catalog.ts";
import type { ChannelDefinition } from "../channels/channel.ts";
import type { Channel } from "../core/channel.ts";
import type { TemplateEngine } from "../core/handlebars/engine.ts";
import type { JqEngine } from "../core/jq.ts";
import type { Db, Queryable, Tx } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Recipients } from "../recipients/recipients.ts";
import type { Workspaces } from "../workspaces/workspaces.ts";
import type { Dispatch } from "./dispatch.ts";
import type { NodeDefinition } from "./node.ts";
import type { NewMessage, Run } from "./run.ts";
import type { VendorChoice } from "./vendor-choice.ts";

/** Everything that the stages share. `main` composes it. */
export interface EngineDeps {
  db: Db;
  ids: IdSource;
  log: Log;
  dispatch: Dispatch;
  catalog: Catalog;
  workspaces: Workspaces;
  recipients: Recipients;
  channels: ReadonlyMap<Channel, ChannelDefinition>;
  nodes: ReadonlyMap<string, NodeDefinition>;
  templates: TemplateEngine;
  jq: JqEngine;
  vendors: VendorChoice;
  /** Reads the clock of a transaction; tests set it. */
  clock: Clock;
  meter: EngineMeter;
  worker: boolean;
}

/** What a walk needs: nothing that waits. */
export type WalkDeps = Pick<EngineDeps, "nodes" | "jq" | "templates" | "channels" | "ids" | "log">;

/** What the engine counts. */
export interface EngineMeter {
  accepted: (count: number) => void;
  runs: (status: string, count: number) => void;
  /** A message that reached its status without being sent. */
  message: (channel: string, status: string) => void;
}

export type Clock = (db: Queryable) => Promise<Date>;

export const databaseClock: Clock = async (db) => {
  const [row] = await db.query<{ now: Date }>("select now() as now", [], "clock");
  if (row === undefined) throw new Error("the database told no time");
  return row.now;
};

/** What expand and execute are handed besides: the waker's ear. */
export type StageDeps = EngineDeps & { wakeAt: (at: Date) => void };

/** Tells the waker, once the transaction has committed, when the first of these runs is due. */
export function announceWakes(tx: Tx, runs: Run[], deps: StageDeps): void {
  const next = runs.flatMap(({ wake_at }) => (wake_at === null ? [] : [wake_at.getTime()]));
  if (next.length > 0) tx.afterCommit(() => deps.wakeAt(new Date(next.reduce((a, b) => Math.min(a, b)))));
}

/** What became of a chunk, for metrics and, by ids alone, for the log. */
export function report(runs: Run[], messages: NewMessage[], { meter, log }: StageDeps): void {
  countRuns(runs, meter);
  for (const { channel, status } of messages) if (status !== "triggered") meter.message(channel, status);
  for (const { id, request_id, workflow, status } of runs) {
    log.debug({ run: id, request: request_id, workflow: workflow.slug, status }, "run walked");
  }
}

function countRuns(runs: Run[], meter: EngineMeter): void {
  const counts = new Map<string, number>();
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
  for (const [status, count] of counts) meter.runs(status, count);
}
