import type { StoredNode } from "../src/catalog/workflow.ts";
import type { Json, JsonObject } from "../src/core/json.ts";
import { type Server, until } from "./harness.ts";
import { node, type Pipeline, type RunRow } from "./pipeline.ts";
import type { Worker, Workers } from "./worker.ts";

/** What tests of waits share: the node, events, and the rows that must be gone when no run waits. */
export interface WaitInput {
  /** What it waits for: events and conditions. */
  on: JsonObject[];
  /** The longest wait; default: a day. */
  until?: JsonObject;
  come?: StoredNode[];
  timeout?: StoredNode[];
  /** Branches that end the run. */
  terminal?: ("come" | "timeout")[];
}

const A_DAY = { delay_type: "fixed", value: "1d" };

export function wait(
  ref: string,
  { on, until = A_DAY, come = [], timeout = [], terminal = [] }: WaitInput,
): StoredNode {
  const branchOf = (name: "come" | "timeout", conditions: Json[], nodes: StoredNode[]) => ({
    name,
    description: null,
    ref: `${ref}-${name}`,
    is_default: name === "timeout",
    is_terminal: terminal.includes(name),
    conditions,
    nodes,
  });
  return {
    ...node("branch_waituntil", ref),
    branches: [
      branchOf("come", on, come),
      branchOf("timeout", [{ type: "delay", delay_properties: until }], timeout),
    ],
  };
}

/** An awaited event; leaves and groups of its filter. */
export function event(event_name: string, ...event_conditions: JsonObject[]): JsonObject {
  return { type: "future_event", event_name, ...(event_conditions.length > 0 ? { event_conditions } : {}) };
}

export async function send(
  pipeline: Pipeline,
  name: string,
  distinct_id: string,
  properties: JsonObject = {},
): Promise<void> {
  const answer = await pipeline.call("POST", "/event/", { event: name, distinct_id, properties });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${answer.text}`);
}

/** Rows of this workspace for waiting runs, and for delivered signals. */
export async function waitingRows(
  { services }: Server,
  { workspace_id }: Pipeline,
): Promise<{ waiters: number; signals: number }> {
  const [row] = await services.db.query<{ waiters: number; signals: number }>(
    `select (select count(*)::int from waiter where workspace_id = $1) as waiters,
            (select count(*)::int from signal where workspace_id = $1) as signals`,
    [workspace_id],
  );
  return row ?? { waiters: -1, signals: -1 };
}

export const ANN = { distinct_id: "ann", $sms: "+14155550100" };
export const PAID = event("Paid");

export const stepsOf = (run: RunRow | undefined, ref: string) =>
  run?.steps.filter(({ n }) => n === ref) ?? [];

/** The one run, once it waits at a position. */
export const untilWaiting = (pipeline: Pipeline, position = "0") =>
  until(async () => {
    const [run] = await pipeline.runs();
    return run?.position === position && run.wake_at !== null ? run : null;
  });

/** Ends all waits, as if their time were up. */
export async function timeIsUp(pipeline: Pipeline, worker: Worker): Promise<void> {
  await pipeline.services.db.query(
    "update run set wake_at = now() - interval '1 second' where workspace_id = $1 and wake_at is not null",
    [pipeline.workspace_id],
  );
  await worker.wake();
}

/** Resolves when every event so far has been signalled and processed. */
export const allProcessed = (harness: Server) =>
  until(async () => {
    const [row] = await harness.services.db.query<{ busy: boolean }>(
      "select exists (select from pgboss.job where state <= 'active' and name ~ '^(expand|execute)') as busy",
    );
    return row?.busy === false;
  });

/** Starts a worker and a run of these nodes for Ann; resolves when the run waits at the first. */
export async function beginWait(
  pipeline: Pipeline,
  workers: Workers,
  nodes: StoredNode[],
  data: JsonObject = {},
): Promise<Worker> {
  await pipeline.commit("waits", nodes);
  await pipeline.trigger({ workflow: "waits", recipients: [ANN], data });
  const worker = await workers.start();
  await untilWaiting(pipeline);
  return worker;
}
