import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import { createTemplateEngine, TemplateError } from "./engine.ts";

const strict = createTemplateEngine({ escape: false });
const lenient = createTemplateEngine({ escape: false, strict: false });

const context = JSON.parse(
  '{"name": "Ann", "n": 5, "z": null, "l": [1, 2], "o": {"a": 1}, "helperMissing": "mine", "constructor": "own",' +
    '"ts": {"toString": 1, "valueOf": 2}, "__proto__": {"p": 1}}',
) as JsonObject;

function outcome(engine: typeof strict, source: string, data: JsonObject = context): string {
  try {
    return engine.compile(source).render(data);
  } catch (error) {
    if (error instanceof TemplateError) return `! ${error.message}`;
    throw error;
  }
}

describe("unintended templates", () => {
  it.each<[source: string, strict: string, lenient?: string]>([
    ["{{helperMissing}}", "mine"],
    ['{{helperMissing "x"}}', '! Missing helper: "helperMissing" - 1:2'],
    ["{{blockHelperMissing}}", '! "blockHelperMissing" not defined in [object Object] - 1:2', ""],
    [
      "{{#blockHelperMissing l}}x{{/blockHelperMissing}}",
      undefinedAt("blockHelperMissing", "1:3"),
      missingAt("blockHelperMissing", "1:3"),
    ],
    ["{{#if (helperMissing)}}x{{/if}}", missingAt("helperMissing", "1:7")],
    ["{{#each}}x{{/each}}", "! each: expects 1 argument, got 0 - 1:0"],
    ["{{#each l o}}x{{/each}}", "! each: expects 1 argument, got 2 - 1:0"],
    ["{{each l}}", "! each: must be a block, as in {{#each …}} - 1:0"],
    ["{{if n}}", "! if: must be a block, as in {{#if …}} - 1:0"],
    ["{{#if}}x{{/if}}", "! if: expects 1 argument, got 0 - 1:0"],
    ["{{#unless}}x{{/unless}}", "! unless: expects 1 argument, got 0 - 1:0"],
    ["{{#with}}x{{/with}}", "! with: expects 1 argument, got 0 - 1:0"],
    ["\n {{#if (if n)}}x{{/if}}", "! if: must be a block, as in {{#if …}} - 2:7"],
    ["{{lookup}}", "! lookup: expects 2 arguments, got 0 - 1:0"],
    ["{{lookup l}}", "! lookup: expects 2 arguments, got 1 - 1:0"],
    ["{{lookup l 1}}|{{lookup z 1}}|{{lookup name 0}}|{{lookup l 'length'}}", "2||A|2"],
    ["{{lookup o ts}}|{{lookup o '__proto__'}}|{{lookup o 'constructor'}}|{{lookup l 'map'}}", "|||"],
    ["{{name 1}}", missingAt("name", "1:2")],
    ["{{o.a 1}}", missingAt("o.a", "1:2")],
    ["{{#name 1}}x{{/name}}", missingAt("name", "1:3")],
    ["{{nobody 1}}", undefinedAt("nobody", "1:2"), missingAt("nobody", "1:2")],
    ["{{add 1 (name)}}", missingAt("name", "1:9")],
    ["{{log 1}}", undefinedAt("log", "1:2"), missingAt("log", "1:2")],
    ["{{../a}}", '! "a" not defined in undefined - 1:2', ""],
    ["{{../../a}}", '! "a" not defined in undefined - 1:2', ""],
    ["{{../a.b}}", '! "a" not defined in undefined - 1:2', ""],
    ["{{#each l}}{{../../../x}}{{/each}}", '! "x" not defined in undefined - 1:13', ""],
    ["{{name.x}}", '! "x" not defined in Ann - 1:2', ""],
    ["{{n.x}}", '! "x" not defined in 5 - 1:2', ""],
    ["{{z.x}}", '! "x" not defined in null - 1:2', ""],
    ["{{z.x.y}}", '! "x" not defined in null - 1:2', ""],
    ["{{l.x}}", '! "x" not defined in 1,2 - 1:2', ""],
    ["{{ts.x}}", '! "x" not defined in [object Object] - 1:2', ""],
    ['{{default z.x "a"}}', '! "x" not defined in null - 1:10', "a"],
    ["{{name.length}}", '! "length" not defined in Ann - 1:2', "3"],
    ["{{name.toUpperCase}}", '! "toUpperCase" not defined in Ann - 1:2', ""],
    ["{{l.map}}|{{o.toString}}", "|"],
    ["{{@root.constructor}}|{{constructor}}|{{o.constructor}}", "own|own|"],
    ["{{__proto__.p}}|{{@root.__proto__.p}}|{{o.__proto__}}", "1|1|"],
    ["{{@nothing.x}}", '! "x" not defined in undefined - 1:2', ""],
    ["{{> partial}}", "! The partial partial could not be found - 1:0"],
    ["{{* decorator}}", "! decorators are not supported - 1:0"],
    [
      '{{compare ts "<" 1}}|{{compare ts "==" "[object Object]"}}|{{compare l "==" "1,2"}}',
      "false|true|true",
    ],
    [
      '{{compare l "==" l}}|{{compare o "!=" o}}|{{compare ts "===" ts}}|{{compare z "==" missing}}',
      "true|false|true|true",
    ],
    ["{{ts}}|{{l}}", "[object Object]|1,2"],
  ])("%s", (source, whenStrict, whenLenient = whenStrict) => {
    expect(outcome(strict, source)).toBe(whenStrict);
    expect(outcome(lenient, source)).toBe(whenLenient);
  });

  it("refuses data deeper than the stack in words of its own", () => {
    let deep: JsonObject[string] = [];
    for (let level = 0; level < 20_000; level++) deep = [deep];
    for (const source of ["{{deep}}", "{{jsonStringify deep}}", "{{add deep}}", '{{compare deep "<" 1}}']) {
      expect(outcome(strict, source, { deep })).toBe("! template is nested too deeply");
    }
  });

  const NAMES =
    "helperMissing blockHelperMissing each if unless with lookup log compare and default add unique itemAt join jsonPath datetime-format uppercase name o.a";
  const VALUES =
    '|name|z|l|ts|missing|missing.x|z.x|"<"|1|..|@root|a=ts|(lookup o)|(each)|(name)|__proto__|constructor'.split(
      "|",
    );

  it.each(NAMES.split(" "))("%s never fails with an error of JavaScript, whatever it is given", (name) => {
    for (const value of VALUES) {
      for (const source of [
        `{{${name} ${value}}}`,
        `{{#${name} ${value}}}x{{else}}y{{/${name}}}`,
        `{{#if (${name} "<" ${value})}}x{{/if}}`,
        `{{${name} ts "<" ${value}}}`,
      ]) {
        const engine = value.length % 2 === 0 ? strict : lenient;
        expect(outcome(engine, source)).not.toMatch(
          /is not a function|Cannot (?:read|use|convert)|Must pass iterator|call stack/,
        );
      }
    }
  });
});

function undefinedAt(name: string, place: string): string {
  return `! "${name}" not defined in [object Object] - ${place}`;
}

function missingAt(name: string, place: string): string {
  return `! Missing helper: "${name}" - ${place}`;
}
