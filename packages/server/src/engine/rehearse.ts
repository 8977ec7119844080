import type { MessageFacts } from "../core/conditions.ts";
import type { JsonObject } from "../core/json.ts";
import type { RunStatus } from "../core/run-state.ts";
import type { Tx } from "../db/db.ts";
import { advance } from "./advance.ts";
import type { StageDeps } from "./deps.ts";
import { type Chunk, plan, readRequests } from "./expand.ts";
import type { RequestRow } from "./intent.ts";
import { factsOf } from "./message-facts.ts";
import { next } from "./node.ts";
import type { RequestProblem } from "./problem.ts";
import { addStep, type NewMessage, type Run, type Step, type Surroundings } from "./run.ts";
import type { Walk } from "./walk.ts";

/**
 * A dry run: a trigger is expanded and walked by the same code as always, in a transaction that is rolled back. Waits
 * are not waited for: the run's own time jumps to their ends. A batch closes with what it holds, an event that is
 * waited for does not come, an HTTP call is not made. Nothing is written and nothing leaves.
 */
export interface Rehearsal {
  problems: RequestProblem[];
  runs: RehearsedRun[];
  /** Subscribers of objects beyond those in `runs` are left out. */
  is_complete: boolean;
}

export interface RehearsedRun {
  object_type: string;
  distinct_id: string;
  parent_object: string | null;
  status: RunStatus;
  /** When it would have gone so far. */
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
}

/** Waits that one run may go through: circles of invited reminders end somewhere. */
const MAX_WAITS = 200;

/** Not an error: takes the transaction back. */
class Undo extends Error {}

export async function rehearse(request: RequestRow, deps: StageDeps): Promise<Rehearsal> {
  const chunk = await readRequests([request], deps);
  let result: Rehearsal | undefined;
  try {
    await deps.db.tx(async (tx) => {
      result = await perform(tx, chunk, request, deps);
      throw new Undo();
    });
  } catch (error) {
    if (!(error instanceof Undo)) throw error;
  }
  if (result === undefined) throw new Error("a rehearsal gave no result");
  return result;
}

async function perform(tx: Tx, chunk: Chunk, request: RequestRow, deps: StageDeps): Promise<Rehearsal> {
  const { begun, surroundings, rest } = await plan(tx, chunk, deps);
  const messages: NewMessage[] = [];
  let walks = begun.map((run): Walk => ({ run, begin: { kind: "enter" } }));
  for (let waits = 0; walks.length > 0 && waits < MAX_WAITS; waits++) {
    const made = await advance(tx, walks, surroundings, deps);
    messages.push(...made);
    for (const message of made) remember(message, surroundings);
    walks = begun.flatMap(skipWait);
  }
  const byRun = Map.groupBy(messages, ({ run }) => run);
  return {
    problems: chunk.problems.get(request.id) ?? [],
    runs: begun.map((run) => present(run, byRun.get(run) ?? [])),
    is_complete: rest.length === 0,
  };
}

/** Takes a waiting run's time to the end of its wait. */
function skipWait(run: Run): Walk[] {
  const { wait } = run.memory;
  if (wait === undefined) return [];
  if (wait.until === null) {
    addStep(
      run,
      null,
      "warning",
      "dry_run",
      "the call is not made in a dry run; going on without its answer",
    );
    delete run.memory.wait;
    delete run.memory.call;
    return [{ run, begin: { kind: "answered", answer: () => next } }];
  }
  const until = new Date(wait.until);
  if (until > run.now) run.now = until;
  return [{ run, begin: { kind: "wake", signals: [] } }];
}

/** Conditions on messages see those of the rehearsal. */
function remember({ run, node_ref, status }: NewMessage, { messages }: Surroundings): void {
  const fact = factsOf(status);
  if (fact === null) return;
  const nodes = messages.get(run.id) ?? new Map<string, MessageFacts>();
  messages.set(run.id, nodes);
  nodes.set(node_ref, { channels: [...(nodes.get(node_ref)?.channels ?? []), fact] });
}

function present(run: Run, messages: NewMessage[]): RehearsedRun {
  const { object_type, distinct_id, parent_object, status, now, steps } = run;
  return {
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
      }),
    ),
  };
}
