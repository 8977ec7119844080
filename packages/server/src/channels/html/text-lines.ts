/*
 * Lays out plain text like HTML: runs of white space are one space, none at the edges of a line, at most one blank line
 * between paragraphs.
 */

export interface TextLines {
  /**
   * Adds a run of text, with white space collapsed (line breaks kept when `preformatted`) and typography simplified.
   */
  text: (run: string, preformatted: boolean) => void;
  /** Adds a piece verbatim. Empty pieces add nothing. */
  atom: (piece: string) => void;
  /** Appends to the existing text, before any pending break. */
  append: (piece: string) => void;
  /** Ensures at least a space before the next text. */
  space: () => void;
  /** Ensures at least this many line breaks before the next text. */
  break: (count: number) => void;
  /** Adds one line break. */
  newline: () => void;
  /** Adds a horizontal rule. */
  rule: () => void;
  /** Starts the next line with this prefix, once it has text. The empty string removes an unused prefix. */
  prefix: (prefix: string) => void;
  mark: () => number;
  /** The text added since a mark, trimmed. */
  since: (mark: number) => string;
  finish: () => string;
}

export function createTextLines(): TextLines {
  const pieces: string[] = [];
  let breaks = 0;
  let space = false;
  let prefix = "";

  const add = (piece: string): void => {
    if (pieces.length > 0 && breaks > 0) pieces.push(breaks > 1 ? "\n\n" : "\n");
    else if (pieces.length > 0 && space && prefix === "") pieces.push(" ");
    if (prefix !== "") pieces.push(prefix);
    pieces.push(piece);
    breaks = 0;
    space = false;
    prefix = "";
  };
  const breakLine = (count: number): void => {
    // A paragraph inside a list item starts on the item's own line.
    if (prefix !== "") return;
    breaks = Math.max(breaks, count);
    space = false;
  };
  const addRun = (run: string): void => {
    const collapsed = run.replaceAll(/\s+/g, " ");
    const trimmed = collapsed.trim();
    if (collapsed.startsWith(" ")) space = true;
    if (trimmed === "") return;
    add(trimmed);
    space = collapsed.endsWith(" ");
  };

  return {
    text: (run, preformatted) => {
      const plain = plainTypography(run);
      if (!preformatted) {
        addRun(plain);
        return;
      }
      plain.split(/\r?\n/).forEach((line, index) => {
        if (index > 0) breaks = Math.min(2, breaks + 1);
        addRun(line);
      });
    },
    atom: (piece) => {
      if (piece !== "") add(piece);
    },
    append: (piece) => {
      pieces.push(piece);
    },
    space: () => {
      space = true;
    },
    break: breakLine,
    newline: () => {
      breakLine(Math.min(2, breaks + 1));
    },
    rule: () => {
      breakLine(1);
      add("---");
      breakLine(1);
    },
    prefix: (text) => {
      prefix = text;
    },
    mark: () => pieces.length,
    since: (mark) => pieces.slice(mark).join("").trim(),
    finish: () => pieces.join("").trim(),
  };
}

const PLAIN: ReadonlyMap<string, string> = new Map([
  ["\u2018", "'"],
  ["\u2019", "'"],
  ["\u201A", "'"],
  ["\u201C", '"'],
  ["\u201D", '"'],
  ["\u201E", '"'],
  ["\u2013", "-"],
  ["\u2014", "-"],
  ["\u2026", "..."],
]);

/** Zero-width characters that e-mail editors use as padding. */
const PADDING = /\u00AD|\u034F|\u200B|\u2060|\uFEFF/g;

/** Joiners are part of emoji and of words in several scripts: they are padding only where they join nothing. */
const LOOSE_JOINER = /(?<![\p{L}\p{M}\p{S}])[\u200C\u200D]|[\u200C\u200D](?![\p{L}\p{M}\p{S}])/gu;

const TYPOGRAPHY = /[\u2018-\u201A\u201C-\u201E\u2013\u2014\u2026]/g;

function plainTypography(text: string): string {
  // Most text is ASCII and needs none of this.
  if (!/[\u00A1-\u{10FFFF}]/u.test(text)) return text;
  return text
    .replaceAll(PADDING, "")
    .replaceAll(LOOSE_JOINER, "")
    .replaceAll(TYPOGRAPHY, (char) => PLAIN.get(char) ?? char);
}
