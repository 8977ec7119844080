import type { NoteUsed } from "./chunk/last-used.ts";
import type { Effects } from "./effect.ts";
import type { Clock } from "../workspaces/clock.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { ChannelDefinition } from "../channels/channel.ts";
import type { Channel } from "../core/channel.ts";
import type { Db, Tx } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Announce } from "../inbox/feed.ts";
import type { Log } from "../log.ts";
import type { Lists } from "../lists/lists.ts";
import type { Preferences } from "../preferences/preferences.ts";
import type { Recipients } from "../recipients/recipients.ts";
import type { Workspaces } from "../workspaces/workspaces.ts";
import type { Queue } from "../queue/queue.ts";
import type { ContentEngines } from "../expressions/content-engines.ts";
import type { Expressions } from "../expressions/expressions.ts";
import type { HttpCaller } from "../core/http-call.ts";
import type { EffectRequest, NodeDefinition, NodeOutcome } from "./node.ts";
import type { ChunkData, Run } from "./run.ts";
import type { VendorChoice } from "../core/vendor-choice.ts";

/** Dependencies shared by the stages. Composed by `machinery.ts`. */
export interface EngineDeps {
  db: Db;
  ids: IdSource;
  log: Log;
  queue: Queue;
  catalog: Catalog;
  workspaces: Workspaces;
  recipients: Recipients;
  lists: Lists;
  preferences: Preferences;
  channels: ReadonlyMap<Channel, ChannelDefinition>;
  nodes: ReadonlyMap<string, NodeDefinition>;
  content: ContentEngines;
  expressions: Expressions;
  vendors: VendorChoice;
  clock: Clock;
  meter: EngineMeter;
  announce: Announce;
  worker: boolean;
  /** Makes the calls of HTTP nodes. */
  call: HttpCaller;
  /** Maximum number of such calls in flight in this process. */
  call_concurrency: number;
}

/** Dependencies of a walk: nothing asynchronous. */
export type WalkDeps = Pick<EngineDeps, "nodes" | "expressions" | "content" | "channels" | "ids" | "log">;

/** Counters of the engine. */
export interface EngineMeter {
  accepted: (count: number) => void;
  runs: (status: string, count: number) => void;
  /** A message that reached its status without being sent. */
  message: (channel: string, status: string) => void;
}

/** Additional dependencies of expand and execute. */
export type StageDeps = EngineDeps & {
  wakeAt: (at: Date) => void;
  runEffects: RunEffects;
  /** Of templates that made messages. */
  noteTriggered: NoteUsed;
};

/** Performs the effects that the runs of a chunk ask for at the same time. */
export type RunEffects = (
  tx: Tx,
  wanted: { run: Run; effect: EffectRequest }[],
  chunkData: ChunkData,
) => Promise<EffectDone[]>;

/** A run and how it continues after its effect. */
export interface EffectDone {
  run: Run;
  /** Called within the run's own walk, so that a bug in it fails only that run. */
  answer: () => NodeOutcome;
}

/**
 * One effect, in bulk. Results are in the order of the requests. Changes to people are also written into `chunkData`.
 */
export type EffectFunction<Type extends keyof Effects> = (
  tx: Tx,
  asked: { run: Run; request: Effects[Type]["request"] }[],
  chunkData: ChunkData,
  deps: EffectDeps,
) => Promise<Effects[Type]["result"][]>;

export interface EffectDeps {
  ids: IdSource;
  recipients: Recipients;
  lists: Lists;
  queue: Queue;
}
