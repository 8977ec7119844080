import * as fc from "fast-check";
import Handlebars from "handlebars";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "./budget.ts";
import { checkSource } from "./source-check.ts";
import { TemplateError } from "./template-error.ts";

describe("checkSource", () => {
  it.each([
    ["", 0],
    ["text { and } and {a}", 0],
    ["{{a}} {{{b}}} {{&c}} {{~d~}}", 4],
    ["{{#if a}}{{else}}{{/if}}", 3],
    ["{{! }} {{!-- {{a}} --}}", 2],
    ["\\{{a}} \\\\{{b}}", 1],
    ['{{a "}}{{"}}', 1],
    ["{{a", 1],
    ['{{a "unclosed}} {{b}}', 1],
    ["{{!-- unclosed {{a}}", 1],
  ])("counts the tags of %j as %i", (source, tags) => {
    expect(checkSource(source, DEFAULT_LIMITS)).toBe(tags);
  });

  it("names the place of what is nested too deep, by line and column", () => {
    const source = "\n{{#a}}\n  {{#b}}{{#c}}";
    expect(() => checkSource(source, { ...DEFAULT_LIMITS, max_depth: 2 })).toThrow(
      "nests blocks deeper than 2 levels - 3:8",
    );
  });

  describe("next to the parser", () => {
    const noise = fc.string({
      unit: fc.constantFrom("x", " ", "\n", '"', "'", "[", "]", "(", ")", "}", "~", "!", "-"),
      maxLength: 4,
    });
    const text = noise.map((part) => part.replaceAll('"', "").replaceAll("\\", ""));
    const tag = fc.oneof(
      noise,
      fc.constantFrom(
        "{{a}}",
        "{{{a}}}",
        "{{~a~}}",
        "{{&a}}",
        "\\{{a}} ",
        "\\\\{{a}}",
        "{{ else-a }}",
        "{{[}}]}}",
        '{{a.["].b}}',
      ),
      text.map((inner) => `{{a "${inner}{{#b}}"}}`),
      text.map((inner) => `{{a '${inner.replaceAll("'", "")}{{/b}}'}}`),
      text.map((inner) => `{{!-- ${inner}{{#b}} }} --}}`),
      text.map((inner) => `{{! ${inner.replaceAll("-", "")}{{#b}}`),
      fc.constantFrom("{{a (b (c 1) [)])}}", "{{a b=(c d=(e))}}", '{{a (b ")")}}', "{{a (b '\\'(')}}"),
    );
    const { source } = fc.letrec<{ source: string }>((tie) => ({
      source: fc
        .array(
          fc.oneof(
            { maxDepth: 5, depthSize: "small" },
            tag,
            fc
              .tuple(fc.constantFrom("#", "^", "~#", "~^"), tie("source"))
              .map(([sign, body]) => `{{${sign}b}}${body}{{/b}}`),
            fc
              .tuple(
                tie("source"),
                tie("source"),
                fc.constantFrom("{{else b}}", "{{~ else b~}}", "{{else}}", "{{^}}", "{{~^~}}"),
              )
              .map(([body, other, divide]) => `{{#b}}${body}${divide}${other}{{/b}}`),
          ),
          { maxLength: 4 },
        )
        .map((parts) => parts.join("")),
    }));

    interface Node {
      type?: string;
      [key: string]: unknown;
    }

    /** The maximum nesting of nodes of a type, and the number of nodes that are tags. */
    function measure(node: unknown, type: string): { depth: number; tags: number } {
      if (typeof node !== "object" || node === null) return { depth: 0, tags: 0 };
      const inner = Object.values(node).map((member) => measure(member, type));
      const own = (node as Node).type ?? "";
      return {
        depth: Math.max(0, ...inner.map(({ depth }) => depth)) + (own === type ? 1 : 0),
        tags:
          inner.reduce((sum, { tags }) => sum + tags, 0) +
          (/^(?:Mustache|Block|Comment)Statement$/.test(own) ? 1 : 0),
      };
    }

    function refuses(candidate: string, max_depth: number): boolean {
      try {
        checkSource(candidate, { ...DEFAULT_LIMITS, max_depth });
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
        return true;
      }
    }

    it("never sees fewer tags, or less depth, than the parser does", () => {
      let parsed = 0;
      let nested = 0;
      fc.assert(
        fc.property(source, (candidate) => {
          let program;
          try {
            program = Handlebars.parseWithoutProcessing(candidate);
          } catch {
            return;
          }
          parsed += 1;
          const { depth, tags } = measure(program, "BlockStatement");
          expect(checkSource(candidate, DEFAULT_LIMITS)).toBeGreaterThanOrEqual(tags);
          const deepest = Math.max(depth, measure(program, "SubExpression").depth);
          if (deepest > 1) nested += 1;
          if (deepest > 0) expect(refuses(candidate, deepest - 1)).toBe(true);
          expect(refuses(candidate, deepest)).toBe(false);
        }),
        { numRuns: 2000 },
      );
      expect(parsed).toBeGreaterThan(500);
      expect(nested).toBeGreaterThan(100);
    });
  });
});
