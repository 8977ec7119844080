import type { Random } from "../random.ts";
import { PAYLOAD, TEMPLATES } from "./expressions.ts";
import { TEXTS } from "./values.ts";

/* Templates as a grammar writes them: mostly sound, nested at random, with anything at all in between. */

const PATHS = [
  "n",
  "list",
  "long",
  "order.items",
  "order.items.[0].name",
  "this",
  "@index",
  "@root.list",
  "../n",
  "$recipient.name",
  "$actor.name",
  "$brand.social_links.x",
  "$batched_events",
  "$batched_events_count",
  "missing",
  "missing.deep",
  "__proto__",
  "constructor.name",
  "lookup",
];

const HELPERS = [
  "default",
  "add",
  "subtract",
  "multiply",
  "divide",
  "mod",
  "round",
  "uppercase",
  "capitalize",
  "join",
  "unique",
  "list-agg",
  "itemAt",
  "length",
  "jsonStringify",
  "jsonParse",
  "jsonPath",
  "datetime-format",
  "condition",
  "and",
  "or",
  "lookup",
  "log",
  "t",
  "nohelper",
];

const LITERALS = ['"x"', '"=="', '"YYYY"', "1", "-1", "0", "1e9", "true", "null", "undefined", '"a.b"'];

export function randomTemplate(random: Random, depth = 3): string {
  return Array.from({ length: random.between(1, 4) }, () => piece(random, depth)).join("");
}

function piece(random: Random, depth: number): string {
  if (random.chance(0.04)) return random.pick(TEMPLATES);
  if (random.chance(0.03)) return random.pick(TEXTS);
  if (random.chance(0.04))
    return random.pick(["{{", "}}", "{{{", "{{#if n}}", "{{/each}}", "{{else}}", "{{!--"]);
  const roll = random.below(depth > 0 ? 6 : 3);
  switch (roll) {
    case 0:
      return random.pick(["text ", "<p>", "</p>", "Ünï ", "💥", "<script>alert(1)</script>", '"', "\n"]);
    case 1:
      return random.chance(0.3) ? `{{{${random.pick(PATHS)}}}}` : `{{${random.pick(PATHS)}}}`;
    case 2:
      return `{{${call(random, 2)}}}`;
    case 3:
      return `{{#each ${random.pick(PATHS)}}}${randomTemplate(random, depth - 1)}{{/each}}`;
    case 4:
      return `{{#if ${random.chance(0.5) ? random.pick(PATHS) : `(${call(random, 1)})`}}}${randomTemplate(random, depth - 1)}{{else}}${randomTemplate(random, depth - 1)}{{/if}}`;
    default:
      return `{{#with ${random.pick(PATHS)}}}${randomTemplate(random, depth - 1)}{{/with}}`;
  }
}

function call(random: Random, depth: number): string {
  const args = Array.from({ length: random.below(4) }, () => {
    if (depth > 0 && random.chance(0.3)) return `(${call(random, depth - 1)})`;
    return random.chance(0.5) ? random.pick(PATHS) : random.pick(LITERALS);
  });
  return [random.pick(HELPERS), ...args].join(" ");
}

/** Scripts for Slack's blocks and Teams' cards. */
export function randomJsonnet(random: Random): string {
  return random.pick([
    `{blocks: [{text: data.${random.pick(["n", "long", "missing"])}}]}`,
    "{blocks: [x for x in std.range(1, 1000000000)]}",
    "local f(x) = f(x) + 1; f(1)",
    'importstr "/etc/passwd"',
    '{type: "AdaptiveCard", body: std.repeat([data], 100000)}',
    "{blocks: data.list}",
    "[1, 2",
    'std.extVar("data")',
    `{blocks: ["${"x".repeat(3000)}" + data.long]}`,
  ]);
}

/** A payload: the one that the grammar reads, with some of it replaced. */
export function randomPayload(random: Random): object {
  const pick = () =>
    random.pick<unknown>([
      null,
      0,
      -1,
      1e308,
      "",
      "<script>alert(1)</script>",
      random.pick(TEXTS),
      [],
      {},
      Array.from({ length: 60 }, (_unused, index) => ({ n: index, list: [index] })),
      { deep: { deep: { deep: [{}] } } },
    ]);
  const replaced = ["n", "list", "long", "order"].filter(() => random.chance(0.3));
  return { ...PAYLOAD, ...Object.fromEntries(replaced.map((key) => [key, pick()])) };
}
