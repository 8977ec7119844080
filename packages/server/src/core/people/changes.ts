import { jsonEqual } from "../json/json-equal.ts";
import { isJsonObject, type Json } from "../json.ts";

/** How something has changed, as the audit record shows it. */
export interface JsonChange {
  /** A JSON pointer. */
  path: string;
  /** Absent: it was not there. */
  before?: Json;
  after?: Json;
}

/** A record, not a copy: what has changed more than so much is told by its hash. */
const MAX_CHANGES = 50;
const MAX_UNITS = 500;
const MAX_DEPTH = 50;
/** They change with everything. */
const FOLLOWING = new Set(["updated_at", "updated_by", "hash"]);

/** The places at which two states differ, in the order of their keys; arrays are compared place by place. */
export function changesBetween(before: Json | undefined, after: Json | undefined): JsonChange[] {
  const changes: JsonChange[] = [];
  collect(before, after, "", changes);
  return changes.slice(0, MAX_CHANGES);
}

function collect(
  before: Json | undefined,
  after: Json | undefined,
  path: string,
  into: JsonChange[],
  depth = 0,
): void {
  if (into.length >= MAX_CHANGES) return;
  if (before !== undefined && after !== undefined && jsonEqual(before, after)) return;
  if (
    depth < MAX_DEPTH &&
    isBranch(before) &&
    isBranch(after) &&
    Array.isArray(before) === Array.isArray(after)
  ) {
    const [old, made] = [membersOf(before), membersOf(after)];
    for (const key of new Set([...old.keys(), ...made.keys()])) {
      if (!FOLLOWING.has(key))
        collect(old.get(key), made.get(key), `${path}/${escaped(key)}`, into, depth + 1);
    }
    return;
  }
  into.push({
    path,
    ...(before === undefined ? {} : { before: shortened(before) }),
    ...(after === undefined ? {} : { after: shortened(after) }),
  });
}

const isBranch = (value: Json | undefined): value is Json[] | Record<string, Json> =>
  Array.isArray(value) || isJsonObject(value);

function membersOf(value: Json[] | Record<string, Json>): Map<string, Json> {
  return new Map(Object.entries(value));
}

const escaped = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");

function shortened(value: Json): Json {
  const { length } = JSON.stringify(value);
  return length <= MAX_UNITS ? value : `(${length} characters of JSON)`;
}
