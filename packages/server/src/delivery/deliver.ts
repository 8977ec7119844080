import { writeWhenFit } from "../db/when-fit.ts";
import { wakeWatchers } from "./watchers.ts";
import type { Queue } from "../queue/queue.ts";
import { BegunError, type Handler } from "../queue/job.ts";
import { internalReason } from "../core/text/error-message.ts";
import { recipientName } from "../core/text/recipient-name.ts";
import { type Admission, createSlots } from "../queue/slots.ts";
import type { Db, Tx } from "../db/db.ts";
import { isDatabaseUnavailable } from "../db/fault.ts";
import type { Log } from "../log.ts";
import type { Workspaces } from "../workspaces/workspaces.ts";
import { type Attachments, createAttachments, type Loaded } from "./attachments/attachments.ts";
import type { HttpClient } from "./http/http.ts";
import {
  type Attached,
  type LeasedMessage,
  giveUpMessage,
  takeMessages,
  type Settled,
  type SettleDeps,
  settleMessages,
  yieldsTurn,
} from "./outbox.ts";
import { applyDueReports, REPORT_BATCH, type ReportDeps } from "./reports/apply-reports.ts";
import { FALLBACK_BATCH, handOverDue, nextVendor, readDueWorkspaces } from "./failover/due-fallbacks.ts";
import { createBreaker, type BreakerDeps } from "./failover/breaker.ts";
import { createCallTally } from "./health/call-tally.ts";
import { trackContent } from "./tracking/mail-tracking.ts";
import { createPacer } from "./pacing/pacer.ts";
import { takeReports } from "./reports/report-store.ts";
import { applyDueReceipts, RECEIPT_BATCH } from "./receipts.ts";
import type { Outcome, OutgoingMessage } from "./vendor/vendor.ts";
import type { NextVendor, OpenVendor, RouteTable, VendorTables } from "./vendor-table.ts";
import { judge, postpone, type Verdict } from "./verdict.ts";

/**
 * Delivery: leases messages, calls their vendors concurrently, and writes the results in groups. Each lane has its own
 * slots, so a campaign's slow vendor never takes those of a one-time password. Leasing is durable before the call goes
 * out; a result is written only under its lease; the job is done when its last result is written.
 */
export interface Delivery {
  /** The handler of the send stage. */
  handler: Handler;
  start: () => void;
  /** Closes vendors; the dispatcher has already waited for calls in flight. */
  stop: () => Promise<void>;
  /** Applies due receipts and writes the counts of calls, as the timer does; for tests. */
  tick: () => Promise<void>;
}

export interface DeliveryDeps
  extends
    Pick<ReportDeps, "keyOf" | "recordVerdict">,
    Pick<SettleDeps, "ids" | "announce">,
    Pick<BreakerDeps, "catalog"> {
  db: Db;
  log: Log;
  workspaces: Workspaces;
  vendors: VendorTables;
  /** Fetches attachments. */
  http: HttpClient;
  queue: Pick<Queue, "settle" | "enqueue" | "plan" | "enqueueJobs" | "waitForUrgentWork" | "isStopping">;
  /** Notifies the waker of a scheduled retry or the next step of a routing. */
  wakeAt: (at: Date) => void;
  onSettled: (settled: Settled[]) => void;
  /** The maximum of vendor calls in flight, over all lanes. */
  concurrency: number;
  /** The server's own address, without a slash at its end; null: unknown. */
  base_url: string | null;
  /** The time limit of a vendor call, and a second one for loading the files before it. */
  timeout_ms: number;
}

const SWEEP_MS = 1000;
const MAX_SETTLE = 200;
/** About how long a message waits whose vendor hangs and has many waiting already. */
const STUCK_MS = 10_000;
/** About how long a message waits whose vendor is not called because it fails: it is tried every half minute. */
const BROKEN_MS = 20_000;
/** So long a message waits for a vendor that fails, before its attempts are counted again. */
const LONGEST_BREAK_MS = 3_600_000;
/** Over this time messages come back after their vendor has asked for a pause. */
const HELD_MS = 1000;
/** Of a message that waits for its turn; it is known by it when it comes back. */
const TURN = "waits: the rate of the vendor's settings is used up";
/** How long a vendor may take to stop after its signal is aborted. */
const STOPPING_MS = 1000;
/** Groups of results written concurrently; results that arrive meanwhile make the next group larger. */
const SETTLES_IN_FLIGHT = 2;

export function createDelivery(deps: DeliveryDeps): Delivery {
  const { db, log } = deps;
  const slots = createSlots(deps.concurrency);
  const attachments = createAttachments(deps);
  const breaker = createBreaker(deps);
  const pacer = createPacer(deps);
  const tally = createCallTally(deps);
  /** Each lane writes its own results: an urgent one does not wait for the group of a campaign. */
  const writers = [createWriter(), createWriter(), createWriter()] as const;
  let sweeping: NodeJS.Timeout | undefined;
  let sweep: Promise<void> | undefined;

  /**
   * Resolves when the message's result is written, to false if another worker has taken the message over; rejects if it
   * could not be written, and the message is in doubt.
   */
  async function send(message: LeasedMessage, admitted: Admission): Promise<boolean> {
    const giveBack = await admitted.take(message.vendor_config_id);
    if (giveBack === null) {
      const text = "waits: the vendor's calls hang, and many wait for it";
      return store(message, postpone(text, jittered(STUCK_MS)), NOTHING);
    }
    await deps.queue.waitForUrgentWork(message.lane);
    let called: Called | Postponed;
    try {
      called = await call(message);
    } catch (error) {
      log.error({ message: message.id, vendor: message.vendor_slug, err: error }, "a vendor failed inside");
      const text = `internal error of vendor ${message.vendor_slug}`;
      called = uncalled({ kind: "failed", class: "config", code: "vendor_bug", message: text });
    } finally {
      giveBack();
    }
    if ("postponed" in called) return store(message, called.postponed, NOTHING);
    const { outcome, ...facts } = called;
    return store(
      message,
      judge({ ...message, has_next: facts.next !== null }, outcome, Math.random()),
      facts,
    );
  }

  /** Resolves and rejects as `send` does. */
  function store(message: LeasedMessage, verdict: Verdict, facts: Omit<Called, "outcome">): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const writer = writers[message.lane];
      writer.results.push({ message, verdict, ...facts, resolve, reject });
      pump(writer);
    });
  }

  async function call(message: LeasedMessage): Promise<Called | Postponed> {
    const ready = await prepare(message).catch((error: unknown) => {
      if (!isDatabaseUnavailable(error)) throw error;
      const text = "the database could not be asked for its vendor";
      return uncalled({ kind: "failed", class: "transient", code: "vendor_unread", message: text });
    });
    if (!("vendor" in ready)) return ready;
    const { vendor, next, outgoing, loaded } = ready;
    const { connection, keeps_acks: keeps_ack, does_report, has_one_host, broken_reason } = vendor;
    const { workspace_id, vendor_config_id } = message;
    const started = performance.now();
    const outcome = await withDeadline(deps.timeout_ms, (signal) => connection.send(outgoing, signal));
    tally.count({ workspace_id, vendor_config_id, outcome, ms: performance.now() - started });
    if (has_one_host) {
      await breaker.note(workspace_id, vendor_config_id, outcome, broken_reason !== null);
      await deps.vendors.hold(workspace_id, vendor_config_id, outcome);
    }
    const attached = loaded === null ? null : withoutBytes(loaded);
    return { outcome, attached, keeps_ack, does_report, next };
  }

  /** Reads what the vendor needs, or answers in its place. */
  async function prepare(message: LeasedMessage): Promise<Called | Postponed | Prepared> {
    const { workspace_id } = message;
    const vendor = await deps.vendors.connect(workspace_id, message.vendor_config_id);
    const table = await deps.vendors.load(workspace_id);
    const next = message.undelivered === null ? nextVendor(table, message) : null;
    if (vendor === null) {
      const text = `vendor configuration ${message.vendor_config_id} was deleted`;
      return uncalled({ kind: "failed", class: "config", code: "vendor_missing", message: text }, next);
    }
    if (vendor.broken_reason !== null && !(await breaker.mayProbe(workspace_id, message.vendor_config_id))) {
      const text = `not called, since it keeps failing: ${vendor.broken_reason}`;
      if (next === null && message.age_ms < LONGEST_BREAK_MS) return later(text, jittered(BROKEN_MS));
      return uncalled({ kind: "failed", class: "transient", code: "vendor_broken", message: text }, next);
    }
    const held_ms = vendor.held_until === null ? 0 : vendor.held_until.getTime() - Date.now();
    if (held_ms > 0) {
      const text = "it has asked not to be called for now";
      return next === null ? later(text, held_ms + jittered(HELD_MS)) : uncalled(throttled(text), next);
    }
    const loaded = message.attachments === null ? null : await load(message);
    if (loaded?.ok === false) return uncalled(loaded.failure);
    const paced = await keepPace(message, vendor, next);
    if (paced !== null) return paced;
    const workspace = await deps.workspaces.getById(workspace_id);
    const outgoing: OutgoingMessage = {
      message_id: message.id,
      workspace: workspace.uid,
      tenant_id: message.tenant_id,
      recipient: recipientName(message),
      category: message.category,
      attempt: message.attempt,
      to: message.channel_value,
      callback_url:
        deps.base_url === null || vendor.webhook_path === null ? null : deps.base_url + vendor.webhook_path,
      content:
        vendor.tracking === null || deps.base_url === null
          ? message.content
          : trackContent(message, vendor.tracking, deps.base_url, workspace.inbox_secret),
      attachments: loaded?.files ?? [],
      only_to: message.undelivered,
    };
    return { vendor, next, outgoing, loaded };
  }

  /** Waits for the rate of the vendor's settings; an answer in its place if that takes longer. Null: it may be called. */
  async function keepPace(
    message: LeasedMessage,
    { pace }: OpenVendor,
    next: NextVendor | null,
  ): Promise<Called | Postponed | null> {
    if (pace === null) return null;
    const had_turn = message.failure_reason === TURN;
    const admitted = await pacer.admit({ ...message, had_turn }, pace);
    if (admitted.kind === "now") return null;
    if (admitted.kind === "later") return { postponed: postpone(TURN, admitted.ms) };
    const text = "its calls of today are used up";
    return next === null ? later(text, admitted.ms) : uncalled(throttled(text), next);
  }

  /** Before the vendor's time limit starts. */
  function load(message: LeasedMessage): ReturnType<Attachments["load"]> {
    return attachments.load(message, AbortSignal.timeout(deps.timeout_ms));
  }

  function pump(writer: Writer): void {
    while (writer.results.length > 0 && writer.inFlight < SETTLES_IN_FLIGHT) {
      const batch = writer.results.splice(0, MAX_SETTLE);
      writer.inFlight++;
      void settle(batch).finally(() => {
        writer.inFlight--;
        pump(writer);
      });
    }
  }

  /**
   * Never rejects: each result's own promise is settled. A result that cannot be written must not fail the others. While
   * the database is not fit for it, results are kept: given up, they would leave their messages in doubt. The places in
   * flight bound them, and their job's heartbeat goes on.
   */
  async function settle(batch: Result[]): Promise<void> {
    try {
      const lane = batch[0]?.message.lane ?? 0;
      const pause = () => deps.queue.waitForUrgentWork(lane);
      const written = await writeWhenFit(() => db.tx((tx) => write(tx, batch), { pause }), {
        isStopping: deps.queue.isStopping,
        onWaiting(error) {
          log.warn({ err: error, messages: batch.length }, "results of vendor calls wait for the database");
        },
      });
      const ours = new Set<Settled>(written);
      for (const result of batch) result.resolve(ours.has(result));
      deps.onSettled(
        written.filter(({ message, verdict }) => message.undelivered === null && !verdict.is_postponed),
      );
      const retries = written.flatMap(({ verdict }) => verdict.retry_in_ms ?? []);
      if (retries.length > 0) deps.wakeAt(new Date(Date.now() + Math.min(...retries)));
      if (written.some(yieldsTurn)) deps.wakeAt(new Date());
    } catch (error) {
      if (batch.length === 1 || isDatabaseUnavailable(error)) {
        log.error({ err: error, messages: batch.length }, "results of vendor calls could not be written");
        for (const { reject } of batch) reject(error);
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      await settle(batch.slice(0, middle));
      await settle(batch.slice(middle));
    }
  }

  async function write(tx: Tx, batch: Result[]): Promise<Settled[]> {
    const written = await settleMessages(tx, batch, deps);
    const messages = written.map(({ message }) => message);
    await wakeWatchers(tx, messages, deps.queue);
    return written;
  }

  async function tick(): Promise<void> {
    while ((await applyReceipts()) === RECEIPT_BATCH);
    while ((await applyReports()) === REPORT_BATCH);
    while ((await handOverLate()) === FALLBACK_BATCH);
    await tally.flush();
  }

  /** Hands over what no vendor has reported on in time; returns how many were due. */
  async function handOverLate(): Promise<number> {
    const tables = await loadTables(await readDueWorkspaces(db, "vendor_fallback"));
    if (tables.size === 0) return 0;
    return db.tx((tx) => handOverDue(tx, tables, deps), { relaxed: true });
  }

  async function loadTables(workspace_ids: readonly number[]): Promise<Map<number, RouteTable>> {
    const loaded = workspace_ids.map(async (id) => [id, await deps.vendors.load(id)] as const);
    return new Map(await Promise.all(loaded));
  }

  /** Applies a batch of what simulators report; returns how many. */
  async function applyReceipts(): Promise<number> {
    const tables = await loadTables(await readDueWorkspaces(db, "due_receipt"));
    if (tables.size === 0) return 0;
    return db.tx((tx) => applyDueReceipts(tx, { ...deps, tables }), { relaxed: true });
  }

  /** Applies a batch of what vendors reported; returns how many. */
  async function applyReports(): Promise<number> {
    const tables = await loadTables(await readDueWorkspaces(db, "vendor_report"));
    if (tables.size === 0) return 0;
    const reading = { ...deps, tables, noteReports: deps.vendors.noteReports };
    try {
      return await db.tx((tx) => applyDueReports(tx, reading), { relaxed: true });
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      return applyOneByOne(reading);
    }
  }

  /** A report that cannot be applied is dropped alone: it must not stop those of all vendors. */
  async function applyOneByOne(reading: ReportDeps): Promise<number> {
    let applied = 0;
    while (applied < REPORT_BATCH) {
      try {
        if ((await db.tx((tx) => applyDueReports(tx, reading, 1), { relaxed: true })) === 0) break;
      } catch (error) {
        if (isDatabaseUnavailable(error)) throw error;
        const dropped = await db.tx((tx) => takeReports(tx, [...reading.tables.keys()], 1));
        log.error({ err: error, dropped }, "a vendor's report could not be applied and is dropped");
      }
      applied++;
    }
    return applied;
  }

  function schedule(): void {
    sweeping = setTimeout(() => {
      sweep = tick()
        .catch((error: unknown) => log.error({ err: error }, "applying receipts failed; trying again"))
        .then(schedule);
    }, SWEEP_MS);
  }

  return {
    handler: {
      batch: { 0: 1, 1: 1, 2: 1 },
      loops: { 0: 1, 1: 1, 2: 1 },
      divisible: false,
      durableClaim: true,
      capacity: slots.capacity,
      async handle([job], lane) {
        if (job === undefined) return;
        const admitted = slots.enter(lane, job.refs.length);
        try {
          const leased = await db.tx((tx) => takeMessages(tx, job, deps.queue), {
            pause: () => deps.queue.waitForUrgentWork(lane),
          });
          const fates = await Promise.allSettled(leased.map((message) => send(message, admitted)));
          const lost = fates.find((fate) => fate.status === "rejected");
          if (lost !== undefined) {
            const { reason } = lost;
            throw isDatabaseUnavailable(reason)
              ? new BegunError("results are lost", { cause: reason })
              : reason;
          }
          // Another worker has taken over messages and so the job, which must stay until that worker completes it or
          // dies.
          if (fates.some((fate) => fate.status === "fulfilled" && !fate.value)) return;
          // If a crash of the database loses this, the job is handed out again and has nothing left to send.
          await db.tx((tx) => deps.queue.settle(tx, "send", lane, [job]), { relaxed: true });
        } finally {
          admitted.leave();
        }
      },
      async giveUp(tx, { workspace_id, id }, error) {
        await wakeWatchers(tx, await giveUpMessage(tx, workspace_id, id, internalReason(error)), deps.queue);
      },
    },
    start: schedule,
    async stop() {
      clearTimeout(sweeping);
      await sweep;
      clearTimeout(sweeping);
      await tally.flush();
      await deps.vendors.close();
    },
    tick,
  };
}

/** The outcome for a message, and the files that its vendor received. */
interface Called extends Omit<Settled, "message" | "verdict"> {
  outcome: Outcome;
}

/** What a vendor is called with. */
interface Prepared {
  vendor: OpenVendor;
  next: NextVendor | null;
  outgoing: OutgoingMessage;
  loaded: (Loaded & { ok: true }) | null;
}

/** Nothing was tried: the message comes back later, which counts as no attempt. */
interface Postponed {
  postponed: Verdict;
}

function later(reason: string, ms: number): Postponed {
  return { postponed: postpone(`waits: ${reason}`, ms) };
}

function throttled(message: string): Outcome {
  return { kind: "failed", class: "throttled", code: "vendor_full", message };
}

/** From half to one and a half times as long, so that not all come back at once. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random());
}

/** What there is to say about a message that no vendor was called for. */
const NOTHING = { attached: null, keeps_ack: false, does_report: false, next: null };

/** The result for a message that no vendor was called for. */
function uncalled(outcome: Outcome, next: NextVendor | null = null): Called {
  return { ...NOTHING, outcome, next };
}

interface Writer {
  results: Result[];
  inFlight: number;
}

/** Drops the bytes, since a result may wait long for the database. */
function withoutBytes({ files, left_out }: Pick<Loaded & { ok: true }, "files" | "left_out">): Attached {
  return {
    files: files.map(({ filename, content_type, bytes, sha256 }) => {
      return { filename, content_type, sha256, size: bytes.length };
    }),
    left_out,
  };
}

function createWriter(): Writer {
  return { results: [], inFlight: 0 };
}

/** A verdict waiting to be written. */
interface Result extends Settled {
  resolve: (written: boolean) => void;
  reject: (error: unknown) => void;
}

const UNRESPONSIVE_VENDOR: Outcome = {
  kind: "ambiguous",
  code: "no_answer",
  message: "the vendor did not answer and did not stop",
};

/**
 * Aborts the signal of a vendor that takes too long; a vendor that does not stop even then must not keep its slot
 * forever.
 */
async function withDeadline(
  timeout_ms: number,
  call: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  const controller = new AbortController();
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<Outcome>();
  let timer = setTimeout(() => {
    controller.abort(new DOMException("The vendor took too long.", "TimeoutError"));
    timer = setTimeout(abandon, STOPPING_MS, UNRESPONSIVE_VENDOR);
  }, timeout_ms);
  try {
    return await Promise.race([call(controller.signal), abandoned]);
  } finally {
    clearTimeout(timer);
  }
}
