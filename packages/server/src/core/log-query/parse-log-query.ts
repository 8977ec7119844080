import { parseInstant } from "../time/instant.ts";
import { type Field, LOG_FIELDS, type LogName } from "./fields.ts";

/**
 * `status:failed channel:email,sms user:ada@x -workflow:order-* since:2h "timed out"`: filters and texts, all of which
 * must hold. Several values of one filter are alternatives; a filter with `-` before it must not hold. What has blanks,
 * commas or quotes in it stands in quotes, in which `\"` and `\\` are a quote and a backslash.
 *
 * Pure, for the server and for pages alike: the same text is the same question on both sides.
 */
export interface LogQuery {
  filters: Filter[];
  /** Parts of what the log says, in any case. */
  texts: Text[];
  since: Moment | null;
  until: Moment | null;
}

export interface Filter extends Span {
  field: string;
  is_negated: boolean;
  values: Value[];
}

export interface Value {
  text: string;
  /** Everything that begins with the text. */
  is_prefix: boolean;
}

export interface Text extends Span {
  text: string;
  is_negated: boolean;
}

/** A time, or how long ago in milliseconds. */
export type Moment = { at: Date } | { ago_ms: number };

/** Where in the query, in UTF-16 units. */
export interface Span {
  start: number;
  end: number;
}

export interface QueryProblem extends Span {
  message: string;
}

export type ParsedQuery = { ok: true; query: LogQuery } | { ok: false; problems: QueryProblem[] };

export const MAX_QUERY = 2000;
const MAX_TERMS = 30;
const MAX_VALUES = 50;

/** One term as it is written: its parts without their quotes. */
interface Token extends Span {
  is_negated: boolean;
  /** Null: a text. */
  field: string | null;
  values: { text: string; is_quoted: boolean }[];
}

export function parseLogQuery(text: string, log: LogName): ParsedQuery {
  if (text.length > MAX_QUERY) {
    return refuse([
      { start: MAX_QUERY, end: text.length, message: `must be at most ${MAX_QUERY} characters` },
    ]);
  }
  const problems: QueryProblem[] = [];
  const tokens = tokenize(text, problems);
  const extra = tokens[MAX_TERMS];
  if (extra !== undefined) problems.push({ ...spanOf(extra), message: `takes at most ${MAX_TERMS} terms` });
  const query: LogQuery = { filters: [], texts: [], since: null, until: null };
  for (const token of tokens) add(query, token, LOG_FIELDS[log], problems);
  return problems.length > 0 ? refuse(problems) : { ok: true, query };
}

const refuse = (problems: QueryProblem[]): ParsedQuery => ({
  ok: false,
  problems: problems.toSorted((one, other) => one.start - other.start),
});

function add(
  query: LogQuery,
  token: Token,
  fields: Readonly<Record<string, Field>>,
  problems: QueryProblem[],
): void {
  const { field: name, is_negated, values } = token;
  const span = spanOf(token);
  const complain = (message: string) => problems.push({ ...span, message });
  if (name === null) {
    const text = values[0]?.text ?? "";
    if (text.trim() === "") complain("a text must not be empty");
    else query.texts.push({ ...span, text, is_negated });
    return;
  }
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (field === undefined) {
    complain(
      `this log has no filter '${name}'; there are: ${Object.keys(fields).join(", ")}. Put quotes around a text with a colon`,
    );
    return;
  }
  if (values.length > MAX_VALUES) complain(`${name} takes at most ${MAX_VALUES} values`);
  if (values.some(({ text }) => text === "")) {
    complain(`${name} needs a value`);
    return;
  }
  if (field.is_time === true) addTime(query, name as "since" | "until", token, complain);
  else {
    const parsed = values.flatMap((value) => readValue(name, field, value, complain));
    query.filters.push({ ...span, field: name, is_negated, values: parsed });
  }
}

function readValue(
  name: string,
  { choices, takes_prefix = false }: Field,
  { text, is_quoted }: Token["values"][number],
  complain: (message: string) => void,
): Value[] {
  if (choices !== undefined) {
    const meant = Object.hasOwn(choices, text) ? choices[text] : undefined;
    if (meant === undefined) complain(`${name} must be one of ${Object.keys(choices).join(", ")}`);
    return (meant ?? []).map((choice) => ({ text: choice, is_prefix: false }));
  }
  const star = is_quoted ? -1 : text.indexOf("*");
  if (star === -1) return [{ text, is_prefix: false }];
  if (!takes_prefix) complain(`${name} takes whole values: leave the * out, or put quotes around it`);
  else if (star !== text.length - 1) complain(`${name} takes a * only at the end`);
  else if (text === "*") complain(`${name} needs something before the *`);
  return [{ text: text.slice(0, star), is_prefix: true }];
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function addTime(
  query: LogQuery,
  name: "since" | "until",
  { values, is_negated }: Token,
  complain: (message: string) => void,
): void {
  if (is_negated) complain(`${name} takes no - before it`);
  if (values.length > 1) complain(`${name} takes one time`);
  if (query[name] !== null) complain(`${name} is there twice`);
  const text = values[0]?.text ?? "";
  const [, count, unit = ""] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const ago_ms = count === undefined ? null : Number(count) * (UNITS[unit] ?? 0);
  const at = ago_ms === null ? parseInstant(text) : null;
  if (ago_ms !== null) query[name] = { ago_ms };
  else if (at !== null) query[name] = { at };
  else complain(`${name} must be a time, such as 2h, 3d, 2026-11-30 or 2026-11-30T09:30:00Z`);
}

function tokenize(text: string, problems: QueryProblem[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? "")) {
      at++;
      continue;
    }
    const start = at;
    const is_negated = text[at] === "-" && /\S/.test(text[at + 1] ?? "");
    if (is_negated) at++;
    const name = /^([A-Za-z_]+):/.exec(text.slice(at))?.[1] ?? null;
    if (name !== null) at += name.length + 1;
    const read = readValues(text, at, name !== null, problems);
    at = read.end;
    tokens.push({ start, end: at, is_negated, field: name?.toLowerCase() ?? null, values: read.values });
  }
  return tokens;
}

/** A text is one value, whatever commas it has; those of a filter stand between commas. */
function readValues(
  text: string,
  from: number,
  isList: boolean,
  problems: QueryProblem[],
): { values: Token["values"]; end: number } {
  const values: Token["values"] = [];
  let at = from;
  for (;;) {
    const value = text[at] === '"' ? readQuoted(text, at, problems) : readBare(text, at, isList);
    values.push({ text: value.text, is_quoted: text[at] === '"' });
    at = value.end;
    if (isList && text[at] === ",") at++;
    else break;
  }
  if (/\S/.test(text[at] ?? "")) {
    const end = at + (/^\S+/.exec(text.slice(at))?.[0].length ?? 0);
    problems.push({ start: at, end, message: "leave a blank after the quote" });
    at = end;
  }
  return { values, end: at };
}

function readBare(text: string, from: number, isList: boolean): { text: string; end: number } {
  const [found = ""] = (isList ? /^[^\s,"]*/ : /^[^\s"]*/).exec(text.slice(from)) ?? [];
  return { text: found, end: from + found.length };
}

function readQuoted(text: string, from: number, problems: QueryProblem[]): { text: string; end: number } {
  let read = "";
  let at = from + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === "\\" && /["\\]/.test(text[at + 1] ?? "")) at++;
    read += text[at] ?? "";
    at++;
  }
  if (at >= text.length)
    problems.push({ start: from, end: text.length, message: "this quote is not closed" });
  return { text: read, end: Math.min(at + 1, text.length) };
}

const spanOf = ({ start, end }: Span): Span => ({ start, end });

/** The text of a query, term by term; parsing it gives the same query. Chips of a page are changed so. */
export function printLogQuery({ filters, texts, since, until }: LogQuery): string {
  return [
    ...filters.map(
      ({ field, is_negated, values }) =>
        `${is_negated ? "-" : ""}${field}:${values.map(printValue).join(",")}`,
    ),
    ...(since === null ? [] : [`since:${printMoment(since)}`]),
    ...(until === null ? [] : [`until:${printMoment(until)}`]),
    ...texts.map(({ text, is_negated }) => `${is_negated ? "-" : ""}${quoted(text)}`),
  ].join(" ");
}

function printValue({ text, is_prefix }: Value): string {
  if (is_prefix) return `${text}*`;
  return /^[^\s,"*]+$/.test(text) ? text : quoted(text);
}

function printMoment(moment: Moment): string {
  return "at" in moment ? moment.at.toISOString() : `${moment.ago_ms / 1000}s`;
}

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
