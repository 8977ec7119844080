import { approvalStatus, findApproval, readApprovals } from "../../catalog/approvals.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { VariantSnapshot } from "../../catalog/template.ts";
import type { Mode } from "../../catalog/versioned.ts";
import { AppError } from "../../errors.ts";
import { type TemplateRules, variantErrors, type VariantKey } from "./template-draft.ts";
import { selectVariants, type TemplateSource } from "./template-rows.ts";
import { getTemplateRow } from "./template-view.ts";
import { variantNotFound } from "./variant-view.ts";

/** What a test sends: a variant as it would be sent, and the version that it is of, 0 for a draft. */
export interface TriedVariant {
  version_no: number;
  variant: VariantSnapshot;
}

/** Refuses what could not be sent: content with errors, or that waits for a vendor's approval. */
export async function getTriedVariant(
  source: TemplateSource & TemplateRules & { catalog: Pick<Catalog, "findTemplate"> },
  slug: string,
  key: VariantKey,
  mode: Mode,
): Promise<TriedVariant> {
  const row = await getTemplateRow(source, slug, mode);
  if (row.archived_at !== null) {
    throw new AppError("conflict", `template (slug: '${slug}') is archived and cannot be sent`);
  }
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
  const errors = variantErrors(source, variant);
  if (Object.keys(errors).length > 0) {
    const detail = Object.fromEntries(
      Object.entries(errors).map(([path, reasons]) => [`content.${path}`, reasons]),
    );
    throw new AppError("validation_error", JSON.stringify(detail), { detail });
  }
  const approvals = (await readApprovals(source.db, source.workspace_id, [slug])).get(slug) ?? [];
  const status = approvalStatus(variant, findApproval(approvals, variant));
  if (status !== "auto_approved" && status !== "approved") throw waits(key);
  const definition = source.channels.get(variant.channel);
  return {
    version_no: 0,
    variant: { ...variant, content: definition?.complete?.(variant.content) ?? variant.content },
  };
}

function waits({ channel, id }: VariantKey): AppError {
  return new AppError(
    "conflict",
    `variant (channel: '${channel}', id: '${id}') waits for a vendor's approval and cannot be sent before`,
  );
}
