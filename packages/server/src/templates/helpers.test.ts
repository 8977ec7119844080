import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../core/json.ts";
import { createTemplateEngine, TemplateError } from "./engine.ts";

const engine = createTemplateEngine();

/** The data of the published examples, and several values of every other kind. */
const data: JsonObject = {
  name: "Mike",
  empty: "",
  candidate_count: 3,
  likes: 3,
  comments: 4,
  ARR: 300,
  billing_months: 12,
  total_bill: 3600,
  users: ["Olivia", "Steve"],
  date: "2023-09-26T00:00:00Z",
  s: "12",
  email: ["joe@abc.com", "steve@abc.com", "joe@abc.com"],
  array: [
    { city: "San Francisco", name: "Mike" },
    { city: "Austin", name: "Juliana" },
    { city: "Austin", name: "Nova" },
  ],
  personal_details: [{ name: { first_name: "john" } }, { name: { first_name: "mike" } }],
  active: true,
  js: '{"a":{"b":[10,20]}}',
  url: "https://x.io/?a=1&b=2",
  holes: ["a", null, "", "b"],
  place: [],
  $recipient: { name: "D'Arcy" },
  millis: 1_695_686_400_000,
  seconds: 1_695_686_400,
  digits: "1695686400",
  offset: "2023-09-26T10:00:00+05:30",
  mail_date: "Tue, 26 Sep 2023 10:00:00 +0530",
  none: null,
  emoji: "😀é",
  nested: [1, [2, [3, null]]],
  dotted: [{ "x y": { z: 1 } }, { "x y": { z: 2 } }, { "x y": null }, {}],
  mixed: ["a", 1, true, null, "a", 1],
  huge: 1e308,
};

function render(source: string): string {
  return engine.compile(source).render(data, { now: new Date("2026-03-01T12:30:00Z") });
}

describe("published examples", () => {
  it.each([
    ['{{default name "user"}}', "Mike"],
    ['{{default empty "user"}}', "user"],
    ['{{default missing "user"}}', "user"],
    ['{{default place.city "SF"}}', "SF"],
    ["{{default likes 0}}", "3"],
    ['{{#compare candidate_count "==" 1}}is{{else}}are{{/compare}}', "are"],
    ['{{#compare s "==" 12}}T{{else}}F{{/compare}}', "T"],
    ['{{#compare s "===" 12}}T{{else}}F{{/compare}}', "F"],
    [
      '{{#if (or (and (condition likes ">" 2) (condition comments "<" 2)) (and (condition name "==" "Mike")))}}T{{/if}}',
      "T",
    ],
    ['{{datetime-format date "ddd, MMM Do YYYY, h:mm:ss a"}}', "Tue, Sep 26th 2023, 12:00:00 am"],
    ['{{datetime-format date "[Today is] dddd"}}', "Today is Tuesday"],
    ['{{datetime-format date "Do MMMM, YYYY" "America/Chicago"}}', "25th September, 2023"],
    ['{{datetime-format millis "YYYY-MM-DD"}}', "2023-09-26"],
    ['{{datetime-format seconds "YYYY-MM-DD"}}', "1970-01-20"],
    ['{{datetime-format offset "HH:mm Z"}}', "04:30 +00:00"],
    ["{{jsonStringify users}}", '["Olivia","Steve"]'],
    ["{{jsonStringify url}}", '"https://x.io/?a=1&b=2"'],
    ['{{jsonPath (jsonParse js) "a.b.1"}}', "20"],
    ['{{jsonPath (jsonParse js) "a.b"}}', "10,20"],
    ["{{lowercase name}}", "mike"],
    ["{{uppercase name}}", "MIKE"],
    ['{{capitalize "mike waz"}}', "Mike waz"],
    ["{{uppercase likes}}", ""],
    ["{{add 9 4}}", "13"],
    ["{{add likes comments}}", "7"],
    ["{{add 1 2 3}}", "6"],
    ["{{add 0.1 0.2}}", "0.30000000000000004"],
    ["{{subtract 9 4}}", "5"],
    ["{{subtract likes 1}}", "2"],
    ["{{multiply 9 4}}", "36"],
    ["{{multiply ARR billing_months}}", "3600"],
    ["{{divide 14 4}}", "3.5"],
    ["{{divide total_bill billing_months}}", "300"],
    ["{{round 12.5}}", "13"],
    ["{{round (divide 15 4)}}", "4"],
    ["{{round -12.5}}", "-12"],
    ["{{mod 14 4}}", "2"],
    ["{{mod -14 4}}", "-2"],
    ["{{mod total_bill billing_months}}", "0"],
    // A list printed directly is separated by ", ", as in the published table.
    ["{{unique email}}", "joe@abc.com, steve@abc.com"],
    ['{{unique array "city"}}', "San Francisco, Austin"],
    ['{{unique personal_details "name.first_name"}}', "john, mike"],
    ['{{join (unique array "city")}}', "San Francisco, Austin"],
    ["{{itemAt email 1}}", "steve@abc.com"],
    ["{{itemAt email -1}}", "joe@abc.com"],
    ["{{itemAt email 9}}", ""],
    ['{{itemAt (unique array "city") 0}}', "San Francisco"],
    ["{{join email}}", "joe@abc.com, steve@abc.com, joe@abc.com"],
    ['{{join email " - "}}', "joe@abc.com - steve@abc.com - joe@abc.com"],
    ["{{join holes}}", "a, b"],
    ["{{length array}}", "3"],
    ["{{length name}}", "4"],
    ["{{length active}}", "0"],
    ["{{length holes}}", "2"],
    ["{{length missing}}", "0"],
    ['{{join (list-agg array "city") "|"}}', "San Francisco|Austin|Austin"],
    ["{{#each array}}{{name}} {{/each}}", "Mike Juliana Nova "],
    ['{{itemAt (list-agg array "name") 0}} and {{subtract (length array) 1}} others', "Mike and 2 others"],
    ["{{$recipient.name}}", "D&#x27;Arcy"],
    ["{{{$recipient.name}}}", "D'Arcy"],
    ["{{url}}", "https://x.io/?a&#x3D;1&amp;b&#x3D;2"],
    ["{{{url}}}", "https://x.io/?a=1&b=2"],
  ])("%s gives %j", (source, text) => {
    expect(render(source)).toBe(text);
  });

  it.each([
    '{{default nope.city "SF"}}',
    '{{datetime-format "bad" "YYYY"}}',
    '{{datetime-format digits "YYYY"}}',
    "{{add s 1}}",
    "{{mod 1 0}}",
  ])("%s is refused", (source) => {
    expect(() => render(source)).toThrow(TemplateError);
  });
});

describe("helpers beyond the examples", () => {
  it.each([
    ["{{default none 1}}", "1"],
    ["{{default false 1}} {{default 0 1}}", "false 0"],
    ["{{default (jsonStringify users) 1}}", '["Olivia","Steve"]'],
    ["{{default (jsonPath none 'a') 'x'}}", "x"],

    ["{{compare 1 1}} {{compare 1 2}} {{compare s 12}}", "true false false"],
    [
      "{{condition 1 '!=' 2}} {{condition 1 '!==' '1'}} {{condition 2 '<=' 2}} {{condition 2 '>=' 3}} {{condition 'a' '<' 'b'}}",
      "true true true false true",
    ],
    [
      "{{condition name 'typeof' 'string'}} {{condition none '==' missing}} {{condition none '===' missing}}",
      "true true false",
    ],
    [
      "{{#condition likes '>' 1}}T{{else}}F{{/condition}}{{#and likes empty}}T{{else}}F{{/and}}{{#or likes empty}}T{{/or}}",
      "TFT",
    ],
    ["{{#compare likes '>' 9}}T{{/compare}}.", "."],
    [
      "{{and likes name}} {{and likes empty}} {{or empty 0}} {{or empty place}} {{and}} {{or}}",
      "true false false true true false",
    ],
    ["{{#if (and (compare (add likes 1) '==' 4) active)}}T{{/if}}", "T"],

    [
      "{{lowercase 'ÄÖÜ İ'}}|{{uppercase 'straße'}}|{{capitalize 'éa'}}|{{capitalize '😀a'}}|{{capitalize empty}}",
      "äöü i̇|STRASSE|Éa|😀a|",
    ],
    ["{{lowercase none}}{{lowercase missing}}{{lowercase users}}", ""],

    [
      "{{add nested}} {{add 1 none}} {{add none}} {{subtract none 2}} {{subtract 5}} {{subtract 10 1 2}}",
      "6 1 0 -2 5 7",
    ],
    ["{{multiply 2 none 3}} {{multiply none none}} {{multiply nested}}", "6 0 6"],
    [
      "{{divide 0 5}} {{divide 1 3}} {{mod 5.5 2}} {{round 2}} {{round -0.4}} {{round 0.49999999999999994}}",
      "0 0.3333333333333333 1.5 2 0 0",
    ],

    [
      "{{jsonStringify none}} {{jsonStringify name}} {{jsonStringify 1.50}} {{jsonStringify (jsonStringify 'a')}}",
      'null "Mike" 1.5 "\\"a\\""',
    ],
    [
      "{{#with (jsonParse js)}}{{a.b.[1]}}{{/with}} {{jsonParse '[1,2]'}} {{jsonParse (jsonStringify users)}}",
      "20 1,2 Olivia,Steve",
    ],
    [
      "{{jsonPath this 'array[1].city'}} {{jsonPath array '0.name'}} {{jsonPath none 'a'}} {{jsonPath missing 'a'}}.",
      "Austin Mike  .",
    ],
    ["{{jsonPath dotted \"[0]['x y'].z\"}}", "1"],

    ["{{unique mixed}} {{list-agg mixed}} {{unique none}}.", "a, 1, true a, 1, true, a, 1 ."],
    ["{{unique dotted \"['x y'].z\"}} {{list-agg array 'city'}}", "1, 2 San Francisco, Austin, Austin"],
    [
      "{{#each (unique email)}}{{@index}}{{this}} {{/each}}{{length (unique email)}}",
      "0joe@abc.com 1steve@abc.com 2",
    ],
    [
      "{{itemAt name 0}}{{itemAt name -1}}{{itemAt name 9}} {{itemAt emoji 0}} {{itemAt none 0}} {{itemAt holes 1}} {{itemAt email -4}}.",
      "Me 😀   .",
    ],
    [
      "{{join name}} {{join none}} {{join place}} {{join mixed '/'}} {{join (list-agg none)}} {{join email empty}}",
      "Mike   a/1/true/a/1  joe@abc.comsteve@abc.comjoe@abc.com",
    ],
    [
      "{{length emoji}} {{length none}} {{length likes}} {{length $recipient}} {{length place}} {{length empty}}",
      "2 0 0 0 0 0",
    ],

    [
      "{{datetime-format 'now' 'YYYY-MM-DD HH:mm'}} {{datetime-format 'now' 'HH:mm z' 'Asia/Kolkata'}}",
      "2026-03-01 12:30 18:00 IST",
    ],
    [
      "{{datetime-format mail_date 'HH:mm'}} {{datetime-format '2023-09-26' 'L'}} {{datetime-format '2023-09-26 10:11' 'LT'}}",
      "04:30 09/26/2023 10:11 AM",
    ],
    [
      "{{datetime-format date 'z' missing}}{{datetime-format date 'z' none}}{{datetime-format date 'z' empty}}",
      "UTCUTCUTC",
    ],
    [
      "{{datetime-format date 'HH' 'america/chicago'}} {{datetime-format '2023-03-26T01:30:00Z' 'HH:mm' 'Europe/Berlin'}}",
      "19 03:30",
    ],
  ])("%s gives %j", (source, text) => {
    expect(render(source)).toBe(text);
  });

  it.each([
    ["{{default name}}", "default: expects at least 2 arguments, got 1 - 1:0"],
    ["{{compare 1}}", "compare: expects 2 to 3 arguments, got 1 - 1:0"],
    ["{{compare 1 'like' 2}}", 'compare: unknown operator "like" - 1:0'],
    ["{{compare 1 'toString' 2}}", 'compare: unknown operator "toString" - 1:0'],
    ["{{condition 1 missing 2}}", "condition: unknown operator a missing value - 1:0"],
    ["{{add 's'}}", "add: expects numbers, got a string - 1:0"],
    ["{{add}}", "add: expects at least 1 argument, got 0 - 1:0"],
    ["{{add missing 1}}", "add: expects numbers, got a missing value - 1:0"],
    ["{{subtract active 1}}", "subtract: expects numbers, got a boolean - 1:0"],
    ["{{multiply $recipient}}", "multiply: expects numbers, got an object - 1:0"],
    ["{{multiply huge 10}}", "multiply: the result is too large - 1:0"],
    ["{{divide 1 0}}", "divide: division by zero - 1:0"],
    ["{{divide 1}}", "divide: expects 2 arguments, got 1 - 1:0"],
    ["{{mod none 2}}", "mod: expects numbers, got null - 1:0"],
    ["{{round s}}", "round: expects numbers, got a string - 1:0"],
    ["{{jsonStringify missing}}", "jsonStringify: expects a value, got a missing value - 1:0"],
    ["{{jsonParse '{'}}", "jsonParse: the text is not valid JSON - 1:0"],
    ["{{jsonParse none}}", "jsonParse: expects a text, got null - 1:0"],
    ["{{jsonPath array 1}}", "jsonPath: expects a path, got a number - 1:0"],
    ["{{jsonPath array 'a..b'}}", 'jsonPath: "a..b" is not a path - 1:0'],
    ["{{unique missing}}", "unique: expects a list, got a missing value - 1:0"],
    ["{{unique name}}", "unique: expects a list, got a string - 1:0"],
    ["{{unique array}}", "unique: needs a key for an object - 1:0"],
    ["{{unique nested}}", "unique: needs a key for an array - 1:0"],
    ["{{unique personal_details 'name'}}", "unique: the value at the key is an object - 1:0"],
    ["{{unique array missing}}", "unique: expects a path, got a missing value - 1:0"],
    ["{{list-agg missing 'a'}}", "list-agg: expects a list, got a missing value - 1:0"],
    ["{{itemAt array 0}}", "itemAt: the item is an object - 1:0"],
    ["{{itemAt email '0'}}", "itemAt: expects a whole number as position, got a string - 1:0"],
    ["{{itemAt email 0.5}}", "itemAt: expects a whole number as position, got a number - 1:0"],
    ["{{itemAt missing 0}}", "itemAt: expects a list or a text, got a missing value - 1:0"],
    ["{{join missing}}", "join: expects a list, got a missing value - 1:0"],
    ["{{join likes}}", "join: expects a list, got a number - 1:0"],
    ["{{join array}}", "join: expects texts and numbers in the list, got an object - 1:0"],
    ["{{join email likes}}", "join: expects a text as separator, got a number - 1:0"],
    ["{{length}}", "length: expects 1 argument, got 0 - 1:0"],
    ["{{datetime-format missing 'YYYY'}}", "datetime-format: expects a date, got a missing value - 1:0"],
    ["{{datetime-format none 'YYYY'}}", "datetime-format: expects a date, got null - 1:0"],
    ["{{datetime-format empty 'YYYY'}}", 'datetime-format: "" is not a date - 1:0'],
    ["{{datetime-format '2023-02-30' 'YYYY'}}", 'datetime-format: "2023-02-30" is not a date - 1:0'],
    ["{{datetime-format huge 'YYYY'}}", 'datetime-format: "1e+308" is not a date - 1:0'],
    ["{{datetime-format date}}", "datetime-format: expects 2 to 3 arguments, got 1 - 1:0"],
    ["{{datetime-format date likes}}", "datetime-format: expects a format, got a number - 1:0"],
    ["{{datetime-format date 'YYYY' 'Mars/Olympus'}}", "datetime-format: the time zone is not known - 1:0"],
    ["{{datetime-format date 'YYYY' 'constructor'}}", "datetime-format: the time zone is not known - 1:0"],
    ["{{datetime-format date 'YYYY' likes}}", "datetime-format: expects a time zone, got a number - 1:0"],
  ])("%s is refused", (source, message) => {
    expect(() => render(source)).toThrow(expect.objectContaining({ message, code: "template_render" }));
  });

  it("take every JSON value: they print, or refuse with a reason", () => {
    const names = fc.constantFrom(
      ..."default compare condition and or lowercase uppercase capitalize add subtract multiply divide".split(
        " ",
      ),
      ..."mod round jsonStringify jsonParse jsonPath unique list-agg itemAt join length datetime-format".split(
        " ",
      ),
    );
    const value = fc.oneof(
      fc.jsonValue() as fc.Arbitrary<Json>,
      fc.constantFrom<Json[]>("==", "YYYY", "a.b", 0, -1, ["a"], [{ a: 1 }]),
    );
    const templates = new Map<string, ReturnType<typeof engine.compile>>();
    fc.assert(
      fc.property(names, fc.array(value, { maxLength: 4 }), (name, args) => {
        const source = `{{${name}${args.map((_, index) => ` a${index}`).join("")}}}`;
        const template = templates.get(source) ?? engine.compile(source);
        templates.set(source, template);
        const context = Object.fromEntries(args.map((arg, index) => [`a${index}`, arg]));
        try {
          expect(template.render(context)).toBeTypeOf("string");
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError);
          expect((error as TemplateError).code).toBe("template_render");
        }
      }),
      { numRuns: 1000 },
    );
  });
});
