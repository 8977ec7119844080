import { bucketOfId } from "../../ids.ts";
import type { Turn } from "./turn.ts";
import type { StepCode } from "../../core/log/step-log.ts";
import { internalReason } from "../../core/text/error-message.ts";
import type { CompiledNode } from "../../catalog/workflow.ts";
import {
  type EndStatus,
  formatPosition,
  nodeAt,
  type Position,
  positionAfter,
  positionInBranch,
  endStatusOf,
} from "../../core/run-state.ts";
import { createContext } from "./context.ts";
import { type NodeOutcome, next, type EffectRequest, type Suspension, type Woken } from "../node.ts";
import { addStep, type Run, severitiesOf, type Signal, type Wait } from "../run.ts";

/**
 * Walks a run from its position until it ends, must wait, or requests an effect in this transaction. Everything is in
 * memory and nothing is awaited: a chunk of runs costs one transaction however many nodes they pass.
 */
export interface Walk {
  run: Run;
  begin: Begin;
}

export type Begin =
  | { kind: "enter" }
  /** Something it waited for may have happened: signals in order, then the current time. */
  | { kind: "wake"; signals: Signal[] }
  /** An effect was performed; this is the node's answer to its result. */
  | { kind: "answered"; answer: () => NodeOutcome };

/** More transitions than any valid tree has (200 nodes): exceeding it is a bug in the code, not in the workflow. */
const MAX_TRANSITIONS = 1000;

/**
 * Walks until the run has ended or waits, which returns null, or until an effect must be performed before it continues.
 * A bug in one run's walk fails that run with its reason; the other runs of the chunk continue.
 */
export function walkSafely(turn: Turn, begin: Begin): EffectRequest | null {
  const { run, deps, messages } = turn;
  const sent = messages.length;
  try {
    return walk(turn, begin);
  } catch (error) {
    deps.log.error(
      { run: run.id, workflow: run.workflow.slug, err: error },
      "a run failed inside the engine",
    );
    messages.splice(sent);
    stopWith(run, "internal", internalReason(error));
    return null;
  }
}

/** Ends a run with an error that is not one of its nodes'; logs are searched by `code`. */
export function stopWith(run: Run, code: StepCode, message: string): void {
  addStep(run, null, "error", "run_stopped", message, { code });
  leaveWait(run);
  remember(run);
  run.status = "failed";
  run.position = null;
  run.wake_at = null;
}

function walk(turn: Turn, begin: Begin): EffectRequest | null {
  const { run } = turn;
  run.wake_at = null;
  let given = firstOutcome(turn, begin);
  let isStopped = false;
  for (let count = 0; run.position !== null; count++) {
    if (count > MAX_TRANSITIONS) throw new Error(`run ${run.id} does not end`);
    const node = nodeAt(run.workflow.nodes, run.position);
    if (node === null) {
      const missing = `no node at position ${formatPosition(run.position)}`;
      addStep(run, null, "error", "run_stopped", missing, { code: "internal" });
      isStopped = true;
      break;
    }
    const outcome = given ?? visit(turn, node);
    given = undefined;
    if (outcome.kind === "effect") return outcome;
    if (outcome.kind === "fail") {
      remember(run);
      isStopped = true;
    }
    run.position = transition(turn, node, run.position, outcome);
    if (run.memory.wait !== undefined) return null;
  }
  leaveWait(run);
  run.position = null;
  const status = endStatusOf(severitiesOf(run.steps));
  run.status = status;
  if (!isStopped) addStep(run, null, "info", "run_completed", COMPLETED[status]);
  return null;
}

/** Undefined for a run that enters the node at its position. */
function firstOutcome(turn: Turn, begin: Begin): NodeOutcome | undefined {
  switch (begin.kind) {
    case "enter":
      return undefined;
    case "wake":
      return wake(turn, begin.signals);
    case "answered":
      return begin.answer();
  }
}

/** Log text at the end of a run, by its status. */
const COMPLETED: Record<EndStatus, string> = {
  completed: "run completed",
  partial_failure: "run completed with warnings",
  failed: "run completed with errors",
};

/** Where the run goes after a node's outcome, which is recorded in the step log. */
function transition(
  { run, deps }: Turn,
  node: CompiledNode,
  at: Position,
  outcome: Exclude<NodeOutcome, EffectRequest>,
): Position | null {
  switch (outcome.kind) {
    case "next":
      return positionAfter(run.workflow.nodes, at);
    case "branch":
      return positionInBranch(run.workflow.nodes, at, outcome.index);
    case "suspend":
      if (outcome.until <= run.now && outcome.batch_id === undefined) {
        const until = outcome.until.toISOString();
        addStep(run, node, "info", "node_completed", `not waiting: ${until} has come`, { until });
        return positionAfter(run.workflow.nodes, at);
      }
      suspend(run, node, outcome, deps.ids.ulidIn(bucketOfId(run.id)));
      return at;
    case "call":
      run.memory.call = outcome.call;
      beginWait(run, { id: deps.ids.ulidIn(bucketOfId(run.id)), until: null });
      addStep(run, node, "info", "waiting", `calling ${outcome.call.method} ${originOf(outcome.call.url)}`);
      return at;
    case "wait":
      return at;
    case "exit":
      addStep(run, node, "info", "run_stopped", outcome.message, outcome.facts);
      return null;
    case "fail":
      addStep(run, node, "error", "node_failed", outcome.message, { code: outcome.code });
      return null;
  }
}

function suspend(run: Run, node: CompiledNode, { until, on, memo, batch_id }: Suspension, id: string): void {
  const wait: Wait = { id, until: until.toISOString() };
  if (on !== undefined && on.length > 0) {
    wait.topics = on;
    if (run.is_new) wait.counts_from_trigger = true;
  }
  if (memo !== undefined) wait.memo = memo;
  if (batch_id !== undefined) wait.batch_id = batch_id;
  run.wake_at = until;
  beginWait(run, wait);
  addStep(run, node, "info", "waiting", `waiting until ${until.toISOString()}`, {
    until: until.toISOString(),
    ...(wait.topics === undefined ? {} : { events: [...new Set(wait.topics.map(({ name }) => name))] }),
  });
}

function beginWait(run: Run, wait: Wait): void {
  leaveWait(run);
  run.memory.wait = wait;
  run.left.began = wait;
}

/**
 * Deletes the batch it carried together with its wait, unless closing the batch ended the wait: then `batch_id` is
 * already removed.
 */
function leaveWait({ memory, left }: Run): void {
  const { wait } = memory;
  if (wait === undefined) return;
  if (wait.topics !== undefined) left.stoppedListening = true;
  if (wait.batch_id !== undefined) left.batches.push(wait.batch_id);
  left.began = null;
  delete memory.wait;
  delete memory.call;
}

/** Stores the run's position for a redrive. */
function remember(run: Run): void {
  if (run.position !== null) run.memory.failed_at = formatPosition(run.position);
}

/**
 * A waiting run stands on its node. Signals of this wait are offered to the node in order until one is what it waits
 * for; those that came after the time was up lost the race. A run that is woken without a signal was woken by the time.
 */
function wake(turn: Turn, signals: Signal[]): NodeOutcome | undefined {
  const { run } = turn;
  const node = run.position === null ? null : nodeAt(run.workflow.nodes, run.position);
  // Sleeping rows of older versions have no stored wait: it was a delay.
  const { wait } = run.memory;
  if (node === null || wait === undefined) {
    addStep(run, node, "info", "resumed", "resumed");
    return next;
  }
  const until = wait.until === null ? null : new Date(wait.until);
  const own = signals.filter(({ wait_id }) => wait_id === wait.id);
  for (const { at, woken } of own) {
    if (until !== null && at > until) continue;
    const outcome = resumeNode(turn, node, woken, wait);
    if (outcome.kind !== "wait") return outcome;
  }
  if (until !== null && (own.length === 0 || until <= run.now)) {
    const outcome = resumeNode(turn, node, { by: "time" }, wait);
    return outcome.kind === "wait" ? next : outcome;
  }
  run.wake_at = until;
  return { kind: "wait" };
}

function resumeNode(turn: Turn, node: CompiledNode, woken: Woken, wait: Wait): NodeOutcome {
  const { run, deps } = turn;
  const definition = deps.nodes.get(node.type);
  if (definition === undefined || node.problem !== null) return unsupported(node);
  const logged = run.steps.length;
  addStep(run, node, "info", "resumed", RESUMED[woken.by]);
  const context = createContext(turn, node, wait.memo ?? null);
  const outcome = definition.resume?.(context, node.config, woken) ?? next;
  // Removes what was logged: a run's log must not grow with every event that it ignores.
  if (outcome.kind === "wait") run.steps.splice(logged);
  else if (outcome.kind === "effect" && outcome.type === "seal") delete wait.batch_id;
  if (outcome.kind !== "wait") leaveWait(run);
  return outcome;
}

const RESUMED: Record<Woken["by"], string> = {
  time: "resumed",
  event: "resumed by an event",
  profile: "resumed by a change of the profile",
  tenant: "resumed by a change of the tenant",
  message: "resumed by what became of a message",
  reply: "the call was answered",
};

function visit(turn: Turn, node: CompiledNode): NodeOutcome {
  const definition = turn.deps.nodes.get(node.type);
  if (definition === undefined || node.problem !== null) return unsupported(node);
  const context = createContext(turn, node, null);
  return definition.run(context, node.config);
}

function unsupported(node: CompiledNode): NodeOutcome {
  return {
    kind: "fail",
    code: "node_not_supported",
    message: node.problem ?? `node type '${node.type}' is not supported`,
  };
}

/** Keeps only the origin: paths and queries may hold personal data or tokens. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "an address that is not valid";
}
