import { cut } from "../core/text/text.ts";
import { z } from "zod";
import type { JsonObject } from "../core/json.ts";
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
  flagField,
  isBlank,
  isTemplated,
  renderDefaulted,
  textField,
  type Problems,
} from "./content.ts";
import { oneLine } from "../core/mailbox.ts";
import { parseEmailAddress, parseMailboxList } from "./shared/email-address.ts";
import { REFUSED } from "./shared/link.ts";
import { findActiveLink } from "./shared/active-links.ts";
import { insertMarkup, insertPreheader } from "./html/email-html.ts";
import { htmlToText } from "./html/html-to-text.ts";
import { inlineCss, inlineProblem } from "./html/inline-css.ts";
import { compileMjml } from "./html/mjml.ts";

/** All addresses of one message besides the recipient's own. */
const MAX_ADDRESSES = 100;

const html = { html: textField, text: textField };

/** What stands for our own page in `list_unsubscribe`, where a template names no other. */
const DEFAULT_UNSUBSCRIBE = "{{$hosted_preference_url}}";
/** Rendered in its place: blank where there is no such page, or nothing to leave; then the header is left out. */
const OWN_UNSUBSCRIBE = "{{$unsubscribe_url}}";
/** How addresses end that take a POST as the whole request (RFC 8058). */
const ONE_CLICK = "/one-click";

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
    /** Which of the bodies is sent. The others are kept. */
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
    /** A body type of ours: MJML, which becomes HTML when the template is committed. */
    mjml: contentObject({ source: textField, text: textField }).nullable().default(null),
    plain_text: contentObject({ text: textField }).nullable().default(null),
    preheader: textField,
    email_markup: textField,
    /** Of ours: the rules of style sheets are copied into the elements, when the template is committed. */
    inline_css: flagField(true),
  }).prefault({}),
  /** Of ours: where the recipient leaves, for the header `List-Unsubscribe`; an address of a page or a `mailto:`. */
  list_unsubscribe: z.string().default(DEFAULT_UNSUBSCRIBE),
  /** Of ours: that page takes a POST as the whole request (RFC 8058), which mail clients then offer as a button. */
  list_unsubscribe_one_click: flagField(false),
});

type EmailContent = z.output<typeof content>;

const BODY_TYPES = ["designer", "raw", "mjml", "plain_text"];

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
  /** Further headers, by name; each value is one line of ASCII. */
  headers: Record<string, string>;
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
  notices,
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
  problems.oneOf("body.type", body.type, BODY_TYPES);
  if (body.type === "designer") problems.require("body.designer.html", body.designer?.html);
  if (body.type === "raw") problems.require("body.raw.html", body.raw?.html);
  if (body.type === "mjml") problems.require("body.mjml.source", body.mjml?.source);
  if (body.type === "plain_text") problems.require("body.plain_text.text", body.plain_text?.text);
  checkHtml(problems, content);
  if (!isBlank(content.from_address) && !isTemplated(content.from_address)) {
    if (!parseEmailAddress(content.from_address).ok) problems.add("from_address", "invalid email address");
  }
  for (const field of ["extra_to", "cc", "bcc", "reply_to"] as const) {
    checkAddresses(problems, field, content[field]);
  }
  const { list_unsubscribe } = content;
  if (!isBlank(list_unsubscribe) && !isTemplated(list_unsubscribe)) {
    if (readUnsubscribeLink(list_unsubscribe.trim()) === null)
      problems.add("list_unsubscribe", BAD_UNSUBSCRIBE);
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

/** What {@link complete} cannot do. */
function checkHtml(problems: Problems, content: EmailContent): void {
  const { body } = content;
  const html = authoredHtml(content);
  if (isBlank(html?.source)) return;
  if (body.type === "mjml") {
    const compiled = compileMjml(html?.source ?? "");
    if (!compiled.ok) problems.add("body.mjml.source", `is not valid MJML: ${compiled.reason}`);
  }
  const active = findActiveLink(html?.source ?? "");
  if (active !== null) problems.add(html?.path ?? "", `${REFUSED}: '${cut(active, 64)}'`);
  const problem = body.inline_css ? inlineProblem(toHtml(content)) : null;
  if (problem !== null) {
    problems.add(html?.path ?? "", `${problem}; set body.inline_css to false to send it without`);
  }
}

function checkAddresses(problems: Problems, field: string, source: string): void {
  if (isTemplated(source)) return;
  const list = parseMailboxList(source);
  if (!list.ok) problems.add(field, `invalid email address: ${list.entry}`);
}

const HEADERS = [
  "from_name",
  "from_address",
  "extra_to",
  "cc",
  "bcc",
  "reply_to",
  "subject",
  "list_unsubscribe",
];

function sources(content: EmailContent): TemplateSource[] {
  const { body } = content;
  const plain = fieldSources(body.plain_text, ["text"], "body.plain_text.");
  const ready = body[READY_HTML];
  // What is rendered, under the path of what it is made of.
  const written = htmlBody(body);
  const made =
    typeof ready === "string" && written !== null ? { ...written, ...asWritten(written, ready) } : written;
  const own = fieldSources(made, ["html", "source", "text"], `body.${body.type}.`);
  return [
    ...fieldSources(content, HEADERS),
    ...(body.type === "plain_text" ? plain : [...own, ...fieldSources(body, EXTRAS, "body.")]),
  ];
}

const EXTRAS = ["email_markup", "preheader"];

/** The keys under which {@link complete} stores what it makes of the HTML. Never part of a draft. */
const READY_HTML = "_ready_html";
const GENERATED_TEXT = "_generated_text";

function asWritten({ source }: { source?: string }, html: string): { html: string } | { source: string } {
  return source === undefined ? { html } : { source: html };
}

function complete(content: EmailContent): EmailContent {
  const body = htmlBody(content.body);
  if (body === null) return content;
  const html = readyHtml(content);
  const text = isBlank(body.text) ? { [GENERATED_TEXT]: htmlToText(html) } : {};
  return { ...content, body: { ...content.body, [READY_HTML]: html, ...text } };
}

function htmlBody(body: EmailContent["body"]): { html?: string; source?: string; text: string } | null {
  switch (body.type) {
    case "plain_text":
      return null;
    case "mjml":
      return body.mjml ?? { source: "", text: "" };
    case "raw":
      return body.raw ?? { html: "", text: "" };
    default:
      return body.designer ?? { html: "", text: "" };
  }
}

/** What the author wrote of the HTML, and where; null for a plain text. */
function authoredHtml({ body }: EmailContent): { path: string; source: string } | null {
  const own = htmlBody(body);
  if (own === null) return null;
  return own.source === undefined
    ? { path: `body.${body.type}.html`, source: own.html ?? "" }
    : { path: `body.${body.type}.source`, source: own.source };
}

function toHtml(content: EmailContent): string {
  const { source = "" } = authoredHtml(content) ?? {};
  if (content.body.type !== "mjml") return source;
  const compiled = compileMjml(source);
  return compiled.ok ? compiled.html : "";
}

/** The HTML as it is rendered: with its CSS inlined, unless that is not wanted or not possible. */
function readyHtml(content: EmailContent): string {
  const ready = content.body[READY_HTML];
  if (typeof ready === "string") return ready;
  const html = toHtml(content);
  const inlined = content.body.inline_css ? inlineCss(html) : null;
  return inlined?.ok === true ? inlined.html : html;
}

/** Who sends a mail and who gets it (the names too) is never HTML; subject and own texts are escaped as on the wire. */
function render(content: EmailContent, text: RenderText): RenderedEmail {
  const body = htmlBody(content.body);
  const html = body === null ? "" : readyHtml(content);
  const email: RenderedEmail = {
    from_name: renderHeader(content.from_name, text, "none"),
    from_address: renderFromAddress(content, text),
    extra_to: renderAddresses(content, "extra_to", text),
    cc: renderAddresses(content, "cc", text),
    bcc: renderAddresses(content, "bcc", text),
    reply_to: renderAddresses(content, "reply_to", text).join(", ") || null,
    subject: renderHeader(content.subject, text) ?? "",
    html: body === null ? null : renderHtml(content, html, text),
    text:
      body === null ? text(content.body.plain_text?.text ?? "") : renderText(content, html, body.text, text),
    headers: renderUnsubscribe(content, text),
  };
  if (email.extra_to.length + email.cc.length + email.bcc.length > MAX_ADDRESSES) {
    throw new RenderError(
      "cc",
      `a message has at maximum ${MAX_ADDRESSES} addresses in extra_to, cc and bcc`,
    );
  }
  return email;
}

/** Gmail shows this much of a mail, and a link to the rest. */
const GMAIL_CLIPS_AT = 102 * 1024;

function notices({ html }: JsonObject): string[] {
  const bytes = typeof html === "string" ? Buffer.byteLength(html) : 0;
  return bytes > GMAIL_CLIPS_AT
    ? [`the HTML has ${Math.ceil(bytes / 1024)} KB: Gmail shows only the first ${GMAIL_CLIPS_AT / 1024} KB`]
    : [];
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

/** https://www.rfc-editor.org/rfc/rfc2369 and https://www.rfc-editor.org/rfc/rfc8058 */
function renderUnsubscribe(content: EmailContent, text: RenderText): Record<string, string> {
  const { list_unsubscribe, list_unsubscribe_one_click } = content;
  const isOwn = list_unsubscribe === DEFAULT_UNSUBSCRIBE;
  const source = isOwn ? OWN_UNSUBSCRIBE : list_unsubscribe;
  const rendered = renderDefaulted(source, OWN_UNSUBSCRIBE, text).trim();
  if (rendered === "") return {};
  const link = readUnsubscribeLink(rendered);
  if (link === null) {
    if (isOwn) return {};
    throw new RenderError("list_unsubscribe", `${BAD_UNSUBSCRIBE}, and is '${cut(rendered, 64)}'`);
  }
  const isOneClick =
    link.startsWith("https:") && (isOwn ? link.endsWith(ONE_CLICK) : list_unsubscribe_one_click);
  return {
    "List-Unsubscribe": `<${link}>`,
    ...(isOneClick ? { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" } : {}),
  };
}

const BAD_UNSUBSCRIBE = "must be an address that begins with https:, http: or mailto:";

/** In ASCII, without what would end the header or the address; null for anything else. */
function readUnsubscribeLink(text: string): string | null {
  if (!/^(?:https?|mailto):[^\s<>]+$/i.test(text) || text.length > MAX_LINK || !URL.canParse(text))
    return null;
  return new URL(text).href.replaceAll(",", "%2C");
}

/** A line of a header has at most 998 characters. */
const MAX_LINK = 900;

function renderHtml(content: EmailContent, source: string, text: RenderText): string {
  const { body } = content;
  let html = text(source);
  const active = findActiveLink(html);
  if (active !== null) {
    throw new RenderError(authoredHtml(content)?.path ?? "body", `${REFUSED}: '${cut(active, 64)}'`);
  }
  if (!isBlank(body.email_markup)) {
    const markup = minifyJson(text(body.email_markup, "json"));
    if (markup === null) throw new RenderError("body.email_markup", "invalid JSON");
    html = insertMarkup(html, markup);
  }
  const preheader = isBlank(body.preheader) ? "" : oneLine(text(body.preheader));
  return preheader === "" ? html : insertPreheader(html, preheader);
}

/** The author's own text, or the one generated from the HTML, where nothing needs escaping. */
function renderText({ body }: EmailContent, html: string, own: string, text: RenderText): string {
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
