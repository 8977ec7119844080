import {
  type ApprovalStatus,
  needsApproval,
  statusOfApprovals,
  type VendorApproval,
} from "../core/approval.ts";
import type { Channel } from "../core/channel.ts";
import type { Queryable } from "../db/db.ts";
import { contentHash } from "./content-hash.ts";
import type { VariantSnapshot } from "./template.ts";

/** What vendors said of one content of a variant. */
export interface Approval {
  template_slug: string;
  channel: Channel;
  variant_id: string;
  content_hash: string;
  /** The versions that have it, ascending. */
  version_nos: number[];
  /** As the last of them has it; null before a commit. */
  variant: VariantSnapshot | null;
  is_exempt: boolean;
  vendor_approvals: VendorApproval[];
  discard_comment: string | null;
  approved_at: Date | null;
}

/** Covers what a vendor approves, and no conditions, tenant or place in the list. */
export function approvalHash({
  channel,
  locale,
  content,
}: Pick<VariantSnapshot, "channel" | "locale" | "content">): string {
  return contentHash({ channel, locale, content });
}

/** All approvals of these templates, by slug. */
export async function readApprovals(
  db: Queryable,
  workspace_id: number,
  slugs: readonly string[],
): Promise<Map<string, Approval[]>> {
  if (slugs.length === 0) return new Map();
  const rows = await db.query<Approval>(
    `select template_slug, channel, variant_id, content_hash, version_nos, variant, is_exempt,
            vendor_approvals, discard_comment, approved_at
       from template_approval where workspace_id = $1 and template_slug = any($2)`,
    [workspace_id, slugs],
  );
  return Map.groupBy(rows, ({ template_slug }) => template_slug);
}

/** The approval of a variant's content; undefined where nothing is known of it. */
export function findApproval(
  approvals: readonly Approval[],
  variant: Pick<VariantSnapshot, "channel" | "id" | "locale" | "content">,
): Approval | undefined {
  const own = approvals.filter(
    ({ channel, variant_id }) => channel === variant.channel && variant_id === variant.id,
  );
  if (own.length === 0) return undefined;
  const hash = approvalHash(variant);
  return own.find(({ content_hash }) => content_hash === hash);
}

export function approvalStatus(
  variant: Pick<VariantSnapshot, "channel" | "needs_vendor_approval">,
  approval: Approval | undefined,
): ApprovalStatus {
  if (!needsApproval(variant.channel, variant.needs_vendor_approval)) return "auto_approved";
  return statusOfApprovals(approval?.vendor_approvals ?? [], (approval?.discard_comment ?? null) !== null);
}

/** A content that may be sent, with what vendors say of it: they send it under names of their own. */
export interface Sendable {
  variant: VariantSnapshot;
  vendor_approvals: VendorApproval[];
}

/**
 * The variant as it is sent while `version_no` is live: itself, or while its content waits for a vendor, its last content
 * that did not have to wait. Null: there is none.
 */
export function sendableForm(
  variant: VariantSnapshot,
  version_no: number,
  approvals: readonly Approval[],
): Sendable | null {
  const own = findApproval(approvals, variant);
  const sendable = { variant, vendor_approvals: own?.vendor_approvals ?? [] };
  // What was committed before its channel was held to approvals goes on being sent.
  if (!variant.needs_vendor_approval) return sendable;
  const status = approvalStatus(variant, own);
  if (status === "auto_approved" || status === "approved") return sendable;
  const before = (approval: Approval) => Math.max(...approval.version_nos.filter((no) => no < version_no));
  const [last] = approvals
    .filter(({ channel, variant_id }) => channel === variant.channel && variant_id === variant.id)
    .filter((approval) => approval !== own && before(approval) > 0 && isSendable(approval))
    .toSorted((left, right) => before(right) - before(left));
  if (last?.variant == null) return null;
  return { variant: { ...last.variant, seq_no: variant.seq_no }, vendor_approvals: last.vendor_approvals };
}

function isSendable({ is_exempt, vendor_approvals, discard_comment }: Approval): boolean {
  return is_exempt || statusOfApprovals(vendor_approvals, discard_comment !== null) === "approved";
}
