import { z } from "zod";
import { describeValue } from "../core/text/describe-value.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { Named } from "../engine/effect.ts";
import { optionalExpression, type Read, readJsonnet, readMap } from "./shared/settings.ts";
import {
  giveUp,
  defineNode,
  next,
  type NodeContext,
  type NodeExpression,
  type NodeOutcome,
  requestEffect,
} from "../engine/node.ts";

const WHO = ["recipient", "actor", "expression"] as const;

const config = z
  .object({
    workflow: z
      .string()
      .regex(/^[a-z0-9_-]{1,255}$/, "must be the slug of a workflow")
      .describe("Slug of the workflow to trigger."),
    recipient_selection: z
      .enum(WHO, `must be one of ${WHO.join(", ")}`)
      .describe("Whom it is triggered for."),
    recipient_expression: optionalExpression.describe(
      "Jsonnet that gives an id, a map, or an array of up to 100 of them. Required where `recipient_selection` says so.",
    ),
    actor_selection: z
      .enum(["", ...WHO], `must be empty or one of ${WHO.join(", ")}`)
      .nullish()
      .describe("Its actor. Absent or empty: it has none."),
    actor_expression: optionalExpression.describe(
      "Jsonnet that gives an id or a map. Required where `actor_selection` says so.",
    ),
    data: optionalExpression.describe("Jsonnet that gives a map; its keys win over those of this run."),
    append_current_run_data: z
      .boolean("must be true or false")
      .nullish()
      .transform((append) => append !== false)
      .meta({ description: "Hand on the payload of this run.", default: true }),
  })
  .superRefine((settings, issues) => {
    for (const role of ["recipient", "actor"] as const) {
      const path = `${role}_expression` as const;
      if (settings[`${role}_selection`] === "expression" && settings[path] === null)
        issues.addIssue({
          code: "custom",
          path: [path],
          message: `is required where ${role}_selection is expression`,
        });
    }
  });

type Settings = z.output<typeof config>;

const CODE = "invoke_failed";
const MAX_RECIPIENTS = 100;

/**
 * Triggers another workflow without waiting for it. Passes the payload from before the first batch of this run: a run
 * that carries a batch stands for many triggers, and should pass only its own.
 */
export default defineNode({
  type: "invokeworkflow",
  short: "invoke",
  name: "Trigger Workflow",
  config,
  uses: ({ workflow }) => ({ workflow }),
  expressions: (settings) => [
    ...(settings.recipient_selection === "expression" ? source("recipient_expression", settings) : []),
    ...(settings.actor_selection === "expression" ? source("actor_expression", settings) : []),
    ...source("data", settings),
  ],
  run(ctx, settings): NodeOutcome {
    const recipients = readRecipients(ctx, settings);
    if (!recipients.ok) return giveUp(ctx, CODE, recipients.reason);
    const actor = readActor(ctx, settings);
    if (!actor.ok) return giveUp(ctx, CODE, actor.reason);
    const data = readData(ctx, settings);
    if (!data.ok) return giveUp(ctx, CODE, data.reason);
    if (recipients.value === null) {
      ctx.log("warning", "node_skipped", "nobody to trigger the workflow for: this run has no actor", {
        code: "no_actor",
      });
      return next;
    }
    const { workflow } = settings;
    const invocation = {
      node_ref: ctx.node.ref,
      workflow,
      recipients: recipients.value,
      actor: actor.value,
      data: data.value,
    };
    return requestEffect("invoke", invocation, (done) => {
      if (!done.ok) return giveUp(ctx, CODE, `workflow: ${done.reason}`);
      const again = done.detail?.request_id === null;
      const message = again ? `'${workflow}' was triggered before` : `triggered '${workflow}'`;
      ctx.log("info", "node_completed", message, done.detail);
      return next;
    });
  },
});

/** Null where there is no recipient. */
function readRecipients(ctx: NodeContext, settings: Settings): Read<Named[] | null> {
  const { recipient_selection: who, recipient_expression } = settings;
  if (who === "actor" && ctx.run.actor === null) return { ok: true, value: null };
  if (who !== "expression") return { ok: true, value: [{ who }] };
  const path = "recipient_expression";
  const read = readJsonnet(ctx, path, recipient_expression ?? "", ctx.run.data_before_batch);
  if (!read.ok) return read;
  const list = Array.isArray(read.value) ? read.value : [read.value];
  if (list.length === 0 || list.length > MAX_RECIPIENTS)
    return { ok: false, reason: `${path}: must give 1 to ${MAX_RECIPIENTS} recipients, gave ${list.length}` };
  const wrong = list.find((one) => !isName(one));
  return wrong === undefined
    ? { ok: true, value: list.filter(isName).map((named) => ({ named })) }
    : {
        ok: false,
        reason: `${path}: must give an id, a map or an array of them, gave ${describeValue(wrong)}`,
      };
}

function readActor(
  ctx: NodeContext,
  { actor_selection: who, actor_expression }: Settings,
): Read<Named | null> {
  if (who === undefined || who === null || who === "") return { ok: true, value: null };
  if (who === "actor" && ctx.run.actor === null) return { ok: true, value: null };
  if (who !== "expression") return { ok: true, value: { who } };
  const path = "actor_expression";
  const read = readJsonnet(ctx, path, actor_expression ?? "", ctx.run.data_before_batch);
  if (!read.ok) return read;
  const { value } = read;
  if (isName(value)) return { ok: true, value: { named: value } };
  return { ok: false, reason: `${path}: must give an id or a map, gave ${describeValue(value)}` };
}

function readData(ctx: NodeContext, { data: source, append_current_run_data }: Settings): Read<JsonObject> {
  const { data_before_batch } = ctx.run;
  const current = append_current_run_data ? data_before_batch : {};
  if (source === null) return { ok: true, value: current };
  const read = readMap(ctx, "data", source, data_before_batch);
  return read.ok ? { ok: true, value: { ...current, ...read.value } } : read;
}

/** Whether a value names a recipient, as in a trigger. */
function isName(value: Json): value is string | JsonObject {
  return typeof value === "string" || isJsonObject(value);
}

function source(
  path: "recipient_expression" | "actor_expression" | "data",
  settings: Settings,
): NodeExpression[] {
  const text = settings[path];
  return text === null ? [] : [{ path, language: "jsonnet", source: text }];
}
