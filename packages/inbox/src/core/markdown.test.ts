import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linkOf, safeHref } from "./href.ts";
import { parseMarkdown } from "./markdown.ts";
import type { MarkdownBlock, MarkdownInline } from "./types.ts";

/** A short form to compare with: what a page would show. */
function show(nodes: readonly (MarkdownBlock | MarkdownInline)[]): string {
  return nodes
    .map((node) => {
      switch (node.type) {
        case "text":
          return node.text;
        case "code":
          return `<code>${node.text}</code>`;
        case "break":
          return "<br>";
        case "rule":
          return "<hr>";
        case "link":
          return `<a ${node.href}>${show(node.children)}</a>`;
        case "list":
          return `<list ${node.start ?? "*"}>${node.items.map((item) => `<li>${show(item)}</li>`).join("")}</list>`;
        case "heading":
          return `<h${node.level}>${show(node.children)}</h${node.level}>`;
        case "paragraph":
          return `<p>${show(node.children)}</p>`;
        default:
          return `<${node.type}>${show(node.children)}</${node.type}>`;
      }
    })
    .join("");
}

const inline = (text: string) => show(parseMarkdown(text)).replace(/^<p>|<\/p>$/g, "");

describe("markdown", () => {
  it.each<[text: string, shown: string]>([
    ["plain", "plain"],
    ["**bold** and __bold__", "<strong>bold</strong> and <strong>bold</strong>"],
    ["*em* and _em_", "<em>em</em> and <em>em</em>"],
    ["~~gone~~", "<del>gone</del>"],
    ["***both***", "<strong><em>both</em></strong>"],
    ["**a *b* c**", "<strong>a <em>b</em> c</strong>"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
    ["**open and *open", "**open and *open"],
    ["**a *b** c*", "<strong>a *b</strong> c*"],
    ["a ****", "a ****"],
    ["a***b***c", "a<strong><em>b</em></strong>c"],
    ["`a *b*`", "<code>a *b*</code>"],
    ["``a ` b``", "<code>a ` b</code>"],
    ["`open", "`open"],
    [String.raw`\*not em\* \[x\]`, "*not em* [x]"],
    ["[text](https://a.example/b)", "<a https://a.example/b>text</a>"],
    ["[a **b**](/c?d=e#f)", "<a /c?d=e#f>a <strong>b</strong></a>"],
    ['[a](b "title")', "<a b>a</a>"],
    ["[a](b_(c))", "<a b_(c)>a</a>"],
    ["[a](mailto:ada@x.example)", "<a mailto:ada@x.example>a</a>"],
    ["[a [b](c) d](e)", "[a <a c>b</a> d](e)"],
    ["[open](", "[open]("],
    ["[open", "[open"],
    ["a] b", "a] b"],
    ["![an image](https://a.example/x.png)", "an image"],
    ["<https://a.example/x>", "<a https://a.example/x>https://a.example/x</a>"],
    ["<mailto:ada@x.example>", "<a mailto:ada@x.example>ada@x.example</a>"],
    ["see https://a.example/x.", "see <a https://a.example/x>https://a.example/x</a>."],
    ["a  \nb", "a<br>b"],
    ["a\\\nb", "a<br>b"],
    ["a\nb", "a\nb"],
    ["<b>not bold</b>", "<b>not bold</b>"],
    ["[x](javascript:alert(1))", "x"],
    ["[x](JaVaScRiPt:alert`1`)", "x"],
    ["[x](data:text/html,hi)", "x"],
    ["[x](vbscript:x)", "x"],
    ["[x](java\u0001script:x)", "x"],
    ["[x](\u0001javascript:x)", "x"],
    ["", ""],
  ])("%j", (text, shown) => {
    expect(inline(text)).toBe(shown);
  });

  it.each<[text: string, shown: string]>([
    ["a\n\nb", "<p>a</p><p>b</p>"],
    ["# One\n## Two\n### Three\n#### Four", "<h1>One</h1><h2>Two</h2><h3>Three</h3><p>#### Four</p>"],
    ["- a\n- b\n  c\n* d", "<list *><li>a</li><li>b\nc</li><li>d</li></list>"],
    ["3. a\n4. b", "<list 3><li>a</li><li>b</li></list>"],
    ["a\n- b", "<p>a</p><list *><li>b</li></list>"],
    ["> a\n> > b", "<quote><p>a</p><quote><p>b</p></quote></quote>"],
    ["```js\na *b*\n\n# c\n```\nd", "<code>a *b*\n\n# c</code><p>d</p>"],
    ["```\nopen", "<code>open</code>"],
    ["a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"],
    ["a\r\n\r\nb", "<p>a</p><p>b</p>"],
    [">>>>>>>>>>>>>>>>>>>> deep", `${"<quote>".repeat(8)}<p>>>>>>>>>>>>> deep</p>${"</quote>".repeat(8)}`],
  ])("%j", (text, shown) => {
    expect(show(parseMarkdown(text))).toBe(shown);
  });
});

/** Pieces of which attacks are made. */
const piece = fc.constantFrom(
  ..."[]()<>*_~`!\\#-> \n\t:/&;\"'=\u0000\u0001\u000b\u200b\u2028".split(""),
  "javascript:",
  "JaVaScRiPt:",
  "java\tscript:",
  "&#106;avascript:",
  "data:text/html,",
  "vbscript:",
  "blob:",
  "file:",
  "https://",
  "http:",
  "mailto:",
  "//",
  "a",
  "1.",
  "](",
  "<script>",
  "onerror=",
);
const attack = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

function linksOf(nodes: readonly (MarkdownBlock | MarkdownInline)[]): string[] {
  return nodes.flatMap((node): string[] => {
    if (node.type === "link") return [node.href, ...linksOf(node.children)];
    if (node.type === "list") return node.items.flatMap(linksOf);
    return "children" in node ? linksOf(node.children) : [];
  });
}

/** As a browser reads it, which is what decides. */
const protocolOf = (href: string) => new URL(href, "https://page.example/a/b").protocol;
const HARMLESS = ["https:", "http:", "mailto:"];

describe("whatever is in a text", () => {
  it("has no link that runs anything, however it is disguised", () => {
    fc.assert(
      fc.property(attack, (text) => {
        for (const href of linksOf(parseMarkdown(text))) {
          if (URL.canParse(href, "https://page.example/a/b")) expect(HARMLESS).toContain(protocolOf(href));
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ["safeHref", safeHref],
    ["linkOf", linkOf],
  ])("%s gives nothing that runs anything", (_, make) => {
    fc.assert(
      fc.property(attack, (url) => {
        const href = make(url);
        if (href !== null && URL.canParse(href, "https://page.example/a/b")) {
          expect(HARMLESS).toContain(protocolOf(href));
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("shows every word, in its order, and never fails", () => {
    const word = fc.stringMatching(/^[a-z]{1,6}$/);
    const text = fc.array(
      fc.oneof(word, fc.constantFrom("*", "**", "_", "`", " ", "\n", "[", "]", "~~", "> ", "- ")),
    );
    fc.assert(
      fc.property(text, (parts) => {
        // The line that opens a block of code names its language, which is not shown.
        fc.pre(!/^ {0,3}(?:```|~~~)/m.test(parts.join("").replaceAll(/^[>\-\d. ]+/gm, "")));
        const shown = show(parseMarkdown(parts.join(""))).replaceAll(
          /<\/?(?:p|quote|list [*\d]+|list|li|em|strong|del|code|br|hr)>/g,
          " ",
        );
        const lettersOf = (some: string) => some.replaceAll(/[^a-z]/g, "");
        expect(lettersOf(shown)).toBe(lettersOf(parts.join("")));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["*", "*a"],
    ["**", "**a "],
    ["[", "["],
    ["](", "[a](b "],
    ["`", "` `` "],
    [">", "> "],
    ["spaces", "  "],
    ["#", "# "],
    ["http://))", "http://a)))"],
    ["\\", "\\"],
  ])("takes time in proportion to it (%s)", (_, unit) => {
    const steps = (count: number) => {
      const text = unit.repeat(count);
      const start = process.cpuUsage().user;
      parseMarkdown(text);
      return process.cpuUsage().user - start;
    };
    steps(1_000);
    // Quadratic, this would take minutes.
    expect(steps(100_000)).toBeLessThan(5_000_000);
  });
});

describe("the link of an item", () => {
  it.each<[url: string, href: string | null]>([
    ["https://a.example/b", "https://a.example/b"],
    ["HTTP://a.example", "HTTP://a.example"],
    ["/orders/1", "/orders/1"],
    ["?tab=1", "?tab=1"],
    ["#top", "#top"],
    ["./a", "./a"],
    ["example.com/a", "https://example.com/a"],
    ["mailto:ada@x.example", "mailto:ada@x.example"],
    ["javascript:alert(1)", null],
    [" javascript:alert(1)", null],
    ["java\nscript:alert(1)", null],
    ["myapp://open", null],
    ["", null],
  ])("%j leads to %j", (url, href) => {
    expect(linkOf(url)).toBe(href);
  });
});
