/*
 * Reading what stands in a mail header: `ann@example.com`, `"Ann, boss" <ann@example.com>`, and lists of them. What an
 * acceptable address is, each reader decides for itself.
 */

export interface Mailbox {
  /** Blank when there is none. */
  name: string;
  address: string;
}

/** A name and what stands in an address's place, or null where the brackets do not close. */
export function readMailbox(entry: string): Mailbox | null {
  const line = oneLine(entry);
  const open = line.lastIndexOf("<");
  if (open < 0) return { name: "", address: line };
  if (!line.endsWith(">")) return null;
  return { name: unquote(line.slice(0, open).trim()), address: line.slice(open + 1, -1).trim() };
}

/** As a header or an API takes it: `"Ann, boss" <ann@example.com>`. The name is text on one line. */
export function writeMailbox({ name, address }: Mailbox): string {
  const line = oneLine(name);
  if (line === "") return address;
  return `"${line.replaceAll(/["\\]/g, "\\$&")}" <${address}>`;
}

/** The entries of a comma-separated list, blank ones included. Takes time in proportion to the text. */
export function splitMailboxes(list: string): string[] {
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

/**
 * A header value on one line. A line break in a rendered value would start a header of the sender's choosing, so
 * every control character becomes a space.
 */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .trim();
}

function unquote(name: string): string {
  if (name.length < 2 || !name.startsWith('"') || !name.endsWith('"')) return name;
  return name.slice(1, -1).replaceAll(/\\(.)/g, "$1").trim();
}
