import type { JsonObject } from "../../core/json.ts";
import { listAt, textAt } from "./call.ts";

/**
 * A vendor's approval of the text that a message is made of. Rendered content of WhatsApp and SMS carries them as
 * `vendor_approvals`, the entries of its variant as the management API takes them: `vendor_slug`, `vendor_uid`,
 * `vendor_template_name`, `vendor_template_id`, `vendor_locale_code`, `provider_template_id`, `approval_status`. All
 * of them, since the vendor is chosen after rendering and may change with a fallback.
 */
export interface Approval {
  template_name: string;
  template_id: string;
  /** A second id that the vendor itself gave: MSG91's flow. */
  provider_template_id: string;
  /** Blank: the entry names none. */
  locale: string;
}

export interface Approver {
  /** The vendor's slug. */
  slug: string;
  /** The account at the vendor, such as a WhatsApp Business Account. Blank or left out: any. */
  uid?: string;
}

/** The approval of one vendor; null if it has given none. An entry without a status counts as approved. */
export function findApproval(content: JsonObject, { slug, uid = "" }: Approver): Approval | null {
  const entry = listAt(content, "vendor_approvals").find(
    (one) =>
      textAt(one, "vendor_slug") === slug &&
      ["", "approved"].includes(textAt(one, "approval_status")) &&
      (uid === "" || textAt(one, "vendor_uid") === uid),
  );
  if (entry === undefined) return null;
  const text = (field: string) => textAt(entry, field).trim();
  return {
    template_name: text("vendor_template_name"),
    template_id: text("vendor_template_id"),
    provider_template_id: text("provider_template_id"),
    locale: text("vendor_locale_code"),
  };
}

/** The texts of a list in rendered content; blank for what is none. */
export function textsAt(content: JsonObject, ...path: string[]): string[] {
  return listAt(content, ...path).map((_, index) => textAt(content, ...path, index));
}
