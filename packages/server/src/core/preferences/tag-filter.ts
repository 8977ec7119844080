/**
 * Which categories a preference page shows, by their tags: one tag, or an expression in JSON:
 * `{"or":["a",{"and":["b",{"not":"c"}]}]}`, `{"exists":true}`.
 */
export type TagFilter =
  | string
  | { or: TagFilter[] }
  | { and: TagFilter[] }
  | { not: TagFilter }
  | { exists: boolean };

export type ParsedTagFilter = { ok: true; filter: TagFilter } | { ok: false; reason: string };

const MAX_DEPTH = 10;
const SHAPE = 'must be a tag, or JSON like {"or":["a","b"]}, {"and":[…]}, {"not":"a"} or {"exists":true}';

/** What begins with a brace is an expression; everything else is a tag. */
export function parseTagFilter(text: string): ParsedTagFilter {
  if (!text.startsWith("{")) return { ok: true, filter: text };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: `is not JSON; ${SHAPE}` };
  }
  const filter = readFilter(value, 1);
  return filter === null ? { ok: false, reason: SHAPE } : { ok: true, filter };
}

/** Null: not a filter, or nested too deeply. */
function readFilter(value: unknown, depth: number): TagFilter | null {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return null;
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0) return null;
  const [operator, operand] = entry as [string, unknown];
  switch (operator) {
    case "or":
    case "and": {
      if (!Array.isArray(operand) || operand.length === 0) return null;
      const operands = operand.map((one) => readFilter(one, depth + 1));
      if (!operands.every((one) => one !== null)) return null;
      return operator === "or" ? { or: operands } : { and: operands };
    }
    case "not": {
      const negated = readFilter(operand, depth + 1);
      return negated === null ? null : { not: negated };
    }
    case "exists":
      return typeof operand === "boolean" ? { exists: operand } : null;
    default:
      return null;
  }
}

export function matchesTags(filter: TagFilter, tags: readonly string[]): boolean {
  if (typeof filter === "string") return tags.includes(filter);
  if ("or" in filter) return filter.or.some((one) => matchesTags(one, tags));
  if ("and" in filter) return filter.and.every((one) => matchesTags(one, tags));
  if ("not" in filter) return !matchesTags(filter.not, tags);
  return tags.length > 0 === filter.exists;
}
