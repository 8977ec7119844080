import { format, validate } from "@cfworker/json-schema";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { presentPayloadErrors } from "./payload-errors.ts";
import { readPayloadSchema } from "./payload-schema-check.ts";
import { createTimeLimit } from "../time-limit.ts";

/**
 * Checks payloads against their JSON Schema (draft 2020-12), while the client waits for its response. Schema and
 * payload are both untrusted: a pattern may backtrack for years, and references may multiply. Such a schema gets a
 * fixed time; an ordinary one, whose cost is known beforehand, runs without a guard that costs twenty times the check.
 */
export interface PayloadChecker {
  /** Called once per version of a schema. Throws `SchemaError` for one that `checkPayloadSchema` refuses. */
  compile: (schema: JsonObject) => PayloadCheck;
}

/**
 * What is wrong with a payload, as `path: reason`, at most 100 entries; empty when it fits. `$attachments` and
 * `$ss_sdk_version` at the top level belong to the wire, not to the payload, and are ignored.
 */
export type PayloadCheck = (data: Json) => string[];

export interface PayloadLimits {
  /** Milliseconds since an arbitrary moment. */
  clock: () => number;
  /** Milliseconds for one check. */
  max_ms?: number;
}

const MAX_MS = 100;
/**
 * The next payload may cost as much: a schema that ran out of time pauses, so that it gets at most a tenth of the
 * process.
 */
const REST_MS = 1000;
/** Whether a pattern backtracks badly cannot be seen from it, so one that ran out of time often is refused. */
const MAX_OVERRUNS = 3;
const OVERRUNS_MS = 60_000;
const DRAFT = "2020-12";

export function createPayloadChecker({ clock, max_ms = MAX_MS }: PayloadLimits): PayloadChecker {
  const limit = createTimeLimit(max_ms);
  return {
    compile(given) {
      const { schema, lookup } = readPayloadSchema(given);
      const most = isPlain(schema) ? MAX_WORK / weigh(schema, MAX_WORK) : 0;
      const rest = createRest(clock);

      function check(payload: Json): string[] {
        for (const stopsAtFirst of [false, true]) {
          try {
            const { errors } = validate(payload, schema, DRAFT, lookup, stopsAtFirst);
            return presentPayloadErrors(errors);
          } catch (error) {
            // Hundreds of thousands of errors do not fit the arguments of a call, so then only the first is reported.
            if (!(error instanceof RangeError)) throw error;
          }
        }
        return ["(root): is too large or nested too deeply to be checked"];
      }

      return (data) => {
        const payload = withoutWireKeys(data);
        if (weigh(payload, most) <= most) return check(payload);
        const state = rest.state();
        if (state === "refused") return [refusedForTime(max_ms)];
        if (state === "resting") return [outOfTime(max_ms)];
        const done = limit(() => check(payload));
        if (done !== null) return done.value;
        rest.overran();
        return [outOfTime(max_ms)];
      };
    },
  };
}

/** When a schema that ran out of time may be tried again: a second later, or a minute if that happened too often. */
interface Rest {
  state: () => "ready" | "resting" | "refused";
  overran: () => void;
}

function createRest(clock: () => number): Rest {
  let overruns: number[] = [];
  let until = Number.NEGATIVE_INFINITY;
  return {
    state() {
      if (clock() >= until) return "ready";
      return overruns.length < MAX_OVERRUNS ? "resting" : "refused";
    },
    overran() {
      const now = clock();
      overruns = [...overruns.filter((at) => at > now - OVERRUNS_MS), now].slice(-MAX_OVERRUNS);
      until = now + (overruns.length < MAX_OVERRUNS ? REST_MS : OVERRUNS_MS);
    },
  };
}

function outOfTime(max_ms: number): string {
  return `(root): takes longer than ${max_ms} ms to be checked against the schema`;
}

function refusedForTime(max_ms: number): string {
  return `(root): the schema took longer than ${max_ms} ms for ${MAX_OVERRUNS} payloads within a minute; it is refused for a minute`;
}

function withoutWireKeys(data: Json): Json {
  if (!isJsonObject(data)) return data;
  if (!Object.hasOwn(data, "$attachments") && !Object.hasOwn(data, "$ss_sdk_version")) return data;
  const { $attachments: _attachments, $ss_sdk_version: _version, ...payload } = data;
  return payload;
}

/**
 * Values of the schema times values of the payload, which bounds the cost of a plain schema: measured, 4 ms at most.
 */
const MAX_WORK = 50_000;

/** Keywords whose cost is not bounded by that product. Matching them where they are only names does no harm. */
const COSTLY: ReadonlySet<string> = new Set(["$ref", "pattern", "patternProperties", "uniqueItems"]);

/** Formats whose pattern runs in linear time. */
const QUICK_FORMATS: ReadonlySet<string> = new Set([
  "date",
  "time",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid",
]);

/** True when the sizes of a schema and a payload bound the cost of a check. */
function isPlain(schema: JsonObject): boolean {
  const stack: Json[] = [schema];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (COSTLY.has(key)) return false;
      if (key === "format" && typeof child === "string" && child in format && !QUICK_FORMATS.has(child)) {
        return false;
      }
      stack.push(child);
    }
  }
  return true;
}

const TEXT_UNITS = 100;

/** The number of values in a value, a long text counting as several. Stops as soon as there are more than `most`. */
function weigh(value: Json, most: number): number {
  const stack: Json[] = [value];
  let weight = 0;
  for (let current = stack.pop(); current !== undefined && weight <= most; current = stack.pop()) {
    weight += 1;
    if (typeof current === "string") weight += current.length / TEXT_UNITS;
    else if (Array.isArray(current)) {
      if (weight + current.length > most) return Number.POSITIVE_INFINITY;
      for (const child of current) stack.push(child);
    } else if (typeof current === "object" && current !== null) {
      for (const [key, child] of Object.entries(current)) {
        weight += key.length / TEXT_UNITS;
        stack.push(child);
      }
    }
  }
  return weight;
}
