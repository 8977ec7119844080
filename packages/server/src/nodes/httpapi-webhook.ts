import { z } from "zod";
import { recordOf, takeReply } from "./shared/http-answer.ts";
import { buildCall, contentType, httpExpressions, httpSettings } from "./shared/http.ts";
import { defineNode, giveUp, next, type NodeOutcome } from "../engine/node.ts";
import { optionalExpression } from "./shared/settings.ts";

const METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE"] as const;

const config = httpSettings.extend({
  http_method: z.enum(METHODS, `must be one of ${METHODS.join(", ")}`).describe("Method of the request."),
  body_content_type: contentType,
  body: optionalExpression.describe(
    "Jsonnet; what is sent: as JSON, or as a form or a text where `body_content_type` says so.",
  ),
});

/** Notifies another system, and is a row of the message log like every message: a failure does not end the run. */
export default defineNode({
  type: "httpapi_webhook",
  short: "webhook",
  name: "Webhook",
  delivers: "calls",
  config,
  expressions: httpExpressions,
  run(ctx, settings): NodeOutcome {
    const built = buildCall(ctx, settings);
    if (built.ok) return { kind: "call", call: built.value };
    ctx.recordCall({ request: { method: settings.http_method }, response: {}, failure: built.reason });
    return giveUp(ctx, "http_node_failed", built.reason);
  },
  resume(ctx, { output_key }, woken): NodeOutcome {
    if (woken.by !== "reply") return { kind: "wait" };
    const failure = takeReply(ctx, woken.reply, output_key);
    ctx.recordCall(recordOf(ctx.call, woken.reply, failure));
    return failure === null ? next : giveUp(ctx, "http_node_failed", failure);
  },
});
