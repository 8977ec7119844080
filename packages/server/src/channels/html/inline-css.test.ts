import { describe, expect, it } from "vitest";
import { inlineCss } from "./inline-css.ts";

function inlined(html: string): string {
  const result = inlineCss(html);
  if (!result.ok) throw new Error(result.reason);
  return result.html;
}

describe("inlined CSS", () => {
  it("changes nothing where there is no style sheet", () => {
    const html = "<p class=a>{{x}} &nbsp; <br> <B>odd</b>";
    expect(inlined(html)).toBe(html);
  });

  it.each([
    ["p{margin:0}", "<p>x</p>", '<p style="margin: 0;">x</p>'],
    [".a p{margin:0}", '<div class="a"><p>x</p></div>', '<div class="a"><p style="margin: 0;">x</p></div>'],
    ["p{margin:0}", '<p style="margin: 4px">x</p>', '<p style="margin: 4px;">x</p>'],
    ["p{margin:0!important}", '<p style="margin: 4px">x</p>', '<p style="margin: 0 !important;">x</p>'],
    [
      "#b{color:red}.a{color:blue}",
      '<i class="a" id="b">x</i>',
      '<i class="a" id="b" style="color: red;">x</i>',
    ],
    ["a:hover{color:red}", "<a>x</a>", "<a>x</a>"],
    ["@media (max-width:9px){p{margin:0}}", "<p>x</p>", "<p>x</p>"],
    // Values of a sheet are those of the root, wherever they are copied.
    [
      "p{color:{{$brand.primary_color}}}",
      "{{#each a}}<p>x</p>{{/each}}",
      '{{#each a}}<p style="color: {{@root.$brand.primary_color}};">x</p>{{/each}}',
    ],
    [
      "b{color:{{c}}}p{margin:{{{ m.n.[0] }}}px 1px}",
      "<p>x</p>",
      '<p style="margin: {{{@root.m.n.[0]}}}px 1px;">x</p>',
    ],
    ["p{background:url({{u}})}", "<p>x</p>", '<p style="background: url({{@root.u}});">x</p>'],
    [":root{--c:{{c}}}p{color:var(--c)}", "<p>x</p>", '<p style="color: {{@root.c}};">x</p>'],
    ["/* {{#if c}} */p{margin:0}", "<p>x</p>", '<p style="margin: 0;">x</p>'],
    // What cannot be copied leaves everything as it is.
    ["{{#if a}}p{color:red}{{/if}}p{margin:0}", "<p>x</p>", "<p>x</p>"],
    ['p{color:{{default c "red"}};margin:0}', "<p>x</p>", "<p>x</p>"],
    ["p{color:{{../c}};margin:0}", "<p>x</p>", "<p>x</p>"],
  ])("%s over %s gives %s", (css, html, result) => {
    expect(inlined(`<style>${css}</style>${html}`)).toBe(`<style>${css}</style>${result}`);
  });

  it("keeps Handlebars tags wherever they are", () => {
    const rows = "{{#each rows}}<tr><td>{{this}}</td></tr>{{/each}}";
    const html = `<style>td{padding:0}</style><table>${rows}</table><a href='{{t "x"}}'>{{{y}}}</a>{{! <td> }}`;
    expect(inlined(html)).toBe(
      '<style>td{padding:0}</style><table>{{#each rows}}<tr><td style="padding: 0;">{{this}}</td></tr>{{/each}}</table><a href="{{t "x"}}">{{{y}}}</a>{{! <td> }}',
    );
  });

  it("keeps doctype, conditional comments and references", () => {
    const html =
      "<!DOCTYPE html><html><head><style>p{margin:0}</style></head><body><!--[if mso]><p>o</p><![endif]--><p>&nbsp;&copy;&lt;</p></body></html>";
    expect(inlined(html)).toBe(html.replace("<p>&nbsp;", '<p style="margin: 0;">&nbsp;'));
  });

  it("leaves a style sheet inside a block alone", () => {
    const html = "{{#each a}}<style>p{color:{{c}}}</style><p>x</p>{{/each}}";
    expect(inlined(html)).toBe(html);
    const after = "{{#if a}}b{{else}}c{{/if}}<style>p{margin:0}</style><p>x</p>";
    expect(inlined(after)).toContain('<p style="margin: 0;">');
  });

  it("leaves broken CSS alone", () => {
    for (const css of ["p{", "}}}", "@media{", "p{color:", "::::{a:b}", "<b>", "p{a:b"]) {
      expect(inlined(`<style>${css}</style><p>x</p>`)).toContain("<p>x</p>".slice(0, 2));
    }
  });

  it("is refused where it would take too long", () => {
    const html = `<style>${"a b c,".repeat(999)}d{e:f}</style>${"<p>x</p>".repeat(1000)}`;
    expect(inlineCss(html)).toEqual({
      ok: false,
      reason: "1000 CSS rules for 2002 tags are too many to inline",
    });
  });
});
