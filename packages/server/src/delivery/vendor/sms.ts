import { z } from "zod";
import { findApproval, textsAt } from "./approval.ts";
import { textAt } from "./call.ts";
import { failure } from "./failure.ts";
import { type PhoneNumber, readNumber } from "./phone.ts";
import type { Failed, OutgoingMessage } from "./vendor.ts";

/*
 * The part that all SMS vendors share. The rendered content of the channel is
 *
 * - `body`: the text
 * - `type`: `basic`, or `dlt` for a text that is registered with an Indian operator
 * - `header`: the registered sender of such a text
 * - `parameters`: of a `dlt` text, the values of its variables in the order in which they stand in it, for vendors that
 *   keep the text themselves
 * - `vendor_approvals`: see `approval.ts`; `vendor_template_id` is the text's id in the DLT registry
 * - `template_id`: that id where the content is posted without approvals
 */

export interface Sms extends PhoneNumber {
  text: string;
  /** Whether the text needs 16-bit characters. */
  unicode: boolean;
  /** The registered header, or the settings' sender. */
  sender: string;
  /** A text registered with an Indian operator. */
  dlt: boolean;
  /** Its id in the DLT registry; blank if unknown. */
  template_id: string;
  /** The vendor's own id of it; blank if unknown. */
  provider_template_id: string;
  parameters: string[];
}

/** The settings of vendors that send in India. */
export const dltFields = {
  sender: z
    .string()
    .trim()
    .max(15)
    .default("")
    .meta({ title: "Sender", description: "The registered header. A template's own header wins." }),
  entity_id: z
    .string()
    .trim()
    .regex(/^\d{0,30}$/, "must be digits")
    .default("")
    .meta({ title: "DLT entity id", description: "The principal entity's id in the DLT registry." }),
};

/** Reads the rendered content of the SMS channel. */
export function readSms(
  message: OutgoingMessage,
  { slug, sender }: { slug: string; sender: string },
): { ok: true; sms: Sms } | { ok: false; failure: Failed } {
  const { content } = message;
  const number = readNumber(message);
  if (!number.ok) return number;
  const text = wellFormed(content["body"]);
  if (text === "") {
    return { ok: false, failure: failure("message", "empty_text", "the message has no text") };
  }
  const approval = findApproval(content, { slug });
  const sms: Sms = {
    to: number.to,
    digits: number.digits,
    text,
    unicode: !GSM_7.test(text),
    sender: wellFormed(content["header"]) || sender,
    dlt: content["type"] === "dlt",
    template_id: approval?.template_id || textAt(content, "template_id"),
    provider_template_id: approval?.provider_template_id ?? "",
    parameters: textsAt(content, "parameters"),
  };
  return { ok: true, sms };
}

/** The alphabet of GSM 03.38 with its extension. One character outside it makes the whole message UCS-2. */
const GSM_7 =
  /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./\d:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[\]~|€\f]*$/;

function wellFormed(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : "";
}
