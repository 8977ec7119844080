import { decodeHTMLAttribute } from "entities";
import { commentEnd, createFinder, type Finder, readTag } from "./html-tags.ts";

/** Longer ones would make addresses that mail servers and proxies cut. */
const MAX_URL = 2000;
/** Between these tags there is no markup. */
const RAW = new Set(["script", "style", "title", "textarea", "xmp"]);

/**
 * The HTML of a mail with its links replaced: of `a` and `area`, to http or https. A link with `data-track="false"` stays
 * as it is, and so do comments, which hold markup for Outlook.
 */
export function replaceLinks(html: string, replace: (url: string) => string): string {
  const finder = createFinder(html);
  const parts: string[] = [];
  let kept = 0;
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", at)) {
    const comment = commentEnd(finder, at);
    if (comment >= 0) {
      at = comment;
      continue;
    }
    const spans = new Map<string, [number, number]>();
    const tag = readTag(finder, at, (name, start, end) => spans.set(name, [start, end]));
    if (tag === null) {
      at++;
      continue;
    }
    const href =
      tag.closing || (tag.name !== "a" && tag.name !== "area") ? undefined : tag.attributes.get("href");
    const span = spans.get("href");
    if (href !== undefined && span !== undefined && tag.attributes.get("data-track") !== "false") {
      const url = decodeHTMLAttribute(href).trim();
      if (/^https?:\/\/./i.test(url) && url.length <= MAX_URL && URL.canParse(url)) {
        const quote = /["']/.test(html.charAt(span[0] - 1)) ? "" : '"';
        parts.push(html.slice(kept, span[0]), quote, replace(url), quote);
        kept = span[1];
      }
    }
    at = RAW.has(tag.name) && !tag.closing ? rawEnd(finder, tag.name, tag.end) : tag.end;
  }
  return parts.join("") + html.slice(kept);
}

/** The HTML of a mail with an image that nobody sees, at the end of its body. */
export function appendImage(html: string, src: string): string {
  const image = `<img src="${src}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">`;
  const at = Math.max(html.lastIndexOf("</body"), html.lastIndexOf("</BODY"));
  return at < 0 ? html + image : html.slice(0, at) + image + html.slice(at);
}

function rawEnd(finder: Finder, name: string, from: number): number {
  const ends = [`</${name}`, `</${name.toUpperCase()}`].map((tag) => finder.find(tag, from));
  const found = ends.filter((end) => end >= 0);
  return found.length === 0 ? finder.source.length : Math.min(...found);
}
