import { z } from "zod";
import { type Channel, CHANNEL_TRAITS } from "./channel.ts";

/**
 * The approval of content by the vendors that send it: WhatsApp templates, and the texts that Indian operators register.
 * A variant with its content has one entry for each vendor account, and can be sent as soon as one of them is approved.
 * Source of the states and fields: templates.md 2.9.
 *
 * ```
 * commit ─▶ pending ─▶ sent_for_approval ─▶ approved ─▶ sent from then on
 *              ├─▶ upload_failed     └─▶ rejected
 *              └─▶ discarded (withdrawn, also after sent_for_approval; a commit submits it again)
 * ```
 */
export const VENDOR_STATUSES = [
  "pending",
  "sent_for_approval",
  "approved",
  "rejected",
  "upload_failed",
] as const;

export type VendorStatus = (typeof VENDOR_STATUSES)[number];

export const APPROVAL_STATUSES = ["auto_approved", "discarded", ...VENDOR_STATUSES] as const;

export type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

const optionalText = (max: number) =>
  z
    .string()
    .max(max)
    .nullish()
    .transform((text) => text || null);

const MAX_NAME = 512;
const MAX_COMMENT = 2000;

/** Vendors that approve under an id of their own besides the operator's. */
const HAVE_PROVIDER_IDS = new Set(["msg91-sms"]);

/** One vendor's word on a variant's content. Its times are ours; clients that write back what they read send them too. */
export const vendorApprovalSchema = z
  .object({
    vendor_slug: z
      .string()
      .min(5)
      .max(128)
      .meta({ examples: ["whatsapp_cloud_api-whatsapp"] }),
    /** The vendor's account: the id of a WhatsApp business account, for example. */
    vendor_uid: z.string().min(5).max(MAX_NAME),
    vendor_template_name: z.string().min(2).max(MAX_NAME).nullish(),
    vendor_template_id: optionalText(MAX_NAME),
    vendor_locale_code: optionalText(35),
    vendor_template_category: z.enum(["UTILITY", "MARKETING", "AUTHENTICATION"]).nullish(),
    provider_template_id: optionalText(MAX_NAME),
    approval_status: z.enum(VENDOR_STATUSES),
    comment: optionalText(MAX_COMMENT),
  })
  .superRefine((given, ctx) => {
    const required = (field: "vendor_template_id" | "provider_template_id" | "comment", when: string) => {
      if (given[field] === null)
        ctx.addIssue({ code: "custom", path: [field], message: `is required ${when}` });
    };
    if (given.approval_status === "approved") {
      required("vendor_template_id", "once it is approved");
      if (HAVE_PROVIDER_IDS.has(given.vendor_slug))
        required("provider_template_id", `once ${given.vendor_slug} has approved it`);
    }
    if (given.approval_status === "rejected" || given.approval_status === "upload_failed") {
      required("comment", "to say why");
    }
  });

export type GivenApproval = z.output<typeof vendorApprovalSchema>;

export interface VendorApproval {
  vendor_slug: string;
  vendor_uid: string;
  vendor_template_name: string | null;
  vendor_template_id: string | null;
  vendor_locale_code: string | null;
  vendor_template_category: string | null;
  provider_template_id: string | null;
  approval_status: VendorStatus;
  comment: string | null;
  /** ISO-8601; null until then. */
  sent_for_approval_at: string | null;
  approval_status_received_at: string | null;
}

/** Whether content of the channel waits for a vendor. `is_asked` is the variant's `needs_vendor_approval`. */
export function needsApproval(channel: Channel, is_asked: boolean): boolean {
  const { approval } = CHANNEL_TRAITS[channel];
  return approval === "always" || (approval === "if_asked" && is_asked);
}

/** The furthest of what vendors said: one that approved is enough. */
export function statusOfApprovals(
  approvals: readonly Pick<VendorApproval, "approval_status">[],
  is_discarded: boolean,
): Exclude<ApprovalStatus, "auto_approved"> {
  if (is_discarded) return "discarded";
  const statuses = new Set(approvals.map(({ approval_status }) => approval_status));
  for (const status of ["approved", "sent_for_approval", "pending", "rejected", "upload_failed"] as const) {
    if (statuses.has(status)) return status;
  }
  return "pending";
}

/** The list with a further entry, or with a newer state of the entry that the same account has. */
export function recordApproval(
  known: readonly VendorApproval[],
  given: GivenApproval,
  default_name: string,
  now: string,
): VendorApproval[] {
  const isSame = ({ vendor_slug, vendor_uid }: VendorApproval) =>
    vendor_slug === given.vendor_slug && vendor_uid === given.vendor_uid;
  const before = known.find(isSame) ?? null;
  const { approval_status: status } = given;
  const is_decided = status === "approved" || status === "rejected";
  const is_news = before?.approval_status !== status;
  const entry: VendorApproval = {
    ...given,
    vendor_template_name: given.vendor_template_name ?? before?.vendor_template_name ?? default_name,
    vendor_template_category: given.vendor_template_category ?? before?.vendor_template_category ?? null,
    sent_for_approval_at:
      status === "sent_for_approval" && is_news ? now : (before?.sent_for_approval_at ?? null),
    approval_status_received_at: is_decided && is_news ? now : (before?.approval_status_received_at ?? null),
  };
  return before === null ? [...known, entry] : known.map((one) => (one === before ? entry : one));
}
