import type { JsonObject } from "../../core/json.ts";
import type { Lane } from "../../core/lane.ts";
import { storableJson } from "../../core/text/text.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { closeSnapshots } from "../../lists/snapshots.ts";
import type { Ref } from "../../queue/job.ts";
import type { RequestProblem } from "../problem.ts";

/** A broadcast that is scheduled or under way, with its request. */
export interface Broadcast {
  workspace_id: number;
  id: string;
  request_id: string;
  lane: Lane;
  list_id: string;
  template_slug: string;
  category: string;
  tenant_id: string;
  idempotency_key: string;
  /** Null until it has begun, as is the snapshot. */
  version_id: string | null;
  snapshot_id: string | null;
  /** Where the last page ended. */
  after_id: string;
  page_size: number;
  triggered: number;
  skipped: number;
  failed: number;
  /** How many were not reached, by the code of the reason. */
  reasons: Record<string, number>;
  errors: RequestProblem[] | null;
  request_at: Date;
}

const LIVE = "status in ('scheduled', 'in_progress')";

const COLUMNS = `b.workspace_id, b.id, b.request_id, b.lane, b.list_id, b.template_slug, b.category, b.tenant_id,
  b.idempotency_key, b.version_id, b.snapshot_id, b.after_id, b.page_size, b.triggered, b.skipped, b.failed, b.reasons,
  b.errors, b.created_at as request_at`;

/** Null if it is over. */
export async function findLive(db: Queryable, { workspace_id, id }: Ref): Promise<Broadcast | null> {
  const [row = null] = await db.query<Broadcast>(
    `select ${COLUMNS} from broadcast b where b.workspace_id = $1 and b.id = $2 and b.${LIVE}`,
    [workspace_id, id],
    "broadcast_find",
  );
  return row;
}

/** The same, locked: a cancel waits for the page that is being written, and the next page finds it cancelled. */
export async function holdLive(tx: Tx, { workspace_id, id }: Ref): Promise<Broadcast | null> {
  const [row = null] = await tx.query<Broadcast>(
    `select ${COLUMNS} from broadcast b where b.workspace_id = $1 and b.id = $2 and b.${LIVE} for no key update`,
    [workspace_id, id],
    "broadcast_hold",
  );
  return row;
}

/** The request's body; null if it is gone. */
export async function readBody(db: Queryable, { workspace_id, request_id }: Broadcast) {
  const [row] = await db.query<{ body: JsonObject }>(
    "select body from request where workspace_id = $1 and id = $2",
    [workspace_id, request_id],
    "broadcast_body",
  );
  return row?.body ?? null;
}

export async function writeBegun(
  tx: Tx,
  { workspace_id, id }: Ref,
  begun: { version_id: string; snapshot_id: string; recipients: number },
): Promise<void> {
  await tx.query(
    `update broadcast set status = 'in_progress', version_id = $3, snapshot_id = $4, recipients = $5, begun_at = now(),
                          updated_at = now()
      where workspace_id = $1 and id = $2`,
    [workspace_id, id, begun.version_id, begun.snapshot_id, begun.recipients],
  );
}

/** What one page came to. */
export interface PageResult {
  after_id: string;
  page_size: number;
  triggered: number;
  skipped: number;
  failed: number;
  reasons: Record<string, number>;
  problems: RequestProblem[];
}

/** A broadcast names as many recipients in its errors; the counts are of all. */
const MOST_ERRORS = 100;

/** Adds a page to the broadcast, which is locked; returns it as it is then. */
export async function writePage(tx: Tx, broadcast: Broadcast, page: PageResult): Promise<Broadcast> {
  const { workspace_id, id } = broadcast;
  const reasons = { ...broadcast.reasons };
  for (const [code, count] of Object.entries(page.reasons)) reasons[code] = (reasons[code] ?? 0) + count;
  const errors = [...(broadcast.errors ?? []), ...page.problems].slice(0, MOST_ERRORS);
  const now: Broadcast = {
    ...broadcast,
    after_id: page.after_id,
    page_size: page.page_size,
    triggered: broadcast.triggered + page.triggered,
    skipped: broadcast.skipped + page.skipped,
    failed: broadcast.failed + page.failed,
    reasons,
    errors: errors.length === 0 ? null : errors,
  };
  await tx.query(
    `update broadcast set after_id = $3, page_size = $4, triggered = $5, skipped = $6, failed = $7, reasons = $8,
                          errors = $9, updated_at = now()
      where workspace_id = $1 and id = $2`,
    [
      workspace_id,
      id,
      now.after_id,
      now.page_size,
      now.triggered,
      now.skipped,
      now.failed,
      storableJson(reasons),
      now.errors === null ? null : storableJson(now.errors),
    ],
    "broadcast_page",
  );
  return now;
}

/** Ends a broadcast that is locked. */
export async function writeEnd(
  tx: Tx,
  broadcast: Broadcast,
  status: "completed" | "partial_failure" | "failed",
  problems: RequestProblem[] = [],
): Promise<void> {
  const { workspace_id, id, request_id, snapshot_id } = broadcast;
  const errors = [...(broadcast.errors ?? []), ...problems];
  const stored = errors.length === 0 ? null : storableJson(errors);
  await tx.query(
    `update broadcast set status = $3, errors = $4, ended_at = now(), updated_at = now(), wake_at = null
      where workspace_id = $1 and id = $2`,
    [workspace_id, id, status, stored],
  );
  await closeSnapshots(tx, workspace_id, snapshot_id === null ? [] : [snapshot_id]);
  if (status === "completed") return;
  await tx.query(
    `update request set status = $3, errors = $4, updated_at = now()
      where workspace_id = $1 and id = $2 and status = 'accepted'`,
    [workspace_id, request_id, status === "failed" ? "failure" : status, stored],
  );
}
