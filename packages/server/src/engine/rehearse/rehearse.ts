import type { Step } from "../../core/log/step-log.ts";
import type { Ref } from "../../queue/job.ts";
import { describeAttachment } from "../../core/attachments.ts";
import type { MessageFacts } from "../../core/conditions/conditions.ts";
import type { JsonObject } from "../../core/json.ts";
import { nodeAt, type RunStatus } from "../../core/run-state.ts";
import type { Tx } from "../../db/db.ts";
import { advance } from "../walk/advance.ts";
import type { StageDeps } from "../deps.ts";
import { type Chunk, plan, readRequests } from "../expand/expand.ts";
import type { FanOutRest } from "../expand/fan-out.ts";
import type { RequestRow } from "../expand/intent.ts";
import { factsOf } from "../chunk/message-facts.ts";
import { next } from "../node.ts";
import type { RequestProblem } from "../problem.ts";
import {
  createRehearsedEffects,
  loadReachable,
  NOT_REHEARSED,
  type Reachable,
  readTriggered,
} from "./triggered.ts";
import { addStep, type NewMessage, type Run, type ChunkData } from "../run.ts";
import type { Walk } from "../walk/walk.ts";

/**
 * A dry run: a trigger is expanded and walked by the production code, in a transaction that is rolled back, and so are
 * the requests that its runs trigger. Waits are skipped: the run's time jumps to their ends. A batch closes with the
 * items it has, an awaited event does not come, an HTTP call is not made. Nothing is written and nothing is sent.
 */
export interface Rehearsal {
  problems: RequestProblem[];
  /** The trigger's own runs, then those triggered by them. */
  runs: RehearsedRun[];
  /** False if subscribers of objects beyond those in `runs`, or what a problem `not_rehearsed` names, are missing. */
  is_complete: boolean;
}

export interface RehearsedRun {
  workflow_slug: string;
  object_type: string;
  distinct_id: string;
  parent_object: string | null;
  status: RunStatus;
  /** When a real run would have got this far. */
  ends_at: Date;
  steps: Step[];
  messages: RehearsedMessage[];
}

export interface RehearsedMessage {
  node_ref: string;
  channel: string;
  channel_value: string | JsonObject | null;
  template_slug: string | null;
  variant_id: string | null;
  vendor_slug: string | null;
  status: string;
  failure_reason: string | null;
  content: JsonObject | null;
  /** Name, type and size; files behind a URL are not fetched. */
  attachments: JsonObject[];
}

/** Maximum number of waits of one run, so that circles of reminders end. */
const MAX_WAITS = 200;

/**
 * Needed because each workflow may trigger another for a hundred people, each of whom triggers the next for a hundred.
 */
const MAX_RUNS = 500;

/** Not an error: rolls the transaction back. */
class Undo extends Error {}

export async function rehearse(request: RequestRow, deps: StageDeps): Promise<Rehearsal> {
  const chunk = await readRequests([request], deps);
  const reachable = await loadReachable(chunk, deps);
  let result: Rehearsal | undefined;
  try {
    await deps.db.tx(async (tx) => {
      result = await rehearseChunk(tx, chunk, reachable, deps);
      throw new Undo();
    });
  } catch (error) {
    if (!(error instanceof Undo)) throw error;
  }
  if (result === undefined) throw new Error("a rehearsal gave no result");
  return result;
}

/** Runs that began together. */
interface Scene {
  begun: Run[];
  chunkData: ChunkData;
  walks: Walk[];
}

async function rehearseChunk(
  tx: Tx,
  chunk: Chunk,
  reachable: Reachable,
  deps: StageDeps,
): Promise<Rehearsal> {
  const made: Ref[] = [];
  const staged: StageDeps = { ...deps, runEffects: createRehearsedEffects(deps, made) };
  const [first, rest] = await begin(tx, chunk, new Map(), staged);
  const scenes = [first];
  const problems = problemsOf(chunk);
  const messages: NewMessage[] = [];
  let is_complete = rest.length === 0;
  for (let waits = 0; waits < MAX_WAITS; waits++) {
    const awake = scenes.filter(({ walks }) => walks.length > 0);
    if (awake.length === 0) break;
    for (const { walks, chunkData } of awake) {
      const sent = await advance(tx, walks, chunkData, staged);
      messages.push(...sent);
      for (const message of sent) remember(message, chunkData);
    }
    const runs = new Map(scenes.flatMap(({ begun }) => begun.map((run) => [run.id, run])));
    const triggered = await readTriggered(tx, made.splice(0), MAX_RUNS - runs.size, reachable, deps);
    if (triggered.intents.length > 0) {
      const [scene, left] = await begin(tx, triggered, runs, staged);
      scenes.push(scene);
      is_complete &&= left.length === 0;
    }
    problems.push(...problemsOf(triggered));
    for (const scene of awake) scene.walks = scene.begun.flatMap(skipWait);
  }
  const byRun = Map.groupBy(messages, ({ run }) => run);
  return {
    problems: withoutRepeats(problems),
    runs: scenes.flatMap(({ begun }) => begun.map((run) => toRehearsedRun(run, byRun.get(run) ?? []))),
    is_complete: is_complete && problems.every(({ error_code }) => error_code !== NOT_REHEARSED),
  };
}

/** Reports each omitted workflow once. */
function withoutRepeats(problems: RequestProblem[]): RequestProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ error_code, error_description }) => {
    if (error_code !== NOT_REHEARSED) return true;
    const isNew = !seen.has(error_description);
    seen.add(error_description);
    return isNew;
  });
}

const problemsOf = ({ problems }: Chunk): RequestProblem[] => [...problems.values()].flat();

/** `runs` are those that may have triggered it: it begins at the time they have reached. */
async function begin(
  tx: Tx,
  chunk: Chunk,
  runs: ReadonlyMap<string, Run>,
  deps: StageDeps,
): Promise<[Scene, FanOutRest[]]> {
  const { begun, chunkData, rest } = await plan(tx, chunk, deps);
  const causes = new Map(chunk.requests.map(({ id, parent_run_id }) => [id, runs.get(parent_run_id ?? "")]));
  for (const run of begun) {
    const cause = causes.get(run.request_id);
    if (cause === undefined) continue;
    run.now = cause.now;
    for (const step of run.steps) step.t = run.now.getTime();
    const { slug } = run.workflow;
    const text = `workflow '${slug}', triggered by the execution of '${cause.workflow.slug}' for '${cause.distinct_id}'`;
    addStep(run, null, "info", "dry_run", text);
  }
  return [{ begun, chunkData, walks: begun.map((run) => ({ run, begin: { kind: "enter" } })) }, rest];
}

/** Moves a waiting run's time to the end of its wait. */
function skipWait(run: Run): Walk[] {
  const { wait } = run.memory;
  if (wait === undefined) return [];
  if (wait.until === null) {
    addStep(
      run,
      run.position === null ? null : nodeAt(run.workflow.nodes, run.position),
      "warning",
      "dry_run",
      "the call is not made in a dry run; going on without its answer",
      { code: "not_rehearsed" },
    );
    delete run.memory.wait;
    delete run.memory.call;
    return [{ run, begin: { kind: "answered", answer: () => next } }];
  }
  const until = new Date(wait.until);
  if (until > run.now) run.now = until;
  return [{ run, begin: { kind: "wake", signals: [] } }];
}

/** Makes conditions on messages see those of the rehearsal. */
function remember({ run, node_ref, status }: NewMessage, { messages }: ChunkData): void {
  const fact = factsOf(status);
  if (fact === null) return;
  const nodes = messages.get(run.id) ?? new Map<string, MessageFacts>();
  messages.set(run.id, nodes);
  nodes.set(node_ref, { channels: [...(nodes.get(node_ref)?.channels ?? []), fact] });
}

function toRehearsedRun(run: Run, messages: NewMessage[]): RehearsedRun {
  const { object_type, distinct_id, parent_object, status, now, steps } = run;
  return {
    workflow_slug: run.workflow.slug,
    object_type,
    distinct_id,
    parent_object,
    status,
    ends_at: now,
    steps,
    messages: messages.map(
      ({ node_ref, channel, channel_value, template_slug, variant_id, vendor_slug, ...message }) => ({
        node_ref,
        channel,
        channel_value,
        template_slug,
        variant_id,
        vendor_slug,
        status: message.status,
        failure_reason: message.failure_reason,
        content: message.content,
        attachments: (message.attachments ?? []).map(describeAttachment),
      }),
    ),
  };
}
