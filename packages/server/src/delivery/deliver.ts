import type { Lane } from "../core/lane.ts";
import type { Db } from "../db/db.ts";
import { isDatabaseUnavailable } from "../db/db.ts";
import type { Log } from "../log.ts";
import type { Workspaces } from "../workspaces/workspaces.ts";
import {
  type LeasedMessage,
  leaseMessages,
  recoverExpired,
  renewLeases,
  type Settled,
  settleMessages,
} from "./outbox.ts";
import { applyDueReceipts } from "./receipts.ts";
import type { Outcome } from "./vendor.ts";
import type { VendorTables } from "./vendor-table.ts";
import { judge } from "./verdict.ts";

/**
 * Delivery: leases messages, calls their vendors side by side, and writes the results in groups. Each lane has
 * its own slots, so a campaign's slow vendor never takes those of a one-time password. Leasing is durable before
 * the call goes out; a result is written only under its lease.
 */
export interface Delivery {
  /** The send stage's handler, for the dispatcher. */
  handler: SendHandler;
  start: () => void;
  /** Waits for calls in flight, then closes vendors. */
  stop: () => Promise<void>;
  /** Leases that ran out, receipts that are due: what the timer does, for tests. */
  tick: () => Promise<void>;
}

/** What the dispatcher calls; named here so that delivery does not know the engine. */
export interface SendHandler {
  batch: number;
  loops: number;
  handle: (jobs: SendJob[], lane: Lane) => Promise<void>;
  giveUp: (
    tx: Parameters<Parameters<Db["tx"]>[0]>[0],
    ref: SendJob["refs"][number],
    error: unknown,
  ) => Promise<void>;
  room: (lane: Lane) => Promise<void>;
}

export interface SendJob {
  id: string;
  refs: { workspace_id: number; id: string }[];
}

export interface DeliveryDeps {
  db: Db;
  log: Log;
  workspaces: Workspaces;
  vendors: VendorTables;
  /** Takes jobs off the send queue as part of a transaction. */
  settleJobs: (tx: Parameters<SendHandler["giveUp"]>[0], lane: Lane, jobs: SendJob[]) => Promise<void>;
  /** A retry was scheduled: the waker should know. */
  wakeAt: (at: Date) => void;
  onSettled: (settled: Settled[]) => void;
  /** Vendor calls in flight, all lanes together. */
  concurrency: number;
  /** Longest a vendor call may take. */
  timeout_ms: number;
}

const RENEW_MS = 5000;
const SWEEP_MS = 1000;
const MAX_SETTLE = 500;
/** Groups of results being written at once; more arrive meanwhile and make the next group larger. */
const SETTLES_IN_FLIGHT = 2;

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { db, log } = deps;
  const slots = createSlots(deps.concurrency);
  const calling = new Set<LeasedMessage>();
  let results: Settled[] = [];
  let settling = 0;
  let renewing: NodeJS.Timeout | undefined;
  let sweeping: NodeJS.Timeout | undefined;
  let sweep: Promise<void> | undefined;
  const idle: (() => void)[] = [];

  async function send(message: LeasedMessage): Promise<void> {
    calling.add(message);
    await slots.take(message.lane);
    let outcome: Outcome;
    try {
      outcome = await call(message);
    } catch (error) {
      log.error({ message: message.id, vendor: message.vendor_slug, err: error }, "a vendor failed inside");
      outcome = {
        kind: "failed",
        class: "config",
        code: "vendor_bug",
        message: `internal error of vendor ${message.vendor_slug}`,
      };
    } finally {
      slots.free(message.lane);
    }
    results.push({ message, verdict: judge(message, outcome, Math.random()) });
    pump();
  }

  async function call(message: LeasedMessage): Promise<Outcome> {
    const connection = await deps.vendors.connect(message.workspace_id, message.vendor_config_id);
    if (connection === null) {
      const text = `vendor configuration ${message.vendor_config_id} was deleted`;
      return { kind: "failed", class: "config", code: "vendor_missing", message: text };
    }
    const workspace = await deps.workspaces.getById(message.workspace_id);
    return connection.send(
      {
        message_id: message.id,
        workspace: workspace.uid,
        tenant_id: message.tenant_id,
        recipient:
          message.object_type === "" ? message.distinct_id : `${message.object_type}/${message.distinct_id}`,
        category: message.category,
        attempt: message.attempt,
        to: message.channel_value,
        content: message.content,
        attachments: message.attachments ?? [],
      },
      AbortSignal.timeout(deps.timeout_ms),
    );
  }

  function pump(): void {
    while (results.length > 0 && settling < SETTLES_IN_FLIGHT) {
      const batch = results.slice(0, MAX_SETTLE);
      results = results.slice(MAX_SETTLE);
      settling++;
      void settle(batch).finally(() => {
        settling--;
        for (const { message } of batch) calling.delete(message);
        pump();
        if (calling.size === 0) for (const done of idle.splice(0)) done();
      });
    }
  }

  /** Never rejects. What cannot be written keeps its lease until that runs out, and is then ambiguous. */
  async function settle(batch: Settled[]): Promise<void> {
    try {
      const written = await db.tx((tx) => settleMessages(tx, batch));
      deps.onSettled(written);
      const retries = written.flatMap(({ verdict }) =>
        verdict.retry_in_ms === null ? [] : [verdict.retry_in_ms],
      );
      if (retries.length > 0) deps.wakeAt(new Date(Date.now() + Math.min(...retries)));
    } catch (error) {
      log.error({ err: error, messages: batch.length }, "results of vendor calls could not be written");
      if (batch.length === 1 || isDatabaseUnavailable(error)) return;
      const middle = Math.ceil(batch.length / 2);
      await settle(batch.slice(0, middle));
      await settle(batch.slice(middle));
    }
  }

  async function renew(): Promise<void> {
    if (calling.size === 0) return;
    await renewLeases(db, [...calling]).catch((error: unknown) =>
      log.error({ err: error }, "renewing leases failed"),
    );
  }

  async function tick(): Promise<void> {
    const recovered = await db.tx(recoverExpired);
    if (recovered > 0) {
      log.warn(
        { messages: recovered },
        "messages of a dead worker were recovered; they are marked ambiguous",
      );
      deps.wakeAt(new Date());
    }
    while ((await db.tx(applyDueReceipts, { relaxed: true })) === 500);
  }

  function schedule(): void {
    sweeping = setTimeout(() => {
      sweep = tick()
        .catch((error: unknown) => log.error({ err: error }, "sweeping the outbox failed; trying again"))
        .then(schedule);
    }, SWEEP_MS);
  }

  return {
    handler: {
      batch: 1,
      loops: 1,
      room: slots.room,
      async handle(jobs, lane) {
        const leased = await db.tx(async (tx) => {
          await deps.settleJobs(tx, lane, jobs);
          return leaseMessages(
            tx,
            jobs.flatMap((job) => job.refs),
          );
        });
        for (const message of leased) void send(message);
      },
      async giveUp(tx, { workspace_id, id }, error) {
        const reason = `500: ${error instanceof Error ? error.message : String(error)}`;
        await tx.query(
          `update message set status = 'trigger_failed', failure_class = 'internal', failure_reason = $3, updated_at = now()
            where workspace_id = $1 and id = $2 and status = 'triggered' and lease is null`,
          [workspace_id, id, reason],
        );
      },
    },
    start() {
      renewing = setInterval(() => void renew(), RENEW_MS);
      schedule();
    },
    async stop() {
      clearTimeout(sweeping);
      await sweep;
      clearTimeout(sweeping);
      if (calling.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
      clearInterval(renewing);
      await deps.vendors.close();
    },
    tick,
  };
}

interface Slots {
  take: (lane: Lane) => Promise<void>;
  free: (lane: Lane) => void;
  /** Resolves when a lane has a free slot. */
  room: (lane: Lane) => Promise<void>;
}

/** Counting semaphores, one a lane: the two upper lanes have a quarter each, campaigns the rest. */
function createSlots(total: number): Slots {
  const quarter = Math.max(1, Math.floor(total / 4));
  const free = [quarter, quarter, Math.max(1, total - 2 * quarter)];
  const takers: (() => void)[][] = [[], [], []];
  const watchers: (() => void)[][] = [[], [], []];
  return {
    take(lane) {
      if ((free[lane] ?? 0) > 0) {
        free[lane] = (free[lane] ?? 0) - 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => takers[lane]?.push(resolve));
    },
    free(lane) {
      const next = takers[lane]?.shift();
      if (next !== undefined) return next();
      free[lane] = (free[lane] ?? 0) + 1;
      for (const watcher of watchers[lane]?.splice(0) ?? []) watcher();
    },
    room(lane) {
      if ((free[lane] ?? 0) > 0) return Promise.resolve();
      return new Promise((resolve) => watchers[lane]?.push(resolve));
    },
  };
}
