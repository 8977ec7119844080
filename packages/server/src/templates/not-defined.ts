import { TemplateError } from "./template-error.ts";

/** In the words of the `handlebars` package, which authors look up; `place` is its `line:column`. */
export function notDefined(name: string, value: unknown, place: string): TemplateError {
  return new TemplateError("template_render", `"${name}" not defined in ${describe(value)} - ${place}`);
}

export function missingHelper(name: string, place: string): TemplateError {
  return new TemplateError("template_render", `Missing helper: "${name}" - ${place}`);
}

const MAX_ITEMS = 10;
const MAX_DEPTH = 5;

/**
 * As JavaScript prints it, shortened, but never through a method of the value: data may have a `toString` of its own.
 */
function describe(value: unknown, depth = 0): string {
  if (typeof value !== "object" || value === null) {
    return depth > 0 && (value === null || value === undefined) ? "" : String(value);
  }
  if (!Array.isArray(value)) return "[object Object]";
  if (depth === MAX_DEPTH) return "";
  return value
    .slice(0, MAX_ITEMS)
    .map((item) => describe(item, depth + 1))
    .join(",");
}
