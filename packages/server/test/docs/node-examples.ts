import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { CHANNELS } from "../../src/core/channel.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";

/**
 * The reference text of a node besides its settings: `examples/nodes/<type>.json`. The generator prints it, a test runs
 * its example. Unknown keys are refused, so that nothing in it goes unchecked.
 */
const folder = fileURLToPath(new URL("../../../../examples/nodes/", import.meta.url));

/** Replaced by the address of a server that the test starts; pages show it as it is. */
export const EXAMPLE_HOST = "https://api.example.com";

/** Matches parts of expected texts that differ from run to run, such as ids. */
export const ANYTHING = "…";

const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);
const json = z.custom<Json>((value) => value !== undefined);

const message = z.strictObject({
  node_ref: z.string(),
  channel: z.string(),
  /** A user's distinct_id, an object's `object_type/id`. */
  recipient: z.string(),
  /** Keyed by paths into the content, such as `body.raw.html`. */
  content: z.record(z.string(), z.string()),
});

const call = z.strictObject({
  request: z.strictObject({
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()).optional(),
    body: json.optional(),
  }),
  reply: z.strictObject({ status: z.int(), body: json.optional() }),
});

const step = z
  .strictObject({
    /** A caption. */
    title: z.string().optional(),
    trigger: jsonObject.optional(),
    event: jsonObject.optional(),
    advance: z.strictObject({ by: z.string() }).optional(),
    /** The calls of the node in this step, and the responses. */
    calls: z.array(call).default([]),
    /** Every message that this step makes, in order. */
    messages: z.array(message).default([]),
    /** Lines that this step adds to the execution log, as `node_ref: message`, in order; there may be others. */
    log: z.array(z.string()).default([]),
  })
  .refine(
    ({ trigger, event, advance }) =>
      [trigger, event, advance].filter((deed) => deed !== undefined).length === 1,
    "needs one of trigger, event and advance",
  );

const nodeExample = z.strictObject({
  /** What the node does, in one line. */
  does: z.string(),
  /** Paragraphs. */
  notes: z.array(z.string()).default([]),
  outcomes: z.array(z.strictObject({ when: z.string(), result: z.string() })).min(1),
  example: z.strictObject({
    about: z.string(),
    starts_at: z.iso.datetime(),
    /** By slug; content by channel. */
    templates: z.record(z.string(), z.partialRecord(z.enum(CHANNELS), jsonObject)),
    /** By slug; bodies of `POST /v1/{workspace}/workflow/{slug}/`. */
    workflows: z.record(z.string(), jsonObject),
    steps: z.array(step).min(1),
    /** The final status of all executions, in the order in which they began. */
    executions: z
      .array(z.strictObject({ workflow: z.string(), recipient: z.string(), status: z.string() }))
      .min(1),
  }),
});

export type NodeExample = z.output<typeof nodeExample>;
export type ExampleStep = NodeExample["example"]["steps"][number];

/** All examples by node type. Throws the problem of the first one that cannot be parsed. */
export async function readNodeExamples(): Promise<Map<string, NodeExample>> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const examples = new Map<string, NodeExample>();
  for (const file of files) {
    const parsed = nodeExample.safeParse(JSON.parse(await readFile(join(folder, file), "utf8")));
    if (!parsed.success) throw new Error(`examples/nodes/${file}: ${z.prettifyError(parsed.error)}`);
    examples.set(file.slice(0, -".json".length), parsed.data);
  }
  return examples;
}
