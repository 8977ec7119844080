import { type Channel, CHANNEL_TRAITS } from "../../core/channel.ts";
import { insertAll, int, json, now, rowsOf, text } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { Log } from "../../log.ts";
import { applyReceipts, handOverFailed, type Receipt, type ReceiptDeps } from "../receipts.ts";
import type { VendorTables } from "../vendor-table.ts";
import { wireAddress } from "../vendor/email.ts";
import type { ApprovalReport, ReportedMessage, StatusReport, VendorReport } from "../vendor/webhook.ts";
import { wakeWatchers } from "../watchers.ts";
import { type AddressChange, changeAddresses, deactivateOf } from "./addresses.ts";
import { messageOf, putBack, type StoredReport, takeReports } from "./report-store.ts";
import { readStopWord } from "./stop-words.ts";

export interface ReportDeps extends ReceiptDeps {
  log: Log;
  noteReports: VendorTables["noteReports"];
  /** Records what a vendor decided about a text that waits for its approval. */
  recordVerdict: (tx: Tx, workspace_id: number, verdict: ReportedVerdict) => Promise<unknown>;
  /** The key under which profiles have an address that a vendor wrote in its own way; null: it is none. */
  keyOf: (channel: Channel, address: string) => string | null;
}

export interface ReportedVerdict extends Omit<ApprovalReport, "kind"> {
  vendor_slug: string;
  channel: Channel;
}

/** Reports applied in one transaction. */
export const REPORT_BATCH = 500;

/** Applies the reports that are due, at most `limit`, in the workspaces of `tables`; returns how many were taken. */
export async function applyDueReports(tx: Tx, deps: ReportDeps, limit = REPORT_BATCH): Promise<number> {
  const taken = await takeReports(tx, [...deps.tables.keys()], limit);
  if (taken.length === 0) return 0;
  const matched = await matchReports(tx, taken);
  const found = matched.filter((report) => report.message !== null);
  const statuses = found.flatMap(({ message, report }) =>
    message !== null && !message.is_erased && report.kind === "status" ? [{ message, report }] : [],
  );
  const own = statuses.filter(({ message, report }) => isAboutRecipient(message, report, deps));
  const moved = await applyReceipts(tx, own.map(receiptOf));
  // Nobody reaches an address that is dead.
  const dead = new Set(own.flatMap(({ message, report }) => (report.inactivate === true ? message.id : [])));
  await handOverFailed(
    tx,
    moved.filter(({ id }) => !dead.has(id)),
    deps,
  );
  await wakeWatchers(tx, moved, deps.queue);
  await deps.noteReports(
    tx,
    found.filter(({ report }) => report.kind === "status" && report.status !== "sent_by_vendor"),
  );
  await recordReports(tx, statuses, new Set(own));
  await deactivateOf(
    tx,
    own.flatMap(({ message, report }) =>
      report.inactivate === true && message.recipient_id !== null
        ? [{ ...message, recipient_id: message.recipient_id, key: message.identity_key }]
        : [],
    ),
  );
  await changeAddresses(
    tx,
    matched.flatMap((report) => addressChangeOf(report, deps)),
  );
  for (const { workspace_id, report, channel, vendor_slug } of matched) {
    if (report.kind !== "approval" || channel === null || vendor_slug === null) continue;
    const { kind: _kind, ...said } = report;
    await deps.recordVerdict(tx, workspace_id, { ...said, channel, vendor_slug });
  }
  const lost = await putBack(
    tx,
    matched.filter(({ message, report }) => message === null && report.kind === "status"),
  );
  if (lost.length > 0)
    deps.log.warn({ reports: lost.length }, "vendors reported about messages nobody knows");
  return taken.length;
}

/** The message that a report is about. */
interface ReportedRow {
  workspace_id: number;
  id: string;
  channel: Channel;
  recipient_id: string | null;
  identity_key: string;
  /** Its user was deleted: what is still reported would name the address again. */
  is_erased: boolean;
}

interface MatchedReport extends StoredReport {
  /** Null: there is none, or none yet. */
  message: ReportedRow | null;
  /** Of the settings that it came to; null: they are gone. */
  channel: Channel | null;
  vendor_slug: string | null;
}

/** Our own id is the sure way; else the vendor's, where it was kept. Only messages that these settings sent. */
async function matchReports(tx: Tx, reports: readonly StoredReport[]): Promise<MatchedReport[]> {
  const positions = new Map(reports.map((report, index) => [report, index]));
  const { from, values } = rowsOf("r", reports, {
    workspace_id: int(({ workspace_id }) => workspace_id),
    vendor_config_id: text(({ vendor_config_id }) => vendor_config_id),
    message_id: text(({ report }) => messageOf(report).message_id),
    vendor_message_id: text(({ report }) => messageOf(report).vendor_message_id),
    position: int((report) => positions.get(report) ?? 0),
  });
  const rows = await tx.query<
    { vendor_channel: Channel | null; vendor_slug: string | null } & (ReportedRow | { id: null })
  >(
    `select c.channel as vendor_channel, c.vendor_slug, m.workspace_id, m.id, m.channel, m.recipient_id, m.identity_key,
            m.channel_value is null and m.identity_key = '' as is_erased
       from ${from}
       left join vendor_config c on c.workspace_id = r.workspace_id and c.id = r.vendor_config_id
       left join vendor_ack a on r.message_id is null and a.workspace_id = r.workspace_id
         and a.vendor_config_id = r.vendor_config_id and a.vendor_message_id = r.vendor_message_id
       left join message m on m.workspace_id = r.workspace_id and m.id = coalesce(r.message_id, a.message_id)
         and m.vendor_config_id = r.vendor_config_id
      order by r.position`,
    values,
    "vendor_report_match",
  );
  return reports.map((report, index) => {
    const row = rows[index];
    const message = row === undefined || row.id === null ? null : row;
    const { vendor_channel: channel = null, vendor_slug = null } = row ?? {};
    return { ...report, message, channel, vendor_slug };
  });
}

interface StatusOf {
  message: ReportedRow;
  report: StatusReport;
}

/** Reports about the copies of a mail carry the id of the same message, and name addresses as mail servers do. */
function isAboutRecipient(
  { channel, identity_key }: ReportedRow,
  { address }: Pick<ReportedMessage, "address">,
  { keyOf }: ReportDeps,
): boolean {
  if (CHANNEL_TRAITS[channel].copy_fields.length === 0 || address === null) return true;
  if (keyOf(channel, address) === identity_key) return true;
  const onWire = (text: string) => wireAddress({ address: text.toLowerCase() });
  return onWire(address) === onWire(identity_key);
}

function receiptOf({ message, report }: StatusOf): Receipt {
  const { workspace_id, id } = message;
  return { workspace_id, message_id: id, status: report.status, reason: report.reason, at: report.at };
}

/** What the log of a message shows: failures in the vendor's words, and what became of copies. */
async function recordReports(
  tx: Tx,
  statuses: readonly StatusOf[],
  own: ReadonlySet<StatusOf>,
): Promise<void> {
  await insertAll(
    tx,
    "message_event",
    statuses.filter((one) => !own.has(one) || one.report.status === "delivery_failure"),
    {
      workspace_id: int(({ message }) => message.workspace_id),
      message_id: text(({ message }) => message.id),
      at: now,
      kind: text((one) => (own.has(one) ? "reported" : "copy_reported")),
      detail: json(({ report: { status, reason, address, at } }) => ({
        status,
        reason,
        address,
        at: at === null ? null : new Date(at).toISOString(),
      })),
    },
  );
}

/** The address that a report says is wanted no more, or again. */
function addressChangeOf(stored: MatchedReport, deps: ReportDeps): AddressChange[] {
  const { workspace_id, message, report } = stored;
  const channel = message?.channel ?? stored.channel;
  if (channel === null) return [];
  const said = wishOf(report);
  if (said === null) return [];
  const isTheirs = message !== null && isAboutRecipient(message, said, deps);
  const key = isTheirs ? message.identity_key : said.address && deps.keyOf(channel, said.address);
  return key ? [{ workspace_id, channel, key, is_wanted: said.is_wanted }] : [];
}

function wishOf(report: VendorReport): { address: string | null; is_wanted: boolean } | null {
  if (report.kind === "address") return { address: report.address, is_wanted: report.change === "opted_in" };
  if (report.kind !== "inbound" || report.text === null) return null;
  const word = readStopWord(report.text);
  return word === null ? null : { address: report.from, is_wanted: word === "start" };
}
