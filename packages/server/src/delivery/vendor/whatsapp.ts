import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { type Approval, type Approver, findApproval, textsAt } from "./approval.ts";
import { listAt, textAt } from "./call.ts";
import { failure } from "./failure.ts";
import { type PhoneNumber, readNumber } from "./phone.ts";
import type { Failed, OutgoingMessage } from "./vendor.ts";

/*
 * The part that all WhatsApp vendors share: the approved template that a message is sent as, and the values of its
 * variables by position. The rendered content of the channel is
 *
 * - `header`: null, `{ format: "TEXT", text }`, or `{ format: "IMAGE" | "VIDEO" | "DOCUMENT", media_url, filename }`
 * - `body`: `{ text }`; `footer`: null or `{ text }`
 * - `buttons`: `{ type: "URL" | "PHONE_NUMBER" | "QUICK_REPLY", text, … }`
 * - `parameters`: `{ header, body, buttons: { index, text }[] }`, the values of the variables in the order in which they
 *   stand in each of them: those of `{{1}}`, `{{2}}` of the approved text
 * - `vendor_approvals`: see `approval.ts`
 *
 * Nothing is sent as free text: a message that business starts must be one that was approved.
 */

export interface WhatsApp extends PhoneNumber {
  template: WhatsAppTemplate;
  header: WhatsAppHeader | null;
  body: { text: string; parameters: string[] };
  /** Blank: none. */
  footer: string;
  buttons: WhatsAppButton[];
}

export interface WhatsAppTemplate {
  /** At least one of name and id is not blank. */
  name: string;
  id: string;
  /** As the vendor writes it: `en`, `pt_BR`. */
  language: string;
}

export type WhatsAppHeader =
  | { kind: "text"; text: string; parameters: string[] }
  | { kind: MediaKind; link: string; filename: string; parameters: string[] };

export type MediaKind = "image" | "video" | "document";

export interface WhatsAppButton {
  /** Its place among the template's buttons, from 0. */
  index: number;
  type: "url" | "phone_number" | "quick_reply";
  text: string;
  /** The variable end of a URL; null for a button without one. */
  parameter: string | null;
}

/** The settings of vendors that know an account by its WhatsApp Business Account, but do not need it to send. */
export const accountField = {
  waba_id: z.string().trim().max(50).default("").meta({
    title: "WhatsApp Business Account ID",
    description: "Only approvals with this vendor_uid count. Blank: any that name this vendor.",
  }),
};

/** Where an approval names no language. */
const DEFAULT_LANGUAGE = "en";

/** Reads the rendered content of the WhatsApp channel as the template that this vendor has approved. */
export function readWhatsApp(
  message: OutgoingMessage,
  approver: Approver,
): { ok: true; whatsapp: WhatsApp } | { ok: false; failure: Failed } {
  const { content } = message;
  const number = readNumber(message);
  if (!number.ok) return number;
  const approval = findApproval(content, approver);
  if (approval === null || (approval.template_name === "" && approval.template_id === "")) {
    return { ok: false, failure: unapproved(approver) };
  }
  const whatsapp: WhatsApp = {
    to: number.to,
    digits: number.digits,
    template: templateOf(approval),
    header: headerOf(content),
    body: { text: textAt(content, "body", "text"), parameters: valuesAt(content, "body") },
    footer: textAt(content, "footer", "text"),
    buttons: buttonsOf(content),
  };
  return { ok: true, whatsapp };
}

/** Some vendors call the name an id; Meta's own ids are numbers. */
function templateOf({ template_name, template_id, locale }: Approval): WhatsAppTemplate {
  const isName = template_id !== "" && !/^\d+$/.test(template_id);
  return {
    name: template_name || (isName ? template_id : ""),
    id: template_id,
    language: locale || DEFAULT_LANGUAGE,
  };
}

function unapproved({ slug, uid = "" }: Approver): Failed {
  const account = uid === "" ? "" : ` of account ${uid}`;
  return failure(
    "message",
    "template_not_approved",
    `no approval by ${slug}${account} is recorded for this variant of the template: add one to its vendor approvals`,
  );
}

/** For vendors that know a template by its name alone. */
export function unnamedTemplate(): Failed {
  const text = "the approval has no vendor_template_name: record the name that was approved";
  return failure("message", "template_without_name", text);
}

/** For vendors that take no variables in a header's text; null: it has none. */
export function fixedHeader({ header }: WhatsApp, vendor: string): Failed | null {
  if (header?.kind !== "text" || header.parameters.length === 0) return null;
  const text = `${vendor} takes no variables in a header's text: move them to the body`;
  return failure("message", "variable_header", text);
}

const MEDIA: ReadonlyMap<string, MediaKind> = new Map([
  ["IMAGE", "image"],
  ["VIDEO", "video"],
  ["DOCUMENT", "document"],
]);

function headerOf(content: JsonObject): WhatsAppHeader | null {
  const format = textAt(content, "header", "format");
  const parameters = valuesAt(content, "header");
  const kind = MEDIA.get(format);
  if (kind !== undefined) {
    const [link, filename] = [
      textAt(content, "header", "media_url"),
      textAt(content, "header", "filename"),
    ].map((text) => text.trim());
    return { kind, link: link ?? "", filename: filename ?? "", parameters };
  }
  const text = textAt(content, "header", "text");
  return text === "" ? null : { kind: "text", text, parameters };
}

const BUTTONS: ReadonlyMap<string, WhatsAppButton["type"]> = new Map([
  ["URL", "url"],
  ["PHONE_NUMBER", "phone_number"],
  ["QUICK_REPLY", "quick_reply"],
]);

function buttonsOf(content: JsonObject): WhatsAppButton[] {
  const values = new Map(
    listAt(content, "parameters", "buttons").map((one) => [textAt(one, "index"), textAt(one, "text")]),
  );
  return listAt(content, "buttons").flatMap((button, index) => {
    const type = BUTTONS.get(textAt(button, "type"));
    if (type === undefined) return [];
    const value = type === "url" ? values.get(String(index)) : undefined;
    return [
      { index, type, text: textAt(button, "text"), parameter: value === undefined ? null : normal(value) },
    ];
  });
}

/** The values of the variables of one part. */
function valuesAt(content: JsonObject, part: "header" | "body"): string[] {
  return textsAt(content, "parameters", part).map(normal);
}

/**
 * The platform refuses values with line breaks, tabs or more than four spaces in a row (error 132018):
 * https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */
function normal(value: string): string {
  return value
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .replaceAll(/ {5,}/g, "    ")
    .trim();
}

/** Where a vendor numbers the variables of a whole template: those of the header, then the body's, then the buttons'. */
export function allParameters({ header, body, buttons }: WhatsApp): string[] {
  return [
    ...(header?.parameters ?? []),
    ...body.parameters,
    ...buttons.flatMap(({ parameter }) => (parameter === null ? [] : [parameter])),
  ];
}
