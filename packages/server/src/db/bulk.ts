import { storableJson } from "../core/text/text.ts";
import type { Insertable } from "kysely";
import type { Queryable } from "./db.ts";
import { preparedName } from "./prepared-name.ts";
import type { Tables } from "./tables.gen.ts";

/**
 * Builds statements about many rows at once. Each column is named once, next to its type and its value, so that two
 * columns cannot be swapped; the values are sent as one array per column, so that a statement is the same for every
 * number of rows and is planned once.
 */
export interface Column<Item, Value = unknown> {
  /** The PostgreSQL type of the values as they are sent. */
  type: string;
  value: (item: Item) => unknown;
  /** The expression that the statement reads from the sent column. */
  read: (name: string) => string;
  /** Type-level only: what the column holds. */
  holds?: Value;
}

const same = (name: string): string => name;

/** Makes a column of a type from a function that reads its value from an item. */
type ColumnMaker<Value> = <Item, Held extends Value>(value: (item: Item) => Held) => Column<Item, Held>;

function column(type: string, read = same) {
  return <Item, Held>(value: (item: Item) => Held): Column<Item, Held> => ({ type, value, read });
}

export const int: ColumnMaker<number | null> = column("int");
export const smallint: ColumnMaker<number | null> = column("smallint");
export const bigint: ColumnMaker<number | null> = column("bigint");
export const float8: ColumnMaker<number | null> = column("float8");
export const bool: ColumnMaker<boolean | null> = column("bool");
export const text: ColumnMaker<string | null> = column("text");
export const uuid: ColumnMaker<string | null> = column("uuid");
export const timestamptz: ColumnMaker<Date | null> = column("timestamptz");

/** JSON that is already text. */
export const jsonText: ColumnMaker<string | null> = column("text", (name) => `${name}::json`);

/**
 * Names of the code's own as a list inside a statement, `'sms', 'email'`: for predicates of partial indexes, which
 * parameters do not match.
 */
export function sqlNames(names: readonly string[]): string {
  return names.map((name) => `'${name.replaceAll("'", "''")}'`).join(", ");
}

/** Any value as JSON; null becomes SQL's null, not the JSON one. */
export function json<Item>(value: (item: Item) => unknown): Column<Item, string | null> {
  return jsonText((item: Item) => {
    const given = value(item);
    return given === null || given === undefined ? null : storableJson(given);
  });
}

/** An array of texts: sent as one text, because arrays of arrays do not unnest into rows of arrays. */
export function textArray<Item>(value: (item: Item) => readonly string[]): Column<Item, string[]> {
  const literal = (one: string) => `"${one.replaceAll(/["\\]/g, "\\$&")}"`;
  return {
    type: "text",
    value: (item) => `{${value(item).map(literal).join(",")}}`,
    read: (name) => `${name}::text[]`,
  };
}

/** The transaction's time where the condition holds, otherwise null. */
export function nowIf<Item>(condition: (item: Item) => boolean): Column<Item, Date | null> {
  return { type: "bool", value: condition, read: (name) => `case when ${name} then now() end` };
}

/** A number of milliseconds after the transaction's time. */
export function afterNow<Item>(ms: (item: Item) => number): Column<Item, Date> {
  return { type: "float8", value: ms, read: (name) => `now() + ${name} * interval '1 millisecond'` };
}

/** The transaction's time. */
export const now: Column<unknown, Date> = afterNow(() => 0);

export interface Rows {
  /** For `from` or `join`: `unnest(…) as alias(…)`. */
  from: string;
  values: unknown[][];
  /** The next free parameter: `$${next}`. */
  next: number;
}

/**
 * The items as a relation, for `from` and `join`, with parameters from `first` on. JSON columns are text in it: cast them
 * where they are used.
 */
export function rowsOf<Item>(
  alias: string,
  items: readonly Item[],
  columns: Record<string, Column<Item>>,
  first = 1,
): Rows {
  const all = Object.entries(columns);
  const sent = all.map(([, { type }], index) => `$${index + first}::${type}[]`);
  return {
    from: `unnest(${sent.join(", ")}) as ${alias}(${all.map(([name]) => name).join(", ")})`,
    values: all.map(([, { value }]) => items.map(value)),
    next: all.length + first,
  };
}

/** Rows by their key, as `k(workspace_id, id)`. Ids of requests are UUIDs, all others text. */
export function keysOf(
  refs: readonly { workspace_id: number; id: string }[],
  type: typeof text = text,
): Rows {
  return rowsOf("k", refs, {
    workspace_id: int(({ workspace_id }) => workspace_id),
    id: type(({ id }) => id),
  });
}

type ColumnsOf<Table extends keyof Tables, Item> = {
  [Name in keyof Insertable<Tables[Table]>]: Column<Item, NoInfer<Insertable<Tables[Table]>[Name]>>;
};

/**
 * Inserts the items in order, in one prepared statement; does nothing without items. `rest` follows the statement: `on
 * conflict …`, `returning …`.
 */
export async function insertAll<Table extends keyof Tables, Item, Row extends object = object>(
  db: Queryable,
  table: Table,
  items: readonly Item[],
  columns: ColumnsOf<Table, Item>,
  rest = "",
): Promise<Row[]> {
  if (items.length === 0) return [];
  const all = columns as Record<string, Column<Item>>;
  const { from, values } = rowsOf("r", items, all);
  const read = Object.entries(all).map(([name, one]) => one.read(`r.${name}`));
  const names = Object.keys(all).join(", ");
  const statement = `insert into ${table} (${names}) select ${read.join(", ")} from ${from} ${rest}`;
  return db.query<Row>(statement, values, preparedName(statement));
}
