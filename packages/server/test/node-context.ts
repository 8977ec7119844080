import { createTemplateEngine } from "../src/templates/engine.ts";
import { createJqEngine } from "@carillon/languages/jq";
import { createJsonnetEngine } from "@carillon/languages/jsonnet";
import type { JsonObject } from "../src/core/json.ts";
import { createContentEngines } from "../src/expressions/content-engines.ts";
import { createExpressions } from "../src/expressions/expressions.ts";
import type { HttpCall, HttpReply } from "../src/core/http-call.ts";
import type { CallRecord, NodeContext, NodeDefinition, NodeOutcome, RunFacts } from "../src/engine/node.ts";

/**
 * Runs one node on its own: the product's expressions over a payload, and everything that the node logs and merges.
 * Nodes that need recipients, messages or the database are tested with a worker.
 */
export interface Bench {
  run: (node: NodeDefinition, properties: JsonObject) => NodeOutcome;
  /** Simulates the response to the node's call. */
  answer: (node: NodeDefinition, properties: JsonObject, reply: HttpReply, call?: HttpCall) => NodeOutcome;
  /** The current payload. */
  data: () => JsonObject;
  logged: { severity: string; message: string; properties: JsonObject | undefined }[];
  recorded: CallRecord[];
}

const expressions = createExpressions({
  jq: createJqEngine(),
  jsonnet: createJsonnetEngine(),
  handlebars: createTemplateEngine({ strict: false, escape: false }),
  content: createContentEngines(),
});

const NOW = new Date("2026-07-16T12:00:00Z");

/** Nodes in the registry's type, without their settings' type. */
export function createBench(data: JsonObject = {}, facts: Partial<RunFacts> = {}): Bench {
  const logged: Bench["logged"] = [];
  const recorded: CallRecord[] = [];
  let payload = data;
  const context = (call: HttpCall | null) =>
    ({
      run: {
        id: "RUN",
        recipient: { object_type: "", distinct_id: "ann", recipient_id: "r1" },
        actor: null,
        data_before_batch: data,
        ...facts,
      },
      node: { ref: "node_1", name: "Node" },
      call,
      evaluate: (language, source, instead) =>
        expressions.evaluate(1, language, source, instead ?? payload, NOW),
      merge: (values) => void (payload = { ...payload, ...values }),
      log: (severity, _stage, message, properties) => void logged.push({ severity, message, properties }),
      recordCall: (record) => void recorded.push(record),
    }) as Partial<NodeContext> as NodeContext;
  return {
    logged,
    recorded,
    data: () => payload,
    run: (node, properties) => node.run(context(null), node.config.parse(properties)),
    answer(node, properties, reply, call) {
      if (node.resume === undefined) throw new Error(`${node.type} waits for nothing`);
      return node.resume(context(call ?? null), node.config.parse(properties), { by: "reply", reply });
    },
  };
}

/** Problems of a node's settings, as `path: message`; empty if they are valid. */
export function refusals(node: NodeDefinition, properties: JsonObject): string[] {
  const parsed = node.config.safeParse(properties);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}
