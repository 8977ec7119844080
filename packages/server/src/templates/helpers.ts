import type { JsonObject } from "../core/json.ts";
import type { DescribedHelper, DescribedHelpers, Helpers } from "./helper.ts";
import { dateHelpers } from "./helpers/date.ts";
import { jsonHelpers } from "./helpers/json.ts";
import { listHelpers } from "./helpers/list.ts";
import { logicHelpers } from "./helpers/logic.ts";
import { numberHelpers } from "./helpers/number.ts";
import { textHelpers } from "./helpers/text.ts";

/** The helpers of every template, besides the package's own `if`, `unless`, `each` and `with`. */
export const HELPERS: DescribedHelpers = {
  ...logicHelpers,
  ...textHelpers,
  ...numberHelpers,
  ...listHelpers,
  ...jsonHelpers,
  ...dateHelpers,
};

export function createHelpers(): Helpers {
  return Object.fromEntries(Object.entries(HELPERS).map(([name, { run }]) => [name, run]));
}

/** For the reference: the blocks of the language itself. */
export const BLOCKS: Readonly<Record<string, Omit<DescribedHelper, "run">>> = {
  if: {
    usage: "#if value",
    summary:
      "Its block where the value is neither missing nor empty, zero or false, otherwise that after `{{else}}`.",
    examples: [["{{#if likes}}yes{{else}}no{{/if}} {{#if missing}}yes{{else}}no{{/if}}", "yes no"]],
  },
  unless: {
    usage: "#unless value",
    summary: "The opposite of `if`.",
    examples: [["{{#unless missing}}none{{/unless}}", "none"]],
  },
  each: {
    usage: "#each list",
    summary:
      "Its block for each item of a list or member of an object: `this`, `@index`, `@key`, `@first`, `@last`; `../` and `@root` reach what is around it. The block after `{{else}}` where there is none.",
    examples: [
      ["{{#each cities}}{{@index}}:{{city}} {{/each}}", "0:San Francisco 1:Austin 2:Austin "],
      ["{{#each missing}}x{{else}}none{{/each}}", "none"],
      ["{{#each tags as |tag|}}{{@root.name}}-{{tag}} {{/each}}", "Mike-new Mike-sale Mike-new "],
    ],
  },
  with: {
    usage: "#with value",
    summary: "Its block with the value as `this`.",
    examples: [["{{#with $recipient}}{{name}}{{/with}}", "D&#x27;Arcy"]],
  },
};

/** What the examples of the reference are rendered with, at noon of the first of March, 2026. */
export const EXAMPLE_DATA: JsonObject = {
  name: "Mike",
  empty: "",
  zero: 0,
  likes: 3,
  total: 300,
  digits: "12",
  tags: ["new", "sale", "new"],
  cities: [
    { city: "San Francisco", name: "Mike" },
    { city: "Austin", name: "Juliana" },
    { city: "Austin", name: "Nova" },
  ],
  date: "2023-09-26T00:00:00Z",
  js: '{"a":1,"b":2}',
  url: "https://x.io/?a=1&b=2",
  $recipient: { name: "D'Arcy" },
};

export const EXAMPLE_TIME = new Date("2026-03-01T12:00:00Z");

/** The recipient's texts in the examples of `t`. */
export const EXAMPLE_TEXTS: JsonObject = {
  greeting: "Hola, {{name}}",
  items: { zero: "nada", one: "un artículo", other: "{{count}} artículos" },
};
