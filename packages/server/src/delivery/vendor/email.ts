import { domainToASCII } from "node:url";
import { z } from "zod";
import type { Json } from "../../core/json.ts";
import { type Mailbox, oneLine, readMailbox, splitMailboxes } from "../../core/mailbox.ts";
import { failure } from "./failure.ts";
import type { Failed, OutgoingMessage } from "./vendor.ts";

/*
 * The part that all e-mail vendors share: sender and recipients of a rendered mail, with the defaults from the vendor's
 * settings. Its attachments are already loaded (`attachments.ts`). Nothing returned from here can break out of a
 * header: values are one line, addresses contain no space, bracket or comma.
 */

/** The settings all e-mail vendors share. Non-blank fields of a template override them. */
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
  unsubscribe_email: z
    .string()
    .trim()
    .refine((text) => text === "" || isAddress(text), "not an e-mail address")
    .default("")
    .meta({
      title: "Unsubscribe address",
      description:
        "Named in List-Unsubscribe beside the preference page, for mail programs that send a mail instead: somebody must read it. The subject has the message's id.",
    }),
};

export interface Sender {
  from_name: string;
  from_email: string;
  reply_email: string;
  unsubscribe_email: string;
}

export interface Email {
  from: Mailbox;
  /** The recipient, whose outcome is the message's. */
  to: Mailbox;
  /** Copies: none of them is the recipient, and none is listed twice. */
  extra_to: Mailbox[];
  cc: Mailbox[];
  bcc: Mailbox[];
  reply_to: Mailbox[];
  subject: string;
  html: string | null;
  text: string;
  /** Further headers, `List-Unsubscribe` among them. None is one that the other fields or the mail's form decide. */
  headers: Record<string, string>;
}

/** Reads the rendered content of the e-mail channel. Invalid addresses of copies are left out. */
export function readEmail(
  message: OutgoingMessage,
  sender: Sender,
): { ok: true; email: Email } | { ok: false; failure: Failed } {
  const { content } = message;
  const to = parseMailbox(text(message.to));
  if (to === null) {
    return refusal("recipient", "invalid_address", "the recipient's address is not an e-mail address");
  }
  const address = lineOf(content.from_address) || sender.from_email;
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
    from: { name: lineOf(content.from_name) || sender.from_name, address },
    to,
    extra_to: copies(content.extra_to),
    cc: copies(content.cc),
    bcc: copies(content.bcc),
    reply_to: replyTo.length > 0 ? replyTo : parseMailboxes(sender.reply_email),
    subject: lineOf(content.subject),
    html: typeof content.html === "string" && content.html !== "" ? content.html.toWellFormed() : null,
    text: text(content.text),
    headers: withUnsubscribeAddress(readHeaders(content.headers), sender, message),
  };
  return { ok: true, email };
}

/**
 * The address as mail servers and APIs take it: a domain has a form in ASCII, which all of them know; a local part has
 * none.
 */
export function wireAddress({ address }: Pick<Mailbox, "address">): string {
  const at = address.lastIndexOf("@");
  const local = address.slice(0, at);
  const domain = isAscii(local) ? domainToASCII(address.slice(at + 1)) : "";
  return domain === "" ? address : `${local}@${domain}`;
}

export function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** Headers that the sender, the recipients, the subject and the form of the mail decide. */
const OWN_HEADERS =
  /^(?:from|sender|to|cc|bcc|reply-to|return-path|subject|date|message-id|mime-version|received|dkim-signature|content-.*)$/i;

/** A token of https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2, which APIs and mail servers both take as a name. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,76}$/;

/** The first of several that differ only in case counts. Unusable ones are left out. */
function readHeaders(headers: Json | undefined): Record<string, string> {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return {};
  const seen = new Set<string>();
  const read = Object.entries(headers)
    .map(([name, value]): [string, string] => [name, lineOf(value)])
    .filter(([name, value]) => {
      const key = name.toLowerCase();
      return (
        value !== "" && HEADER_NAME.test(name) && !OWN_HEADERS.test(name) && !seen.has(key) && seen.add(key)
      );
    });
  return Object.fromEntries(read);
}

/** How addresses of our own preference page end, in the header that the channel makes for it. */
const OWN_PAGE = /^<https?:[^<>\s]+\/p\/[\w-]+\.[\w-]{43}(?:\/one-click)?>$/;

/** A template that names a way to leave of its own keeps that alone. https://www.rfc-editor.org/rfc/rfc2369#section-3.2 */
function withUnsubscribeAddress(
  headers: Record<string, string>,
  { unsubscribe_email: address }: Sender,
  { message_id }: OutgoingMessage,
): Record<string, string> {
  const page = headers[LEAVE] ?? "";
  if (address === "" || !OWN_PAGE.test(page)) return headers;
  const mail = `mailto:${encodeURI(wireAddress({ address }))}?subject=unsubscribe%20${message_id}`;
  return { ...headers, [LEAVE]: `${page}, <${mail}>` };
}

const LEAVE = "List-Unsubscribe";

function refusal(kind: Failed["class"], code: string, message: string): { ok: false; failure: Failed } {
  return { ok: false, failure: failure(kind, code, message) };
}

/** Parses a header's list of mailboxes, or an array of them. Invalid ones are left out. */
function parseMailboxes(list: Json | undefined): Mailbox[] {
  const entries = Array.isArray(list) ? list : [list];
  return entries
    .flatMap((entry) => splitMailboxes(text(entry)))
    .map(parseMailbox)
    .filter((mailbox) => mailbox !== null);
}

function parseMailbox(entry: string): Mailbox | null {
  const mailbox = readMailbox(entry);
  return mailbox !== null && isAddress(mailbox.address) ? mailbox : null;
}

/** Deliberately lax: the channel has already checked the address. Here it only must remain a single address. */
function isAddress(text: string): boolean {
  return text.length <= 320 && /^[^\s\p{C}"(),:;<>@[\\\]]+@[^\s\p{C}"(),:;<>@[\\\]]+$/u.test(text);
}

function text(value: unknown): string {
  return typeof value === "string" ? value.toWellFormed() : "";
}

function lineOf(value: unknown): string {
  return oneLine(text(value));
}
