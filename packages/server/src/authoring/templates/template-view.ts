import { sql } from "kysely";
import { z } from "zod";
import { type Approval, readApprovals } from "../../catalog/approvals.ts";
import { type Channel, CHANNELS } from "../../core/channel.ts";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import { AppError } from "../../errors.ts";
import { templateHash, type TemplateHead } from "./template-draft.ts";
import { selectVariants, type TemplateSource } from "./template-rows.ts";
import { toLiveTemplate } from "../../catalog/live-template.ts";
import { type TemplateSnapshot, type VariantSnapshot } from "../../catalog/template.ts";
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
  /** Draft: never committed. Inactive: a version that is not the live one. Archived: not sent any more. */
  status: z.enum(["draft", "active", "inactive", "archived"]),
  /** From the live version, or the one that is read, like the commit message. */
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

/** What of a template is read: its draft, its live version, or the version of this number. */
export type TemplateAt = Mode | number;

/** Every template of the workspace, with its live version, or the given one, if it has that. */
export function selectTemplates({ db, workspace_id }: TemplateSource, at: TemplateAt = "draft") {
  return db.kysely
    .selectFrom("template as t")
    .leftJoin("template_version as v", (join) =>
      join
        .onRef("v.workspace_id", "=", "t.workspace_id")
        .onRef("v.template_slug", "=", "t.slug")
        // The number of a version is untrusted and may exceed the column's type.
        .on("v.version_no", "=", typeof at === "number" ? sql`${at}::bigint` : sql.ref("t.live_version_no")),
    )
    .where("t.workspace_id", "=", workspace_id)
    .selectAll("t")
    .select([
      "v.snapshot",
      "v.version_no",
      "v.number as version_number",
      "v.hash as live_hash",
      "v.commit_message",
      "v.created_at as committed_at",
      "v.created_by as committed_by",
    ]);
}

export type TemplateRow = Awaited<ReturnType<ReturnType<typeof selectTemplates>["execute"]>>[number];

/** Refuses an unknown slug, an unknown version, and in mode `live` a template that was never committed. */
export async function getTemplateRow(
  source: TemplateSource,
  slug: string,
  at: TemplateAt,
): Promise<TemplateRow> {
  const row = await selectTemplates(source, at).where("t.slug", "=", slug).executeTakeFirst();
  if (row === undefined) throw templateNotFound(slug);
  if (row.snapshot === null) {
    if (at === "live") throw notCommitted("template", slug);
    if (at !== "draft") throw versionNotFound(slug, at);
  }
  return row;
}

export async function getTemplateView(
  source: TemplateSource,
  slug: string,
  at: TemplateAt,
): Promise<TemplateView> {
  const row = await getTemplateRow(source, slug, at);
  const [view] = await viewTemplates(source, [row], at);
  if (view === undefined) throw templateNotFound(slug);
  return view;
}

/** Rows that were never committed are left out, unless their drafts are read. */
export async function viewTemplates(
  source: TemplateSource,
  rows: readonly TemplateRow[],
  at: TemplateAt,
): Promise<TemplateView[]> {
  const slugs = rows.map(({ slug }) => slug);
  const approvals = await readApprovals(source.db, source.workspace_id, slugs);
  const present = (row: TemplateRow, head: TemplateHead, variants: readonly VariantSnapshot[]) =>
    presentTemplate(row, head, variants, at, approvals.get(row.slug) ?? []);
  if (at === "draft") {
    const bySlug = Map.groupBy(await selectVariants(source, slugs), ({ template_slug }) => template_slug);
    return rows.map((row) => present(row, headOf(row), bySlug.get(row.slug) ?? []));
  }
  return rows.flatMap((row) => {
    const live = row.snapshot as TemplateSnapshot | null;
    return live === null ? [] : [present(row, live, live.variants)];
  });
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

export function versionNotFound(slug: string, version_no: number): AppError {
  return new AppError("not_found", `version ${version_no} of template (slug: '${slug}') not found`);
}

function presentTemplate(
  row: TemplateRow,
  head: TemplateHead,
  variants: readonly VariantSnapshot[],
  at: TemplateAt,
  approvals: readonly Approval[],
): TemplateView {
  const live = row.snapshot as TemplateSnapshot | null;
  const { channels } = toLiveTemplate(
    row.slug,
    row.version_no ?? 0,
    live ?? { ...head, variants: [] },
    approvals,
  );
  const { name, description, tags, enabled_channels } = head;
  const isVersion = typeof at === "number";
  return {
    $schema: "https://schema.suprsend.com/template/v2/schema.json",
    slug: row.slug,
    name,
    description,
    tags,
    enabled_channels,
    status: statusOf(row, at),
    version_no: row.version_no,
    hash: at === "draft" ? templateHash(head, variants) : (row.live_hash ?? ""),
    commit_message: row.commit_message,
    created_at: microsZ(row.created_at),
    updated_at: microsZ(isVersion ? (row.committed_at ?? row.updated_at) : row.updated_at),
    active_at: orNull(microsZ, isVersion ? row.committed_at : row.active_at),
    last_triggered_at: orNull(microsZ, row.last_triggered_at),
    updated_by: (isVersion ? row.committed_by : row.updated_by) as Editor | null,
    channels: enabled_channels.map((channel) => ({
      channel,
      is_active: channels.has(channel),
      variants_count: variants.filter((variant) => variant.channel === channel).length,
    })),
  };
}

function statusOf({ archived_at, live_version_no }: TemplateRow, at: TemplateAt): TemplateView["status"] {
  if (archived_at !== null) return "archived";
  if (typeof at === "number" && at !== live_version_no) return "inactive";
  return live_version_no === null ? "draft" : "active";
}
