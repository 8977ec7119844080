import { z } from "zod";
import { type Channel, CHANNELS } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import { AppError } from "../../errors.ts";
import { type TemplateRules, variantErrors, type VariantKey } from "./template-draft.ts";
import { type DraftVariant, selectVariants, type TemplateSource } from "./template-rows.ts";
import { getTemplateRow, type TemplateRow } from "./template-view.ts";
import type { TemplateSnapshot } from "../../catalog/template.ts";
import { type Mode, timestampReply } from "../../catalog/versioned.ts";

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
  approval_status: z.enum(["auto_approved", "pending", "sent_for_approval", "approved", "rejected"]),
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
  /** A draft: what a commit would do with it, null before the first. Live: what the latest commit did with it. */
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
 * compiles their content. Refuses an unknown template.
 */
export async function viewVariants(
  source: VariantSource,
  slug: string,
  mode: Mode,
  { channel, id }: VariantFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ count: number; variants: Required<VariantView>[] }> {
  const row = await getTemplateRow(source, slug, mode);
  const draft = await selectVariants(source, [slug]);
  const shown = mode === "draft" ? draft : liveVariants(row, draft);
  const before = mode === "draft" ? liveSnapshot(row) : await snapshotBeforeLive(source, row);
  const matching = shown
    .filter((variant) => channel === undefined || variant.channel === channel)
    .filter((variant) => id === undefined || variant.id === id);
  return {
    count: matching.length,
    variants: matching
      .slice(offset, offset + limit)
      .map((variant) => presentVariant(source, row, variant, mode, before)),
  };
}

export async function getVariantView(
  source: VariantSource,
  slug: string,
  key: VariantKey,
  mode: Mode,
): Promise<VariantView> {
  const { variants } = await viewVariants(source, slug, mode, key, { limit: 1, offset: 0 });
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

function liveSnapshot({ snapshot }: TemplateRow): TemplateSnapshot | null {
  return snapshot as TemplateSnapshot | null;
}

/** What was live before the latest commit; a template without variants where that was the first. */
async function snapshotBeforeLive(
  { db, workspace_id }: TemplateSource,
  { slug, live_version_no }: TemplateRow,
): Promise<Pick<TemplateSnapshot, "variants">> {
  const before = await db.kysely
    .selectFrom("template_version")
    .select("snapshot")
    .where("workspace_id", "=", workspace_id)
    .where("template_slug", "=", slug)
    .where("version_no", "<", live_version_no)
    .orderBy("version_no", "desc")
    .limit(1)
    .executeTakeFirst();
  return (before?.snapshot ?? { variants: [] }) as Pick<TemplateSnapshot, "variants">;
}

function liveVariants(row: TemplateRow, draft: readonly DraftVariant[]): DraftVariant[] {
  return (liveSnapshot(row)?.variants ?? []).map((variant) => {
    const origin = draft.find(({ channel, id }) => channel === variant.channel && id === variant.id);
    return {
      ...variant,
      template_slug: row.slug,
      vendor_approvals: origin?.vendor_approvals ?? [],
      created_at: origin?.created_at ?? row.committed_at ?? row.created_at,
    };
  });
}

function presentVariant(
  rules: TemplateRules,
  row: TemplateRow,
  variant: DraftVariant,
  mode: Mode,
  before: Pick<TemplateSnapshot, "variants"> | null,
): Required<VariantView> {
  const errors = variantErrors(rules, variant);
  const approval_status = approvalOf(variant);
  const version_no = mode === "live" ? row.live_version_no : (row.live_version_no ?? 0) + 1;
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
      ? `${row.slug}_${variant.locale}_v${version_no}`.toLowerCase().replaceAll(/[^a-z0-9]/g, "_")
      : null,
    approval_status,
    discard_comment: null,
    approval_at: orNull(microsZ, approval_status === "auto_approved" ? variant.created_at : null),
    content: variant.content,
    errors,
    vendor_approvals: variant.vendor_approvals,
    has_error: Object.keys(errors).length > 0,
    seq_no: variant.seq_no,
    action: before === null ? null : actionOf(before, variant),
    created_at: microsZ(variant.created_at),
  };
}

function actionOf(
  { variants }: Pick<TemplateSnapshot, "variants">,
  variant: DraftVariant,
): VariantView["action"] {
  const before = variants.find(({ channel, id }) => channel === variant.channel && id === variant.id);
  if (before === undefined) return "Added";
  return before.hash === variant.hash ? "Unchanged" : "Updated";
}

/** One vendor's approval is enough: the variant can be sent through that one. */
function approvalOf({
  needs_vendor_approval,
  vendor_approvals,
}: DraftVariant): VariantView["approval_status"] {
  if (!needs_vendor_approval) return "auto_approved";
  const statuses = new Set(vendor_approvals.map((approval: JsonObject) => approval.approval_status));
  for (const status of ["approved", "sent_for_approval", "pending", "rejected"] as const) {
    if (statuses.has(status)) return status;
  }
  return "pending";
}
