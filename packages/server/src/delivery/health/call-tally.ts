import { int, rowsOf, smallint, text, timestamptz } from "../../db/bulk.ts";
import type { Db } from "../../db/db.ts";
import type { Log } from "../../log.ts";
import type { Outcome } from "../vendor/vendor.ts";
import { stepOf } from "./latency.ts";

/**
 * Counts what the vendors' calls of this process come to, and adds the counts to those of all processes. What was not
 * added when a process is killed is missing on the health board, nowhere else.
 */
export interface CallTally {
  count: (call: CountedCall) => void;
  /** Writes what was counted since the last time. Never rejects: what cannot be written is kept for the next time. */
  flush: () => Promise<void>;
}

export interface CountedCall {
  workspace_id: number;
  vendor_config_id: string;
  outcome: Outcome;
  /** How long the call took, in milliseconds. */
  ms: number;
}

interface Row {
  workspace_id: number;
  vendor_config_id: string;
  minute: Date;
  outcome: string;
  latency_step: number;
  calls: number;
}

const MINUTE_MS = 60_000;
/** Of a database that takes nothing for long, the oldest counts are forgotten. */
const MAX_ROWS = 20_000;

export function createCallTally({ db, log }: { db: Db; log: Log }): CallTally {
  let rows = new Map<string, Row>();
  let flushing: Promise<void> | null = null;

  function add(row: Row): void {
    const { workspace_id, vendor_config_id, minute, outcome, latency_step } = row;
    const key = [workspace_id, vendor_config_id, minute.getTime(), outcome, latency_step].join(" ");
    const known = rows.get(key);
    if (known !== undefined) known.calls += row.calls;
    else if (rows.size < MAX_ROWS) rows.set(key, row);
  }

  async function write(counted: Row[]): Promise<void> {
    // One order for all processes: they add to the same rows.
    const ordered = counted.toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
    const { from, values } = rowsOf("c", ordered, {
      workspace_id: int((row) => row.workspace_id),
      vendor_config_id: text((row) => row.vendor_config_id),
      minute: timestamptz((row) => row.minute),
      outcome: text((row) => row.outcome),
      latency_step: smallint((row) => row.latency_step),
      calls: int((row) => row.calls),
    });
    await db.query(
      `insert into vendor_call_count as t (workspace_id, vendor_config_id, minute, outcome, latency_step, calls)
       select c.* from ${from} join vendor_config v on v.workspace_id = c.workspace_id and v.id = c.vendor_config_id
       on conflict (workspace_id, vendor_config_id, minute, outcome, latency_step) do update set calls = t.calls + excluded.calls`,
      values,
      "vendor_calls_count",
    );
  }

  async function flush(): Promise<void> {
    if (rows.size === 0) return;
    const counted = [...rows.values()];
    rows = new Map();
    try {
      await write(counted);
    } catch (error) {
      log.debug({ err: error }, "counts of vendor calls could not be written; they are kept");
      for (const row of counted) add(row);
    }
  }

  return {
    count({ workspace_id, vendor_config_id, outcome, ms }) {
      add({
        workspace_id,
        vendor_config_id,
        minute: new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS),
        outcome: outcome.kind === "failed" ? outcome.class : outcome.kind,
        latency_step: stepOf(ms),
        calls: 1,
      });
    },
    async flush() {
      await flushing;
      flushing = flush();
      await flushing;
    },
  };
}

function orderOf({ workspace_id, vendor_config_id, minute, outcome, latency_step }: Row): string {
  return [workspace_id, vendor_config_id, minute.toISOString(), outcome, latency_step].join(" ");
}
