import { z } from "zod";
import { unsafeText } from "../core/json/json-guard.ts";
import type { Json } from "../core/json.ts";
import { defineNode, next, type NodeOutcome } from "../engine/node.ts";
import { expression } from "./shared/settings.ts";

const MAX_VARIABLES = 25;

const variable = z.object({
  key: z
    .string()
    .min(1, "must not be empty")
    .max(255, "must be at most 255 characters")
    .describe("Key of the payload; a dot in it is no path."),
  value_lang: z
    .enum(["jsonnet", "handlebars"], "must be jsonnet or handlebars")
    .describe("Jsonnet gives any JSON, Handlebars gives text."),
  value: expression.describe("The expression."),
});

const config = z.object({
  variables: z
    .array(variable)
    .min(1, "must have at least 1 entry")
    .max(MAX_VARIABLES, `must have at most ${MAX_VARIABLES} entries`)
    .superRefine((variables, issues) => {
      const seen = new Set<string>();
      for (const [index, { key }] of variables.entries()) {
        if (seen.has(key))
          issues.addIssue({
            code: "custom",
            path: [index, "key"],
            message: `'${key}' is used twice, keys must differ`,
          });
        seen.add(key);
      }
    })
    .describe("What is computed, all of it from the payload as the node was given it."),
});

/**
 * Computes variables into the payload. All of them read the original payload, not each other; a failure ends the run,
 * because what is sent after it would be wrong.
 */
export default defineNode({
  type: "transform",
  short: "transform",
  name: "Data Transform",
  config,
  expressions: ({ variables }) =>
    variables.map(({ value_lang, value }, index) => {
      return { path: `variables.${index}.value`, language: value_lang, source: value };
    }),
  run(ctx, { variables }): NodeOutcome {
    const values: [key: string, value: Json][] = [];
    for (const { key, value_lang, value: source } of variables) {
      const result = ctx.evaluate(value_lang, source);
      const reason = result.ok ? unsafe(result.value) : result.reason;
      if (!result.ok || reason !== null)
        return { kind: "fail", code: "variable_error", message: `variable '${key}': ${reason ?? ""}` };
      values.push([key, result.value]);
    }
    ctx.merge(Object.fromEntries(values));
    ctx.log("info", "node_completed", `set ${values.map(([key]) => `'${key}'`).join(", ")}`);
    return next;
  },
});

/** Jsonnet produces nothing that cannot be stored; a template can cut a character in half. */
function unsafe(value: Json): string | null {
  return typeof value === "string" ? unsafeText(value) : null;
}
