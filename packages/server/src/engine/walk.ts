import type { CompiledNode } from "../catalog/workflow.ts";
import { evaluateConditions } from "../core/conditions.ts";
import type { Json } from "../core/json.ts";
import { JqError } from "../core/jq.ts";
import {
  formatPosition,
  nodeAt,
  type Position,
  positionAfter,
  positionInBranch,
  statusOf,
} from "../core/run-state.ts";
import { composeMessages } from "./compose.ts";
import type { WalkDeps } from "./deps.ts";
import type { NodeContext, NodeOutcome } from "./node.ts";
import { addStep, type NewMessage, type Run, severitiesOf, type Surroundings } from "./run.ts";
import { type RunScope, scopeOf } from "./scope.ts";

/**
 * Walks a run from its position until it ends or must wait. Everything is in memory and nothing is awaited: a
 * chunk of runs costs one transaction however many nodes they pass. The messages it makes are returned.
 */
/** More transitions than any valid tree has (200 nodes): a bug, not a workflow. */
const MAX_TRANSITIONS = 1000;

/** A bug in one run's walk fails that run with its reason; its neighbours in the chunk go on. */
export function walkSafely(run: Run, surroundings: Surroundings, deps: WalkDeps): NewMessage[] {
  try {
    return walk(run, surroundings, deps);
  } catch (error) {
    deps.log.error(
      { run: run.id, workflow: run.workflow.slug, err: error },
      "a run failed inside the engine",
    );
    addStep(
      run,
      surroundings.now,
      null,
      "error",
      "run_stopped",
      `500: ${error instanceof Error ? error.message : String(error)}`,
    );
    run.status = "failed";
    run.position = null;
    run.wake_at = null;
    return [];
  }
}

function walk(run: Run, surroundings: Surroundings, deps: WalkDeps): NewMessage[] {
  const messages: NewMessage[] = [];
  const { now } = surroundings;
  run.wake_at = null;
  for (let count = 0; run.position !== null; count++) {
    if (count > MAX_TRANSITIONS) throw new Error(`run ${run.id} does not end`);
    const node = nodeAt(run.workflow.nodes, run.position);
    if (node === null) {
      addStep(run, now, null, "error", "run_stopped", `no node at position ${formatPosition(run.position)}`);
      break;
    }
    const outcome = visit(run, node, surroundings, deps, messages);
    const to = transition(run, node, run.position, outcome, now);
    run.position = to;
    if (run.wake_at !== null) return messages;
  }
  run.position = null;
  run.status = statusOf(severitiesOf(run.steps));
  if (run.status === "completed") addStep(run, now, null, "info", "run_completed", "run completed");
  return messages;
}

/** Where the run goes after a node answered; the step log gets what happened. */
function transition(
  run: Run,
  node: CompiledNode,
  at: Position,
  outcome: NodeOutcome,
  now: Date,
): Position | null {
  switch (outcome.kind) {
    case "next":
      return positionAfter(run.workflow.nodes, at);
    case "branch":
      return positionInBranch(run.workflow.nodes, at, outcome.index);
    case "suspend":
      if (outcome.until <= now) return positionAfter(run.workflow.nodes, at);
      run.wake_at = outcome.until;
      addStep(run, now, node, "info", "waiting", `waiting until ${outcome.until.toISOString()}`, {
        until: outcome.until.toISOString(),
      });
      return at;
    case "exit":
      addStep(run, now, node, "info", "run_stopped", outcome.message);
      return null;
    case "fail":
      addStep(run, now, node, "error", "node_failed", outcome.message, { code: outcome.code });
      return null;
  }
}

/** A sleeping run stands on the node it waits in; awake, it goes on behind it. */
export function resume(run: Run, now: Date): void {
  const node = run.position === null ? null : nodeAt(run.workflow.nodes, run.position);
  addStep(run, now, node, "info", "resumed", "resumed");
  run.position = run.position === null ? null : positionAfter(run.workflow.nodes, run.position);
}

function visit(
  run: Run,
  node: CompiledNode,
  surroundings: Surroundings,
  deps: WalkDeps,
  messages: NewMessage[],
): NodeOutcome {
  const definition = deps.nodes.get(node.type);
  if (definition === undefined || node.problem !== null) {
    return {
      kind: "fail",
      code: "node_not_supported",
      message: node.problem ?? `node type '${node.type}' is not supported`,
    };
  }
  let scope: RunScope | undefined;
  const lazyScope = () => (scope ??= scopeOf(run, surroundings));
  return definition.run(createContext(run, node, surroundings, deps, messages, lazyScope), node.config);
}

function createContext(
  run: Run,
  node: CompiledNode,
  surroundings: Surroundings,
  deps: WalkDeps,
  messages: NewMessage[],
  scope: () => RunScope,
): NodeContext {
  const { now } = surroundings;
  return {
    now,
    data: run.data,
    branches: node.branches ?? [],
    test(conditions) {
      const { result, trace } = evaluateConditions(conditions, { namespaces: scope().namespaces, now });
      return { result, trace: trace as unknown as Json };
    },
    jq(expression) {
      try {
        const value = deps.jq.evaluate(expression, scope().context);
        return value === undefined
          ? { ok: false, reason: "evaluated to an empty value" }
          : { ok: true, value };
      } catch (error) {
        if (error instanceof JqError) return { ok: false, reason: error.message };
        throw error;
      }
    },
    log: (severity, stage, message, properties) =>
      addStep(run, now, node, severity, stage, message, properties),
    deliver: (request) => messages.push(...composeMessages(run, node, request, scope(), surroundings, deps)),
  };
}
