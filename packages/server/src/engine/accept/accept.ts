import type { JsonObject } from "../../core/json.ts";
import type { Lane } from "../../core/lane.ts";
import { insertAll, int, json, jsonText, rowsOf, smallint, text, uuid } from "../../db/bulk.ts";
import type { Db, Tx } from "../../db/db.ts";
import { isDatabaseUnavailable } from "../../db/fault.ts";
import type { IdSource } from "../../ids.ts";
import { type Clock, WORKSPACE_NOW } from "../../workspaces/clock.ts";
import type { Queue } from "../../queue/queue.ts";
import { insertBroadcasts, type NewBroadcast } from "../broadcast/schedule.ts";

/**
 * Accept is a group commit: concurrent records are gathered into one transaction, with one multi-row insert and one job
 * per hundred. There is no timer: at most two flushes are in flight, and what arrives meanwhile forms the next one, so
 * an idle server commits at once and a busy one in ever larger groups. A resolved promise means that the record is on
 * disk.
 */
export interface AcceptRecord {
  workspace_id: number;
  lane: Lane;
  api_type: "workflow" | "dynamic" | "event" | "broadcast";
  /** Workflow slug, event name or list, for the request log. */
  name: string;
  tenant_id: string | null;
  /** Null: none was given; one is generated for the log. */
  idempotency_key: string | null;
  cancellation_key: string | null;
  /** Number of recipients it names, as its cost. 1 by default. */
  weight?: number;
  /** The record as it came, as JSON text. */
  body: string;
  metadata: string | null;
  /** What a request of this kind is for. */
  broadcast?: NewBroadcast;
}

export interface Accepted {
  message_id: string;
  /** The key was seen in the last 24 hours: nothing will run, and the id is the first request's. */
  duplicate: boolean;
}

export interface Acceptor {
  /** Rejects only when nothing was stored. */
  accept: (record: AcceptRecord) => Promise<Accepted>;
  /** How long the oldest flush in flight has taken so far. */
  waited_ms: () => number;
  /** Resolves when nothing is in flight. */
  drain: () => Promise<void>;
}

export interface AcceptorDeps {
  db: Db;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  /** Something will be due then. */
  wakeAt: (at: Date) => void;
  meter: { accepted: (count: number) => void };
}

interface Pending extends AcceptRecord {
  id: string;
  resolve: (accepted: Accepted) => void;
  reject: (error: unknown) => void;
}

const MAX_FLUSH = 1000;
const FLUSHES_IN_FLIGHT = 2;

export function createAcceptor(deps: AcceptorDeps): Acceptor {
  const { db, queue, ids, meter, clock } = deps;
  const pending: Pending[] = [];
  /** When each flush in flight began. None outlives the deadlines of its statements, whatever becomes of its connection. */
  const inFlight = new Set<{ begun: number }>();
  let scheduled = false;
  const idle: (() => void)[] = [];

  function pump(): void {
    scheduled = false;
    while (pending.length > 0 && inFlight.size < FLUSHES_IN_FLIGHT) {
      const batch = pending.splice(0, MAX_FLUSH);
      const slot = { begun: performance.now() };
      inFlight.add(slot);
      void flush(batch).finally(() => {
        inFlight.delete(slot);
        pump();
        if (inFlight.size === 0 && pending.length === 0) for (const done of idle.splice(0)) done();
      });
    }
  }

  /**
   * Never rejects: each record is settled individually, so that one bad record does not fail the others of its batch.
   */
  async function flush(batch: Pending[]): Promise<void> {
    try {
      const results = await db.tx((tx) => write(tx, batch));
      meter.accepted(batch.length);
      batch.forEach((record, index) => {
        const result = results[index];
        if (result === undefined) record.reject(new Error("accept lost a record"));
        else record.resolve(result);
      });
    } catch (error) {
      if (batch.length === 1 || isDatabaseUnavailable(error)) {
        for (const record of batch) record.reject(error);
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      await flush(batch.slice(0, middle));
      await flush(batch.slice(middle));
    }
  }

  async function write(tx: Tx, batch: Pending[]): Promise<Accepted[]> {
    const firstOf = new Map<string, string>();
    const winners = batch.map((record) => {
      if (record.idempotency_key === null) return true;
      const key = claimKey(record);
      if (firstOf.has(key)) return false;
      firstOf.set(key, record.id);
      return true;
    });
    if (firstOf.size > 0) await claim(tx, batch, winners, firstOf, await clock(tx));
    const fates = batch.map((record, index) => {
      const first =
        record.idempotency_key === null ? record.id : (firstOf.get(claimKey(record)) ?? record.id);
      return { message_id: first, duplicate: winners[index] !== true };
    });
    const fresh = batch.filter((_record, index) => fates[index]?.duplicate === false);
    const broadcasts = fresh.flatMap(({ broadcast, ...record }) =>
      broadcast === undefined ? [] : [{ ...record, broadcast }],
    );
    const expanded = fresh.filter(({ broadcast }) => broadcast === undefined);
    // Run concurrently: with `begin` they are one round trip, the commit is the second.
    await Promise.all([insertRequests(tx, batch, fates), queue.enqueue(tx, "expand", expanded)]);
    if (broadcasts.length > 0) await insertBroadcasts(tx, broadcasts, await clock(tx), deps);
    return fates;
  }

  return {
    accept: (record) =>
      new Promise<Accepted>((resolve, reject) => {
        pending.push({ ...record, id: ids.uuid(), resolve, reject });
        if (scheduled) return;
        scheduled = true;
        // After this turn of the event loop: requests that were read together are written together.
        setImmediate(pump);
      }).finally(queue.begin(record.lane)),
    waited_ms() {
      const now = performance.now();
      return Math.max(0, ...[...inFlight].map(({ begun }) => now - begun));
    },
    async drain() {
      if (inFlight.size === 0 && pending.length === 0) return;
      await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

/** Keys are scoped by kind of endpoint: the same key may name one trigger, one event and one broadcast. */
const KINDS = { workflow: "workflow", dynamic: "workflow", event: "event", broadcast: "broadcast" } as const;

function claimKey({ workspace_id, api_type, idempotency_key }: AcceptRecord): string {
  return `${workspace_id}/${KINDS[api_type]}/${idempotency_key}`;
}

/**
 * Claims the keys of a batch in one statement; on return `firstOf` names the winning request of each key and
 * `winners` is false where an earlier request holds it. Rows are locked in key order, so two flushes cannot
 * deadlock; the loser of a race waits for the winner's commit. An expired key is taken over in place; a day is a day
 * of the workspace's clock.
 */
async function claim(
  tx: Tx,
  batch: Pending[],
  winners: boolean[],
  firstOf: Map<string, string>,
  base: Date | null,
): Promise<void> {
  const claims = batch
    .filter((record, index) => winners[index] === true && record.idempotency_key !== null)
    .map((record) => ({
      workspace_id: record.workspace_id,
      kind: KINDS[record.api_type],
      key: record.idempotency_key,
      request_id: record.id,
    }));
  const { from, values, next } = rowsOf("k", claims, {
    workspace_id: int((claim) => claim.workspace_id),
    kind: text((claim) => claim.kind),
    key: text((claim) => claim.key),
    request_id: uuid((claim) => claim.request_id),
  });
  const rows = await tx.query<{ workspace_id: number; kind: string; key: string; request_id: string }>(
    `with wanted as (
       select k.*, ${WORKSPACE_NOW(`$${next}`)} as now
         from ${from}
         join workspace w on w.workspace_id = k.workspace_id),
     claimed as (
       insert into idempotency as held (workspace_id, kind, key, request_id, created_at)
       select workspace_id, kind, key, request_id, now from wanted
        order by workspace_id, kind collate "C", key collate "C"
       on conflict (workspace_id, kind, key) do update
          set request_id = case when held.created_at < excluded.created_at - interval '24 hours'
                                then excluded.request_id else held.request_id end,
              created_at = case when held.created_at < excluded.created_at - interval '24 hours'
                                then excluded.created_at else held.created_at end
       returning workspace_id, kind, key, request_id)
     select * from claimed`,
    [...values, base],
    "accept_claim",
  );
  for (const { workspace_id, kind, key, request_id } of rows)
    firstOf.set(`${workspace_id}/${kind}/${key}`, request_id);
  batch.forEach((record, index) => {
    if (winners[index] === true && record.idempotency_key !== null) {
      winners[index] = firstOf.get(claimKey(record)) === record.id;
    }
  });
}

/** Needs no index but the primary key. */
async function insertRequests(tx: Tx, batch: Pending[], fates: Accepted[]): Promise<void> {
  const rows = batch.map((record, index) => {
    const fate = fates[index];
    return { record, first: fate?.duplicate === true ? fate.message_id : null };
  });
  await insertAll(tx, "request", rows, {
    workspace_id: int(({ record }) => record.workspace_id),
    id: uuid(({ record }) => record.id),
    lane: smallint(({ record }) => record.lane),
    api_type: text(({ record }) => record.api_type),
    name: text(({ record }) => record.name),
    tenant_id: text(({ record }) => record.tenant_id),
    idempotency_key: text(({ record }) => record.idempotency_key ?? record.id),
    cancellation_key: text(({ record }) => record.cancellation_key),
    body: jsonText(({ record }) => record.body),
    metadata: jsonText(({ record }) => record.metadata),
    status: text(({ first }) => (first === null ? "accepted" : "skipped")),
    errors: json(({ first }) => (first === null ? null : [duplicateOf(first)])),
  });
}

/** Logged for a request whose key was used by an earlier one. */
function duplicateOf(first: string): JsonObject {
  return {
    error_code: "duplicate_idempotency_key",
    severity: "warning",
    error_type: "idempotency",
    error_description: `the idempotency key was used in the last 24 hours by request ${first}`,
  };
}
