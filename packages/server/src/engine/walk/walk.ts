import { internalReason } from "../../core/error-message.ts";
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
import type { WalkDeps } from "../deps.ts";
import { type NodeOutcome, next, type EffectRequest, type Suspension, type Woken } from "../node.ts";
import { addStep, type NewMessage, type Run, severitiesOf, type ChunkData, type Wait } from "../run.ts";

/**
 * Walks a run from its position until it ends, must wait, or wants something done in this transaction. Everything is
 * in memory and nothing is awaited: a chunk of runs costs one transaction however many nodes they pass.
 */
export interface Walk {
  run: Run;
  begin: Begin;
}

export type Begin =
  | { kind: "enter" }
  /** What it waited for may have come: signals in order, and the time of now. */
  | { kind: "wake"; signals: Signal[] }
  /** An effect was done; this is what the node answers to its result. */
  | { kind: "answered"; answer: () => NodeOutcome };

export interface Signal {
  wait_id: string;
  at: Date;
  woken: Woken;
}

/** More transitions than any valid tree has (200 nodes): a bug, not a workflow. */
const MAX_TRANSITIONS = 1000;

/**
 * Null when the run ended or waits; otherwise what must be done before it goes on. A bug in one run's walk fails that
 * run with its reason; its neighbours in the chunk go on.
 */
export function walkSafely(
  { run, begin }: Walk,
  chunkData: ChunkData,
  deps: WalkDeps,
  messages: NewMessage[],
): EffectRequest | null {
  const sent = messages.length;
  try {
    return walk(run, begin, chunkData, deps, messages);
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
export function stopWith(run: Run, code: string, message: string): void {
  addStep(run, null, "error", "run_stopped", message, { code });
  leaveWait(run);
  remember(run);
  run.status = "failed";
  run.position = null;
  run.wake_at = null;
}

function walk(
  run: Run,
  begin: Begin,
  chunkData: ChunkData,
  deps: WalkDeps,
  messages: NewMessage[],
): EffectRequest | null {
  run.wake_at = null;
  let given: NodeOutcome | undefined =
    begin.kind === "wake"
      ? wake(run, begin.signals, chunkData, deps, messages)
      : begin.kind === "answered"
        ? begin.answer()
        : undefined;
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
    const outcome = given ?? visit(run, node, chunkData, deps, messages);
    given = undefined;
    if (outcome.kind === "effect") return outcome;
    if (outcome.kind === "fail") {
      remember(run);
      isStopped = true;
    }
    run.position = transition(run, node, run.position, outcome, deps);
    if (run.memory.wait !== undefined) return null;
  }
  leaveWait(run);
  run.position = null;
  const status = endStatusOf(severitiesOf(run.steps));
  run.status = status;
  if (!isStopped) addStep(run, null, "info", "run_completed", COMPLETED[status]);
  return null;
}

/** What is said of a run that came to its end, by what had happened on its way. */
const COMPLETED: Record<EndStatus, string> = {
  completed: "run completed",
  partial_failure: "run completed with warnings",
  failed: "run completed with errors",
};

/** Where the run goes after a node answered; the step log gets what happened. */
function transition(
  run: Run,
  node: CompiledNode,
  at: Position,
  outcome: Exclude<NodeOutcome, EffectRequest>,
  deps: WalkDeps,
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
      suspend(run, node, outcome, deps.ids.ulid());
      return at;
    case "call":
      run.memory.call = outcome.call;
      beginWait(run, { id: deps.ids.ulid(), until: null });
      addStep(run, node, "info", "waiting", `calling ${outcome.call.method} ${originOf(outcome.call.url)}`);
      return at;
    case "wait":
      return at;
    case "exit":
      addStep(run, node, "info", "run_stopped", outcome.message, outcome.properties);
      return null;
    case "fail":
      addStep(run, node, "error", "node_failed", outcome.message, { code: outcome.code });
      return null;
  }
}

function suspend(run: Run, node: CompiledNode, { until, on, memo, batch_id }: Suspension, id: string): void {
  const wait: Wait = { id, until: until.toISOString() };
  if (on !== undefined && on.length > 0) wait.topics = on;
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

/** The batch it carried goes with its wait, unless the wait ended by closing it: then `batch_id` is gone by now. */
function leaveWait({ memory, left }: Run): void {
  const { wait } = memory;
  if (wait === undefined) return;
  if (wait.topics !== undefined) left.stoppedListening = true;
  if (wait.batch_id !== undefined) left.batches.push(wait.batch_id);
  left.began = null;
  delete memory.wait;
  delete memory.call;
}

/** For a redrive. */
function remember(run: Run): void {
  if (run.position !== null) run.memory.failed_at = formatPosition(run.position);
}

/**
 * A waiting run stands on its node. Signals of this wait are offered to the node in their order until one is what it
 * waits for; what came after the time was up lost the race. A run that is woken without a signal was woken by the time.
 */
function wake(
  run: Run,
  signals: Signal[],
  chunkData: ChunkData,
  deps: WalkDeps,
  messages: NewMessage[],
): NodeOutcome | undefined {
  const node = run.position === null ? null : nodeAt(run.workflow.nodes, run.position);
  // Rows of older versions sleep without a word about why: it was a delay.
  const { wait } = run.memory;
  if (node === null || wait === undefined) {
    addStep(run, node, "info", "resumed", "resumed");
    return next;
  }
  const until = wait.until === null ? null : new Date(wait.until);
  const own = signals.filter(({ wait_id }) => wait_id === wait.id);
  for (const { at, woken } of own) {
    if (until !== null && at > until) continue;
    const outcome = resumeNode(run, node, woken, wait, chunkData, deps, messages);
    if (outcome.kind !== "wait") return outcome;
  }
  if (until !== null && (own.length === 0 || until <= run.now)) {
    const outcome = resumeNode(run, node, { by: "time" }, wait, chunkData, deps, messages);
    return outcome.kind === "wait" ? next : outcome;
  }
  run.wake_at = until;
  return { kind: "wait" };
}

function resumeNode(
  run: Run,
  node: CompiledNode,
  woken: Woken,
  wait: Wait,
  chunkData: ChunkData,
  deps: WalkDeps,
  messages: NewMessage[],
): NodeOutcome {
  const definition = deps.nodes.get(node.type);
  if (definition === undefined || node.problem !== null) return unsupported(node);
  const logged = run.steps.length;
  addStep(run, node, "info", "resumed", RESUMED[woken.by]);
  const context = createContext(run, node, wait.memo ?? null, chunkData, deps, messages);
  const outcome = definition.resume?.(context, node.config, woken) ?? next;
  // Nothing happened as far as the run is concerned: its log must not grow with every event that it ignores.
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
  reply: "the call was answered",
};

function visit(
  run: Run,
  node: CompiledNode,
  chunkData: ChunkData,
  deps: WalkDeps,
  messages: NewMessage[],
): NodeOutcome {
  const definition = deps.nodes.get(node.type);
  if (definition === undefined || node.problem !== null) return unsupported(node);
  const context = createContext(run, node, null, chunkData, deps, messages);
  return definition.run(context, node.config);
}

function unsupported(node: CompiledNode): NodeOutcome {
  return {
    kind: "fail",
    code: "node_not_supported",
    message: node.problem ?? `node type '${node.type}' is not supported`,
  };
}

/** Paths and queries may hold personal data or tokens. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "an address that is not valid";
}
