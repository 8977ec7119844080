import * as fc from "fast-check";
import Handlebars from "handlebars";
import { describe, expect, it, vi } from "vitest";
import type { Json, JsonObject } from "../core/json.ts";
import { createTemplateEngine, TemplateError } from "./engine.ts";

const engine = createTemplateEngine();

function render(source: string, context: JsonObject = {}): string {
  return engine.compile(source).render(context);
}

/** The error of compiling or rendering. */
function errorOf(source: string, context: JsonObject = {}): TemplateError {
  try {
    render(source, context);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`${source} did render`);
}

describe("strict rendering", () => {
  it.each<[string, JsonObject, string]>([
    ["{{a}}", { a: null }, ""],
    ["{{a}}", { a: "" }, ""],
    ["{{a}}", { a: false }, "false"],
    ["{{a}}", { a: 0 }, "0"],
    ["{{a}}", { a: { x: 1 } }, "[object Object]"],
    ["{{a}}", { a: [1, 2] }, "1,2"],
    ["{{a}}", { a: [1, null, [2, { b: 1 }]] }, "1,,2,[object Object]"],
    ['{{default a "x"}}', {}, "x"],
    ['{{default a.b "x"}}', { a: {} }, "x"],
    ['{{default a.b "x"}}', { a: [] }, "x"],
    ["{{#if a}}y{{else}}n{{/if}}", {}, "n"],
    ["{{#each a}}z{{/each}}", {}, ""],
    [
      "{{#each a}}{{@root.$recipient.name}}{{../b}}{{/each}}",
      { a: [{}], b: 1, $recipient: { name: "Jo" } },
      "Jo1",
    ],
    ['{{lookup a "b"}}', { a: {} }, ""],
    ["{{a.[0].x}}{{a.0.x}}", { a: [{ x: 1 }] }, "11"],
    [
      "{{[key with space]}}{{$brand.$hosted_preference_url}}",
      { "key with space": 1, $brand: { $hosted_preference_url: "u" } },
      "1u",
    ],
    [
      "{{#each a as |item i|}}{{i}}{{item}}{{@first}}{{@last}} {{/each}}",
      { a: ["x", "y"] },
      "0xtruefalse 1yfalsetrue ",
    ],
    ["{{#each a}}{{@key}}={{this}};{{/each}}", { a: { k: 1, l: 2 } }, "k=1;l=2;"],
    ["{{#with a}}{{b}}{{else}}none{{/with}}", { a: { b: 2 } }, "2"],
    ["{{#unless a}}no{{/unless}}", { a: false }, "no"],
    ["a {{~ b ~}} c {{! note }}{{!-- }} --}}d", { b: 1 }, "a1c d"],
    ["\\{{a}} \\\\{{a}}", { a: 1 }, "{{a}} \\1"],
    ["no tags, a \\ and a {brace}", {}, "no tags, a \\ and a {brace}"],
    ["", {}, ""],
    ["größe {{名前}} 🎉", { 名前: "Ümit 🙂" }, "größe Ümit 🙂 🎉"],
  ])("%s of %j gives %j", (source, context, text) => {
    expect(render(source, context)).toBe(text);
  });

  it.each<[string, JsonObject, string]>([
    ["{{a}}", {}, '"a" not defined in [object Object] - 1:2'],
    ["x\n  {{a}}", {}, '"a" not defined in [object Object] - 2:4'],
    ["{{a.b}}", {}, '"b" not defined in undefined - 1:2'],
    ["{{a.b}}", { a: {} }, '"b" not defined in [object Object] - 1:2'],
    ['{{default a.b "x"}}', {}, '"b" not defined in undefined - 1:10'],
    ["{{#if a.b}}{{/if}}", {}, '"b" not defined in undefined - 1:6'],
    ["{{#a}}{{/a}}", {}, '"a" not defined in [object Object] - 1:3'],
    ["{{^a}}{{/a}}", {}, '"a" not defined in [object Object] - 1:3'],
    ["{{nohelper x}}", { x: 1 }, '"nohelper" not defined in [object Object] - 1:2'],
    ["{{log a}}", { a: 1 }, '"log" not defined in [object Object] - 1:2'],
    ["{{#each a}}{{n}}{{/each}}", { a: [{}] }, '"n" not defined in [object Object] - 1:13'],
    [
      "{{#each a}}{{$recipient.name}}{{/each}}",
      { a: [{}], $recipient: { name: "Jo" } },
      '"name" not defined in undefined - 1:13',
    ],
    ['{{#compare 1 "==" 1}}{{n}}{{/compare}}', {}, '"n" not defined in [object Object] - 1:23'],
    ['{{add 1 (subtract "2" 1)}}', {}, "subtract: expects numbers, got a string - 1:8"],
  ])("%s of %j is refused", (source, context, message) => {
    const error = errorOf(source, context);
    expect(error.message).toBe(message);
    expect(error.code).toBe("template_render");
  });

  it.each([
    ["{{a", /^Parse error on line 1:\n/],
    ["{{#if a}}", /^Parse error on line 1:\n/],
    ["{{#if a}}{{/each}}", /^if doesn't match each - 1:3$/],
    ["{{a}}}", /^Parse error on line 1:\n/],
    ["{{> p}}", /^The partial p could not be found - 1:0$/],
    [
      "{{#if a}}{{else}}\n{{> (lookup . 'p')}}{{/if}}",
      /^The partial given by an expression could not be found - 2:0$/,
    ],
    ["{{#> p}}x{{/p}}", /^The partial p could not be found - 1:0$/],
    ["{{* d}}", /^decorators are not supported - 1:0$/],
    ['{{#*inline "p"}}x{{/inline}}', /^decorators are not supported - 1:0$/],
    ["x\n{{{{raw}}}} {{a}} {{{{/raw}}}}", /^raw blocks are not supported - 2:0$/],
  ])("%s is refused when it is compiled", (source, message) => {
    expect(() => engine.compile(source)).toThrow(
      expect.objectContaining({ code: "template_syntax", message: expect.stringMatching(message) }),
    );
  });

  it("shortens a long message", () => {
    const error = errorOf("{{a.b}}", { a: ["x".repeat(10_000)] });
    expect(error.message).toMatch(/^"b" not defined in xxx/);
    expect(error.message.length).toBeLessThanOrEqual(501);
  });

  it("accepts only text as a source, never a syntax tree", () => {
    const tree = { type: "Program", body: [{ type: "ContentStatement", value: "x" }] };
    for (const source of [tree, null, undefined, 5, ["{{a}}"], new String("x")]) {
      expect(() => engine.compile(source as string)).toThrow(TemplateError);
    }
  });
});

describe("escaping", () => {
  it("replaces the seven characters in double braces and nothing in triple ones", () => {
    const context = { a: "&<>\"'`= é", list: ["<", "&"] };
    expect(render("{{a}}", context)).toBe("&amp;&lt;&gt;&quot;&#x27;&#x60;&#x3D; é");
    expect(render("{{{a}}}{{&a}}", context)).toBe(`${context.a}${context.a}`);
    expect(render("{{list}}", context)).toBe("&lt;,&amp;");
  });

  it("prints raw numbers side by side instead of their sum", () => {
    expect(render("{{{a}}}{{{b}}}{{{c}}}", { a: 1, b: 2, c: true })).toBe("12true");
  });

  it("does not trust a value's claim of being safe", () => {
    const context = { a: { toHTML: "<b>", toString: "x", string: "<b>" } };
    expect(render("{{a}}{{{a}}}", context)).toBe("[object Object][object Object]");
  });
});

describe("a missing actor", () => {
  const source = '{{$actor.name}}|{{#if $actor.name}}y{{else}}n{{/if}}|{{default $actor.name "Someone"}}';

  it.each<[JsonObject]>([[{}], [{ $actor: {} }], [{ $actor: null }], [{ $actor: [] }]])(
    "is empty in %j",
    (context) => {
      expect(render(source, context)).toBe("|n|Someone");
      expect(render("{{#each l}}{{@root.$actor.name}}{{/each}}.", { ...context, l: [1] })).toBe(".");
      expect(
        render("{{jsonStringify $actor}}{{#each $actor}}x{{else}}none{{/each}}{{$actor}}", context),
      ).toBe("{}none[object Object]");
      expect(render("{{$actor.constructor}}{{$actor.__proto__}}{{$actor.toString}}", context)).toBe("");
    },
  );

  it("is only lenient where there is none", () => {
    expect(render(source, { $actor: { name: "Ann" } })).toBe("Ann|y|Ann");
    expect(errorOf(source, { $actor: { distinct_id: "u1" } }).message).toBe(
      '"name" not defined in [object Object] - 1:2',
    );
    expect(errorOf("{{$actor.address.city}}", {}).message).toMatch(/^"city" not defined in /);
    expect(errorOf("{{$recipient.name}}", { $recipient: {} }).message).toMatch(/^"name" not defined/);
  });

  it("leaves the caller's context as it was", () => {
    const context = Object.freeze({ $actor: Object.freeze({}) });
    render(source, context);
    expect(context).toEqual({ $actor: {} });
  });
});

describe("what a template cannot reach", () => {
  it.each([
    "{{constructor}}",
    "{{__proto__}}",
    "{{toString}}",
    "{{__defineGetter__}}",
    "{{a.constructor}}",
    "{{#with constructor}}{{name}}{{/with}}",
    '{{lookup this "constructor"}}',
    '{{lookup (lookup a "constructor") "name"}}',
    '{{lookup this "__proto__"}}',
    '{{lookup list "map"}}',
    '{{jsonPath this "constructor.name"}}',
    '{{jsonPath list "length"}}',
    "{{#each __proto__}}{{@key}}{{/each}}",
    '{{join (unique objects "constructor")}}',
    '{{join (list-agg objects "__proto__")}}',
    "{{@root.constructor}}",
  ])("%s prints nothing", (source) => {
    const context = { a: {}, list: [1], objects: [{}] };
    expect(render(source, context)).toBe("");
  });

  it("is prototypes, not data of that name", () => {
    const context = JSON.parse(
      '{"__proto__":{"x":"own"},"constructor":"mine","list":[{"__proto__":"p"}]}',
    ) as JsonObject;
    expect(
      render("{{constructor}} {{#with __proto__}}{{x}}{{/with}} {{join (unique list '__proto__')}}", context),
    ).toBe("mine own p");
    expect(({} as JsonObject).x).toBeUndefined();
  });

  it("is refused without console output", () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(render("{{propertyIsEnumerable}}{{lookup this 'isPrototypeOf'}}")).toBe("");
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });

  it("is the context of the render before", () => {
    expect(render("{{a}}", { a: 1 })).toBe("1");
    expect(errorOf("{{a}}", {}).message).toMatch(/not defined/);
  });
});

describe("the engine", () => {
  it("compiles a source once", () => {
    expect(engine.compile("{{a}} once")).toBe(engine.compile("{{a}} once"));
  });

  it("gives helpers the time of the render, and the current one when none is given", () => {
    const clocked = createTemplateEngine({ clock: () => Date.UTC(2026, 0, 2) });
    const template = clocked.compile('{{datetime-format "now" "YYYY-MM-DD"}}');
    expect(template.render({})).toBe("2026-01-02");
    expect(template.render({}, { now: new Date("2030-05-06T00:00:00Z") })).toBe("2030-05-06");
  });

  it("renders everything that shares a budget at one time, and within one limit", () => {
    const clocked = createTemplateEngine({ clock: () => Date.UTC(2026, 0, 2), max_iterations: 10 });
    const day = clocked.compile('{{datetime-format "now" "YYYY-MM-DD"}}');
    expect(clocked.share(() => day.render({}), new Date("2030-05-06T00:00:00Z"))).toBe("2030-05-06");
    const loop = clocked.compile("{{#each l}}x{{/each}}");
    const render = () => loop.render({ l: [1, 2, 3, 4, 5, 6] });
    expect(render() + render()).toBe("xxxxxxxxxxxx");
    expect(() => clocked.share(() => render() + render())).toThrow(/iterations|times|loop/);
  });

  it("takes further helpers, with named arguments, the root context and blocks", () => {
    const extended = createTemplateEngine({
      helpers: {
        t: ([key], { hash, root }) =>
          `${String(key)}/${String(hash.name)}/${Object.keys(root as JsonObject).join("")}`,
        twice: (_, { block }) =>
          block === null ? "inline" : block.main() + block.main() + block.otherwise(),
        round: () => "mine",
      },
    });
    const source = '{{t "k" name=a}} {{twice}} {{#twice}}{{a}}{{else}}-{{/twice}} {{round 1.5}}';
    expect(extended.compile(source).render({ a: "<" })).toBe("k/&lt;/a inline &lt;&lt;- mine");
    expect(render("{{round 1.5}}")).toBe("2");
  });

  it("lets a helper render another template inside the same budget", () => {
    const nested = createTemplateEngine({
      max_iterations: 5,
      helpers: { include: ([source], { root }) => nested.compile(String(source)).render(root as JsonObject) },
    });
    const outer = nested.compile("{{#each l}}{{include @root.s}}{{/each}}{{a}}");
    expect(outer.render({ l: [1], s: "{{#each l}}{{this}}{{/each}}", a: "!" })).toBe("1!");
    expect(() => outer.render({ l: [1, 2], s: "{{#each l}}{{this}}{{/each}}", a: "!" })).toThrow(
      /5 iterations/,
    );
  });
});

describe("against the package itself", () => {
  const plain = Handlebars.create();
  const key = fc.constantFrom("a", "b", "c");
  const name = fc.constantFrom("a", "b", "c", "a.b", "this", "../a", "b.c.a", "@root.a", "a.[0]", "a.length");
  const { body } = fc.letrec<{ body: string }>((tie) => ({
    body: fc
      .array(
        fc.oneof(
          { maxDepth: 3, depthSize: "small" },
          fc.constantFrom("text ", "<b>", "\n", " "),
          name.map((path) => `{{${path}}}`),
          name.map((path) => `{{{${path}}}}`),
          fc.tuple(name, key).map(([path, field]) => `{{lookup ${path} "${field}"}}`),
          fc
            .tuple(fc.constantFrom("if", "unless", "each", "with"), name, tie("body"), tie("body"))
            .map(([block, path, yes, no]) => `{{#${block} ${path}}}${yes}{{else}}${no}{{/${block}}}`),
          fc
            .tuple(fc.constantFrom("#", "^"), key, tie("body"))
            .map(([sign, path, yes]) => `{{${sign}${path}}}${yes}{{/${path}}}`),
        ),
        { maxLength: 4 },
      )
      // Text in front, because the package adds numbers up when raw values stand side by side without text.
      .map((parts) => `|${parts.join("")}`),
  }));
  const leaf = fc.constantFrom<Json[]>(null, true, false, 0, 1.5, "", "x", "<&>'\"`=", "ü");
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { noNullPrototype: true }),
    ),
  }));

  function outcome(make: () => string): string {
    try {
      return `text ${make()}`;
    } catch (error) {
      return `error ${error instanceof Error ? error.message : ""}`;
    }
  }

  it("renders the same texts and refuses the same, in the same words or clearer ones", () => {
    fc.assert(
      fc.property(body, fc.dictionary(key, value, { noNullPrototype: true }), (source, context) => {
        const theirs = outcome(() => plain.compile(source, { strict: true })(context));
        const ours = outcome(() => render(source, context));
        // Where the package throws a JavaScript error, ours says what is missing and where.
        if (/^error Cannot (?:read|use)/.test(theirs)) expect(ours).toMatch(/^error "\w+" not defined in /);
        else expect(ours).toBe(theirs);
      }),
      { numRuns: 300 },
    );
  });
});
