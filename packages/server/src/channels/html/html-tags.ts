/*
 * Reads HTML one tag at a time. It handles Handlebars: in a template a `{{ … }}` may occur between the attributes or
 * hold the quotes of the attribute it is in, and is skipped as one piece. Runs in linear time, however broken the
 * source is.
 */

export interface Tag {
  /** Lower case. */
  name: string;
  closing: boolean;
  /** Names in lower case, the first of a name wins; values as written, not decoded. */
  attributes: ReadonlyMap<string, string>;
  /** Index after the tag. */
  end: number;
}

/** The name of an attribute, and where its value begins and ends in the source, without quotes. */
type Visit = (name: string, start: number, end: number) => void;

/** Searches for fixed strings, and caches the position of the next one. */
export interface Finder {
  source: string;
  /** Like `indexOf`: -1 when there is no further needle. */
  find: (needle: string, from: number) => number;
}

export function createFinder(source: string): Finder {
  const searches = new Map<string, { from: number; at: number }>();
  return {
    source,
    find: (needle, from) => {
      // Without the cache, a source full of openings whose end is far away or missing takes quadratic time.
      const last = searches.get(needle);
      if (last !== undefined && last.from <= from && from <= last.at)
        return last.at === Infinity ? -1 : last.at;
      const at = source.indexOf(needle, from);
      searches.set(needle, { from, at: at < 0 ? Infinity : at });
      return at;
    },
  };
}

/** Index after the `{{ … }}` that starts at `at`; -1 when none starts there or it never closes. */
export function mustacheEnd(finder: Finder, at: number): number {
  const { source } = finder;
  if (!source.startsWith("{{", at)) return -1;
  const comment = /^\{\{~?!--/.exec(source.slice(at, at + 6));
  if (comment !== null) {
    const ends = ["--}}", "--~}}"].map((close) => {
      const found = finder.find(close, at + comment[0].length);
      return found < 0 ? Infinity : found + close.length;
    });
    const end = Math.min(...ends);
    return end === Infinity ? -1 : end;
  }
  const close = finder.find("}}", at + 2);
  if (close < 0) return -1;
  let end = close + 2;
  // The longer stashes: {{{raw}}} and {{{{block}}}}.
  for (let extra = 2; extra < 4 && source[at + extra] === "{" && source[end] === "}"; extra += 1) end += 1;
  return end;
}

/** Index after a comment or declaration that starts at `at`, -1 when none does. */
export function commentEnd(finder: Finder, at: number): number {
  const { source } = finder;
  const kind = source.startsWith("<!", at) || source.startsWith("<?", at);
  if (!kind) return -1;
  const comment = source.startsWith("<!--", at);
  // `<!-->` is a whole comment, so the end may overlap the start.
  const end = comment ? finder.find("-->", at + 2) : finder.find(">", at + 2);
  return end < 0 ? source.length : end + (comment ? 3 : 1);
}

/**
 * Reads the tag that starts at `at`, null when none does. A tag that never closes ends with the source. `visit` learns
 * where the value of each attribute stands, the first of a name only.
 */
export function readTag(finder: Finder, at: number, visit?: Visit): Tag | null {
  const { source } = finder;
  const closing = source[at + 1] === "/";
  let i = at + (closing ? 2 : 1);
  if (!isLetter(source.charCodeAt(i))) return null;
  const nameStart = i;
  while (i < source.length && !isSpace(source.charCodeAt(i)) && !"/>{".includes(source.charAt(i))) i += 1;
  const name = source.slice(nameStart, i).toLowerCase();

  const attributes = new Map<string, string>();
  while (i < source.length) {
    const char = source.charAt(i);
    if (char === ">") return { name, closing, attributes, end: i + 1 };
    const mustache = char === "{" ? mustacheEnd(finder, i) : -1;
    if (mustache >= 0) i = mustache;
    else if (char === "/" || isSpace(source.charCodeAt(i))) i += 1;
    else i = readAttribute(finder, i, attributes, visit);
  }
  return { name, closing, attributes, end: source.length };
}

/** Reads one `name`, `name=value`, `name="value"`; returns the index after it. */
function readAttribute(finder: Finder, at: number, attributes: Map<string, string>, visit?: Visit): number {
  const { source } = finder;
  const nameEnd = skipUntil(
    finder,
    at + 1,
    (code) => isSpace(code) || code === 0x2f || code === 0x3d || code === 0x3e,
  );
  const name = source.slice(at, nameEnd).toLowerCase();
  let i = nameEnd;
  while (isSpace(source.charCodeAt(i))) i += 1;
  if (source[i] !== "=") {
    if (!attributes.has(name)) attributes.set(name, "");
    return nameEnd;
  }
  i += 1;
  while (isSpace(source.charCodeAt(i))) i += 1;
  const quote = source.charCodeAt(i);
  const quoted = quote === 0x22 || quote === 0x27;
  const start = quoted ? i + 1 : i;
  const end = skipUntil(
    finder,
    start,
    quoted ? (code) => code === quote : (code) => isSpace(code) || code === 0x3e,
  );
  if (!attributes.has(name)) {
    attributes.set(name, source.slice(start, end));
    visit?.(name, start, end);
  }
  return quoted ? Math.min(end + 1, source.length) : end;
}

/** Index of the first character that `stops` accepts, skipping mustaches; the length of the source if there is none. */
function skipUntil(finder: Finder, from: number, stops: (code: number) => boolean): number {
  const { source } = finder;
  let i = from;
  while (i < source.length && !stops(source.charCodeAt(i))) {
    const mustache = source.charCodeAt(i) === 0x7b ? mustacheEnd(finder, i) : -1;
    i = mustache < 0 ? i + 1 : mustache;
  }
  return i;
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
