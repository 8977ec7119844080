import { type ExpressionBuilder, type ExpressionWrapper, sql, type SqlBool } from "kysely";
import type { Queryable } from "../../../db/db.ts";
import type { Tables } from "../../../db/tables.gen.ts";
import type { Slice } from "../../../http/cursor.ts";
import type { MessageRow } from "./present-message.ts";

export type MessageTables = Tables & { m: Tables["message"] };

/** The page is cut from the messages alone; names are joined only to the remaining rows. */
export function readMessages(
  db: Queryable,
  matches: (eb: ExpressionBuilder<MessageTables, "m">) => ExpressionWrapper<MessageTables, "m", SqlBool>,
  { older_than, newer_than, order, limit }: Slice,
  include_content: boolean,
): Promise<MessageRow[]> {
  return db.kysely
    .selectFrom((eb) =>
      eb
        .selectFrom("message as m")
        .selectAll()
        .where(matches)
        .$if(older_than !== null, (select) => select.where("m.id", "<", older_than ?? ""))
        .$if(newer_than !== null, (select) => select.where("m.id", ">", newer_than ?? ""))
        .orderBy("m.id", order)
        .limit(limit)
        .as("m"),
    )
    .leftJoin("run as r", (join) =>
      join.onRef("r.workspace_id", "=", "m.workspace_id").onRef("r.id", "=", "m.execution_id"),
    )
    .leftJoin("workflow_version as v", (join) =>
      join.onRef("v.workspace_id", "=", "m.workspace_id").onRef("v.id", "=", "m.version_id"),
    )
    .leftJoin("template as t", (join) =>
      join.onRef("t.workspace_id", "=", "m.workspace_id").onRef("t.slug", "=", "m.template_slug"),
    )
    .leftJoin("vendor_config as c", (join) =>
      join.onRef("c.workspace_id", "=", "m.workspace_id").onRef("c.id", "=", "m.vendor_config_id"),
    )
    .select([
      "m.id",
      "m.execution_id",
      "m.broadcast_id",
      "r.parent_run_id",
      "m.workflow_slug",
      "m.version_id",
      sql<string | null>`v.definition ->> 'name'`.as("workflow_name"),
      "m.node_ref",
      "m.template_slug",
      "t.name as template_name",
      "m.template_version_no",
      "m.variant_id",
      "m.category",
      "m.tenant_id",
      "m.object_type",
      "m.distinct_id",
      "m.parent_object",
      "m.channel",
      "m.channel_value",
      "m.webhook_data",
      "m.vendor_slug",
      "c.nickname as vendor_nickname",
      "m.status",
      "m.failure_reason",
      "m.idempotency_key",
      "m.is_read",
      "m.is_archived",
      "m.created_at",
      "m.updated_at",
      "m.triggered_at",
      "m.delivered_at",
      "m.seen_at",
      "m.clicked_at",
      "m.dismissed_at",
      "m.read_at",
      "m.unread_at",
      "m.archived_at",
      "m.unarchived_at",
      "m.smart_step",
      "m.success_metric",
      "m.success_achieved_at",
      "m.wait_time_in_seconds",
    ])
    .$if(include_content, (select) => select.select("m.content"))
    .orderBy("m.id", order)
    .execute();
}
