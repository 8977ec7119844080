import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";

/** A record of a file: its values by name, or what is wrong with it. */
export type Read =
  | { ok: true; values: Record<string, unknown> }
  | { ok: false; raw: unknown; reason: string };

export interface RecordFile {
  /** Its records, in order; read as they are taken, so that a file of any size fits. */
  records: AsyncIterable<Read>;
  /** Bytes read so far. */
  bytesRead: () => number;
}

/** Opens a `.csv` or a `.ndjson` (`.jsonl`) file. Throws for any other name. */
export function openRecords(file: string): RecordFile {
  const input = createReadStream(file);
  const extension = /\.(csv|ndjson|jsonl)$/i.exec(file)?.[1]?.toLowerCase();
  if (extension === undefined) {
    input.destroy();
    throw new Error(`${file}: must end in .csv, .ndjson or .jsonl`);
  }
  const records = extension === "csv" ? readCsv(input, file) : readLines(input);
  return { records, bytesRead: () => input.bytesRead };
}

type Input = ReturnType<typeof createReadStream>;

/** The first row names the columns. An empty cell says nothing. */
async function* readCsv(input: Input, file: string): AsyncGenerator<Read> {
  const rows = input.pipe(parse({ bom: true, relax_column_count: true, skip_empty_lines: true }));
  // A pipe does not pass on errors.
  input.on("error", (error) => rows.destroy(error));
  let columns: Column[] | undefined;
  for await (const row of rows as AsyncIterable<string[]>) {
    if (columns === undefined) columns = readHeader(row, file);
    else yield readRow(row, columns);
  }
}

interface Column {
  name: string;
  type: "text" | "number" | "boolean" | "json";
}

/** `age:number`, `vip:boolean` and `tags:json` say what their cells hold; all others hold text. */
function readHeader(row: string[], file: string): Column[] {
  const columns = row.map((cell): Column => {
    const [, name = "", type] = /^(.*?)(?::(number|boolean|json))?$/s.exec(cell.trim()) ?? [];
    return { name, type: (type ?? "text") as Column["type"] };
  });
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (names.includes("")) throw new Error(`${file}: column ${names.indexOf("") + 1} has no name`);
  if (twice !== undefined) throw new Error(`${file}: the column "${twice}" is there twice`);
  return columns;
}

function readRow(row: string[], columns: readonly Column[]): Read {
  if (row.length !== columns.length) {
    return {
      ok: false,
      raw: row,
      reason: `has ${row.length} cells, and the first row has ${columns.length}`,
    };
  }
  const values: Record<string, unknown> = {};
  for (const [index, { name, type }] of columns.entries()) {
    const cell = row[index] ?? "";
    if (cell === "") continue;
    const value = toValue(cell, type);
    if (value === undefined)
      return { ok: false, raw: row, reason: `${name}: ${JSON.stringify(cell)} is no ${type}` };
    values[name] = value;
  }
  return { ok: true, values };
}

function toValue(cell: string, type: Column["type"]): unknown {
  const text = cell.trim();
  switch (type) {
    case "text":
      return cell;
    case "number":
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "boolean":
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === "true" : undefined;
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return undefined;
      }
  }
}

/** A JSON object a line. */
async function* readLines(input: Input): AsyncGenerator<Read> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const text = line.replace(/^\uFEFF/, "").trim();
    if (text !== "") yield readLine(text);
  }
}

function readLine(text: string): Read {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { ok: true, values: value as Record<string, unknown> };
    return { ok: false, raw: value, reason: "must be a JSON object" };
  } catch (error) {
    return { ok: false, raw: text, reason: `is no JSON: ${error instanceof Error ? error.message : ""}` };
  }
}
