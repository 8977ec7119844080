import { needsApproval } from "../../core/approval.ts";
import type { Channel } from "../../core/channel.ts";
import type { Condition } from "../../core/conditions/conditions.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Queryable } from "../../db/db.ts";
import { inOrder, variantHash } from "./template-draft.ts";
import type { VariantSnapshot } from "../../catalog/template.ts";

/** The stored drafts of templates, with types for their JSON columns. */
export interface TemplateSource {
  db: Queryable;
  workspace_id: number;
}

export interface DraftVariant extends VariantSnapshot {
  template_slug: string;
  created_at: Date;
}

/** The draft variants of several templates, those of each template in order. */
export async function selectVariants(
  { db, workspace_id }: TemplateSource,
  slugs: readonly string[],
): Promise<DraftVariant[]> {
  if (slugs.length === 0) return [];
  const rows = await db.kysely
    .selectFrom("template_variant")
    .selectAll()
    .where("workspace_id", "=", workspace_id)
    .where("template_slug", "in", slugs)
    .execute();
  const variants = rows.map((row) => {
    const channel = row.channel as Channel;
    const fields = {
      channel,
      id: row.id,
      tenant_id: row.tenant_id,
      locale: row.locale,
      conditions: row.conditions as Condition[],
      content: row.content as JsonObject,
      needs_vendor_approval: needsApproval(channel, row.needs_vendor_approval),
    };
    return {
      template_slug: row.template_slug,
      ...fields,
      seq_no: row.seq_no,
      hash: variantHash(fields),
      created_at: row.created_at,
    };
  });
  return inOrder(variants);
}
