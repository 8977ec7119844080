/* E-mail addresses: the syntax of identities, and the lists that templates write into cc, bcc and reply_to. */

const MIN_LENGTH = 6;
const MAX_LENGTH = 320;

/**
 * The syntax that browsers accept in an e-mail field, extended to addresses in other scripts. Laxer than RFC 5322 about
 * dots (there are mailboxes named `a..b`), stricter about quotes and comments, which are not used.
 */
const LOCAL_PART = /^[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}$/u;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;

export type EmailAddress = { ok: true; address: string } | { ok: false; reason: "length" | "syntax" };

/** Reads one bare address: trimmed, its domain in lower case. */
export function parseEmailAddress(text: string): EmailAddress {
  const trimmed = text.trim();
  if (trimmed.length < MIN_LENGTH || trimmed.length > MAX_LENGTH) return { ok: false, reason: "length" };
  const at = trimmed.lastIndexOf("@");
  const local = trimmed.slice(0, Math.max(at, 0));
  const domain = trimmed.slice(at + 1).toLowerCase();
  const labels = domain.split(".");
  const sound =
    LOCAL_PART.test(local) &&
    domain.length <= 253 &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
  return sound ? { ok: true, address: `${local}@${domain}` } : { ok: false, reason: "syntax" };
}

export type MailboxList = { ok: true; mailboxes: string[] } | { ok: false; entry: string };

/**
 * Parses a comma-separated list of `a@x.com` and `Name <a@x.com>`, as in a mail header. Each entry is returned in one
 * of those two forms, names quoted if necessary. Empty entries are left out; the first entry that is not a mailbox is
 * returned instead of the list. Runs in linear time.
 */
export function parseMailboxList(text: string): MailboxList {
  const mailboxes: string[] = [];
  for (const entry of splitOutsideQuotes(oneLine(text))) {
    if (entry === "") continue;
    const mailbox = parseMailbox(entry);
    if (mailbox === null) return { ok: false, entry };
    mailboxes.push(mailbox);
  }
  return { ok: true, mailboxes };
}

/**
 * A header value on one line. A line break in a rendered value could inject a header, so every control character
 * becomes a space.
 */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

function parseMailbox(entry: string): string | null {
  const open = entry.lastIndexOf("<");
  if (open < 0) {
    const bare = parseEmailAddress(entry);
    return bare.ok ? bare.address : null;
  }
  if (!entry.endsWith(">")) return null;
  const bracketed = parseEmailAddress(entry.slice(open + 1, -1));
  if (!bracketed.ok) return null;
  const name = unquote(entry.slice(0, open).trim());
  if (name === "") return bracketed.address;
  // Everything but letters, digits and plain punctuation has a meaning in a header.
  const display = /^[\p{L}\p{M}\p{N} !#$%&'*+/=?^_`{|}~-]+$/u.test(name)
    ? name
    : `"${name.replaceAll(/["\\]/g, "\\$&")}"`;
  return `${display} <${bracketed.address}>`;
}

function unquote(name: string): string {
  if (name.length < 2 || !name.startsWith('"') || !name.endsWith('"')) return name;
  return name.slice(1, -1).replaceAll(/\\(.)/g, "$1").trim();
}

function splitOutsideQuotes(list: string): string[] {
  const entries: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < list.length; i += 1) {
    const char = list[i];
    if (char === "\\" && quoted) i += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === "," && !quoted) {
      entries.push(list.slice(start, i).trim());
      start = i + 1;
    }
  }
  entries.push(list.slice(start).trim());
  return entries;
}
