import { commentEnd, createFinder, readTag, type Finder, type Tag } from "./html-tags.ts";

/*
 * Inserts two things into the rendered HTML of an e-mail: the line that mail clients show beside the subject, and
 * structured data for clients that act on it.
 */

/** Fills the rest of the preview line, so that it does not show the body's first words. */
const PREVIEW_PADDING = "&#847;&zwnj;&nbsp;".repeat(100);

/** Inserts the preheader, plain text, at the start of the body, hidden from the reader. */
export function insertPreheader(html: string, preheader: string): string {
  const div = `<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${escapeHtml(preheader)}${PREVIEW_PADDING}</div>`;
  const finder = createFinder(html);
  const at =
    findTag(finder, "body", false)?.end ?? findTag(finder, "head", true)?.end ?? afterDoctype(finder);
  return html.slice(0, at) + div + html.slice(at);
}

/** Inserts JSON-LD into the head, which is created if missing. */
export function insertMarkup(html: string, markup: string): string {
  // Escapes `<` in JSON, so that nothing in it can end the script element.
  const script = `<script type="application/ld+json">${markup.replaceAll("<", String.raw`\u003c`)}</script>`;
  const finder = createFinder(html);
  const head = findTag(finder, "head", false);
  if (head !== null) return html.slice(0, head.end) + script + html.slice(head.end);
  const at = findTag(finder, "html", false)?.end ?? afterDoctype(finder);
  return `${html.slice(0, at)}<head>${script}</head>${html.slice(at)}`;
}

/** The first tag of that name outside comments: mail HTML repeats `<body>` in those for Outlook. */
function findTag(finder: Finder, name: string, closing: boolean): Tag | null {
  const pattern = new RegExp(closing ? `<!--|</${name}[\\s>]` : `<!--|<${name}[\\s/>]`, "gi");
  for (let match = pattern.exec(finder.source); match !== null; match = pattern.exec(finder.source)) {
    if (match[0] !== "<!--") return readTag(finder, match.index);
    pattern.lastIndex = commentEnd(finder, match.index);
  }
  return null;
}

function afterDoctype(finder: Finder): number {
  return /^\s*<!doctype/i.test(finder.source) ? commentEnd(finder, finder.source.indexOf("<")) : 0;
}

/** Escapes text for the inside of an element or a quoted attribute; references already there stay what they are. */
function escapeHtml(text: string): string {
  return text
    .replaceAll(/&(?!#[xX][0-9a-fA-F]{1,8};|#\d{1,8};|[a-zA-Z][a-zA-Z0-9]{1,31};)/g, "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
