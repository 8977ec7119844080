import { approvalStatus, findApproval, readApprovals } from "../../catalog/approvals.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import {
  type CompleteContent,
  type LiveTemplate,
  type LiveVariant,
  toLiveTemplate,
} from "../../catalog/live-template.ts";
import { type Mode, notCommitted } from "../../catalog/versioned.ts";
import type { Channel } from "../../core/channel.ts";
import { AppError } from "../../errors.ts";
import { type TemplateRules, variantErrors, type VariantKey } from "./template-draft.ts";
import { selectVariants, type TemplateSource } from "./template-rows.ts";
import { getTemplateRow, headOf } from "./template-view.ts";
import { variantNotFound } from "./variant-view.ts";

type TrySource = TemplateSource & TemplateRules & { catalog: Pick<Catalog, "findTemplate"> };

/**
 * What a test with selection chooses from: the template as it is sent, or its draft as if it were live, as version 0.
 * Refuses a draft with errors on these channels (null: all).
 */
export async function getTriedTemplate(
  source: TrySource,
  slug: string,
  mode: Mode,
  channels: readonly Channel[] | null,
): Promise<LiveTemplate> {
  const row = await getTemplateRow(source, slug, mode);
  refuseArchived(row);
  if (mode === "live") {
    const live = await source.catalog.findTemplate(source.workspace_id, slug);
    if (live === null) throw notCommitted("template", slug);
    return live;
  }
  const variants = await selectVariants(source, [slug]);
  const head = headOf(row);
  const tried = variants.filter(
    ({ channel }) => head.enabled_channels.includes(channel) && (channels?.includes(channel) ?? true),
  );
  refuseErrors(
    tried.flatMap((variant) =>
      Object.entries(variantErrors(source, variant)).map(([path, reasons]): [string, string[]] => [
        `${variant.channel}.${variant.id}.${path}`,
        reasons,
      ]),
    ),
  );
  const approvals = (await readApprovals(source.db, source.workspace_id, [slug])).get(slug) ?? [];
  const complete: CompleteContent = (channel, content) =>
    source.channels.get(channel)?.complete?.(content) ?? content;
  return toLiveTemplate(slug, 0, { ...head, variants }, approvals, complete);
}

function refuseArchived({ slug, archived_at }: { slug: string; archived_at: Date | null }): void {
  if (archived_at === null) return;
  throw new AppError("conflict", `template (slug: '${slug}') is archived and cannot be sent`);
}

function refuseErrors(errors: [path: string, reasons: string[]][]): void {
  if (errors.length === 0) return;
  const detail = Object.fromEntries(errors);
  throw new AppError("validation_error", JSON.stringify(detail), { detail });
}

/** What a test of one sends: a variant as it would be sent, and the version that it is of, 0 for a draft. */
export interface TriedVariant {
  version_no: number;
  variant: LiveVariant;
}

/** Refuses what could not be sent: content with errors, or that waits for a vendor's approval. */
export async function getTriedVariant(
  source: TrySource,
  slug: string,
  key: VariantKey,
  mode: Mode,
): Promise<TriedVariant> {
  refuseArchived(await getTemplateRow(source, slug, mode));
  return mode === "live" ? liveVariant(source, slug, key) : draftVariant(source, slug, key);
}

async function liveVariant(
  { catalog, workspace_id }: TemplateSource & { catalog: Pick<Catalog, "findTemplate"> },
  slug: string,
  key: VariantKey,
): Promise<TriedVariant> {
  const live = await catalog.findTemplate(workspace_id, slug);
  const variants = live?.channels.get(key.channel)?.variants ?? [];
  const variant = variants.find(({ id }) => id === key.id);
  if (live === null || variant === undefined) {
    throw new AppError(
      "not_found",
      `variant (channel: '${key.channel}', id: '${key.id}') is not live: commit it, with its channel enabled, and have it approved where it must be`,
    );
  }
  if (!variant.is_sendable) throw waits(key);
  return { version_no: live.version_no, variant };
}

async function draftVariant(
  source: TemplateSource & TemplateRules,
  slug: string,
  key: VariantKey,
): Promise<TriedVariant> {
  const drafts = await selectVariants(source, [slug]);
  const variant = drafts.find(({ channel, id }) => channel === key.channel && id === key.id);
  if (variant === undefined) throw variantNotFound(key);
  refuseErrors(
    Object.entries(variantErrors(source, variant)).map(([path, reasons]): [string, string[]] => [
      `content.${path}`,
      reasons,
    ]),
  );
  const approvals = (await readApprovals(source.db, source.workspace_id, [slug])).get(slug) ?? [];
  const approval = findApproval(approvals, variant);
  const status = approvalStatus(variant, approval);
  if (status !== "auto_approved" && status !== "approved") throw waits(key);
  const definition = source.channels.get(variant.channel);
  const content = definition?.complete?.(variant.content) ?? variant.content;
  const { vendor_approvals = [] } = approval ?? {};
  return { version_no: 0, variant: { ...variant, content, is_sendable: true, vendor_approvals } };
}

function waits({ channel, id }: VariantKey): AppError {
  return new AppError(
    "conflict",
    `variant (channel: '${channel}', id: '${id}') waits for a vendor's approval and cannot be sent before`,
  );
}
