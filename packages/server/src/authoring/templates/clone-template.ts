import { storableJson } from "../../core/text/text.ts";
import { AppError } from "../../errors.ts";
import { lockAnyTemplate, type TemplateChange } from "./template-change.ts";
import { selectVariants } from "./template-rows.ts";
import { headOf } from "./template-view.ts";

export interface CloneTarget {
  workspace_id: number;
  slug: string;
  /** Null: the original's. */
  name: string | null;
}

/** Copies what is edited: the draft, its variants and its mock data. Refuses a slug that is taken. */
export async function cloneTemplate(
  source: Pick<TemplateChange, "db" | "workspace_id" | "editor">,
  slug: string,
  target: CloneTarget,
): Promise<void> {
  const original = await lockAnyTemplate(source, slug);
  const variants = await selectVariants(source, [slug]);
  const { name, ...head } = headOf(original);
  const { kysely } = source.db;
  const created = await kysely
    .insertInto("template")
    .values({
      workspace_id: target.workspace_id,
      slug: target.slug,
      name: target.name ?? name,
      ...head,
      mock_data: original.mock_data === null ? null : storableJson(original.mock_data),
      updated_by: storableJson(source.editor),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("slug")
    .executeTakeFirst();
  if (created === undefined) {
    throw new AppError("conflict", `template (slug: '${target.slug}') exists already: choose another slug`);
  }
  if (variants.length === 0) return;
  await kysely
    .insertInto("template_variant")
    .values(
      variants.map(
        ({ channel, id, tenant_id, locale, conditions, content, needs_vendor_approval, seq_no }) => ({
          workspace_id: target.workspace_id,
          template_slug: target.slug,
          channel,
          id,
          tenant_id,
          locale,
          conditions: storableJson(conditions),
          content: storableJson(content),
          needs_vendor_approval,
          seq_no,
        }),
      ),
    )
    .execute();
}
