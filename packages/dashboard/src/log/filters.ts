/**
 * The text of a log's search, `status:failed recipient:ada "order 7"`, and the filters of its address: two views of one
 * thing. A filter that cannot be applied is an error at its place in the text, never dropped.
 */
export interface FilterField {
  name: string;
  /** What it may be; absent: any text. */
  choices?: readonly string[];
  /** What a value must look like. */
  shape?: { test: (value: string) => boolean; words: string };
}

export interface ParsedQuery {
  filters: Record<string, string>;
  errors: QueryError[];
}

export interface QueryError {
  token: string;
  /** What is wrong with it. */
  kind: "unknown" | "choice" | "shape" | "bare" | "twice" | "empty";
  /** What would be right. */
  expected: string;
}

const TOKEN = /([A-Za-z_]+):(?=\s|$)|(?:([A-Za-z_]+):)?(?:"((?:[^"\\]|\\.)*)"|(\S+))/g;

export function parseQuery(text: string, fields: readonly FilterField[]): ParsedQuery {
  const filters: Record<string, string> = {};
  const errors: QueryError[] = [];
  const names = fields.map(({ name }) => name).join(", ");
  for (const [token, empty, name, quoted, plain] of text.matchAll(TOKEN)) {
    const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, "$1");
    if (empty !== undefined || value === undefined) {
      errors.push({ token, kind: "empty", expected: names });
      continue;
    }
    if (name === undefined) {
      errors.push({ token, kind: "bare", expected: names });
      continue;
    }
    const field = fields.find((one) => one.name === name);
    if (field === undefined) errors.push({ token, kind: "unknown", expected: names });
    else if (Object.hasOwn(filters, name)) errors.push({ token, kind: "twice", expected: name });
    else if (field.choices !== undefined && !field.choices.includes(value))
      errors.push({ token, kind: "choice", expected: field.choices.join(", ") });
    else if (field.shape !== undefined && !field.shape.test(value))
      errors.push({ token, kind: "shape", expected: field.shape.words });
    else filters[name] = value;
  }
  return { filters, errors };
}

/** The text that parses to these filters, in the order of the fields. */
export function writeQuery(
  filters: Readonly<Record<string, string>>,
  fields: readonly FilterField[],
): string {
  return fields
    .flatMap(({ name }) => {
      const value = filters[name];
      return value === undefined ? [] : [`${name}:${quoted(value)}`];
    })
    .join(" ");
}

function quoted(value: string): string {
  return /^[^\s"\\]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** The filters that the address has; what is no field of this log is not taken for one. */
export function filtersOf(search: URLSearchParams, fields: readonly FilterField[]): Record<string, string> {
  const filters: Record<string, string> = {};
  for (const { name } of fields) {
    const value = search.get(name);
    if (value !== null && value !== "") filters[name] = value;
  }
  return filters;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const SPAN = /^(\d{1,4})([mhd])$/;

export const SINCE: FilterField = {
  name: "since",
  shape: {
    test: (value) => sinceInstant(value, 0) !== null,
    words: "2h, 30m, 7d, 2026-11-30T10:00:00Z",
  },
};

/** `2h` as the instant two hours before `now`; an instant as itself; null: neither. */
export function sinceInstant(value: string, now: number): string | null {
  const [, count, unit] = SPAN.exec(value) ?? [];
  if (count !== undefined && unit !== undefined) {
    // To the minute: the same address asks the same question for a while.
    const at = now - Number(count) * (UNIT_MS[unit] ?? 0);
    return new Date(Math.floor(at / 60_000) * 60_000).toISOString();
  }
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)) return null;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
