import { storableJson } from "../../core/text/text.ts";
import { sql } from "kysely";
import type { Channel } from "../../core/channel.ts";
import type { Tx } from "../../db/db.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { Editor } from "../../catalog/versioned.ts";
import { AppError } from "../../errors.ts";
import { blankContent, type TemplateHead, type TemplateRules } from "./template-draft.ts";
import { headOf, templateNotFound } from "./template-view.ts";

/**
 * Changes to a template's draft. All of them lock the template's row, including those to variants: a commit sees either
 * all of an edit or nothing.
 */
export interface TemplateChange extends Pick<TemplateRules, "channels"> {
  db: Tx;
  workspace_id: number;
  /** Who is shown as the last editor. */
  editor: Editor;
}

type Place = Pick<TemplateChange, "db" | "workspace_id">;

/** Locks the row until the transaction ends. Refuses an archived template. */
export async function lockTemplate(change: Place, slug: string) {
  const row = await lockAnyTemplate(change, slug);
  if (row.archived_at === null) return row;
  throw new AppError("conflict", `template (slug: '${slug}') is archived: clone it to use its content again`);
}

/** The same for an archived one, too. */
export async function lockAnyTemplate({ db, workspace_id }: Place, slug: string) {
  const row = await db.kysely
    .selectFrom("template")
    .selectAll()
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw templateNotFound(slug);
  return row;
}

/**
 * Creates the template, or changes the given properties. A channel that is enabled for the first time gets its
 * `default` variant; one that is disabled keeps its variants.
 */
export async function saveTemplateHead(
  change: TemplateChange,
  slug: string,
  given: Partial<TemplateHead>,
): Promise<void> {
  const { db, workspace_id } = change;
  const created = await db.kysely
    .insertInto("template")
    .values({ workspace_id, slug, name: slug, ...given, updated_by: storableJson(change.editor) })
    .onConflict((conflict) => conflict.doNothing())
    .returning("slug")
    .executeTakeFirst();
  if (created === undefined) {
    const known = headOf(await lockTemplate(change, slug));
    const isSame = Object.entries(given).every(
      ([key, value]) => JSON.stringify(value) === JSON.stringify(known[key as keyof TemplateHead]),
    );
    if (!isSame) await touchTemplate(change, slug, given);
  }
  for (const channel of given.enabled_channels ?? []) await addDefaultVariant(change, slug, channel);
}

/** Takes the template out of use for good. Repeated, it changes nothing. */
export async function archiveTemplate(
  change: Omit<TemplateChange, "channels"> & { catalog: Catalog },
  slug: string,
): Promise<void> {
  const { archived_at } = await lockAnyTemplate(change, slug);
  if (archived_at !== null) return;
  const { db, workspace_id, catalog } = change;
  await db.kysely
    .updateTable("template")
    .set({ archived_at: sql`now()`, updated_at: sql`now()`, updated_by: storableJson(change.editor) })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .execute();
  await catalog.invalidate(db, workspace_id, "template", slug);
}

/** Marks the template as edited now, with the given columns. */
export async function touchTemplate(
  { db, workspace_id, editor }: Omit<TemplateChange, "channels">,
  slug: string,
  columns: Partial<TemplateHead> = {},
): Promise<void> {
  await db.kysely
    .updateTable("template")
    .set({ ...columns, updated_at: sql`now()`, updated_by: storableJson(editor) })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .execute();
}

async function addDefaultVariant(change: TemplateChange, slug: string, channel: Channel): Promise<void> {
  await change.db.kysely
    .insertInto("template_variant")
    .values({
      workspace_id: change.workspace_id,
      template_slug: slug,
      channel,
      id: "default",
      conditions: "[]",
      content: storableJson(blankContent(change.channels, channel)),
      seq_no: 1,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
