import { loadModule, parseSync } from "libpg-query";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { cut } from "../core/text/text.ts";
import { FIELDS_OF, type VirtualTable } from "./virtual-tables.ts";

/**
 * What a segment's query may be: one `select` over the two virtual tables. It is parsed by PostgreSQL's own parser, so
 * that what is checked is what the database will run, and every node of the tree, every field of a node, every function,
 * operator and type must be on a list below: what is not known here is refused. Nothing on the lists writes, locks, waits,
 * makes rows or long texts out of nothing, or reaches beyond the tables.
 */
export class QueryError extends Error {
  override name = "QueryError";
}

export const MAX_QUERY = 100_000;
/** Deeper than anybody writes by hand. */
const MAX_DEPTH = 60;

/** Throws a `QueryError` that says what is wrong; returns the text to run, without a closing semicolon. */
export async function checkQuery(text: string): Promise<string> {
  const query = text.trim().replace(/;$/, "").trimEnd();
  if (query === "") throw new QueryError("This field may not be blank.");
  if (query.length > MAX_QUERY) throw new QueryError(`must be at most ${MAX_QUERY} characters`);
  const select = await parseSelect(query);
  checkFields("SelectStmt", select, 0);
  if (!namesOf(select).includes("distinct_id")) throw new QueryError("Schema error: must select distinct_id");
  return query;
}

async function parseSelect(query: string): Promise<JsonObject> {
  await loadModule();
  const tree = parseText(query);
  const statements = Array.isArray(tree.stmts) ? tree.stmts : [];
  const [first] = statements;
  if (statements.length > 1) throw new QueryError("must be one statement");
  const statement = isJsonObject(first) ? first.stmt : undefined;
  const select = isJsonObject(statement) ? statement.SelectStmt : undefined;
  if (!isJsonObject(select)) throw new QueryError("must be a SELECT");
  return select;
}

function parseText(query: string): JsonObject {
  try {
    return parseSync(query) as unknown as JsonObject;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new QueryError(`Syntax error: ${cut(reason, 200)}`, { cause: error });
  }
}

/** The fields of each kind of node that may be set. */
const NODES: Readonly<Record<string, readonly string[]>> = {
  SelectStmt: [
    "distinctClause",
    "targetList",
    "fromClause",
    "whereClause",
    "groupClause",
    "groupDistinct",
    "havingClause",
    "sortClause",
    "limitCount",
    "limitOffset",
    "limitOption",
    "op",
    "all",
    "larg",
    "rarg",
  ],
  ResTarget: ["name", "val"],
  ColumnRef: ["fields"],
  RangeVar: ["relname", "inh", "relpersistence", "alias"],
  RangeSubselect: ["subquery", "alias"],
  JoinExpr: ["jointype", "isNatural", "larg", "rarg", "quals", "usingClause", "alias"],
  Alias: ["aliasname"],
  A_Expr: ["kind", "name", "lexpr", "rexpr", "rexpr_list_start", "rexpr_list_end"],
  A_Const: ["ival", "fval", "sval", "boolval", "isnull"],
  A_ArrayExpr: ["elements", "list_start", "list_end"],
  BoolExpr: ["boolop", "args"],
  BooleanTest: ["arg", "booltesttype"],
  NullTest: ["arg", "nulltesttype"],
  SubLink: ["subLinkType", "testexpr", "operName", "subselect"],
  FuncCall: ["funcname", "args", "agg_star", "agg_distinct", "agg_filter", "funcformat"],
  TypeCast: ["arg", "typeName"],
  TypeName: ["names", "typmods", "typemod", "arrayBounds"],
  CaseExpr: ["arg", "args", "defresult"],
  CaseWhen: ["expr", "result"],
  CoalesceExpr: ["args"],
  MinMaxExpr: ["op", "args"],
  SQLValueFunction: ["op", "typmod"],
  SortBy: ["node", "sortby_dir", "sortby_nulls"],
  List: ["items"],
  String: ["sval"],
  Integer: ["ival"],
};

/** Fields that hold a node without its name. */
const BARE: Readonly<Record<string, string>> = { alias: "Alias", typeName: "TypeName" };

/** Where the parser found it. */
const POSITION = "location";

const FUNCTIONS = new Set(
  `abs age array_length avg bool_and bool_or btrim cardinality ceil ceiling char_length count date_part date_trunc extract
   floor jsonb_array_length jsonb_exists jsonb_typeof left length lower ltrim max min now position right round
   rtrim split_part starts_with strpos sum timezone to_timestamp upper`.split(/\s+/),
);

const OPERATORS = new Set(
  "= <> != < <= > >= + - * / % -> ->> #> #>> @> <@ ? ?| ?& && ~~ ~~* !~~ !~~*".split(" "),
);

const EXPRESSIONS = new Set(
  `AEXPR_OP AEXPR_OP_ANY AEXPR_OP_ALL AEXPR_DISTINCT AEXPR_NOT_DISTINCT AEXPR_NULLIF AEXPR_IN AEXPR_LIKE AEXPR_ILIKE
   AEXPR_BETWEEN AEXPR_NOT_BETWEEN`.split(/\s+/),
);

const TYPES = new Set(
  `text varchar bpchar bool int2 int4 int8 numeric float4 float8 date time timestamp timestamptz interval json jsonb
   uuid`.split(/\s+/),
);

const VALUES = new Set(["SVFOP_CURRENT_DATE", "SVFOP_CURRENT_TIMESTAMP", "SVFOP_CURRENT_TIME"]);

/** Constructs that people try, by what they call them. */
const SAID: Readonly<Record<string, string>> = {
  withClause: "WITH",
  intoClause: "INTO",
  lockingClause: "FOR UPDATE",
  windowClause: "WINDOW",
  valuesLists: "VALUES",
  over: "OVER",
  lateral: "LATERAL",
  schemaname: "a schema",
  catalogname: "a database",
  A_Star: "SELECT *: name the fields; it",
  ParamRef: "a parameter",
  RangeFunction: "a function in FROM",
};

function refuse(name: string): never {
  throw new QueryError(`${SAID[name] ?? name} is not allowed in the query of a list`);
}

function check(value: Json | undefined, depth: number): void {
  if (depth > MAX_DEPTH) throw new QueryError("is nested too deeply");
  if (Array.isArray(value)) {
    for (const item of value) check(item, depth + 1);
    return;
  }
  if (!isJsonObject(value)) return;
  const [[kind, fields] = ["", undefined], ...others] = Object.entries(value);
  if (others.length > 0 || !isJsonObject(fields)) refuse(Object.keys(value).join(", "));
  checkFields(kind, fields, depth + 1);
}

function checkFields(kind: string, fields: JsonObject, depth: number): void {
  if (depth > MAX_DEPTH) throw new QueryError("is nested too deeply");
  const allowed = Object.hasOwn(NODES, kind) ? NODES[kind] : undefined;
  if (allowed === undefined) refuse(kind);
  for (const [name, value] of Object.entries(fields)) {
    if (name !== POSITION && !allowed.includes(name)) refuse(name);
    if (kind === "A_Const") continue;
    const bare = kind === "SelectStmt" && (name === "larg" || name === "rarg") ? "SelectStmt" : BARE[name];
    if (bare !== undefined && isJsonObject(value)) checkFields(bare, value, depth + 1);
    else check(value, depth + 1);
  }
  RULES[kind]?.(fields);
}

/** What else must hold of a node whose fields are right. */
const RULES: Readonly<Record<string, (fields: JsonObject) => void>> = {
  RangeVar({ relname }) {
    if (relname === "users" || relname === "events") return;
    throw new QueryError(`Schema error: No table named ${wordOf(relname)}. There are users and events`);
  },
  SelectStmt: checkEvents,
  A_Expr({ kind, name }) {
    if (!EXPRESSIONS.has(wordOf(kind))) refuse(wordOf(kind).replace("AEXPR_", ""));
    if (wordOf(kind).startsWith("AEXPR_OP")) checkOperator(name);
  },
  SubLink({ operName }) {
    if (operName !== undefined) checkOperator(operName);
  },
  FuncCall({ funcname }) {
    const name = nameIn(funcname);
    if (name === null || !FUNCTIONS.has(name))
      throw new QueryError(`Function ${wordsOf(funcname).join(".")} is not allowed in the query of a list`);
  },
  TypeName({ names }) {
    const name = nameIn(names);
    if (name === null || !TYPES.has(name))
      throw new QueryError(`Type ${wordsOf(names).join(".")} is not allowed in the query of a list`);
  },
  SQLValueFunction({ op }) {
    if (!VALUES.has(wordOf(op))) refuse(wordOf(op).replace("SVFOP_", ""));
  },
};

function checkOperator(name: Json | undefined): void {
  const [operator = "", ...others] = wordsOf(name);
  if (others.length > 0 || !OPERATORS.has(operator)) refuse(`Operator ${wordsOf(name).join(".")}`);
}

const wordOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** A name without a schema, or of the one that the parser itself puts there. */
function nameIn(names: Json | undefined): string | null {
  const words = wordsOf(names);
  if (words.length === 2 && words[0] === "pg_catalog") return words[1] ?? null;
  return words.length === 1 ? (words[0] ?? null) : null;
}

function wordsOf(names: Json | undefined): string[] {
  return (Array.isArray(names) ? names : []).map((one) => {
    const named = isJsonObject(one) ? one.String : undefined;
    return isJsonObject(named) && typeof named.sval === "string" ? named.sval : "*";
  });
}

/** Events are many: those that are read must have a lower bound in time. */
function checkEvents({ fromClause, whereClause }: JsonObject): void {
  const conditions = conjunctsOf(whereClause);
  if (!readsEvents(fromClause, conditions) || conditions.some(isLowerBound)) return;
  throw new QueryError(
    "events: requested_at needs a lower bound, as in requested_at >= now() - interval '30 days'",
  );
}

/** Collects the conditions of joins on the way. */
function readsEvents(from: Json | undefined, conditions: Json[]): boolean {
  if (Array.isArray(from)) return from.map((one) => readsEvents(one, conditions)).includes(true);
  if (!isJsonObject(from)) return false;
  if (isJsonObject(from.RangeVar)) return from.RangeVar.relname === "events";
  if (!isJsonObject(from.JoinExpr)) return false;
  const { larg, rarg, quals } = from.JoinExpr;
  conditions.push(...conjunctsOf(quals));
  return [larg, rarg].map((one) => readsEvents(one, conditions)).includes(true);
}

function conjunctsOf(condition: Json | undefined): Json[] {
  if (!isJsonObject(condition)) return [];
  const both = condition.BoolExpr;
  if (!isJsonObject(both) || both.boolop !== "AND_EXPR" || !Array.isArray(both.args)) return [condition];
  return both.args.flatMap(conjunctsOf);
}

function isLowerBound(condition: Json): boolean {
  const expression = isJsonObject(condition) ? condition.A_Expr : undefined;
  if (!isJsonObject(expression)) return false;
  const { kind, name, lexpr, rexpr } = expression;
  const [operator = ""] = wordsOf(name);
  if (kind === "AEXPR_BETWEEN") return isRequestedAt(lexpr);
  if (kind !== "AEXPR_OP") return false;
  if (operator === ">" || operator === ">=") return isRequestedAt(lexpr);
  return (operator === "<" || operator === "<=") && isRequestedAt(rexpr);
}

function isRequestedAt(expression: Json | undefined): boolean {
  return isJsonObject(expression) && columnOf(expression) === "requested_at";
}

function columnOf({ ColumnRef }: JsonObject): string | null {
  return isJsonObject(ColumnRef) ? (wordsOf(ColumnRef.fields).at(-1) ?? null) : null;
}

/** The names of its columns; of a union, those of its first part. */
function namesOf({ targetList, larg }: JsonObject): string[] {
  if (isJsonObject(larg)) return namesOf(larg);
  return (Array.isArray(targetList) ? targetList : []).flatMap((target) => {
    const { name, val } = isJsonObject(target) && isJsonObject(target.ResTarget) ? target.ResTarget : {};
    if (typeof name === "string") return [name];
    return isJsonObject(val) ? (columnOf(val) ?? []) : [];
  });
}

/** For messages. */
export function fieldsText(): string {
  const said = Object.entries(FIELDS_OF) as [VirtualTable, readonly string[]][];
  return said.map(([table, fields]) => fields.map((field) => `${table}.${field}`).join(", ")).join(", ");
}
