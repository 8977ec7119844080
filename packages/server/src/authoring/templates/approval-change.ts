import { sql } from "kysely";
import {
  type Approval,
  approvalHash,
  approvalStatus,
  findApproval,
  readApprovals,
} from "../../catalog/approvals.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { TemplateSnapshot, VariantSnapshot } from "../../catalog/template.ts";
import {
  type GivenApproval,
  recordApproval,
  type VendorApproval,
  type VendorStatus,
} from "../../core/approval.ts";
import type { Channel } from "../../core/channel.ts";
import { jsonEqual } from "../../core/json/json-equal.ts";
import type { JsonObject } from "../../core/json.ts";
import { storableJson } from "../../core/text/text.ts";
import { microsZ } from "../../core/time/wire-time.ts";
import { AppError } from "../../errors.ts";
import { lockTemplate, type TemplateChange } from "./template-change.ts";
import type { VariantKey } from "./template-draft.ts";
import { getTemplateRow } from "./template-view.ts";
import { nextVersionNo, sysgenName, variantNotFound } from "./variant-view.ts";

/**
 * What is written down of approvals; `core/approval.ts` has their states. All of it happens under the lock of the
 * template's row.
 */
type ApprovalChange = Pick<TemplateChange, "db" | "workspace_id">;

type Approved = Pick<VariantSnapshot, "channel" | "id" | "locale" | "content">;

/**
 * Stores the approvals that came with a draft, for its content alone. An entry that this variant has for another content
 * stays that one's: a client that writes back what it read, with a text that it changed, has no approval of the new text.
 */
export async function saveGivenApprovals(
  change: ApprovalChange,
  slug: string,
  variant: Approved,
  given: readonly GivenApproval[],
): Promise<void> {
  const approvals = await approvalsOf(change, slug, variant);
  const own = findApproval(approvals, variant);
  const elsewhere = approvals.filter((approval) => approval !== own);
  const name = sysgenName(slug, variant.locale, own?.version_nos[0] ?? (await nextVersionNo(change, slug)));
  const now = microsZ(new Date());
  const vendor_approvals = given
    .filter((entry) => !elsewhere.some((approval) => approval.vendor_approvals.some(isSameAs(entry))))
    .reduce<VendorApproval[]>((list, entry) => recordApproval(list, entry, name, now), [])
    .map((entry) => keepTimes(entry, own?.vendor_approvals ?? []));
  if (sameEntries(own?.vendor_approvals ?? [], vendor_approvals)) return;
  await writeApproval(change, slug, variant, { vendor_approvals });
}

/** The vendor's own name or number of a template tells it from others in the account. */
const isSameAs =
  (given: GivenApproval) =>
  (known: VendorApproval): boolean =>
    known.vendor_slug === given.vendor_slug &&
    known.vendor_uid === given.vendor_uid &&
    known.vendor_template_id === given.vendor_template_id &&
    (given.vendor_template_id !== null || known.vendor_template_name === given.vendor_template_name);

/** When something was said does not change by its being written back. */
function keepTimes(entry: VendorApproval, known: readonly VendorApproval[]): VendorApproval {
  const before = known.find(
    ({ vendor_slug, vendor_uid }) => vendor_slug === entry.vendor_slug && vendor_uid === entry.vendor_uid,
  );
  if (before === undefined) return entry;
  const { sent_for_approval_at, approval_status_received_at } = before;
  return before.approval_status === entry.approval_status
    ? { ...entry, sent_for_approval_at, approval_status_received_at }
    : entry;
}

const sameEntries = (left: readonly VendorApproval[], right: readonly VendorApproval[]): boolean =>
  jsonEqual(left as unknown as JsonObject[], right as unknown as JsonObject[]);

/**
 * A commit submits what needs approval. What was discarded is submitted again; a variant that begins to need approval
 * goes on with its last content meanwhile.
 */
export async function submitForApproval(
  change: ApprovalChange,
  slug: string,
  { snapshot, committed: submitted }: { snapshot: TemplateSnapshot; committed: readonly VariantSnapshot[] },
  live: { snapshot: TemplateSnapshot; version_no: number } | null,
  version_no: number,
): Promise<void> {
  const isSame = (left: VariantKey) => (right: VariantKey) =>
    left.channel === right.channel && left.id === right.id;
  for (const variant of snapshot.variants) {
    if (!variant.needs_vendor_approval) continue;
    const before = live?.snapshot.variants.find(isSame(variant));
    if (live !== null && before !== undefined && !before.needs_vendor_approval) {
      const committed = { variant: before, version_no: live.version_no };
      await writeApproval(change, slug, before, { committed, is_exempt: true });
    }
    await writeApproval(change, slug, variant, {
      committed: { variant, version_no },
      ...(submitted.some(isSame(variant)) ? { discard_comment: null } : {}),
    });
  }
}

interface ApprovalColumns {
  vendor_approvals?: readonly VendorApproval[];
  discard_comment?: string | null;
  is_exempt?: boolean;
  /** As a version has it, with that version's number. */
  committed?: { variant: VariantSnapshot; version_no: number };
}

async function writeApproval(
  { db, workspace_id }: ApprovalChange,
  slug: string,
  about: Approved,
  { vendor_approvals, committed, ...rest }: ApprovalColumns,
): Promise<void> {
  const columns = {
    ...rest,
    ...(committed === undefined ? {} : { variant: storableJson(committed.variant) }),
    ...(vendor_approvals === undefined ? {} : { vendor_approvals: storableJson(vendor_approvals) }),
  };
  const is_approved = vendor_approvals?.some(({ approval_status }) => approval_status === "approved");
  await db.kysely
    .insertInto("template_approval")
    .values({
      workspace_id,
      template_slug: slug,
      channel: about.channel,
      variant_id: about.id,
      content_hash: approvalHash(about),
      version_nos: committed === undefined ? [] : [committed.version_no],
      vendor_approvals: "[]",
      ...(is_approved === true ? { approved_at: sql<Date>`now()` } : {}),
      ...columns,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["workspace_id", "template_slug", "channel", "variant_id", "content_hash"])
        .doUpdateSet({
          ...columns,
          version_nos: sql<number[]>`array(
            select distinct unnest(${sql.ref("template_approval.version_nos")} || ${sql.ref("excluded.version_nos")}) order by 1)`,
          ...(is_approved === undefined
            ? {}
            : {
                approved_at: is_approved
                  ? sql<Date>`coalesce(${sql.ref("template_approval.approved_at")}, now())`
                  : null,
              }),
          updated_at: sql<Date>`now()`,
        }),
    )
    .execute();
}

/** Records what a vendor says of the live content of a variant; once approved, it is sent. */
export async function recordVendorApproval(
  change: ApprovalChange & { catalog: Catalog },
  slug: string,
  key: VariantKey,
  given: GivenApproval,
): Promise<void> {
  const { variant, approval, version_no } = await findWaiting(change, slug, key);
  if (approval !== undefined && approval.discard_comment !== null) {
    throw new AppError("conflict", `${nameOf(key)} was discarded: commit it again to submit it`);
  }
  const known = approval?.vendor_approvals ?? [];
  const name = sysgenName(slug, variant.locale, approval?.version_nos[0] ?? version_no);
  const vendor_approvals = recordApproval(known, given, name, microsZ(new Date()));
  await writeApproval(change, slug, variant, { vendor_approvals });
  await change.catalog.invalidate(change.db, change.workspace_id, "template", slug);
}

/** What a vendor decided about a text that it knows by a name and an id of its own. */
export interface Verdict {
  vendor_slug: string;
  channel: Channel;
  vendor_template_id: string | null;
  vendor_template_name: string | null;
  /** Null: in every language. */
  locale: string | null;
  status: VendorStatus;
  reason: string | null;
}

/** Records what a vendor decided, for every content that it was about; returns how many there were. */
export async function recordVerdict(
  change: ApprovalChange & { catalog: Catalog },
  verdict: Verdict,
): Promise<number> {
  const rows = await change.db.query<{ template_slug: string; variant_id: string }>(
    `select distinct template_slug, variant_id from template_approval
      where workspace_id = $1 and channel = $2 and position($3 in vendor_approvals::text) > 0
      order by template_slug, variant_id`,
    [change.workspace_id, verdict.channel, verdict.vendor_slug],
  );
  let recorded = 0;
  for (const { template_slug: slug, variant_id: id } of rows) {
    await lockTemplate(change, slug);
    for (const { variant, vendor_approvals } of await approvalsOf(change, slug, {
      channel: verdict.channel,
      id,
    })) {
      const meant = variant === null ? [] : vendor_approvals.filter(isAbout(verdict));
      if (variant === null || meant.length === 0) continue;
      const now = microsZ(new Date());
      const decided = meant.reduce<VendorApproval[]>(
        (list, entry) => recordApproval(list, decidedEntry(entry, verdict), "", now),
        [...vendor_approvals],
      );
      await writeApproval(change, slug, variant, { vendor_approvals: decided });
      recorded++;
    }
    await change.catalog.invalidate(change.db, change.workspace_id, "template", slug);
  }
  return recorded;
}

/** By the vendor's id where both have one; else by its name of the text and the language. */
const isAbout =
  ({ vendor_slug, vendor_template_id: id, vendor_template_name: name, locale }: Verdict) =>
  (entry: VendorApproval): boolean => {
    if (entry.vendor_slug !== vendor_slug) return false;
    if (id !== null && entry.vendor_template_id !== null) return entry.vendor_template_id === id;
    const isLocale =
      locale === null || entry.vendor_locale_code === null || entry.vendor_locale_code === locale;
    return name !== null && entry.vendor_template_name === name && isLocale;
  };

function decidedEntry(entry: VendorApproval, { status, reason, ...verdict }: Verdict): GivenApproval {
  return {
    ...(entry as GivenApproval),
    vendor_template_id: entry.vendor_template_id ?? verdict.vendor_template_id,
    approval_status: status,
    comment: status === "rejected" ? (reason ?? "no reason was given") : entry.comment,
  };
}

/** Withdraws live content that is not approved yet. */
export async function discardApproval(
  change: ApprovalChange & { catalog: Catalog },
  slug: string,
  key: VariantKey,
  comment: string,
): Promise<void> {
  const { variant, approval } = await findWaiting(change, slug, key);
  const status = approvalStatus(variant, approval);
  if (status !== "pending" && status !== "sent_for_approval") {
    throw new AppError(
      "conflict",
      `${nameOf(key)} is ${status}: only what is pending or sent for approval can be discarded`,
    );
  }
  await writeApproval(change, slug, variant, { discard_comment: comment });
  await change.catalog.invalidate(change.db, change.workspace_id, "template", slug);
}

interface Waiting {
  variant: VariantSnapshot;
  version_no: number;
  approval: Approval | undefined;
}

async function findWaiting(change: ApprovalChange, slug: string, key: VariantKey): Promise<Waiting> {
  await lockTemplate(change, slug);
  const row = await getTemplateRow(change, slug, "live");
  const { variants } = row.snapshot as TemplateSnapshot;
  const variant = variants.find(({ channel, id }) => channel === key.channel && id === key.id);
  if (variant === undefined) throw variantNotFound(key);
  if (!variant.needs_vendor_approval) {
    throw new AppError("validation_error", `${nameOf(key)} needs no vendor's approval`);
  }
  const approvals = await approvalsOf(change, slug, key);
  return { variant, approval: findApproval(approvals, variant), version_no: row.version_no ?? 1 };
}

async function approvalsOf(
  { db, workspace_id }: ApprovalChange,
  slug: string,
  { channel, id }: VariantKey,
): Promise<Approval[]> {
  const all = (await readApprovals(db, workspace_id, [slug])).get(slug) ?? [];
  return all.filter((approval) => approval.channel === channel && approval.variant_id === id);
}

function nameOf({ channel, id }: VariantKey): string {
  return `variant (channel: '${channel}', id: '${id}')`;
}
