/** A header such as `attachment; filename="a.pdf"` or `text/csv; charset=utf-8`. */
export interface HeaderValue {
  /** What stands before the parameters, trimmed. */
  value: string;
  /** By lower-case name, quotes resolved. The first of several with one name counts. */
  parameters: Map<string, string>;
}

/** Each space has one place to be: a value without quotes takes those around it, and is trimmed afterwards. */
const PARAMETER = /[;\s]*([\w!#$%&'*+.^`|~-]{1,100})\s*=(?:\s*"((?:[^"\\]|\\.)*)"\s*|([^;"]*))(?=;|$)/sy;

/**
 * Reads a header's value with its parameters. A value without quotes ends at the semicolon: servers forget the quotes
 * around spaces. What follows a mistake is left out. Takes time in proportion to the text.
 */
export function readHeader(header: string): HeaderValue {
  const end = header.indexOf(";");
  const parameters = new Map<string, string>();
  if (end < 0) return { value: header.trim(), parameters };
  PARAMETER.lastIndex = end;
  for (let match = PARAMETER.exec(header); match !== null; match = PARAMETER.exec(header)) {
    const [, name = "", quoted, token = ""] = match;
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/gs, "$1") ?? token.trim());
  }
  return { value: header.slice(0, end).trim(), parameters };
}
