import { format, validate } from "@cfworker/json-schema";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { presentPayloadErrors } from "./payload-errors.ts";
import { readPayloadSchema } from "./payload-schema-check.ts";
import { createTimeLimit } from "../time-limit.ts";

/**
 * Payloads against their JSON Schema (draft 2020-12), while the client waits for its answer. A schema is a stranger's
 * and so is the payload: a pattern may backtrack for years, and references may multiply. Such a schema is given a
 * fixed time; an ordinary one, whose work is known beforehand, runs without a guard that costs twenty times the check.
 */
export interface PayloadChecker {
  /** Made once per version of a schema. Throws `SchemaError` for one that `checkPayloadSchema` refuses. */
  compile: (schema: JsonObject) => PayloadCheck;
}

/**
 * What is wrong with a payload, as `path: reason`, at most 100 of them; empty when it fits. `$attachments` and
 * `$ss_sdk_version` at the top belong to the wire, not to the payload, and are not looked at.
 */
export type PayloadCheck = (data: Json) => string[];

export interface PayloadLimits {
  /** Milliseconds since any moment. */
  clock: () => number;
  /** Of one check. */
  max_ms?: number;
}

const MAX_MS = 100;
/** What one payload cost, the next may cost too: out of time, a schema rests, so that it has a tenth of the process. */
const REST_MS = 1000;
/** Whether a pattern backtracks badly nobody can tell by looking at it; one that did so often is believed to. */
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
            // Errors by the hundred thousand do not fit the arguments of a call, so then the first has to do.
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

/** When a schema that was out of time may be tried again: a second later, or a minute when it was so too often. */
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

/** One check of one payload, for where nothing is kept. Throws `SchemaError`. */
export function validatePayload(schema: JsonObject, data: Json): string[] {
  return createPayloadChecker({ clock: () => 0 }).compile(schema)(data);
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

/** Values of the schema times values of the payload, which bounds what a plain schema costs: measured, 4 ms at most. */
const MAX_WORK = 50_000;

/** Keywords whose work is not bounded by that product. Also in a place where they are only names: that is no loss. */
const COSTLY: ReadonlySet<string> = new Set(["$ref", "pattern", "patternProperties", "uniqueItems"]);

/** Formats whose pattern takes a time in proportion to the text. */
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

/** True when a schema's size and that of a payload bound what a check costs. */
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

/** How many values there are in a value, a long text counting as several. Over as soon as there are more than `most`. */
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
