import { z } from "zod";
import { type Channel, CHANNELS } from "../../core/channel.ts";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import { AppError } from "../../errors.ts";
import { templateHash, type TemplateHead } from "./template-draft.ts";
import { type DraftVariant, selectVariants, type TemplateSource } from "./template-rows.ts";
import { type TemplateSnapshot, toLiveTemplate, type VariantSnapshot } from "../../catalog/template.ts";
import {
  type Editor,
  editorReply,
  type Mode,
  notCommitted,
  timestampReply,
} from "../../catalog/versioned.ts";

/** Templates as reads show them, without the content of their variants. */
export const templateReply = z.object({
  $schema: z.string().meta({ examples: ["https://schema.suprsend.com/template/v2/schema.json"] }),
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  tags: z.array(z.string()),
  enabled_channels: z.array(z.enum(CHANNELS)),
  /** Draft: never committed. */
  status: z.enum(["draft", "active"]),
  /** From the live version, like the commit message. */
  version_no: z.int().nullable(),
  hash: z.string(),
  commit_message: z.string().nullable(),
  created_at: timestampReply,
  updated_at: timestampReply,
  active_at: timestampReply.nullable(),
  last_triggered_at: timestampReply.nullable(),
  updated_by: editorReply.nullable(),
  channels: z.array(
    z.object({
      channel: z.enum(CHANNELS),
      /** Whether the channel is live. */
      is_active: z.boolean(),
      variants_count: z.int(),
    }),
  ),
});

export type TemplateView = z.input<typeof templateReply>;

/** Every template of the workspace, with its live version if it has one. */
export function selectTemplates({ db, workspace_id }: TemplateSource) {
  return db.kysely
    .selectFrom("template as t")
    .leftJoin("template_version as v", (join) =>
      join
        .onRef("v.workspace_id", "=", "t.workspace_id")
        .onRef("v.template_slug", "=", "t.slug")
        .onRef("v.version_no", "=", "t.live_version_no"),
    )
    .where("t.workspace_id", "=", workspace_id)
    .selectAll("t")
    .select(["v.snapshot", "v.hash as live_hash", "v.commit_message", "v.created_at as committed_at"]);
}

export type TemplateRow = Awaited<ReturnType<ReturnType<typeof selectTemplates>["execute"]>>[number];

/** Refuses an unknown slug, and in mode `live` also one that was never committed. */
export async function getTemplateRow(source: TemplateSource, slug: string, mode: Mode): Promise<TemplateRow> {
  const row = await selectTemplates(source).where("t.slug", "=", slug).executeTakeFirst();
  if (row === undefined) throw templateNotFound(slug);
  if (mode === "live" && row.snapshot === null) throw notCommitted("template", slug);
  return row;
}

export async function getTemplateView(
  source: TemplateSource,
  slug: string,
  mode: Mode,
): Promise<TemplateView> {
  const row = await getTemplateRow(source, slug, mode);
  const [view] = await viewTemplates(source, [row], mode);
  if (view === undefined) throw templateNotFound(slug);
  return view;
}

/** In mode `live`, rows that were never committed are left out. */
export async function viewTemplates(
  source: TemplateSource,
  rows: readonly TemplateRow[],
  mode: Mode,
): Promise<TemplateView[]> {
  if (mode === "live") {
    return rows.flatMap((row) => {
      const live = row.snapshot as TemplateSnapshot | null;
      return live === null ? [] : [presentTemplate(row, live, live.variants, row.live_hash)];
    });
  }
  const slugs = rows.map(({ slug }) => slug);
  const bySlug = Map.groupBy(await selectVariants(source, slugs), ({ template_slug }) => template_slug);
  return rows.map((row) => presentTemplate(row, headOf(row), bySlug.get(row.slug) ?? [], null));
}

/** The columns of a template's row that a commit copies. */
export function headOf(row: {
  name: string;
  description: string | null;
  tags: string[];
  enabled_channels: string[];
}) {
  const { name, description, tags, enabled_channels } = row;
  return { name, description, tags, enabled_channels: enabled_channels as Channel[] } satisfies TemplateHead;
}

export function templateNotFound(slug: string): AppError {
  return new AppError("not_found", `template (slug: '${slug}') not found`);
}

function presentTemplate(
  row: TemplateRow,
  head: TemplateHead,
  variants: readonly (VariantSnapshot | DraftVariant)[],
  hash: string | null,
): TemplateView {
  const live = row.snapshot as TemplateSnapshot | null;
  const { channels } = toLiveTemplate(row.slug, 0, live ?? { ...head, variants: [] });
  const { name, description, tags, enabled_channels } = head;
  return {
    $schema: "https://schema.suprsend.com/template/v2/schema.json",
    slug: row.slug,
    name,
    description,
    tags,
    enabled_channels,
    status: live === null ? "draft" : "active",
    version_no: row.live_version_no,
    hash: hash ?? templateHash(head, variants),
    commit_message: row.commit_message,
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
    active_at: orNull(microsZ, row.active_at),
    last_triggered_at: orNull(microsZ, row.last_triggered_at),
    updated_by: row.updated_by as Editor | null,
    channels: enabled_channels.map((channel) => ({
      channel,
      is_active: channels.has(channel),
      variants_count: variants.filter((variant) => variant.channel === channel).length,
    })),
  };
}
