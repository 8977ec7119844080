import { z } from "zod";
import { describeValue } from "../../core/text/describe-value.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { EMPTY_VALUE } from "../../expressions/expressions.ts";
import type { NodeContext } from "../../engine/node.ts";

/** Setting types shared by several nodes, and how they are read. */
export const expression = z.string("must be an expression").min(1, "must not be empty");

/** Null where empty. */
export const optionalExpression = z
  .string("must be an expression")
  .nullish()
  .transform((source) => (source === undefined || source === null || source.trim() === "" ? null : source));

export const flag = z
  .boolean("must be true or false")
  .nullish()
  .transform((value) => value === true);

/** `reason` names the setting. */
export type Read<T> = { ok: true; value: T } | { ok: false; reason: string };

/** The value of a Jsonnet setting, over the run's payload or `data` in its place. */
export function readJsonnet(ctx: NodeContext, path: string, source: string, data?: JsonObject): Read<Json> {
  const result = ctx.evaluate("jsonnet", source, data);
  return result.ok ? result : { ok: false, reason: `${path}: ${result.reason}` };
}

export function readMap(ctx: NodeContext, path: string, source: string, data?: JsonObject): Read<JsonObject> {
  const read = readJsonnet(ctx, path, source, data);
  if (!read.ok) return read;
  const { value } = read;
  if (isJsonObject(value)) return { ok: true, value };
  return { ok: false, reason: `${path}: must give a map, gave ${describeValue(value)}` };
}

/**
 * Why a jq setting has no value: `evaluated to empty value` is the wire's text, and continues the sentence; jq's own
 * text is quoted.
 */
export function jqRefusal(source: string, reason: string): string {
  return `jq-expression '${source}'${reason === EMPTY_VALUE ? "" : ":"} ${reason}`;
}

/** The trimmed result of a template. */
export function readTemplate(ctx: NodeContext, path: string, source: string): Read<string> {
  const result = ctx.evaluate("handlebars", source);
  if (!result.ok) return { ok: false, reason: `${path}: ${result.reason}` };
  return { ok: true, value: typeof result.value === "string" ? result.value.trim().toWellFormed() : "" };
}
