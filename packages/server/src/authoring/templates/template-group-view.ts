import { createHash } from "node:crypto";
import { sql } from "kysely";
import { z } from "zod";
import { type Approval, approvalStatus, findApproval, readApprovals } from "../../catalog/approvals.ts";
import { toLiveTemplate } from "../../catalog/live-template.ts";
import type { TemplateSnapshot, VariantSnapshot } from "../../catalog/template.ts";
import { type Editor, editorReply, timestampReply } from "../../catalog/versioned.ts";
import type { ApprovalStatus } from "../../core/approval.ts";
import { type Channel, CHANNEL_TRAITS, CHANNELS } from "../../core/channel.ts";
import { localeName } from "../../core/text/locale.ts";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import { countRows } from "../../db/count-rows.ts";
import { AppError } from "../../errors.ts";
import { type DraftVariant, selectVariants, type TemplateSource } from "./template-rows.ts";
import { headOf, selectTemplates, type TemplateRow } from "./template-view.ts";

/**
 * Templates as the older API reads them: a group with channels, whose versions have one template for each language. A
 * projection: a language is the first variant of it that fits any tenant without conditions, which is what every recipient
 * of that language gets who is in no narrower case. Source: templates.md 3.
 */
const languageReply = z.object({ name: z.string(), slug: z.string() });

const languageTemplateReply = z.object({
  id: z.int(),
  language: languageReply,
  is_enabled: z.boolean(),
  approval_status: z.enum(["auto_approved", "pending", "approved", "rejected"]),
  content: z.record(z.string(), z.unknown()),
  created_at: timestampReply,
  updated_at: timestampReply,
  updated_by: editorReply.nullable(),
  approval_cycle: z.null(),
  is_approval_needed: z.boolean(),
  is_cloned_from_last_version: z.boolean(),
});

const channelVersionReply = z.object({
  id: z.int(),
  /** Archived: committed, and not live any more. */
  status: z.enum(["active", "archived"]),
  version_tag: z.string(),
  version_tag_user: z.string(),
  created_at: timestampReply,
  updated_at: timestampReply,
  updated_by: editorReply.nullable(),
  published_languages: z.array(z.string()),
  apparent_published_languages: z.array(z.string()),
  system_approval_info: z.object({}),
  templates: z.array(languageTemplateReply),
});

export const templateChannelReply = z.object({
  id: z.int(),
  channel: z.object({ name: z.string(), slug: z.enum(CHANNELS), is_template_approval_needed: z.boolean() }),
  /** It has something to send. */
  is_active: z.boolean(),
  is_enabled: z.boolean(),
  created_at: timestampReply,
  updated_at: timestampReply,
  disabled_languages: z.array(z.string()),
  /** Empty where channels are read together. */
  versions: z.array(channelVersionReply),
});

export const templateGroupReply = z.object({
  id: z.int(),
  name: z.string(),
  slug: z.string(),
  description: z.string().nullable(),
  is_active: z.boolean(),
  default_language: languageReply,
  created_at: timestampReply,
  updated_at: timestampReply,
  updated_by: editorReply.nullable(),
  last_triggered_at: timestampReply.nullable(),
  is_auto_translate_enabled: z.boolean(),
  enabled_languages: z.array(z.string()),
  channels: z.array(templateChannelReply),
  tags: z.array(z.object({ id: z.string(), name: z.string() })),
});

type GroupView = z.input<typeof templateGroupReply>;
type ChannelView = z.input<typeof templateChannelReply>;

export interface GroupFilter {
  /** Ids of tags, one of which a template must have. */
  tag_ids: readonly string[] | undefined;
  channels: readonly string[] | undefined;
  is_active: boolean | undefined;
  is_archived: boolean;
}

/** Channels have numbers of their own in a template and in its versions, below this. */
const CHANNEL_NUMBERS = 16;
/** So have the languages of a channel's version. */
const LANGUAGE_NUMBERS = 1000;
/** Each has the content of all its languages. */
const MAX_VERSIONS = 100;

export async function listTemplateGroups(
  source: TemplateSource,
  filter: GroupFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ count: number; groups: GroupView[] }> {
  let matching = selectTemplates(source).where("t.archived_at", filter.is_archived ? "is not" : "is", null);
  if (filter.is_active !== undefined) {
    matching = matching.where("t.live_version_no", filter.is_active ? "is not" : "is", null);
  }
  if (filter.channels !== undefined) {
    matching = matching.where(sql<boolean>`t.enabled_channels && ${filter.channels}::text[]`);
  }
  if (filter.tag_ids !== undefined) {
    const names = await tagsWithIds(source, filter.tag_ids);
    matching = matching.where(sql<boolean>`t.tags && ${names}::text[]`);
  }
  const count = await countRows(matching);
  const rows = await matching
    .orderBy("t.updated_at", "desc")
    .orderBy("t.slug")
    .limit(limit)
    .offset(offset)
    .execute();
  return { count, groups: await presentGroups(source, rows) };
}

/** Refuses an unknown slug in the words of that API. */
export async function getTemplateGroup(source: TemplateSource, slug: string): Promise<GroupView> {
  const [group] = await presentGroups(source, [await getRow(source, slug)]);
  if (group === undefined) throw missing("TemplateGroup");
  return group;
}

/** With the committed versions that have the channel, the latest first; no more than a hundred. */
export async function getTemplateChannel(
  source: TemplateSource,
  slug: string,
  channel: string,
): Promise<ChannelView> {
  const row = await getRow(source, slug);
  const variants = await selectVariants(source, [slug]);
  const approvals = (await readApprovals(source.db, source.workspace_id, [slug])).get(slug) ?? [];
  const view = presentChannels(row, variants, approvals).find((one) => one.channel.slug === channel);
  if (view === undefined) throw missing("TemplateChannel");
  const versions = await source.db.kysely
    .selectFrom("template_version")
    .selectAll()
    .where("workspace_id", "=", source.workspace_id)
    .where("template_slug", "=", slug)
    .orderBy("version_no", "desc")
    .limit(MAX_VERSIONS + 1)
    .execute();
  const shown = versions.slice(0, MAX_VERSIONS).flatMap((version, index) => {
    const before = versions[index + 1]?.snapshot as TemplateSnapshot | undefined;
    return presentVersion(row, version, before, view.channel.slug, approvals);
  });
  return { ...view, versions: shown };
}

async function getRow(source: TemplateSource, slug: string): Promise<TemplateRow> {
  const row = await selectTemplates(source).where("t.slug", "=", slug).executeTakeFirst();
  if (row === undefined) throw missing("TemplateGroup");
  return row;
}

function missing(model: "TemplateGroup" | "TemplateChannel"): AppError {
  return new AppError("does_not_exist", `${model} matching query does not exist.`);
}

async function tagsWithIds({ db, workspace_id }: TemplateSource, ids: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ tag: string }>(
    "select distinct unnest(tags) as tag from template where workspace_id = $1",
    [workspace_id],
  );
  return rows.map(({ tag }) => tag).filter((tag) => ids.includes(tagId(tag)));
}

/** Tags are texts; their ids there have the form of a ULID. */
function tagId(name: string): string {
  const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const bytes = createHash("sha256").update(name).digest();
  // The first digit of a ULID is at most 7.
  return [...bytes.subarray(0, 26)].map((byte, index) => digits[index === 0 ? byte % 8 : byte % 32]).join("");
}

async function presentGroups(source: TemplateSource, rows: readonly TemplateRow[]): Promise<GroupView[]> {
  const slugs = rows.map(({ slug }) => slug);
  const variants = Map.groupBy(await selectVariants(source, slugs), ({ template_slug }) => template_slug);
  const approvals = await readApprovals(source.db, source.workspace_id, slugs);
  return rows.map((row) => presentGroup(row, variants.get(row.slug) ?? [], approvals.get(row.slug) ?? []));
}

function presentGroup(
  row: TemplateRow,
  variants: readonly DraftVariant[],
  approvals: readonly Approval[],
): GroupView {
  const { name, description, tags } = headOf(row);
  const locales = variants.filter(isForEverybody).map(({ locale }) => locale);
  return {
    id: row.number,
    name,
    slug: row.slug,
    description,
    is_active: row.live_version_no !== null && row.archived_at === null,
    default_language: languageOf(variants.find(({ id }) => id === "default")?.locale ?? "en"),
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
    updated_by: row.updated_by as Editor | null,
    last_triggered_at: orNull(microsZ, row.last_triggered_at),
    is_auto_translate_enabled: false,
    enabled_languages: [...new Set(locales)],
    channels: presentChannels(row, variants, approvals),
    tags: tags.map((tag) => ({ id: tagId(tag), name: tag })),
  };
}

/** Those that are enabled, and those whose content is kept. */
function presentChannels(
  row: TemplateRow,
  variants: readonly DraftVariant[],
  approvals: readonly Approval[],
): ChannelView[] {
  const { enabled_channels } = headOf(row);
  const snapshot = row.snapshot as TemplateSnapshot | null;
  const live =
    snapshot === null || row.archived_at !== null
      ? null
      : toLiveTemplate(row.slug, row.version_no ?? 0, snapshot, approvals);
  return CHANNELS.flatMap((channel, index): ChannelView[] => {
    const own = variants.filter((variant) => variant.channel === channel);
    const is_enabled = enabled_channels.includes(channel);
    if (own.length === 0 && !is_enabled) return [];
    const { label, approval } = CHANNEL_TRAITS[channel];
    return [
      {
        id: row.number * CHANNEL_NUMBERS + index,
        channel: { name: label, slug: channel, is_template_approval_needed: approval === "always" },
        is_active: live?.channels.has(channel) ?? false,
        is_enabled,
        created_at: microsZ(own[0]?.created_at ?? row.created_at),
        updated_at: microsZ(row.updated_at),
        disabled_languages: [],
        versions: [],
      },
    ];
  });
}

interface VersionRow {
  number: number;
  version_no: number;
  snapshot: unknown;
  created_at: Date;
  created_by: unknown;
}

function presentVersion(
  row: TemplateRow,
  version: VersionRow,
  before: TemplateSnapshot | undefined,
  channel: Channel,
  approvals: readonly Approval[],
): ChannelView["versions"] {
  const { variants } = version.snapshot as TemplateSnapshot;
  const languages = languagesIn(variants, channel);
  if (languages.length === 0) return [];
  const id = version.number * CHANNEL_NUMBERS + CHANNELS.indexOf(channel);
  const at = microsZ(version.created_at);
  const by = version.created_by as Editor | null;
  const locales = languages.map(({ locale }) => locale);
  const earlier = new Set(before?.variants.map(({ hash }) => hash));
  const isLive = version.version_no === row.live_version_no && row.archived_at === null;
  return [
    {
      id,
      status: isLive ? "active" : "archived",
      version_tag: String(version.version_no),
      version_tag_user: `v${version.version_no}`,
      created_at: at,
      updated_at: at,
      updated_by: by,
      published_languages: locales,
      apparent_published_languages: locales,
      system_approval_info: {},
      templates: languages.map((variant, index) => ({
        id: id * LANGUAGE_NUMBERS + index,
        language: languageOf(variant.locale),
        is_enabled: true,
        approval_status: STATUSES[approvalStatus(variant, findApproval(approvals, variant))],
        content: variant.content,
        created_at: at,
        updated_at: at,
        updated_by: by,
        approval_cycle: null,
        is_approval_needed: variant.needs_vendor_approval,
        is_cloned_from_last_version: earlier.has(variant.hash),
      })),
    },
  ];
}

/** The first of each language. */
function languagesIn(variants: readonly VariantSnapshot[], channel: Channel): VariantSnapshot[] {
  const own = variants.filter((variant) => variant.channel === channel && isForEverybody(variant));
  return own.filter((variant, index) => own.findIndex(({ locale }) => locale === variant.locale) === index);
}

function isForEverybody({ tenant_id, conditions }: VariantSnapshot): boolean {
  return tenant_id === null && conditions.length === 0;
}

function languageOf(locale: string): z.input<typeof languageReply> {
  return { name: localeName(locale), slug: locale };
}

const STATUSES: Record<ApprovalStatus, z.input<typeof languageTemplateReply>["approval_status"]> = {
  auto_approved: "auto_approved",
  pending: "pending",
  sent_for_approval: "pending",
  approved: "approved",
  rejected: "rejected",
  upload_failed: "pending",
  discarded: "rejected",
};
