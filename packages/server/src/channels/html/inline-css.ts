import juice from "juice";
import { errorMessage } from "../../core/text/error-message.ts";

/*
 * Copies the rules of a mail's style sheets into the elements' own `style`, for mail clients that show the elements
 * without the sheets. The sheets stay for those that read them: media queries and `:hover` cannot be inlined. The source
 * is a template; its Handlebars tags are kept as they are.
 */

export type InlinedCss = { ok: true; html: string } | { ok: false; reason: string };

/** Rules times elements, each of which is compared: about a third of a second. */
const MAX_WORK = 300_000;

export function inlineCss(html: string): InlinedCss {
  if (!/<style[\s>]/i.test(html)) return { ok: true, html };
  const rules = countRules(html);
  const elements = html.split("<").length - 1;
  if (rules * elements > MAX_WORK) {
    return { ok: false, reason: `${rules} CSS rules for ${elements} tags are too many to inline` };
  }
  try {
    return { ok: true, html: juice(html, { removeStyleTags: false, preserveImportant: true }) };
  } catch (error) {
    return { ok: false, reason: `the CSS cannot be inlined: ${errorMessage(error)}` };
  }
}

function countRules(html: string): number {
  let rules = 0;
  for (const [, css = ""] of html.matchAll(/<style[\s>]([^]*?)<\/style/gi)) {
    // Selectors are compared one by one.
    rules += css.replaceAll(/\{\{[^]*?\}\}/g, "").split(/[{,]/).length - 1;
  }
  return rules;
}
