import { sql } from "kysely";
import type { Queryable } from "../db/db.ts";
import type { JsonChange } from "../core/people/changes.ts";

/** The record of who changed what, newest first by id. */
export interface AuditFilter {
  /** Null: of all workspaces, and above them. */
  workspace_id: number | null;
  since: Date | null;
  until: Date | null;
  /** Part of a name or an address, or an id. */
  actor: string | null;
  actions: readonly string[] | null;
  /** `<resource>/<id>`, or a resource alone for all of them. */
  entity: string | null;
  request_id: string | null;
}

export interface AuditRow {
  id: string;
  workspace: string | null;
  actor_kind: string;
  actor_id: string;
  actor_name: string;
  action: string;
  entity: string | null;
  changes: JsonChange[] | null;
  before_hash: string | null;
  after_hash: string | null;
  address: string | null;
  request_id: string | null;
  created_at: Date;
}

export function selectAudit(
  db: Queryable,
  { workspace_id, since, until, actor, actions, entity, request_id }: AuditFilter,
) {
  return db.kysely
    .selectFrom("audit as a")
    .leftJoin("workspace", "workspace.workspace_id", "a.workspace_id")
    .select([
      "a.id",
      "workspace.slug as workspace",
      "a.actor_kind",
      "a.actor_id",
      "a.actor_name",
      "a.action",
      "a.entity",
      sql<JsonChange[] | null>`a.changes`.as("changes"),
      "a.before_hash",
      "a.after_hash",
      "a.address",
      "a.request_id",
      "a.created_at",
    ])
    .$if(workspace_id !== null, (select) => select.where("a.workspace_id", "=", workspace_id))
    .$if(since !== null, (select) => select.where("a.created_at", ">=", since ?? new Date(0)))
    .$if(until !== null, (select) => select.where("a.created_at", "<", until ?? new Date(0)))
    .$if(actor !== null, (select) =>
      select.where((eb) =>
        eb.or([
          eb("a.actor_id", "=", actor ?? ""),
          sql<boolean>`strpos(lower(a.actor_name), lower(${actor})) > 0`,
        ]),
      ),
    )
    .$if(actions !== null, (select) => select.where("a.action", "in", actions ?? []))
    .$if(entity !== null, (select) =>
      select.where((eb) =>
        eb.or([eb("a.entity", "=", entity), sql<boolean>`starts_with(a.entity, ${`${entity}/`})`]),
      ),
    )
    .$if(request_id !== null, (select) => select.where("a.request_id", "=", request_id));
}
