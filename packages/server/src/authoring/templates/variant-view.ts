import { z } from "zod";
import { type Approval, approvalStatus, findApproval, readApprovals } from "../../catalog/approvals.ts";
import { APPROVAL_STATUSES } from "../../core/approval.ts";
import { type Channel, CHANNELS } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import { AppError } from "../../errors.ts";
import { type TemplateRules, variantErrors, type VariantKey } from "./template-draft.ts";
import { type DraftVariant, selectVariants, type TemplateSource } from "./template-rows.ts";
import { getTemplateRow, type TemplateAt, type TemplateRow } from "./template-view.ts";
import type { TemplateSnapshot } from "../../catalog/template.ts";
import { timestampReply } from "../../catalog/versioned.ts";

/** For the reference: what an SMS has before it is rendered. */
export const DRAFT_CONTENT_EXAMPLE = { type: "basic", body: "Order {{order_id}} is on its way." };

/** Variants as reads show them: from the draft or from the live version. */
export const variantReply = z.object({
  $schema: z.string().meta({ examples: ["https://schema.suprsend.com/template/v2/variant_schema.json"] }),
  channel: z.enum(CHANNELS),
  id: z.string(),
  tenant_id: z.string().nullable(),
  locale: z.string(),
  conditions: z.array(z.unknown()),
  hash: z.string(),
  needs_vendor_approval: z.boolean(),
  /** The name that a vendor sees; null if no approval is needed. */
  sysgen_template_name: z.string().nullable(),
  approval_status: z.enum(APPROVAL_STATUSES),
  discard_comment: z.string().nullable(),
  approval_at: timestampReply.nullable(),
  /** Lists omit `content`, `errors` and `vendor_approvals` unless asked to include them. */
  content: z
    .record(z.string(), z.unknown())
    .meta({ examples: [DRAFT_CONTENT_EXAMPLE] })
    .optional(),
  /** Dotted path into the content to what prevents a commit. */
  errors: z.record(z.string(), z.array(z.string())).optional(),
  vendor_approvals: z.array(z.record(z.string(), z.unknown())).optional(),
  has_error: z.boolean(),
  seq_no: z.int(),
  /** A draft: what a commit would do with it, null before the first. A version: what its commit did with it. */
  action: z.enum(["Added", "Updated", "Unchanged"]).nullable(),
  created_at: timestampReply,
});

export type VariantView = z.input<typeof variantReply>;

export type VariantSource = TemplateSource & TemplateRules;

export interface VariantFilter {
  channel?: Channel;
  id?: string;
}

/**
 * A page of the variants of one template, in order, and how many there are. Only those of the page are checked, which
 * compiles their content. Refuses an unknown template or version.
 */
export async function viewVariants(
  source: VariantSource,
  slug: string,
  at: TemplateAt,
  { channel, id }: VariantFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ count: number; variants: Required<VariantView>[] }> {
  const row = await getTemplateRow(source, slug, at);
  const draft = await selectVariants(source, [slug]);
  const shown = at === "draft" ? draft : committedVariants(row, draft);
  const before = at === "draft" ? snapshotOf(row) : await snapshotBefore(source, row);
  const approvals = (await readApprovals(source.db, source.workspace_id, [slug])).get(slug) ?? [];
  const next_version_no = await nextVersionNo(source, slug);
  const matching = shown
    .filter((variant) => channel === undefined || variant.channel === channel)
    .filter((variant) => id === undefined || variant.id === id);
  const about = { row, before, approvals, version_no: at === "draft" ? next_version_no : row.version_no };
  return {
    count: matching.length,
    variants: matching.slice(offset, offset + limit).map((variant) => presentVariant(source, variant, about)),
  };
}

export async function getVariantView(
  source: VariantSource,
  slug: string,
  key: VariantKey,
  at: TemplateAt,
): Promise<Required<VariantView>> {
  const { variants } = await viewVariants(source, slug, at, key, { limit: 1, offset: 0 });
  const [view] = variants;
  if (view === undefined) throw variantNotFound(key);
  return view;
}

export function withoutContent({
  content: _content,
  errors: _errors,
  vendor_approvals: _approvals,
  ...view
}: VariantView): VariantView {
  return view;
}

export function variantNotFound({ channel, id }: VariantKey): AppError {
  return new AppError("not_found", `variant (channel: '${channel}', id: '${id}') not found`);
}

function snapshotOf({ snapshot }: TemplateRow): TemplateSnapshot | null {
  return snapshot as TemplateSnapshot | null;
}

/** The version before the one that is read; a template without variants where that was the first. */
async function snapshotBefore(
  { db, workspace_id }: TemplateSource,
  { slug, version_no }: TemplateRow,
): Promise<Pick<TemplateSnapshot, "variants">> {
  const before = await db.kysely
    .selectFrom("template_version")
    .select("snapshot")
    .where("workspace_id", "=", workspace_id)
    .where("template_slug", "=", slug)
    .where("version_no", "<", version_no)
    .orderBy("version_no", "desc")
    .limit(1)
    .executeTakeFirst();
  return (before?.snapshot ?? { variants: [] }) as Pick<TemplateSnapshot, "variants">;
}

/** The number that the next commit gets: numbers go on after a rollback. */
export async function nextVersionNo({ db, workspace_id }: TemplateSource, slug: string): Promise<number> {
  const { last } = await db.kysely
    .selectFrom("template_version")
    .select(({ fn }) => fn.max("version_no").as("last"))
    .where("workspace_id", "=", workspace_id)
    .where("template_slug", "=", slug)
    .executeTakeFirstOrThrow();
  return (last ?? 0) + 1;
}

function committedVariants(row: TemplateRow, draft: readonly DraftVariant[]): DraftVariant[] {
  return (snapshotOf(row)?.variants ?? []).map((variant) => {
    const origin = draft.find(({ channel, id }) => channel === variant.channel && id === variant.id);
    return {
      ...variant,
      template_slug: row.slug,
      created_at: origin?.created_at ?? row.committed_at ?? row.created_at,
    };
  });
}

interface About {
  row: TemplateRow;
  before: Pick<TemplateSnapshot, "variants"> | null;
  approvals: readonly Approval[];
  /** Of the version that the variant is in, or that a commit would put it in. */
  version_no: number | null;
}

function presentVariant(
  rules: TemplateRules,
  variant: DraftVariant,
  { row, before, approvals, version_no }: About,
): Required<VariantView> {
  const errors = variantErrors(rules, variant);
  const approval = findApproval(approvals, variant);
  const approval_status = approvalStatus(variant, approval);
  const approval_at = approval_status === "auto_approved" ? variant.created_at : approval?.approved_at;
  return {
    $schema: "https://schema.suprsend.com/template/v2/variant_schema.json",
    channel: variant.channel,
    id: variant.id,
    tenant_id: variant.tenant_id,
    locale: variant.locale,
    conditions: variant.conditions,
    hash: variant.hash,
    needs_vendor_approval: variant.needs_vendor_approval,
    sysgen_template_name: variant.needs_vendor_approval
      ? sysgenName(row.slug, variant.locale, approval?.version_nos[0] ?? version_no ?? 1)
      : null,
    approval_status,
    discard_comment: approval?.discard_comment ?? null,
    approval_at: orNull(microsZ, approval_at ?? null),
    content: variant.content,
    errors,
    vendor_approvals: (approval?.vendor_approvals ?? []) as unknown as JsonObject[],
    has_error: Object.keys(errors).length > 0,
    seq_no: variant.seq_no,
    action: before === null ? null : actionOf(before, variant),
    created_at: microsZ(variant.created_at),
  };
}

/** The name under which a content is sent for approval; it stays the same in later versions that have that content. */
export function sysgenName(slug: string, locale: string, version_no: number): string {
  return `${slug}_${locale}_v${version_no}`.toLowerCase().replaceAll(/[^a-z0-9]/g, "_");
}

function actionOf(
  { variants }: Pick<TemplateSnapshot, "variants">,
  variant: DraftVariant,
): VariantView["action"] {
  const before = variants.find(({ channel, id }) => channel === variant.channel && id === variant.id);
  if (before === undefined) return "Added";
  return before.hash === variant.hash ? "Unchanged" : "Updated";
}
