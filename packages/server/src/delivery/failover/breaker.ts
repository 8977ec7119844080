import type { Catalog } from "../../catalog/catalog.ts";
import type { Db } from "../../db/db.ts";
import type { Log } from "../../log.ts";
import type { Outcome } from "../vendor/vendor.ts";

/**
 * A breaker for each vendor's stored settings, shared by all processes: a vendor that keeps failing is not called any
 * more, except by one message every half minute, and is called again as soon as one of those gets through.
 */
export interface Breaker {
  /** Whether a message may call a vendor whose breaker is open: one in all processes, every half minute. */
  mayProbe: (workspace_id: number, vendor_config_id: string) => Promise<boolean>;
  /** Counts what a call came to; opens or closes the breaker. Never rejects: a message must not fail for it. */
  note: (workspace_id: number, vendor_config_id: string, outcome: Outcome, is_open: boolean) => Promise<void>;
}

/** Failures in a row, without anything else in between, within `WITHIN_MS`. */
const FAILURES = 20;
const WITHIN_MS = 60_000;
const PROBE_SECONDS = 30;

interface Row {
  count: number;
  /** When the first of them came. */
  since: number;
}

export interface BreakerDeps {
  db: Db;
  catalog: Pick<Catalog, "invalidate">;
  log: Log;
  /** Milliseconds of a clock that only moves forward. */
  now?: () => number;
}

export function createBreaker({ db, catalog, log, now = () => performance.now() }: BreakerDeps): Breaker {
  const rows = new Map<string, Row>();
  /** When this process asked last whether it may probe: the database need not be asked by every message. */
  const asked = new Map<string, number>();

  async function open(workspace_id: number, id: string, reason: string): Promise<void> {
    await db.tx(async (tx) => {
      const opened = await tx.query(
        `update vendor_config set broken_at = now(), probed_at = now(), broken_reason = $3
          where workspace_id = $1 and id = $2 and broken_at is null returning 1`,
        [workspace_id, id, reason],
      );
      if (opened.length === 0) return;
      await catalog.invalidate(tx, workspace_id, "vendor", id);
      tx.afterCommit(() =>
        log.error({ workspace_id, vendor_config: id, reason }, "a vendor fails and is not called"),
      );
    });
  }

  async function close(workspace_id: number, id: string): Promise<void> {
    await db.tx(async (tx) => {
      const closed = await tx.query(
        `update vendor_config set broken_at = null, broken_reason = null
          where workspace_id = $1 and id = $2 and broken_at is not null returning 1`,
        [workspace_id, id],
      );
      if (closed.length === 0) return;
      await catalog.invalidate(tx, workspace_id, "vendor", id);
      tx.afterCommit(() => log.info({ workspace_id, vendor_config: id }, "a vendor works again"));
    });
  }

  async function count(workspace_id: number, id: string, reason: string): Promise<void> {
    const row = rows.get(id);
    const fresh = row !== undefined && now() - row.since <= WITHIN_MS ? row : { count: 0, since: now() };
    fresh.count++;
    rows.set(id, fresh);
    if (fresh.count < FAILURES) return;
    rows.delete(id);
    await open(workspace_id, id, reason);
  }

  return {
    async mayProbe(workspace_id, id) {
      const last = asked.get(id);
      if (last !== undefined && now() - last < PROBE_SECONDS * 1000) return false;
      asked.set(id, now());
      const won = await db.query(
        `update vendor_config set probed_at = now()
          where workspace_id = $1 and id = $2 and probed_at < now() - make_interval(secs => ${PROBE_SECONDS}) returning 1`,
        [workspace_id, id],
        "breaker_probe",
      );
      return won.length === 1;
    },
    async note(workspace_id, id, outcome, is_open) {
      const reason = failureOf(outcome);
      if (reason === null) rows.delete(id);
      try {
        if (reason !== null) await count(workspace_id, id, reason);
        else if (is_open) await close(workspace_id, id);
      } catch (error) {
        log.warn({ err: error, vendor_config: id }, "the state of a vendor could not be written");
      }
    },
  };
}

/** Why the vendor itself does not work; null: it does, whatever it says about this message. */
function failureOf(outcome: Outcome): string | null {
  if (outcome.kind === "ambiguous") return outcome.message;
  if (outcome.kind === "sent") return null;
  return outcome.class === "config" || outcome.class === "transient" ? outcome.message : null;
}
