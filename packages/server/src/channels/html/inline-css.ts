import juice from "juice";
import { errorMessage } from "../../core/text/error-message.ts";

/*
 * Copies the rules of a mail's style sheets into the elements' own `style`, for mail clients that show the elements
 * without the sheets. The sheets stay for those that read them: media queries and `:hover` cannot be inlined.
 *
 * The source is a template. Its tags are kept as they are in the HTML. A value of a sheet, `{{$brand.primary_color}}`,
 * may be copied into a loop, where it would mean something else: it is copied as `{{@root.$brand.primary_color}}`. A
 * sheet with any other tag is left alone, and with it all others, whose rules might win over its own.
 */

export type InlinedCss = { ok: true; html: string } | { ok: false; reason: string };

/** Rules times elements, each of which is compared: about a third of a second. */
const MAX_WORK = 300_000;

/** Why the CSS of this HTML is not inlined although it could be; null where it is, or where it never could be. */
export function inlineProblem(html: string): string | null {
  const sheet = sheetOf(html);
  return sheet === null ? null : tooMuch(sheet.css, html);
}

export function inlineCss(html: string): InlinedCss {
  const sheet = sheetOf(html);
  if (sheet === null) return { ok: true, html };
  const { css, putBack } = sheet;
  const reason = tooMuch(css, html);
  if (reason !== null) return { ok: false, reason };
  try {
    return { ok: true, html: putBack(juice.inlineContent(html, css, { preserveImportant: true })) };
  } catch (error) {
    return { ok: false, reason: `the CSS cannot be inlined: ${errorMessage(error)}` };
  }
}

interface Sheet {
  /** With a word in the place of each value of the data. */
  css: string;
  putBack: (html: string) => string;
}

/** The style sheets together; null where there is none that can be copied. */
function sheetOf(html: string): Sheet | null {
  const sheets = [...html.matchAll(/<style(?:\s[^>]*)?>([^]*?)<\/style/gi)];
  if (sheets.some(({ index }) => isInsideBlock(html.slice(0, index)))) return null;
  const sheet = takeOut(sheets.map(([, css = ""]) => css).join("\n"), html);
  return sheet?.css.trim() === "" ? null : sheet;
}

function tooMuch(css: string, html: string): string | null {
  // Selectors are compared one by one.
  const rules = css.split(/[{,]/).length - 1;
  const elements = html.split("<").length - 1;
  if (rules * elements <= MAX_WORK) return null;
  return `${rules} CSS rules for ${elements} tags are too many to inline`;
}

const TAG = /\{\{\{[^]*?\}\}\}|\{\{[^]*?\}\}/g;
/** A plain value, from the root: no helper, no block, nothing relative. */
const VALUE = /^\{\{(\{?)\s*(?!else\b|this\b)([$A-Za-z_][\w$-]*(?:\.[\w$[\]-]+)*)\s*\}?\}\}$/;

/** Null where the CSS has another tag than a value. */
function takeOut(css: string, html: string): Sheet | null {
  let word = "value";
  while (css.includes(word) || html.includes(word)) word += "x";
  const values: string[] = [];
  let isPlain = true;
  const marked = css.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(TAG, (tag) => {
    const [, triple = "", path] = VALUE.exec(tag) ?? [];
    isPlain &&= path !== undefined;
    values.push(triple === "" ? `{{@root.${path}}}` : `{{{@root.${path}}}}`);
    return `${word}${values.length - 1}-`;
  });
  if (!isPlain) return null;
  const mark = new RegExp(`${word}(\\d+)-`, "g");
  return {
    css: marked,
    putBack: (inlined) => inlined.replaceAll(mark, (_mark, index: string) => values[Number(index)] ?? ""),
  };
}

/** Whether a block is open where a text ends. */
function isInsideBlock(before: string): boolean {
  const opened = before.match(/\{\{~?[#^](?!\s*~?\}\})/g)?.length ?? 0;
  const closed = before.match(/\{\{~?\//g)?.length ?? 0;
  return opened > closed;
}
