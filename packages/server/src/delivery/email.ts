import { z } from "zod";
import type { Json } from "../core/json.ts";
import type { HttpClient, HttpReply } from "./http.ts";
import { HttpCallError } from "./http.ts";
import type { Attachment, Failed, OutgoingMessage } from "./vendor.ts";

/*
 * What every e-mail vendor needs before it speaks its own protocol: who a rendered mail is from and goes to, with
 * the defaults of the vendor's settings, and its attachments, fetched. Nothing that leaves this file can break out
 * of a header: values are one line, addresses hold no space, bracket or comma.
 */

/** The settings all e-mail vendors share. A template overrides them where it is not blank. */
export const senderFields = {
  from_name: z.string().trim().max(200).default("").meta({ title: "From name" }),
  from_email: z
    .string()
    .trim()
    .refine(isAddress, "not an e-mail address")
    .meta({ title: "From address", description: "Used where the template names none." }),
  reply_email: z
    .string()
    .trim()
    .refine((text) => text === "" || isAddress(text), "not an e-mail address")
    .default("")
    .meta({ title: "Reply address", description: "Blank: replies go to the From address." }),
};

export interface Sender {
  from_name: string;
  from_email: string;
  reply_email: string;
}

export interface Mailbox {
  /** Blank when there is none. */
  name: string;
  address: string;
}

export interface Email {
  from: Mailbox;
  /** The recipient, whose fate is the message's. */
  to: Mailbox;
  /** Copies: none of them is the recipient, and none is listed twice. */
  extra_to: Mailbox[];
  cc: Mailbox[];
  bcc: Mailbox[];
  reply_to: Mailbox[];
  subject: string;
  html: string | null;
  text: string;
}

/** Reads what the e-mail channel rendered. Addresses of copies that are none are left out. */
export function readEmail(
  message: OutgoingMessage,
  sender: Sender,
): { ok: true; email: Email } | { ok: false; failure: Failed } {
  const { content } = message;
  const to = parseMailbox(text(message.to));
  if (to === null) {
    return refusal("recipient", "invalid_address", "the recipient's address is not an e-mail address");
  }
  const address = oneLine(content.from_address) || sender.from_email;
  if (!isAddress(address)) {
    return refusal("message", "invalid_from_address", "the From address is not an e-mail address");
  }
  const seen = new Set([to.address.toLowerCase()]);
  const copies = (list: Json | undefined): Mailbox[] =>
    parseMailboxes(list).filter((mailbox) => {
      const key = mailbox.address.toLowerCase();
      return !seen.has(key) && seen.add(key);
    });
  const replyTo = parseMailboxes(content.reply_to);
  const email: Email = {
    from: { name: oneLine(content.from_name) || sender.from_name, address },
    to,
    extra_to: copies(content.extra_to),
    cc: copies(content.cc),
    bcc: copies(content.bcc),
    reply_to: replyTo.length > 0 ? replyTo : parseMailboxes(sender.reply_email),
    subject: oneLine(content.subject),
    html: typeof content.html === "string" && content.html !== "" ? content.html.toWellFormed() : null,
    text: text(content.text),
  };
  return { ok: true, email };
}

/** A mailbox as a header holds it: `ann@example.com` or `"Ann, the boss" <ann@example.com>`. */
export function formatMailbox({ name, address }: Mailbox): string {
  return name === "" ? address : `"${name.replaceAll(/["\\]/g, "\\$&")}" <${address}>`;
}

export interface LoadedAttachment {
  filename: string;
  content_type: string;
  /** Base64, in the standard alphabet and without line breaks. */
  data: string;
}

const MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024;

/** Providers refuse mails above 25 to 40 MB, and base64 adds a third. */
const MAX_TOTAL_BYTES = 18 * 1024 * 1024;

/**
 * Decodes inline attachments and fetches the others. One that cannot be had fails the mail, `transient` where
 * another attempt may fetch it, or is left out if it says `ignore_if_error`.
 */
export async function loadAttachments(
  attachments: readonly Attachment[],
  http: HttpClient,
  signal: AbortSignal,
): Promise<{ ok: true; files: LoadedAttachment[] } | { ok: false; failure: Failed }> {
  const loaded = await Promise.all(attachments.map((attachment) => load(attachment, http, signal)));
  const files: LoadedAttachment[] = [];
  let bytes = 0;
  for (const [index, result] of loaded.entries()) {
    if (result.ok) {
      files.push(result.file);
      bytes += result.file.data.length * 0.75;
    } else if (attachments[index]?.ignore_if_error !== true) {
      return result;
    }
  }
  return bytes > MAX_TOTAL_BYTES
    ? refusal("message", "attachments_too_large", "the attachments are larger than mail servers accept")
    : { ok: true, files };
}

type Loaded = { ok: true; file: LoadedAttachment } | { ok: false; failure: Failed };

async function load(attachment: Attachment, http: HttpClient, signal: AbortSignal): Promise<Loaded> {
  if (typeof attachment.data === "string" && attachment.data !== "") {
    return decode(attachment, attachment.data);
  }
  if (typeof attachment.url === "string" && attachment.url !== "") {
    return fetchFile(attachment, attachment.url, http, signal);
  }
  return refusal("message", "invalid_attachment", "an attachment has neither data nor a URL");
}

function decode(attachment: Attachment, encoded: string): Loaded {
  const packed = encoded.replaceAll(/\s+/g, "");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(packed)) {
    return refusal("message", "invalid_attachment", "the data of an attachment is not base64");
  }
  return {
    ok: true,
    file: {
      filename: fileName(attachment.filename, undefined),
      content_type: mediaType(attachment.contentType, undefined),
      data: Buffer.from(packed, "base64").toString("base64"),
    },
  };
}

async function fetchFile(
  attachment: Attachment,
  url: string,
  http: HttpClient,
  signal: AbortSignal,
): Promise<Loaded> {
  const name = oneLine(attachment.filename ?? undefined) || "unnamed";
  let reply: HttpReply;
  try {
    reply = await http.request({
      method: "GET",
      url,
      encoding: "base64",
      redirects: 5,
      max_response_bytes: MAX_ATTACHMENT_BYTES,
      timeout_ms: 20_000,
      signal,
    });
  } catch (error) {
    if (!(error instanceof HttpCallError)) {
      throw error;
    }
    const hopeless = ["blocked_address", "invalid_request", "response_too_large", "bad_redirect"];
    const kind = hopeless.includes(error.code) ? "message" : "transient";
    return refusal(kind, `attachment_${error.code}`, `attachment ${name}: ${error.code}`);
  }
  if (reply.status !== 200) {
    const later = reply.status >= 500 || [408, 425, 429].includes(reply.status);
    const kind = later ? "transient" : "message";
    return refusal(
      kind,
      `attachment_http_${reply.status}`,
      `attachment ${name}: HTTP status ${reply.status}`,
    );
  }
  return {
    ok: true,
    file: {
      filename: fileName(attachment.filename, url),
      content_type: mediaType(attachment.contentType, reply.headers["content-type"]),
      data: reply.body,
    },
  };
}

function refusal(kind: Failed["class"], code: string, message: string): { ok: false; failure: Failed } {
  return { ok: false, failure: { kind: "failed", class: kind, code, message: message.slice(0, 500) } };
}

/** The given name, or the last part of the URL's path: one line, without folders. */
function fileName(given: string | null | undefined, url: string | undefined): string {
  const path = url !== undefined && URL.canParse(url) ? new URL(url).pathname : "";
  const candidates = [oneLine(given ?? undefined), unescapePath(path)];
  for (const candidate of candidates) {
    const name = candidate.split(/[/\\]/).at(-1)?.trim() ?? "";
    if (name !== "") {
      return name.slice(-150);
    }
  }
  return "attachment";
}

function unescapePath(path: string): string {
  try {
    return oneLine(decodeURIComponent(path));
  } catch {
    return path;
  }
}

const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/;

function mediaType(given: string | null | undefined, received: string | undefined): string {
  for (const candidate of [given, received]) {
    const type =
      text(candidate ?? undefined)
        .split(";")[0]
        ?.trim()
        .toLowerCase() ?? "";
    if (MEDIA_TYPE.test(type)) {
      return type;
    }
  }
  return "application/octet-stream";
}

/** Reads a header's list of mailboxes, or an array of them. What is no mailbox is left out. */
function parseMailboxes(list: Json | undefined): Mailbox[] {
  const entries = Array.isArray(list) ? list : [list];
  return entries
    .flatMap((entry) => splitOutsideQuotes(text(entry)))
    .map(parseMailbox)
    .filter((mailbox) => mailbox !== null);
}

function splitOutsideQuotes(list: string): string[] {
  const entries: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < list.length; i += 1) {
    const char = list[i];
    if (char === "\\" && quoted) {
      i += 1;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (char === "," && !quoted) {
      entries.push(list.slice(start, i));
      start = i + 1;
    }
  }
  return [...entries, list.slice(start)];
}

function parseMailbox(entry: string): Mailbox | null {
  const line = oneLine(entry);
  const open = line.lastIndexOf("<");
  if (open < 0 || !line.endsWith(">")) {
    return isAddress(line) ? { name: "", address: line } : null;
  }
  const address = line.slice(open + 1, -1);
  const name = line.slice(0, open).trim();
  const quoted = /^"(.*)"$/s.exec(name)?.[1];
  return isAddress(address) ? { name: quoted?.replaceAll(/\\(.)/gs, "$1") ?? name, address } : null;
}

/** Deliberately lax: the channel has judged the address already. What matters here is that it stays one. */
function isAddress(text: string): boolean {
  return text.length <= 320 && /^[^\s\p{C}"(),:;<>@[\\\]]+@[^\s\p{C}"(),:;<>@[\\\]]+$/u.test(text);
}

function text(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : "";
}

/** One line: a line break in a rendered value would start a header of the sender's choosing. */
function oneLine(value: unknown): string {
  return text(value)
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}
