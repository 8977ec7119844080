import { z } from "zod";
import { isJsonObject, type Json } from "../../core/json.ts";
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
};

export interface Sender {
  from_name: string;
  from_email: string;
  reply_email: string;
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
  /** Further headers: those of {@link HEADERS} that the content has. */
  headers: Record<string, string>;
}

/** The headers that a content may set; each vendor sends what it gets. */
const HEADERS = ["List-Unsubscribe", "List-Unsubscribe-Post"];

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
    headers: headersOf(content.headers),
  };
  return { ok: true, email };
}

function headersOf(given: Json | undefined): Record<string, string> {
  if (!isJsonObject(given)) return {};
  return Object.fromEntries(
    HEADERS.map((name) => [name, lineOf(given[name])] as const).filter(([, value]) => value !== ""),
  );
}

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
