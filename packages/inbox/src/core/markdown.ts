import { safeHref } from "./href.ts";
import type { MarkdownBlock, MarkdownInline } from "./types.ts";

/** Levels within each other, of quotes and of emphasis. What lies deeper is text. */
const DEEPEST = 8;

/**
 * Parses the Markdown of an item's text: paragraphs, headings, lists, quotes, code, rules; emphasis, links, breaks.
 * HTML is text like any other. Takes time in proportion to the text, whatever is in it.
 */
export function parseMarkdown(text: string): MarkdownBlock[] {
  return parseBlocks(text.split(/\r\n|\r|\n/), 0);
}

const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^ {0,3}(#{1,3})[ \t]+(.*)$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const BULLET = /^[ \t]*(?:[-*+]|(\d{1,9})[.)])[ \t]+(?=\S)/;

function parseBlocks(lines: readonly string[], depth: number): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  let at = 0;
  /** Lines from here on that belong to what began. */
  function take(isPart: (line: string) => boolean): string[] {
    const from = at;
    while (at < lines.length && isPart(lines[at] ?? "")) at += 1;
    return lines.slice(from, at);
  }
  const isPlain = (line: string) =>
    line.trim() !== "" && ![FENCE, HEADING, RULE, QUOTE, BULLET].some((start) => start.test(line));

  while (at < lines.length) {
    const line = lines[at] ?? "";
    const [, fence] = FENCE.exec(line) ?? [];
    const [, marks = "", title] = HEADING.exec(line) ?? [];
    if (line.trim() === "") {
      at += 1;
    } else if (fence !== undefined) {
      at += 1;
      blocks.push({ type: "code", text: take((next) => !next.trimStart().startsWith(fence)).join("\n") });
      at += 1;
    } else if (title !== undefined) {
      at += 1;
      blocks.push({ type: "heading", level: marks.length as 1 | 2 | 3, children: parseInline(title.trim()) });
    } else if (RULE.test(line)) {
      at += 1;
      blocks.push({ type: "rule" });
    } else if (QUOTE.test(line) && depth < DEEPEST) {
      const quoted = take((next) => QUOTE.test(next)).map((next) => next.replace(QUOTE, ""));
      blocks.push({ type: "quote", children: parseBlocks(quoted, depth + 1) });
    } else if (BULLET.test(line)) {
      const start = BULLET.exec(line)?.[1];
      const items: string[] = [];
      while (BULLET.test(lines[at] ?? "") && !RULE.test(lines[at] ?? "")) {
        const first = (lines[at] ?? "").replace(BULLET, "");
        at += 1;
        items.push([first, ...take(isPlain)].map((part) => part.trimStart()).join("\n"));
      }
      blocks.push({
        type: "list",
        start: start === undefined ? null : Number(start),
        items: items.map(parseInline),
      });
    } else {
      at += 1;
      const text = [line, ...take(isPlain)].map((part) => part.trimStart()).join("\n");
      blocks.push({ type: "paragraph", children: parseInline(text) });
    }
  }
  return blocks;
}

const TOKEN = new RegExp(
  [
    String.raw`\\([!-/:-@[-\x60{-~])`, // an escaped sign
    String.raw`(?<hard>(?:(?<! ) {2,}|\\)\n)`,
    String.raw`(?<ticks>\x60+)`,
    String.raw`(?<mark>\*{1,3}|__|~~|_)`,
    String.raw`(?<open>!?\[)`,
    String.raw`\]\((?<href>[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)(?:\s+"[^"\n]*")?\)`,
    String.raw`(?<close>\])`,
    String.raw`<(?<auto>(?:https?://|mailto:)[^\s<>]+)>`,
    String.raw`(?<bare>https?://[^\s<>*\x60[\]]+)`,
  ].join("|"),
  "g",
);

const MARKS: Record<string, "strong" | "em" | "del"> = {
  "**": "strong",
  __: "strong",
  "~~": "del",
  "*": "em",
  _: "em",
};

/** What was opened and not closed yet. */
interface Frame {
  opener: string;
  children: MarkdownInline[];
}

function parseInline(text: string): MarkdownInline[] {
  const stack: Frame[] = [{ opener: "", children: [] }];
  const top = () => stack[stack.length - 1] as Frame;

  function add(node: MarkdownInline): void {
    const { children } = top();
    const last = children.at(-1);
    if (node.type === "text" && last?.type === "text")
      children[children.length - 1] = { type: "text", text: last.text + node.text };
    else if (node.type !== "text" || node.text !== "") children.push(node);
  }
  /** Ends what stands above a level: it was never closed, so its opener is text. */
  function flatten(level: number): void {
    while (stack.length > level) {
      const { opener, children } = stack.pop() as Frame;
      add({ type: "text", text: opener });
      children.forEach(add);
    }
  }
  const isOpen = (opener: string) => stack.some((frame) => frame.opener === opener);

  function mark(sign: string, before: string, after: string): void {
    const level = stack.findLastIndex(({ opener }) => opener === sign);
    if (
      level > 0 &&
      /\S/.test(before) &&
      top().children.length > 0 &&
      !(sign.includes("_") && /\w/.test(after))
    ) {
      flatten(level + 1);
      const { children } = stack.pop() as Frame;
      add({ type: MARKS[sign] ?? "em", children });
    } else if (stack.length <= DEEPEST && /\S/.test(after) && !(sign.includes("_") && /\w/.test(before))) {
      stack.push({ opener: sign, children: [] });
    } else {
      add({ type: "text", text: sign });
    }
  }

  function close(href: string | undefined, source: string): void {
    const level = stack.findLastIndex(({ opener }) => opener === "[" || opener === "![");
    if (level < 1) return add({ type: "text", text: source });
    if (href === undefined) {
      flatten(level);
      return add({ type: "text", text: source });
    }
    flatten(level + 1);
    const { opener, children } = stack.pop() as Frame;
    const safe = safeHref(href);
    // Of an image its description is left, and of a link that may not be followed its text.
    if (opener === "![" || safe === null) return children.forEach(add);
    // No link within a link: what is open around this one is text.
    if (isOpen("[")) flatten(stack.findIndex((frame) => frame.opener === "["));
    add({ type: "link", href: safe, children });
  }

  let at = 0;
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [source, escaped, groups = {}] = [found[0], found[1], found.groups];
    const {
      hard,
      ticks,
      mark: sign,
      open,
      href,
      close: end,
      auto,
      bare,
    } = groups as Record<string, string | undefined>;
    add({ type: "text", text: text.slice(at, found.index) });
    at = found.index + source.length;
    if (escaped !== undefined) add({ type: "text", text: escaped });
    else if (hard !== undefined) add({ type: "break" });
    else if (ticks !== undefined) {
      const length = new RegExp(`(?<!\`)${ticks}(?!\`)`, "g");
      length.lastIndex = at;
      const closing = length.exec(text);
      if (closing === null) add({ type: "text", text: ticks });
      else {
        add({ type: "code", text: text.slice(at, closing.index).trim() });
        at = closing.index + ticks.length;
      }
    } else if (sign !== undefined) {
      const [before = "", after = ""] = [text[found.index - 1], text[at]];
      // Three stars are both of them, and close in the order in which they were opened.
      const signs = sign !== "***" ? [sign] : top().opener === "*" ? ["*", "**"] : ["**", "*"];
      for (const one of signs) mark(one, before, after);
    } else if (open !== undefined && stack.length <= DEEPEST) stack.push({ opener: open, children: [] });
    else if (href !== undefined || end !== undefined) close(href, source);
    else if (auto !== undefined && !isOpen("[")) {
      add({ type: "link", href: auto, children: [{ type: "text", text: auto.replace("mailto:", "") }] });
    } else if (bare !== undefined && !isOpen("[")) {
      // What ends the sentence does not belong to the address.
      const url = bare.replace(/(?<![.,:;!?'")])[.,:;!?'")]+$/, "");
      at = found.index + url.length;
      add({ type: "link", href: url, children: [{ type: "text", text: url }] });
    } else add({ type: "text", text: source });
    TOKEN.lastIndex = at;
  }
  add({ type: "text", text: text.slice(at) });
  flatten(1);
  return top().children;
}
