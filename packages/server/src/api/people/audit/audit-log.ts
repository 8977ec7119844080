import { z } from "zod";
import type { Queryable } from "../../../db/db.ts";
import { cursorMeta, pageFrom, toCursor } from "../../../http/cursor.ts";
import { type AuditRow, selectAudit } from "../../../people/read-audit.ts";
import { instantFilter, listFilter, textFilter, ULID } from "../../filter-values.ts";
import { logPagingQuery } from "../../paging.ts";
import { ownQuery } from "../../management/query.ts";

/** What both lists of changes share: that of a workspace, and that of all. */
export const auditQuery = ownQuery({
  ...logPagingQuery(ULID),
  since: instantFilter.describe("RFC 3339, inclusive."),
  until: instantFilter.describe("RFC 3339, exclusive."),
  actor: textFilter.describe("Part of a name or an address, or an id."),
  action: listFilter.describe("Such as `api_key.generated`; may be repeated."),
  entity: textFilter.describe("`workflow/welcome`, or `workflow` for all of them."),
  request_id: textFilter,
});

const change = z.object({
  path: z.string().describe("A JSON pointer."),
  before: z.unknown().optional().describe("Absent: it was not there."),
  after: z.unknown().optional(),
});

const auditShape = z.object({
  id: z.string(),
  workspace: z.string().nullable().describe("Slug; null: above workspaces."),
  actor: z.object({
    kind: z.string().describe("member, service_token, api_key or system."),
    id: z.string(),
    name: z.string(),
  }),
  action: z.string(),
  entity: z.string().nullable(),
  changes: z
    .array(change)
    .nullable()
    .describe("At most fifty, as the API shows them; null where only that it was changed is recorded."),
  before_hash: z.string().nullable().describe("SHA-256 of what the API showed before."),
  after_hash: z.string().nullable(),
  address: z.string().nullable(),
  request_id: z.string().nullable(),
  created_at: z.string(),
});

export const auditReply = z.object({ meta: cursorMeta, results: z.array(auditShape) });

/** Null as the workspace: all, and what is above them. */
export async function readAuditPage(
  db: Queryable,
  workspace_id: number | null,
  query: z.output<typeof auditQuery>,
): Promise<z.input<typeof auditReply>> {
  const rows = selectAudit(db, {
    workspace_id,
    since: query.since ?? null,
    until: query.until ?? null,
    actor: query.actor || null,
    actions: query.action ?? null,
    entity: query.entity || null,
    request_id: query.request_id || null,
  });
  const page = await pageFrom(rows, "a.id", toCursor(query));
  return { meta: page.meta, results: page.rows.map(presentEntry) };
}

function presentEntry({
  actor_kind,
  actor_id,
  actor_name,
  created_at,
  ...row
}: AuditRow): z.input<typeof auditShape> {
  const { id, workspace, action, entity, changes, before_hash, after_hash, address, request_id } = row;
  return {
    id,
    workspace,
    actor: { kind: actor_kind, id: actor_id, name: actor_name },
    action,
    entity,
    changes,
    before_hash,
    after_hash,
    address,
    request_id,
    created_at: created_at.toISOString(),
  };
}
