import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileMjml } from "./mjml.ts";

const body = (inside: string) => `<mjml><mj-body>${inside}</mj-body></mjml>`;
const column = (inside: string) => body(`<mj-section><mj-column>${inside}</mj-column></mj-section>`);

function htmlOf(source: string): string {
  const compiled = compileMjml(source);
  if (!compiled.ok) throw new Error(compiled.reason);
  return compiled.html;
}

describe("MJML", () => {
  it("becomes a mail, with Handlebars tags as they were", () => {
    const html = htmlOf(
      column(
        `<mj-text color="{{$brand.primary_color}}">Hi {{name}}, {{{raw}}} {{#if (compare a "<" 5)}}<b>b</b>{{/if}} {{! > }}</mj-text>
         <mj-raw>{{#each items}}</mj-raw><mj-image alt="ü 😀 tag0tag" src="{{this}}" /><mj-raw>{{/each}}</mj-raw>
         <mj-button href="{{url}}?a={{t "k" n=1}}">Go</mj-button>`,
      ),
    );
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('Hi {{name}}, {{{raw}}} {{#if (compare a "<" 5)}}<b>b</b>{{/if}} {{! > }}');
    expect(html).toContain("color:{{$brand.primary_color}};");
    expect(html).toMatch(/\{\{#each items\}\}[^]*src="\{\{this\}\}"[^]*\{\{\/each\}\}/);
    expect(html).toContain('alt="ü 😀 tag0tag"');
    expect(html).toContain('href="{{url}}?a={{t "k" n=1}}"');
  });

  it("has loops around its sections, and no font of somebody else's that nobody asked for", () => {
    const html = htmlOf(body("{{#each a}}<mj-section></mj-section>{{/each}}"));
    expect(html).toMatch(/\{\{#each a\}\}[^]*<table[^]*\{\{\/each\}\}/);
    expect(htmlOf(column("<mj-text>x</mj-text>"))).not.toContain("https:");
  });

  it("has the head's fonts, styles, title and preview", () => {
    const html = htmlOf(
      `<mjml><mj-head><mj-title>{{title}}</mj-title><mj-preview>{{preview}}</mj-preview>
         <mj-style>.big { font-size: 40px }</mj-style></mj-head><mj-body></mj-body></mjml>`,
    );
    for (const part of ["<title>{{title}}</title>", "{{preview}}", ".big { font-size: 40px }"]) {
      expect(html).toContain(part);
    }
  });

  it.each([
    ["", "has no <mjml> element"],
    ["hello", "unknown token at 1:1"],
    ["<mjml><mj-body>", "ends before an element is closed"],
    [column("<mj-nope/>"), "there is no element <mj-nope>"],
    [body('<mj-include path="/etc/passwd"/>'), "mj-include is not supported: there are no files to include"],
    [column("<mj-text><![CDATA[x]]></mj-text>"), "has no use for <![…]> and <?…>"],
    ['<?xml version="1.0"?><mjml></mjml>', "has no use for <![…]> and <?…>"],
    [column('<mj-image src="x" width="{{w}}" />'), "{{w}} would be lost where it is: put it into <mj-raw>"],
    [column("<mj-text>a < b</mj-text>"), "invalid name token"],
    [column(`<mj-text>${"x".repeat(128 * 1024)}</mj-text>`), "is longer than 131072 characters"],
    [body("<mj-wrapper>".repeat(60) + "</mj-wrapper>".repeat(60)), "nests elements deeper than 50 levels"],
    [column(`<mj-text>${"<b>".repeat(100_00)}</mj-text>`), "nests elements deeper than 50 levels"],
  ])("is refused: %s", (source, reason) => {
    expect(compileMjml(source)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  it("is as good as new after anything", () => {
    const pieces = fc.constantFrom(
      ...'<mjml> </mjml> <mj-body> </mj-body> <mj-section> <mj-text> </mj-text> <mj-raw> <b> </b> <br/> <!-- --> {{ }} {{#a}} & < > " = x ü 😀'.split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        compileMjml(parts.join(""));
        compileMjml(body(parts.join(" ")));
      }),
      { numRuns: 500 },
    );
    expect(htmlOf(column("<mj-text>still here</mj-text>"))).toContain("still here");
  });
});
