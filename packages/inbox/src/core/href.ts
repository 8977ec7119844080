const SCHEME = /^[a-z][a-z\d+.-]*:/i;
const HARMLESS = /^(?:https?|mailto):/i;

/** A link as it may stand in a page: http, https, mailto or relative. Null for all else, whatever it is disguised as. */
export function safeHref(url: string): string | null {
  // Browsers skip these anywhere before a scheme's end, and take a backslash for a slash.
  // oxlint-disable-next-line no-control-regex
  const href = url.replaceAll(/[\u0000-\u0020\u007f-\u009f\u200b-\u200f\u2028-\u202f\ufeff]/g, "");
  return href !== "" && (HARMLESS.test(href) || !SCHEME.test(href)) ? href : null;
}

/**
 * Where a link of an item leads: its `url`, or that of a button, an avatar or a subtext. As official clients do it,
 * what neither has a scheme nor begins like a path is a host: `example.com/a`. Null where it must not be followed.
 */
export function linkOf(url: string): string | null {
  const href = safeHref(url);
  return href === null || HARMLESS.test(href) || /^[/#?.\\]/.test(href) ? href : `https://${href}`;
}
