import { createHash } from "node:crypto";
import { identityName } from "../../core/profile/identity.ts";
import { parseDuration } from "../../core/time/duration.ts";
import { int, type Rows, rowsOf, text, textArray, timestamptz } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { Run } from "../run.ts";

/**
 * Chunks lock a row in any order, not in that of their transaction times: within this limit, the longest duration of a
 * transaction, one chunk's past may be another chunk's future.
 */
const SKEW_MS = 60_000;

/**
 * Throttles a workflow: per recipient at most `count` runs begin within any `sliding_window`. One row per workflow and
 * recipient holds the starts that still count; the row is locked from reading to writing, so the limit is exact however
 * many chunks race. Refused runs do not count. Tenants share a recipient's allowance.
 */
export async function throttle(tx: Tx, runs: Run[]): Promise<Set<Run>> {
  const refused = new Set<Run>();
  const candidates = runs.flatMap((run) => {
    const limit = limitOf(run);
    return limit === null ? [] : [{ run, ...limit, key: recipientKey(run) }];
  });
  if (candidates.length === 0) return refused;
  const rows = await lockRows(
    tx,
    rowsOf("k", candidates, {
      workspace_id: int(({ run }) => run.workspace_id),
      workflow_slug: text(({ run }) => run.workflow.slug),
      recipient_key: text(({ key }) => key),
    }),
  );
  const touched = new Map<string, { run: Run; key: string; starts: number[]; until: number }>();
  for (const { run, key, count, window_ms } of candidates) {
    const id = rowId(run.workspace_id, run.workflow.slug, key);
    const now = run.now.getTime();
    const known = touched.get(id)?.starts ?? rows.get(id) ?? [];
    // A start in the far future comes from before the clock was set back, and does not count. A start that just expired
    // may still count for a chunk with an earlier time that locks the row later.
    const starts = known.filter((at) => at > now - window_ms - SKEW_MS && at <= now + SKEW_MS);
    const counted = starts.filter((at) => at > now - window_ms);
    if (counted.length >= count) refused.add(run);
    else starts.push(now);
    touched.set(id, { run, key, starts, until: now + window_ms });
  }
  await writeRows(tx, [...touched.values()]);
  return refused;
}

function limitOf({ workflow }: Run): { count: number; window_ms: number } | null {
  const { ratelimit } = workflow.definition;
  const window_ms = ratelimit === null ? null : parseDuration(ratelimit.sliding_window);
  return ratelimit === null || window_ms === null || window_ms === 0
    ? null
    : { count: ratelimit.count, window_ms };
}

/** People who are never stored are identified by their addresses. */
function recipientKey({ object_type, distinct_id, inline }: Run): string {
  if (inline?.is_transient !== true) return `${object_type}/${distinct_id}`;
  const addresses = inline.identities.map(identityName).sort();
  return `transient ${createHash("sha256").update(JSON.stringify(addresses)).digest("base64url")}`;
}

const rowId = (workspace_id: number, slug: string, key: string): string => `${workspace_id}/${slug}/${key}`;

/**
 * Inserts missing rows first, so that there is a row to lock; both in key order, so that two chunks do not deadlock.
 */
async function lockRows(tx: Tx, { from, values }: Rows): Promise<Map<string, number[]>> {
  await tx.query(
    `insert into throttle (workspace_id, workflow_slug, recipient_key, starts, until)
     select distinct workspace_id, workflow_slug collate "C", recipient_key collate "C", '{}'::timestamptz[], now()
       from ${from}
      order by 1, 2, 3
     on conflict do nothing`,
    values,
    "throttle_make",
  );
  const rows = await tx.query<{
    workspace_id: number;
    workflow_slug: string;
    recipient_key: string;
    starts: Date[];
  }>(
    `select t.workspace_id, t.workflow_slug, t.recipient_key, t.starts
       from (select distinct * from ${from}) k
       join throttle t on t.workspace_id = k.workspace_id and t.workflow_slug = k.workflow_slug
                      and t.recipient_key = k.recipient_key
      order by t.workspace_id, t.workflow_slug, t.recipient_key for no key update of t`,
    values,
    "throttle_lock",
  );
  return new Map(
    rows.map(({ workspace_id, workflow_slug, recipient_key, starts }) => [
      rowId(workspace_id, workflow_slug, recipient_key),
      starts.map((at) => at.getTime()),
    ]),
  );
}

async function writeRows(
  tx: Tx,
  rows: { run: Run; key: string; starts: number[]; until: number }[],
): Promise<void> {
  const { from, values } = rowsOf("u", rows, {
    workspace_id: int(({ run }) => run.workspace_id),
    workflow_slug: text(({ run }) => run.workflow.slug),
    recipient_key: text(({ key }) => key),
    starts: textArray(({ starts }) => starts.map((at) => new Date(at).toISOString())),
    until: timestamptz(({ until }) => new Date(until)),
  });
  await tx.query(
    `update throttle t set starts = u.starts::timestamptz[], until = u.until
       from ${from}
      where t.workspace_id = u.workspace_id and t.workflow_slug = u.workflow_slug
        and t.recipient_key = u.recipient_key`,
    values,
    "throttle_write",
  );
}
