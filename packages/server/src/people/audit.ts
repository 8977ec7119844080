import type { JsonChange } from "../core/people/changes.ts";
import { storableJson } from "../core/text/text.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";

/** The rows that say who changed what, through any door. They are written by the transaction that makes the change. */
export interface AuditEntry {
  /** Null: above workspaces. */
  workspace_id: number | null;
  actor: { kind: "member" | "service_token" | "api_key" | "system"; id: string; name: string };
  /** `<resource>.<what was done>`, as platform.md 9 has it where it has it. */
  action: string;
  /** `<resource>/<id>` */
  entity: string | null;
  changes?: readonly JsonChange[] | null;
  before_hash?: string | null;
  after_hash?: string | null;
  address: string | null;
  request_id: string | null;
}

export async function recordAudit(db: Queryable, ids: IdSource, entry: AuditEntry): Promise<void> {
  const { actor, changes, before_hash, after_hash } = entry;
  await db.query(
    `insert into audit (id, workspace_id, actor_kind, actor_id, actor_name, action, entity, changes, before_hash, after_hash, address, request_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      ids.ulid(),
      entry.workspace_id,
      actor.kind,
      actor.id,
      actor.name,
      entry.action,
      entry.entity,
      changes === undefined || changes === null ? null : storableJson(changes),
      before_hash ?? null,
      after_hash ?? null,
      entry.address,
      entry.request_id,
    ],
  );
}
