import { z } from "zod";
import { takeReply } from "./shared/http-answer.ts";
import { buildCall, httpExpressions, httpSettings } from "./shared/http.ts";
import { defineNode, next, type NodeOutcome } from "../engine/node.ts";

const config = httpSettings.extend({
  http_method: z.literal("GET", "must be GET").default("GET").describe("A fetch changes nothing."),
  /** Published samples contain the key, always without a value. */
  body: z
    .union([z.null(), z.literal("")], "must be null: a fetch sends no body")
    .optional()
    .describe("Nothing: a fetch sends no body."),
});

/** Fetches data into the payload. A failure ends the run, because what follows would be wrong without the data. */
export default defineNode({
  type: "httpapi_fetch",
  short: "fetch",
  name: "Fetch",
  delivers: "calls",
  config,
  expressions: httpExpressions,
  run(ctx, settings): NodeOutcome {
    const built = buildCall(ctx, settings);
    return built.ok ? { kind: "call", call: built.value } : failNode(built.reason);
  },
  resume(ctx, { output_key }, woken): NodeOutcome {
    if (woken.by !== "reply") return { kind: "wait" };
    const failure = takeReply(ctx, woken.reply, output_key);
    return failure === null ? next : failNode(failure);
  },
});

function failNode(reason: string): NodeOutcome {
  return { kind: "fail", code: "http_node_failed", message: reason };
}
