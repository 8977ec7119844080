import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { Hub } from "../hub.ts";
import operations from "./operations.json" with { type: "json" };
import { STORY, type Step } from "./story.ts";

/**
 * `operations.json` holds the 122 operations of the public API as its documentation describes them: who calls them, and for
 * each status the names and types of the reply (null: no body is described). Walked on one workspace.
 */
type Shape = string | null | Shape[] | { [name: string]: Shape };

interface Operation {
  auth: string;
  replies: Record<string, Shape>;
}

const OPERATIONS = new Map(Object.entries(operations as unknown as Record<string, Operation>));

const STEPS = new Map(STORY.toReversed().map((step) => [step.op, step]));
const WITH_BODY = STORY.filter(({ body }) => Object.keys(body ?? {}).length > 0).map(({ op }) => op);
/** Those that make what their path names. */
const MAKES = new Set(
  STORY.flatMap(({ op }) => (/^POST .*\/(?:workflow|schema|content)\/\{[a-z_]+\}\/$/.test(op) ? [op] : [])),
);
/** Names that are valid, of what does not exist. */
const NOBODY = { locale: "de", locale_file: "de.json", version: "999", version_no: "999", channel: "email" };
/** Those that name something in the path, and document what they answer when it does not exist. */
const NAMED = [...OPERATIONS].flatMap(([op, { replies }]) =>
  replies["404"] !== undefined && !MAKES.has(op) && /\{(?!workspace)/.test(op) ? [op] : [],
);

function stepOf(op: string): Step {
  return STEPS.get(op) ?? { op };
}

interface Outcome {
  op: string;
  status: number;
  json: unknown;
  text: string;
}

describe("every operation of the public API", () => {
  it("is called with its documented body, and answers as documented", async ({ hub }) => {
    const faults: string[] = [];
    const kept = new Map<string, string>();
    for (const step of STORY) {
      const outcome = await perform(hub, step, kept);
      faults.push(...faultsOf(outcome));
      if (step.keep !== undefined) {
        kept.set(step.keep.name, String((outcome.json as Record<string, unknown>)[step.keep.from]));
      }
    }
    expect([...OPERATIONS.keys()].filter((op) => !STEPS.has(op))).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("refuses callers without credentials", async ({ hub }) => {
    const faults = await eachOf([...OPERATIONS.keys()], async (op) => {
      const { status } = await perform(hub, stepOf(op), new Map(), { authorization: "" });
      return status === 401 ? [] : [`${op}: ${status}`];
    });
    expect(faults).toEqual([]);
  });

  it("answers 404 as documented for what does not exist", async ({ hub }) => {
    const faults = await eachOf(NAMED, async (op) => {
      const { query, body } = stepOf(op);
      const outcome = await perform(hub, { op, params: NOBODY, query, body }, new Map());
      return outcome.status === 404 ? shapeFaults(outcome) : [`${op}: ${outcome.status} ${outcome.text}`];
    });
    expect(faults).toEqual([]);
  });

  it("answers 400 to a body that breaks off", async ({ hub }) => {
    const faults = await eachOf(WITH_BODY, async (op) => {
      const { status, text } = await perform(hub, { ...stepOf(op), body: '{"' }, new Map());
      return status === 400 ? [] : [`${op}: ${status} ${text}`];
    });
    expect(faults).toEqual([]);
  });
});

async function eachOf(ops: readonly string[], look: (op: string) => Promise<string[]>): Promise<string[]> {
  const faults: string[] = [];
  for (const op of ops) faults.push(...(await look(op)));
  return faults;
}

async function perform(
  hub: Hub,
  { op, params = {}, query, body }: Step,
  kept: Map<string, string>,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  const [method = "", path = ""] = op.split(" ");
  const known: Record<string, string> = {
    workspace: hub.workspace.slug,
    workspace_key: hub.wsKey,
    ...Object.fromEntries(kept),
    ...params,
  };
  const url = path.replace(/\{([a-z_]+)\}/g, (_, name: string) => known[name] ?? `no-${name}`);
  const isManaged = OPERATIONS.get(op)?.auth === "service_token";
  const answer = await hub.call(
    method as "GET",
    query === undefined ? url : `${url}?${query}`,
    body,
    isManaged ? { authorization: `ServiceToken ${hub.serviceToken}`, ...headers } : headers,
  );
  return { op, status: answer.status, json: answer.json, text: answer.text };
}

function faultsOf(outcome: Outcome): string[] {
  const { op, status, text } = outcome;
  if (status >= 400) return [`${op}: ${status} ${text.slice(0, 300)}`];
  return shapeFaults(outcome);
}

function shapeFaults({ op, status, json, text }: Outcome): string[] {
  const documented = OPERATIONS.get(op)?.replies[String(status)];
  if (documented === undefined) return [`${op}: ${status} is not documented: ${text.slice(0, 300)}`];
  if (documented === null) return [];
  return unlike(json ?? text, documented, "").map((fault) => `${op}: ${status} ${fault}`);
}

/** Where a value lacks a documented name or has another type. Null stands for any type: the documentation does not say. */
function unlike(value: unknown, shape: Shape, at: string): string[] {
  if (value === null || shape === null || shape === "any") return [];
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at}: no array`];
    return value.slice(0, 3).flatMap((item, index) => unlike(item, shape[0] ?? null, `${at}[${index}]`));
  }
  if (typeof shape === "object") {
    if (typeof value !== "object" || Array.isArray(value)) return [`${at}: no object`];
    const held = value as Record<string, unknown>;
    return Object.entries(shape).flatMap(([field, type]) => {
      const name = field.replace("?", "");
      if (name in held) return unlike(held[name], type, `${at}.${name}`);
      return field === name ? [`${at}.${name}: missing`] : [];
    });
  }
  return typeof value === shape ? [] : [`${at}: ${typeof value}, not ${shape}`];
}
