import { bucketOf } from "../../ids.ts";
import { broadcastSlug, compileBroadcast, parseBroadcast } from "../../catalog/broadcast.ts";
import { createLru } from "../../core/lru.ts";
import type { JsonObject } from "../../core/json.ts";
import type { ProblemCode } from "../../core/log/problem-codes.ts";
import { payloadOf, sourceOf } from "../../core/request-payload.ts";
import { internalReason } from "../../core/text/error-message.ts";
import type { Tx } from "../../db/db.ts";
import { openSnapshot, readSnapshot, type SnapshotMember } from "../../lists/snapshots.ts";
import { CHUNK, type Handler, type Job, perLane, type Ref } from "../../queue/job.ts";
import { readNows } from "../../workspaces/clock.ts";
import { loadConfiguration } from "../chunk/chunk-data.ts";
import type { StageDeps } from "../deps.ts";
import { beginRuns, carryOut } from "../expand/begin-runs.ts";
import { refuseIntent } from "../expand/gates.ts";
import { type Intent, newRun } from "../expand/intent.ts";
import { problem, problemOf, type RequestProblem } from "../problem.ts";
import type { Configuration } from "../run.ts";
import { refreshList } from "../segments/refresh.ts";
import { memberOfBroadcast } from "./schedule.ts";
import { type Broadcast, findLive, holdLive, readBody, writeBegun, writeEnd, writePage } from "./stored.ts";
import { tally } from "./tally.ts";

/**
 * A broadcast is one row that moves on page by page, each page a transaction that writes the runs of up to a hundred
 * recipients with their messages, as expand does for a trigger, moves the row's place in the list, and queues the next
 * page. The list is as it was when the broadcast began (`lists/snapshots.ts`): users who enter it later are not
 * reached, users who leave it still are. Nobody is reached twice or left out, because the place moves in the transaction that writes
 * the runs, and the job that brought the page here is gone with it. Between two pages other work of the lane gets its
 * turn, and a cancel takes effect.
 *
 * A page that fails is tried again in smaller ones, down to a single recipient, who is given up alone.
 */
export function createBroadcastHandler(deps: StageDeps): Handler {
  const orders = createLru<JsonObject>(ORDERS_KEPT);
  return {
    batch: perLane({ campaigns: 1, others: 1 }),
    loops: perLane({ campaigns: 1, others: 1 }),
    divisible: true,
    async handle(jobs, lane) {
      for (const job of jobs) {
        const [ref, another] = job.refs;
        if (ref === undefined || another !== undefined) throw new Error("a broadcast has a job of its own");
        const turn = await readTurn(ref, job, orders, deps);
        await deps.db.tx(
          async (tx) => {
            await deps.queue.settle(tx, "broadcast", lane, [job]);
            const broadcast = turn === null ? null : await holdLive(tx, ref);
            if (turn !== null && broadcast !== null) await turn(tx, broadcast);
          },
          { relaxed: true, pause: () => deps.queue.waitForUrgentWork(lane) },
        );
      }
    },
    giveUp: (tx, ref, error) => giveUp(tx, ref, error, deps),
  };
}

/** Payloads that are kept in memory between two pages. */
const ORDERS_KEPT = 8;

/** What a job does in its transaction. */
type Turn = (tx: Tx, broadcast: Broadcast) => Promise<void>;

/** Reads what it needs before the transaction (see `loadConfiguration`); null if there is nothing left to do. */
async function readTurn(
  ref: Ref,
  job: Job,
  orders: ReturnType<typeof createLru<JsonObject>>,
  deps: StageDeps,
): Promise<Turn | null> {
  const found = await findLive(deps.db, ref);
  if (found === null) return null;
  const key = `${found.workspace_id}/${found.id}`;
  const body = orders.get(key) ?? (await readBody(deps.db, found));
  if (body === null) {
    return (tx, broadcast) =>
      writeEnd(tx, broadcast, "failed", [failure(broadcast, "request_gone", "its request is gone")]);
  }
  orders.set(key, body);
  if (found.version_id === null) return readBeginning(found, body, deps);
  const workflow = await deps.catalog.getVersion(found.workspace_id, found.version_id);
  const intent = toIntent(found, workflow, body);
  const configuration = await loadConfiguration(
    [{ workspace_id: found.workspace_id, workflow, tenant_id: found.tenant_id }],
    deps,
  );
  return (tx, broadcast) => writeNextPage(tx, { broadcast, intent, configuration, tries: job.tries }, deps);
}

/** Checks what the broadcast names, and has it begin. */
async function readBeginning(found: Broadcast, body: JsonObject, deps: StageDeps): Promise<Turn> {
  const { workspace_id, tenant_id, list_id } = found;
  const refused = (code: ProblemCode | "validation_error", text: string): Turn => {
    return (tx, broadcast) => writeEnd(tx, broadcast, "failed", [failure(broadcast, code, text)]);
  };
  const order = parseBroadcast(body);
  if (!order.ok) return refused("validation_error", order.message);
  const { template, channels, category } = order.value;
  const live = await deps.catalog.findTemplate(workspace_id, template);
  if (live === null || live.channels.size === 0)
    return refused("template_not_found", `TemplateGroup ${template} not found`);
  if (channels !== null && !channels.some((channel) => live.channels.has(channel))) {
    return refused(
      "template_not_found",
      `template: broadcast channels: [${channels.join(", ")}] are not live`,
    );
  }
  if ((await deps.preferences.findPolicy(workspace_id, tenant_id, category)) === null)
    return refused("category_not_found", `category '${category}' not found`);
  const slug = broadcastSlug(order.value);
  const version_id = await deps.catalog.ensureDynamic(workspace_id, slug, compileBroadcast(order.value));
  const workflow = await deps.catalog.getVersion(workspace_id, version_id);
  const uses = [{ workspace_id, workflow, tenant_id }];
  const missing = refuseIntent(toIntent(found, workflow, body), await loadConfiguration(uses, deps));
  if (missing !== null) return refused("tenant_not_found", `tenant '${tenant_id}' not found`);
  const stale = await refreshList(deps, workspace_id, list_id);
  if (stale !== null) return refused("list_not_refreshed", `list_id: ${list_id}: its query failed: ${stale}`);
  return async (tx, broadcast) => {
    const snapshot = await openSnapshot(tx, workspace_id, list_id, deps.ids);
    if (snapshot === null) {
      const text = `list_id: ${list_id} not found`;
      return writeEnd(tx, broadcast, "failed", [failure(broadcast, "list_not_found", text)]);
    }
    if (snapshot.size === 0) {
      const text = `subscribers list is empty for list_id:${list_id}`;
      const ending = { ...broadcast, snapshot_id: snapshot.id };
      return writeEnd(tx, ending, "failed", [failure(broadcast, "list_empty", text)]);
    }
    await writeBegun(tx, broadcast, { version_id, snapshot_id: snapshot.id, recipients: snapshot.size });
    await deps.queue.enqueue(tx, "broadcast", [memberOfBroadcast(broadcast)]);
  };
}

interface Page {
  broadcast: Broadcast;
  intent: Intent;
  configuration: Configuration;
  /** How often this page was begun before. */
  tries: number;
}

async function writeNextPage(
  tx: Tx,
  { broadcast, intent, configuration, tries }: Page,
  deps: StageDeps,
): Promise<void> {
  const { workspace_id, id, after_id } = broadcast;
  const limit = limitOf(broadcast, tries);
  const members = await readSnapshot(tx, workspace_id, broadcast.snapshot_id ?? "", after_id, limit);
  const now = (await readNows(tx, [workspace_id], await deps.clock(tx))).get(workspace_id);
  if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
  const problems = new Map<string, RequestProblem[]>([[intent.request.id, []]]);
  const runs = members.map((member) => toRun(intent, id, member, now, deps));
  const { begun, chunkData } = await beginRuns(tx, runs, { configuration, problems }, deps);
  const messages = await carryOut(tx, begun, chunkData, deps);
  const written = await writePage(tx, broadcast, {
    ...tally(begun, messages, problems.get(intent.request.id) ?? []),
    after_id: members.at(-1)?.id ?? after_id,
    page_size: Math.min(CHUNK, 2 * limit),
  });
  if (members.length < limit) await writeEnd(tx, written, statusOf(written));
  else await deps.queue.enqueue(tx, "broadcast", [memberOfBroadcast(broadcast)]);
}

/** Less each time that the page could not be written; pages that can grow again. */
function limitOf({ page_size }: Broadcast, tries: number): number {
  if (tries === 0) return page_size;
  return tries === 1 ? Math.max(1, Math.floor(page_size / 10)) : 1;
}

function statusOf({ triggered, skipped, failed }: Broadcast): "completed" | "partial_failure" | "failed" {
  if (failed === 0) return "completed";
  return triggered + skipped === 0 ? "failed" : "partial_failure";
}

function toIntent(broadcast: Broadcast, workflow: Intent["workflow"], body: JsonObject): Intent {
  const { workspace_id, request_id, list_id, tenant_id, idempotency_key, request_at } = broadcast;
  return {
    request: {
      workspace_id,
      id: request_id,
      api_type: "broadcast",
      name: list_id,
      tenant_id,
      idempotency_key,
      cancellation_key: null,
      body,
      created_at: request_at,
      parent_run_id: null,
      depth: null,
    },
    workflow,
    recipients: [],
    actor: null,
    data: payloadOf("broadcast", body, sourceOf({ id: request_id, parent_run_id: null })),
    tenant_id,
    creates: false,
    page: null,
  };
}

function toRun(
  intent: Intent,
  broadcast_id: string,
  { recipient_id, distinct_id }: SnapshotMember,
  now: Date,
  { ids }: Pick<StageDeps, "ids">,
) {
  const { workspace_id } = intent.request;
  const who = { object_type: "", distinct_id };
  const seed = {
    ...who,
    id: ids.ulidIn(bucketOf({ workspace_id, ...who })),
    parent_run_id: broadcast_id,
    parent_object: null,
    recipient_id,
    actor: null,
    inline: null,
  };
  return newRun(intent, seed, now);
}

/** The prefix of the wire's execution log. */
function failure(broadcast: Broadcast, code: ProblemCode | "validation_error", text: string): RequestProblem {
  return {
    ...problem(
      broadcastSlug({ template: broadcast.template_slug }),
      code,
      `SubscriberList Broadcast API: ${text}`,
    ),
    error_type: "broadcast_trigger",
  };
}

/** Goes on without the next recipient, who cannot be written even alone. Before the first page: without the broadcast. */
async function giveUp(tx: Tx, ref: Ref, error: unknown, deps: StageDeps): Promise<void> {
  const broadcast = await holdLive(tx, ref);
  if (broadcast === null) return;
  const { workspace_id, snapshot_id, after_id } = broadcast;
  const slug = broadcastSlug({ template: broadcast.template_slug });
  const reason = internalReason(error);
  const [member] = snapshot_id === null ? [] : await readSnapshot(tx, workspace_id, snapshot_id, after_id, 1);
  if (member === undefined) return writeEnd(tx, broadcast, "failed", [problem(slug, "internal", reason)]);
  const who = { object_type: "", distinct_id: member.distinct_id };
  await writePage(tx, broadcast, {
    after_id: member.id,
    page_size: 1,
    triggered: 0,
    skipped: 0,
    failed: 1,
    reasons: { internal: 1 },
    problems: [problemOf(who, slug, "internal", reason)],
  });
  await deps.queue.enqueue(tx, "broadcast", [memberOfBroadcast(broadcast)]);
}
