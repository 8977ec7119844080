import { afterNow, insertAll, int, json, text, timestamptz } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import type { ReportedMessage, VendorReport } from "../vendor/webhook.ts";

/** What a vendor reported. */
export interface NewReport {
  workspace_id: number;
  vendor_config_id: string;
  report: VendorReport;
}

/** One that nobody has applied yet. */
export interface StoredReport extends NewReport {
  received_at: Date;
  /** How long ago that was, by the database's clock. */
  age_ms: number;
}

/** How a report names its message; by nothing if it is about something else. */
export function messageOf(report: VendorReport): Pick<ReportedMessage, "message_id" | "vendor_message_id"> {
  if (report.kind === "status" || report.kind === "address") return report;
  return { message_id: null, vendor_message_id: null };
}

const named = {
  workspace_id: int((report: NewReport) => report.workspace_id),
  vendor_config_id: text((report: NewReport) => report.vendor_config_id),
  report: json((stored: NewReport) => stored.report),
};

export async function insertReports(db: Queryable, reports: readonly NewReport[]): Promise<void> {
  await insertAll(db, "vendor_report", reports, named);
}

/** Takes due reports of these workspaces away, in the order in which they came; another process takes others. */
export async function takeReports(
  tx: Tx,
  workspace_ids: readonly number[],
  limit: number,
): Promise<StoredReport[]> {
  return tx.query<StoredReport>(
    `with taken as (
       delete from vendor_report where id = any(array(
         select id from vendor_report where due_at <= now() and workspace_id = any($1) order by due_at, id limit $2 for update skip locked))
       returning *)
     select workspace_id, vendor_config_id, report, received_at,
            (extract(epoch from now() - received_at) * 1000)::float8 as age_ms
       from taken order by id`,
    [workspace_ids, limit],
    "vendor_report_take",
  );
}

const HOUR_MS = 3_600_000;
/** A report may come before what it is about is committed, and is of no use when its message is long gone. */
const KEPT_MS = 24 * HOUR_MS;

/**
 * Puts reports back whose messages were not found, for as long again as they have waited. Returns those that have
 * waited too long: they are gone.
 */
export async function putBack(tx: Tx, reports: readonly StoredReport[]): Promise<StoredReport[]> {
  await insertAll(
    tx,
    "vendor_report",
    reports.filter(({ age_ms }) => age_ms <= KEPT_MS),
    {
      ...named,
      received_at: timestamptz((report) => report.received_at),
      due_at: afterNow((report) => Math.min(Math.max(report.age_ms, 1000), HOUR_MS)),
    },
  );
  return reports.filter(({ age_ms }) => age_ms > KEPT_MS);
}
