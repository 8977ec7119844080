import { sql } from "kysely";
import { z } from "zod";
import type { Catalog } from "../../catalog/catalog.ts";
import { type Editor, editorReply, timestampReply } from "../../catalog/versioned.ts";
import { storableJson } from "../../core/text/text.ts";
import { microsZ } from "../../core/time/wire-time.ts";
import { countRows } from "../../db/count-rows.ts";
import { lockTemplate, type TemplateChange } from "./template-change.ts";
import type { TemplateSource } from "./template-rows.ts";
import { getTemplateRow } from "./template-view.ts";

/** The committed versions of a template. They never change; which one is live does. */
export const templateVersionReply = z.object({
  version_no: z.int(),
  hash: z.string(),
  commit_message: z.string().nullable(),
  created_at: timestampReply,
  created_by: editorReply.nullable(),
  is_live: z.boolean(),
});

/** Most recent first. Refuses an unknown template. */
export async function listTemplateVersions(
  source: TemplateSource,
  slug: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ count: number; versions: z.input<typeof templateVersionReply>[] }> {
  const { live_version_no } = await getTemplateRow(source, slug, "draft");
  const versions = source.db.kysely
    .selectFrom("template_version")
    .where("workspace_id", "=", source.workspace_id)
    .where("template_slug", "=", slug);
  const count = await countRows(versions);
  const rows = await versions
    .select(["version_no", "hash", "commit_message", "created_at", "created_by"])
    .orderBy("version_no", "desc")
    .limit(limit)
    .offset(offset)
    .execute();
  return {
    count,
    versions: rows.map((row) => ({
      ...row,
      created_at: microsZ(row.created_at),
      created_by: row.created_by as Editor | null,
      is_live: row.version_no === live_version_no,
    })),
  };
}

/** Moves the pointer to what is live: later versions stay, and so does the draft. Refuses an unknown version. */
export async function rollbackTemplate(
  change: TemplateChange & { catalog: Catalog },
  slug: string,
  version_no: number,
): Promise<void> {
  const { db, workspace_id, catalog } = change;
  const { live_version_no } = await lockTemplate(change, slug);
  await getTemplateRow(change, slug, version_no);
  if (live_version_no === version_no) return;
  await db.kysely
    .updateTable("template")
    .set({
      live_version_no: version_no,
      active_at: sql`now()`,
      updated_at: sql`now()`,
      updated_by: storableJson(change.editor),
    })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .execute();
  await catalog.invalidate(db, workspace_id, "template", slug);
}
