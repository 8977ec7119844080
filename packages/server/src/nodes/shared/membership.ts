import type { StepCode } from "../../core/log/step-log.ts";
import { z } from "zod";
import { describeValue } from "../../core/text/describe-value.ts";
import { isPlainId } from "../../core/plain-id.ts";
import type { Done, Who } from "../../engine/effect.ts";
import { giveUp, next, type NodeContext, type NodeExpression, type NodeOutcome } from "../../engine/node.ts";
import { flag, type Read, readTemplate } from "./settings.ts";

/*
 * Common part of nodes that add people of a run to something or remove them: the chosen people, the id, and the result.
 * None of them ends a run: problems are logged.
 */

export const userSelection = z
  .array(
    z.enum(["recipient", "actor"], "must be recipient or actor"),
    "must be a list of recipient and actor",
  )
  .min(1, "must name recipient, actor or both")
  .transform((who) => [...new Set(who)])
  .describe("Who: the recipient, the actor, or both.");

const idText = z.string("must be a text").min(1, "must not be empty");

/** Checks a literal id; for `superRefine`. */
function checkPlainId(text: string, path: string, issues: z.RefinementCtx): void {
  if (text !== "" && !isPlainId(text)) issues.addIssue({ code: "custom", path: [path], message: NOT_PLAIN });
}

const NOT_PLAIN = "must be made of a-z, 0-9, - and _, or be a template and said to be dynamic";

/** The literal id, or the result of its template. */
function resolveId(ctx: NodeContext, path: string, text: string, is_dynamic: boolean): Read<string> {
  const id = is_dynamic ? readTemplate(ctx, path, text) : { ok: true as const, value: text };
  if (!id.ok || isPlainId(id.value)) return id;
  return { ok: false, reason: `${path}: '${describeValue(id.value)}' must be made of a-z, 0-9, - and _` };
}

/** The object: its settings, their check, their templates, and their values for a run. */
export const objectFields = {
  object_type: idText.describe("Type of the object, or Handlebars that gives it."),
  object_id: idText.describe("Id of the object, or Handlebars that gives it."),
  is_object_id_dynamic: flag.meta({
    description: "`object_type` and `object_id` are both Handlebars.",
    default: false,
  }),
};

interface ObjectSettings {
  object_type: string;
  object_id: string;
  is_object_id_dynamic: boolean;
}

export function checkObject(settings: ObjectSettings, issues: z.RefinementCtx): void {
  if (settings.is_object_id_dynamic) return;
  checkPlainId(settings.object_type, "object_type", issues);
  checkPlainId(settings.object_id, "object_id", issues);
}

export function objectTemplates(settings: ObjectSettings): NodeExpression[] {
  if (!settings.is_object_id_dynamic) return [];
  return [template("object_type", settings.object_type), template("object_id", settings.object_id)];
}

export function resolveObject(
  ctx: NodeContext,
  settings: ObjectSettings,
): Read<{ type: string; id: string }> {
  const type = resolveId(ctx, "object_type", settings.object_type, settings.is_object_id_dynamic);
  if (!type.ok) return type;
  const id = resolveId(ctx, "object_id", settings.object_id, settings.is_object_id_dynamic);
  return id.ok ? { ok: true, value: { type: type.value, id: id.value } } : id;
}

/** The same for a list. */
export const listFields = {
  list_id: idText.describe("Id of the list, or Handlebars that gives it."),
  is_list_id_dynamic: flag.meta({ description: "`list_id` is Handlebars.", default: false }),
};

interface ListSettings {
  list_id: string;
  is_list_id_dynamic: boolean;
}

export function checkList({ list_id, is_list_id_dynamic }: ListSettings, issues: z.RefinementCtx): void {
  if (!is_list_id_dynamic) checkPlainId(list_id, "list_id", issues);
}

export function listTemplates({ list_id, is_list_id_dynamic }: ListSettings): NodeExpression[] {
  return is_list_id_dynamic ? [template("list_id", list_id)] : [];
}

export function resolveList(ctx: NodeContext, { list_id, is_list_id_dynamic }: ListSettings): Read<string> {
  return resolveId(ctx, "list_id", list_id, is_list_id_dynamic);
}

export function template(path: string, source: string): NodeExpression {
  return { path, language: "handlebars", source };
}

/** The chosen people who are stored and whom the operation accepts; logs a warning for each of the others. */
export function choosePeople(ctx: NodeContext, chosen: readonly Who[], takes: "users" | "everybody"): Who[] {
  return chosen.filter((who) => {
    const reason = refusePerson(ctx, who, takes);
    if (reason !== null)
      ctx.log("warning", "node_skipped", `the ${who} is left out: ${reason}`, { code: "member_left_out" });
    return reason === null;
  });
}

function refusePerson({ run }: NodeContext, who: Who, takes: "users" | "everybody"): string | null {
  const person = run[who];
  if (person === null) return "there is none";
  if (takes === "users" && person.object_type !== "") return "it is an object, not a user";
  return person.recipient_id === null ? "they are not stored" : null;
}

/** Logs the result and continues. */
export function report(ctx: NodeContext, code: StepCode, message: string, done: Done): NodeOutcome {
  if (!done.ok) return giveUp(ctx, code, done.reason);
  const { warnings, ...facts } = done.detail ?? {};
  const texts = Array.isArray(warnings) ? warnings.filter((one) => typeof one === "string") : [];
  if (texts.length === 0) ctx.log("info", "node_completed", message, facts);
  else {
    const text = [message, ...texts.slice(0, 3)].join("; ");
    ctx.log("warning", "node_completed", text, { ...facts, code: "done_in_part", warnings: texts });
  }
  return next;
}
