import { decodeHTMLAttribute } from "entities";
import { commentEnd, createFinder, readTag } from "../html/html-tags.ts";
import { isSafeImageLink, isSafeLink } from "./link.ts";

/*
 * Finds links in the HTML of a mail that would run code in a client that lets them. Escaping does not touch them: the
 * address may come from the data whole.
 */

const LINKS: ReadonlySet<string> = new Set(["href", "xlink:href", "action", "formaction", "ping"]);
const PICTURES: ReadonlySet<string> = new Set(["src", "background", "poster", "data"]);
/** The beginnings of such attributes' values, in tags and wherever else they stand. */
const VALUES = /(?:href|action|ping|src|background|poster|data)[\s\p{Cc}]*=[\s\p{Cc}"']*([^\s"'>]{0,12})/giu;
/** How nearly all of them begin. */
const USUAL = /^(?:https?:|mailto:|tel:|cid:|[#/?]|$)/i;

/** The first of them, as it is written; null where there is none. */
export function findActiveLink(html: string): string | null {
  // Reading all tags takes ten times as long.
  let isUsual = true;
  for (const [, value = ""] of html.matchAll(VALUES)) isUsual &&= USUAL.test(value);
  if (isUsual) return null;
  const finder = createFinder(html);
  for (let at = html.indexOf("<"); at !== -1; at = html.indexOf("<", at)) {
    const comment = commentEnd(finder, at);
    const tag = comment === -1 ? readTag(finder, at) : null;
    for (const [name, value] of tag?.attributes ?? []) {
      const link = decodeHTMLAttribute(value);
      if (LINKS.has(name) ? !isSafeLink(link) : PICTURES.has(name) && !isSafeImageLink(link)) return value;
    }
    at = tag?.end ?? (comment === -1 ? at + 1 : comment);
  }
  return null;
}
