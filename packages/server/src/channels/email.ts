import { cut } from "../core/text/text.ts";
import { z } from "zod";
import type { IdentityResult } from "../core/profile/identity.ts";
import {
  defineChannel,
  type Escaping,
  RenderError,
  type RenderText,
  type TemplateSource,
  SAMPLE_TITLE,
} from "./channel.ts";
import {
  anyJson,
  collectProblems,
  contentHead,
  contentObject,
  fieldSources,
  isBlank,
  isTemplated,
  textField,
  type Problems,
} from "./content.ts";
import { oneLine } from "../core/mailbox.ts";
import { parseEmailAddress, parseMailboxList } from "./shared/email-address.ts";
import { insertMarkup, insertPreheader } from "./html/email-html.ts";
import { htmlToText } from "./html/html-to-text.ts";

/** All addresses of one message besides the recipient's own. */
const MAX_ADDRESSES = 100;

const html = { html: textField, text: textField };

const content = contentObject({
  ...contentHead("email"),
  from_name: textField,
  from_address: textField,
  extra_to: textField,
  cc: textField,
  bcc: textField,
  reply_to: textField,
  subject: textField,
  body: contentObject({
    /** Which of the three bodies is sent. The others are kept. */
    type: z.string().default("designer"),
    designer: contentObject({
      ...html,
      // The editor's state of the design, fully expressed in its HTML.
      design_json: anyJson.default({}),
      display_conditions: z.array(anyJson).default([]),
      merge_tags: z.array(anyJson).default([]),
    })
      .nullable()
      .default(null),
    raw: contentObject(html).nullable().default(null),
    plain_text: contentObject({ text: textField }).nullable().default(null),
    preheader: textField,
    email_markup: textField,
  }).prefault({}),
});

type EmailContent = z.output<typeof content>;

/** What e-mail vendors send. Addresses are `a@x.com` or `Name <a@x.com>`; header values are single lines. */
export type RenderedEmail = {
  /** Null: the sender in the vendor's configuration. */
  from_name: string | null;
  from_address: string | null;
  /** Further recipients besides the one the message is for. */
  extra_to: string[];
  cc: string[];
  bcc: string[];
  /** One or more addresses, comma-separated; null for the vendor's default. */
  reply_to: string | null;
  subject: string;
  /** Null for a plain-text message. */
  html: string | null;
  text: string;
};

export default defineChannel({
  channel: "email",
  sample: (text) => ({ subject: SAMPLE_TITLE, body: { type: "plain_text", plain_text: { text } } }),
  parseIdentity,
  content,
  findProblems,
  sources,
  complete,
  render,
});

function parseIdentity(input: unknown): IdentityResult {
  if (typeof input !== "string") return { ok: false, reason: "$email: value must be of string type" };
  const parsed = parseEmailAddress(input);
  if (!parsed.ok) {
    const rule =
      parsed.reason === "length"
        ? "must be 6 <= len(email) <= 320"
        : "value in email format required. e.g. user@example.com";
    return { ok: false, reason: `invalid email address. ${rule}` };
  }
  const value = parsed.address;
  const key = value.normalize("NFC").toLowerCase();
  return { ok: true, identity: { value, key, provider: "", device_id: null, bundle_id: null } };
}

function findProblems(content: EmailContent): Record<string, string[]> {
  const problems = collectProblems();
  const { body } = content;
  problems.require("subject", content.subject);
  problems.limit("subject", content.subject, 998);
  problems.oneOf("body.type", body.type, ["designer", "raw", "plain_text"]);
  if (body.type === "designer") problems.require("body.designer.html", body.designer?.html);
  if (body.type === "raw") problems.require("body.raw.html", body.raw?.html);
  if (body.type === "plain_text") problems.require("body.plain_text.text", body.plain_text?.text);
  if (!isBlank(content.from_address) && !isTemplated(content.from_address)) {
    if (!parseEmailAddress(content.from_address).ok) problems.add("from_address", "invalid email address");
  }
  for (const field of ["extra_to", "cc", "bcc", "reply_to"] as const) {
    checkAddresses(problems, field, content[field]);
  }
  if (
    !isBlank(body.email_markup) &&
    !isTemplated(body.email_markup) &&
    minifyJson(body.email_markup) === null
  ) {
    problems.add("body.email_markup", "invalid JSON");
  }
  return problems.found;
}

function checkAddresses(problems: Problems, field: string, source: string): void {
  if (isTemplated(source)) return;
  const list = parseMailboxList(source);
  if (!list.ok) problems.add(field, `invalid email address: ${list.entry}`);
}

const HEADERS = ["from_name", "from_address", "extra_to", "cc", "bcc", "reply_to", "subject"];

function sources(content: EmailContent): TemplateSource[] {
  const { body } = content;
  const plain = fieldSources(body.plain_text, ["text"], "body.plain_text.");
  const html = fieldSources(htmlBody(content), ["html", "text"], `body.${body.type}.`);
  return [
    ...fieldSources(content, HEADERS),
    ...(body.type === "plain_text" ? plain : [...html, ...fieldSources(body, EXTRAS, "body.")]),
  ];
}

const EXTRAS = ["email_markup", "preheader"];

/** The key under which {@link complete} stores the plain text generated from the HTML. Never part of a draft. */
const GENERATED_TEXT = "_generated_text";

function complete(content: EmailContent): EmailContent {
  const body = htmlBody(content);
  if (body === null || !isBlank(body.text)) return content;
  return { ...content, body: { ...content.body, [GENERATED_TEXT]: htmlToText(body.html) } };
}

function htmlBody({ body }: EmailContent): { html: string; text: string } | null {
  if (body.type === "plain_text") return null;
  return (body.type === "raw" ? body.raw : body.designer) ?? { html: "", text: "" };
}

/** Who sends a mail and who gets it (the names too) is never HTML; subject and own texts are escaped as on the wire. */
function render(content: EmailContent, text: RenderText): RenderedEmail {
  const body = htmlBody(content);
  const email: RenderedEmail = {
    from_name: renderHeader(content.from_name, text, "none"),
    from_address: renderFromAddress(content, text),
    extra_to: renderAddresses(content, "extra_to", text),
    cc: renderAddresses(content, "cc", text),
    bcc: renderAddresses(content, "bcc", text),
    reply_to: renderAddresses(content, "reply_to", text).join(", ") || null,
    subject: renderHeader(content.subject, text) ?? "",
    html: body === null ? null : renderHtml(content, body.html, text),
    text: body === null ? text(content.body.plain_text?.text ?? "") : renderText(content, body, text),
  };
  if (email.extra_to.length + email.cc.length + email.bcc.length > MAX_ADDRESSES) {
    throw new RenderError(
      "cc",
      `a message has at maximum ${MAX_ADDRESSES} addresses in extra_to, cc and bcc`,
    );
  }
  return email;
}

function renderHeader(source: string, text: RenderText, escaping: Escaping = "html"): string | null {
  return (source === "" ? "" : oneLine(text(source, escaping))) || null;
}

function renderFromAddress(content: EmailContent, text: RenderText): string | null {
  const rendered = renderHeader(content.from_address, text, "none");
  if (rendered === null) return null;
  const parsed = parseEmailAddress(rendered);
  if (!parsed.ok) throw new RenderError("from_address", `invalid email address: ${cut(rendered, 320)}`);
  return parsed.address;
}

function renderAddresses(
  content: EmailContent,
  field: "extra_to" | "cc" | "bcc" | "reply_to",
  text: RenderText,
): string[] {
  const source = content[field];
  if (source === "") return [];
  const list = parseMailboxList(text(source, "none"));
  if (!list.ok) throw new RenderError(field, `invalid email address: ${cut(list.entry, 320)}`);
  return list.mailboxes;
}

function renderHtml({ body }: EmailContent, source: string, text: RenderText): string {
  let html = text(source);
  if (!isBlank(body.email_markup)) {
    const markup = minifyJson(text(body.email_markup, "json"));
    if (markup === null) throw new RenderError("body.email_markup", "invalid JSON");
    html = insertMarkup(html, markup);
  }
  const preheader = isBlank(body.preheader) ? "" : oneLine(text(body.preheader));
  return preheader === "" ? html : insertPreheader(html, preheader);
}

/** The author's own text, or the one generated from the HTML, where nothing needs escaping. */
function renderText(
  { body }: EmailContent,
  { html, text: own }: { html: string; text: string },
  text: RenderText,
) {
  if (!isBlank(own)) return text(own);
  const generated = body[GENERATED_TEXT];
  const rendered = text(typeof generated === "string" ? generated : htmlToText(html), "none");
  // Blocks that rendered to nothing leave empty lines.
  const lines = rendered.split("\n").map((line) => line.trim());
  return lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

function minifyJson(source: string): string | null {
  try {
    return JSON.stringify(JSON.parse(source));
  } catch {
    return null;
  }
}
