import fc from "fast-check";
import { expect, it } from "vitest";
import { createDelegate } from "./delegate.ts";
import { createJqEngine, JqError } from "./node.ts";
import { readProgram } from "../node.ts";
import { createModuleSource } from "./program.ts";
import type { Json, JsonObject } from "../json.ts";

/** Random programs of the part that is evaluated in JavaScript, held against what the C program makes of them. */
const RUNS = 1000;
const engine = createJqEngine();
const delegate = createDelegate(createModuleSource(readProgram), ["$recipient"]);

const text = fc.string({
  unit: fc.constantFrom("a", "b", "B", "1", " ", ",", "é", "😀", "\uffff", '"', "<"),
  maxLength: 4,
});
const plainNumber = fc.constantFrom(-2, -1, 0, 1, 2, 3, 10, 0.5, 2.5, 1000);
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false),
    plainNumber,
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "key", "value", "name"), tie("value"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value;
const input = fc.record({
  a: json,
  b: fc.array(json, { maxLength: 5 }),
  c: fc.dictionary(text, json, { maxKeys: 4, noNullPrototype: true }),
  s: text,
  n: plainNumber,
  $recipient: fc.record({ a: json }),
});

const NO_ARGUMENT = (
  "not length utf8bytelength keys keys_unsorted values nulls booleans numbers strings arrays objects iterables scalars " +
  "type tostring tonumber tojson add any all first last min max sort unique reverse flatten to_entries from_entries floor " +
  "ceil round trunc sqrt fabs abs ascii_downcase ascii_upcase empty error recurse trim ltrim rtrim toarray @text @json " +
  "@uri @csv @tsv @sh @base64 .. . .[] .[]? .a .b? .[0] .[0]? .[1:] .[:-1]? $recipient $recipient.a $v"
).split(" ");
const ONE_ARGUMENT = (
  "select map map_values has in contains inside split join startswith endswith ltrimstr rtrimstr sort_by group_by " +
  "unique_by min_by max_by any all first isempty with_entries error IN range"
).split(" ");
const OPERATORS = "+ - * / % == != < <= > >= and or // , |".split(" ");

const program = fc.letrec<{ expression: string }>((tie) => {
  const e = tie("expression");
  const fill = (template: string, ...parts: fc.Arbitrary<string>[]) =>
    fc
      .tuple(...parts)
      .map((filled) => filled.reduce((whole, part) => whole.replace("#", () => part), template));
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { weight: 4, arbitrary: fc.constantFrom(...NO_ARGUMENT) },
      { weight: 2, arbitrary: fc.oneof(plainNumber, text).map((value) => JSON.stringify(value)) },
      fc.constantFrom(".a", ".b", ".c", ".s", ".n", ".b[]", ".c[]", ".a.b.c", ".b[1].a?", '."a"', '.["s"]'),
      fill("(#)", e),
      fill("[#]", e),
      { weight: 3, arbitrary: fill("# # #", e, fc.constantFrom(...OPERATORS), e) },
      { weight: 2, arbitrary: fill("(#) | (#)", e, e) },
      { weight: 3, arbitrary: fill("#(#)", fc.constantFrom(...ONE_ARGUMENT), e) },
      fill("(#)[#]", e, e),
      fill("(#)[#]?", e, e),
      fill("(#)[#:#]", e, e, e),
      fill("(#)?", e),
      fill("-(#)", e),
      fill("{a: (#), b: (#)}", e, e),
      fill("{(#): (#), s}", e, e),
      fill('"x\\(#)y\\(#)"', e, e),
      fill('@uri "x\\(#)"', e),
      fill("if # then # else # end", e, e, e),
      fill("if # then # end", e, e),
      fill('try (#) catch "caught"', e),
      fc.constant("try error({v: .b}) catch .v"),
      fill(
        "(# as $v | #)",
        e.map((source) => `(${source})`),
        e,
      ),
      fill("reduce (#) as $v (first(#); #)", e, e, e),
      fill("[foreach (#) as $v (0; #; #)]", e, e, e),
      fill("any(#; #)", e, e),
      fill("[limit(2; #)]", e),
      fill("range(#; #)", e, e),
      fill("flatten(#)", fc.constantFrom("0", "1", "2", "-1")),
    ),
  };
}).expression;

/** What comes out, or that nothing does: the two word their errors differently. */
function outcome(evaluate: () => Json[]): string {
  try {
    return JSON.stringify(evaluate());
  } catch (error) {
    if (error instanceof JqError) return "an error";
    throw error;
  }
}

it("gives in JavaScript what jq gives", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(program, input, (source, data) => {
      const whole = `null as $v | ${source}`;
      fc.pre(engine.isBounded(whole));
      const given = data as JsonObject;
      const expected = outcome(() =>
        delegate.run(whole, JSON.stringify(given), 200, 0).map((line) => JSON.parse(line) as Json),
      );
      expect(outcome(() => engine.evaluateAll(whole, given, 200))).toBe(expected);
    }),
    { numRuns: RUNS },
  );
});
