import { bucketOf } from "../../ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Tx } from "../../db/db.ts";
import { type FanOutAsk, type FanOutCursor, fanOut, type Member } from "../../recipients/fan-out.ts";
import type { StageDeps } from "../deps.ts";
import { type FanOutBody, type Intent, newRun } from "./intent.ts";
import { insertRequests } from "../effects/internal-request.ts";
import type { Person, Run } from "../run.ts";

/**
 * An object is a recipient, and so is everyone who subscribes to it, each with their own settings: one run per person
 * and request, children of the object's run. Subscribers are read in pages. The first page is expanded with the
 * request; each further one is a request of the engine's own, queued when the previous page is written, in the same
 * lane: a million subscribers are ten thousand small chunks, and other requests get their turn between them.
 */
export interface FanOutOrder {
  intent: Intent;
  actor: Person | null;
  ask: FanOutAsk;
  /** The object's; null where it has none. */
  parent_run_id: string | null;
}

/** Where a fan-out continues. */
export interface FanOutRest {
  order: FanOutOrder;
  next: FanOutCursor;
}

const PAGE = 100;

export async function planFanOut(
  tx: Tx,
  orders: FanOutOrder[],
  nows: ReadonlyMap<number, Date>,
  deps: Pick<StageDeps, "ids">,
): Promise<{ runs: Run[]; rest: FanOutRest[] }> {
  const runs: Run[] = [];
  const rest: FanOutRest[] = [];
  for (const [workspace_id, own] of Map.groupBy(orders, ({ intent }) => intent.request.workspace_id)) {
    const now = nows.get(workspace_id);
    if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
    const asks = own.map(({ ask }) => ask);
    const pages = await fanOut(tx, workspace_id, asks, PAGE);
    own.forEach((order, index) => {
      const { members = [], next = null } = pages[index] ?? {};
      runs.push(
        ...members.map((member) =>
          toRun(order, member, now, deps.ids.ulidIn(bucketOf({ workspace_id, ...member }))),
        ),
      );
      if (next !== null) rest.push({ order, next });
    });
  }
  return { runs, rest };
}

function toRun({ intent, actor, parent_run_id }: FanOutOrder, member: Member, now: Date, id: string): Run {
  const { parent, properties, object_type, distinct_id, recipient_id } = member;
  const subscription = Object.keys(properties).length === 0 ? {} : { subscription: properties };
  return newRun(
    intent,
    {
      id,
      parent_run_id,
      parent_object: `${parent.object_type}/${parent.distinct_id}`,
      object_type,
      distinct_id,
      recipient_id,
      actor,
      inline: { properties: {}, identities: [], only: null, is_transient: false, ...subscription },
    },
    now,
  );
}

/** Children of an object whose own run was not created have no parent. Pages after the first already know theirs. */
export function forgetMissingParents(runs: Run[], orders: FanOutOrder[], begun: ReadonlySet<Run>): void {
  const missing = new Set(runs.filter((run) => !begun.has(run)).map(({ id }) => id));
  for (const child of [...runs, ...orders]) {
    if (child.parent_run_id !== null && missing.has(child.parent_run_id)) child.parent_run_id = null;
  }
}

export async function queueRest(
  tx: Tx,
  rest: FanOutRest[],
  deps: Pick<StageDeps, "ids" | "queue">,
): Promise<void> {
  const requests = rest.map(({ order: { intent, actor, ask, parent_run_id }, next }) => {
    const { request, workflow, tenant_id } = intent;
    const body: FanOutBody = {
      request_id: request.id,
      version_id: workflow.version_id,
      actor,
      ask: { ...ask, after: next },
    };
    return {
      workspace_id: request.workspace_id,
      lane: workflow.lane,
      api_type: "fanout" as const,
      name: workflow.slug,
      tenant_id,
      idempotency_key: request.idempotency_key,
      body: body as unknown as JsonObject,
      parent_run_id,
      depth: request.depth ?? 0,
      weight: PAGE,
    };
  });
  await insertRequests(tx, requests, deps);
}
