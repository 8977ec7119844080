import { createNoteUsed } from "./chunk/last-used.ts";
import { createListenHandler } from "./waits/accepted-events.ts";
import type { Clock } from "../workspaces/clock.ts";
import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import type { CompileWorkflow } from "../catalog/catalog.ts";
import { type Accepted, type AcceptRecord, createAcceptor } from "./accept/accept.ts";
import { createBroadcastHandler } from "./broadcast/broadcast.ts";
import { type BroadcastFilter, cancelBroadcasts } from "./broadcast/cancel.ts";
import { createCallHandler } from "./call.ts";
import { cancelRuns } from "./cancel/cancel.ts";
import { endRunsOf, type ErasedUsers } from "./cancel/erased-users.ts";
import type { CancelFilter } from "./cancel/filter.ts";
import { compileWith } from "./compile.ts";
import type { Queryable, Tx } from "../db/db.ts";
import type { EngineDeps } from "./deps.ts";
import { createExecuteHandler } from "./walk/execute.ts";
import { createExpandHandler } from "./expand/expand.ts";
import { leaveErasureNotice } from "./expand/notices.ts";
import { followMerge } from "./follow-merge.ts";
import type { Expressions } from "../expressions/expressions.ts";
import type { NodeDefinition } from "./node.ts";
import type { Lane } from "../core/lane.ts";
import type { Swap } from "../lists/drafts.ts";
import type { Way } from "../lists/lists.ts";
import { causeListEvents, type ListMoves } from "./effects/list-events.ts";
import { causeSwapEvents } from "./effects/list-swaps.ts";
import { createRunEffects } from "./effects/run-effects.ts";
import type { Redriven, RedriveKind, RedriveOrder } from "./redrive/order.ts";
import { redrive } from "./redrive/redrive.ts";
import { createRequestNotes, type RequestNote } from "./accept/request-notes.ts";
import { type Rehearsal, rehearse } from "./rehearse/rehearse.ts";
import { createSegmentHandler, memberOfQuery } from "./segments/refresh.ts";
import { mockContext, type MockTrigger } from "./trial/mock.ts";
import { type Preview, previewContent } from "./trial/preview.ts";
import { sendTrial, type Trial, type TrialResult } from "./trial/send-trial.ts";
import { createSignalHandler } from "./waits/tenant-signals.ts";
import { createWaker } from "./waits/waker.ts";

/**
 * The engine's interface. Accept → expand → execute; delivery takes over from the messages it writes. See README.md in
 * this folder for the states of a run and the invariants.
 */
export interface Engine {
  /** Resolves when the record is on disk. */
  accept: (record: AcceptRecord) => Promise<Accepted>;
  /** How long what is being accepted has waited for the disk so far. */
  acceptWaited_ms: () => number;
  /** Logs a request that does not run; never throws, and need not be awaited. */
  noteRequest: (note: RequestNote) => void;
  /** All requests accepted before this time have been expanded; null: all have. */
  expandingSince: (db: Queryable) => Promise<Date | null>;
  /** Reports what a trigger would do, without doing it. */
  rehearse: (record: RehearsalRecord) => Promise<Rehearsal>;
  /** What a template sees of a mock trigger. Reads outside of any transaction. */
  mockContext: (mock: MockTrigger) => Promise<JsonObject>;
  /** Renders a content with a mock trigger. Reads outside of any transaction. */
  preview: (mock: MockTrigger, channel: Channel, content: JsonObject) => Promise<Preview>;
  /** Sends a variant for real, in its own transaction. */
  sendTrial: (trial: Trial) => Promise<TrialResult>;
  /** Ends runs that are in progress, in its own transaction; returns the ids of those that were. */
  cancel: (workspace_id: number, filter: CancelFilter) => Promise<string[]>;
  /** Ends broadcasts that are scheduled or under way, in its own transaction; returns the ids of those that were. */
  cancelBroadcasts: (workspace_id: number, filter: BroadcastFilter) => Promise<string[]>;
  /** Causes the events of users who entered or left a list, in the caller's transaction. */
  causeListEvents: (tx: Tx, workspace_id: number, moves: ListMoves) => Promise<void>;
  /** The same for a draft that took its list's place: of many users, most are caused later. */
  causeSwapEvents: (tx: Tx, workspace_id: number, swap: Swap, lanes: Record<Way, Lane>) => Promise<void>;
  /** Has a list agree with its query soon, after the caller's transaction. */
  queueRefresh: (tx: Tx, workspace_id: number, list_id: string) => Promise<void>;
  /** What was accepted before makes no run for users whom the caller's transaction deletes, nor creates them again. */
  holdBackErased: typeof leaveErasureNotice;
  /** Ends what is in progress for users who were deleted, in its own transactions. */
  endRunsOf: (workspace_id: number, users: ErasedUsers) => Promise<void>;
  /** Lets what is under way for a user go on for the user who took over, in the caller's transaction. */
  followMerge: typeof followMerge;
  /** Puts back what failed, in its own transaction. */
  redrive: (workspace_id: number, order: RedriveOrder) => Promise<Record<RedriveKind, Redriven>>;
  /** Node types by wire name, for validation and forms. */
  nodes: ReadonlyMap<string, NodeDefinition>;
  /** The languages of their settings and of templates, for validation. */
  expressions: Pick<Expressions, "check" | "checkTemplate">;
  /** Replaces the database's time; null in production. */
  clock: Clock;
  /** Something is due at this time: the waker must not sleep past it. */
  wakeAt: (at: Date) => void;
  start: () => Promise<void>;
  /** Finishes what is in flight; the caller decides how long to wait. */
  stop: () => Promise<void>;
}

export type { Redriven, RedriveKind } from "./redrive/order.ts";
export type { Rehearsal } from "./rehearse/rehearse.ts";
export type { MockTrigger } from "./trial/mock.ts";
export type { TrialResult } from "./trial/send-trial.ts";
export type Tried = Trial["tried"];

/** A trigger to rehearse. */
export interface RehearsalRecord {
  workspace_id: number;
  /** Workflow slug. */
  name: string;
  tenant_id: string | null;
  body: JsonObject;
}

export function createCompile(nodes: ReadonlyMap<string, NodeDefinition>): CompileWorkflow {
  return compileWith(nodes);
}

export function createEngine(deps: EngineDeps): Engine {
  const waker = createWaker(deps);
  const acceptor = createAcceptor({ ...deps, wakeAt: waker.expect });
  const notes = createRequestNotes(deps);
  const stageDeps = {
    ...deps,
    wakeAt: waker.expect,
    runEffects: createRunEffects(deps),
    noteTriggered: createNoteUsed("template"),
  };
  if (deps.worker) {
    deps.queue.work("expand", createExpandHandler(stageDeps));
    deps.queue.work("broadcast", createBroadcastHandler(stageDeps));
    deps.queue.work("segment", createSegmentHandler(deps));
    deps.queue.work("execute", createExecuteHandler(stageDeps));
    deps.queue.work("call", createCallHandler(stageDeps));
    deps.queue.work("signal", createSignalHandler(deps));
    deps.queue.work("listen", createListenHandler(deps));
  }
  return {
    accept: acceptor.accept,
    acceptWaited_ms: acceptor.waited_ms,
    noteRequest: notes.add,
    clock: deps.clock,
    expandingSince: (db) => deps.queue.oldestPending(db, "expand"),
    rehearse: (record) => {
      const id = deps.ids.uuid();
      const rest = { cancellation_key: null, created_at: new Date(), parent_run_id: null, depth: null };
      return rehearse({ ...rest, ...record, id, idempotency_key: id, api_type: "workflow" }, stageDeps);
    },
    mockContext: (mock) => mockContext(mock, stageDeps),
    preview: (mock, channel, content) => previewContent(mock, channel, content, stageDeps),
    sendTrial: (trial) => sendTrial(trial, stageDeps),
    cancel: (workspace_id, filter) => cancelRuns(deps, workspace_id, filter),
    cancelBroadcasts: (workspace_id, filter) => cancelBroadcasts(deps.db, workspace_id, filter),
    causeListEvents: (tx, workspace_id, moves) => causeListEvents(tx, workspace_id, moves, deps),
    causeSwapEvents: (tx, workspace_id, swap, lanes) => causeSwapEvents(tx, workspace_id, swap, lanes, deps),
    queueRefresh: (tx, workspace_id, list_id) =>
      deps.queue.enqueue(tx, "segment", [memberOfQuery({ workspace_id, list_id })]),
    holdBackErased: leaveErasureNotice,
    endRunsOf: (workspace_id, users) => endRunsOf(deps, workspace_id, users),
    followMerge,
    redrive: (workspace_id, order) => redrive(deps, workspace_id, order),
    wakeAt: waker.expect,
    nodes: deps.nodes,
    expressions: deps.expressions,
    async start() {
      await deps.queue.start({ worker: deps.worker });
      if (deps.worker) waker.start();
    },
    async stop() {
      await acceptor.drain();
      await notes.drain();
      await waker.stop();
      await deps.queue.stop();
    },
  };
}
