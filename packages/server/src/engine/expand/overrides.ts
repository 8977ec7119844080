import type { Json, JsonObject } from "../../core/json.ts";
import { MAX_OBJECT_TYPE, MAX_RECIPIENT_ID } from "../../core/text/recipient-name.ts";
import type { RecipientSpec } from "../../core/trigger.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";
import { EMPTY_VALUE, type Expressions } from "../../expressions/expressions.ts";
import { problem, type RequestProblem } from "../problem.ts";

/**
 * Overrides of an event by a workflow that it triggers: the workflow's own tenant, actor and recipients, each by a jq
 * expression over the event's properties. A result that is empty or of the wrong type is that workflow's problem; the
 * texts are the wire's.
 */
export interface Overridden {
  tenant_id: string | null;
  actor: RecipientSpec | null;
  recipients: RecipientSpec[] | null;
}

const MAX_RECIPIENTS = 100;

export type OverrideResult = { ok: true; value: Overridden } | { ok: false; problem: RequestProblem };

/** An event, and the dependencies to evaluate its overrides. */
export interface OverrideSource {
  workspace_id: number;
  /** The workspace's time. */
  now: Date;
  properties: JsonObject;
  expressions: Expressions;
}

export const NO_OVERRIDES: OverrideResult = {
  ok: true,
  value: { tenant_id: null, actor: null, recipients: null },
};

export function hasOverrides(definition: WorkflowDefinition): boolean {
  return Boolean(
    definition.override_tenant_expr ||
    definition.override_actor_user_expr ||
    definition.override_recipients_type,
  );
}

export function readOverrides(
  slug: string,
  definition: WorkflowDefinition,
  source: OverrideSource,
): OverrideResult {
  const {
    override_tenant_expr,
    override_actor_user_expr,
    override_recipients_type,
    override_recipients_user_expr,
    override_recipients_single_object_fields_expr,
  } = definition;
  try {
    const one = (name: string, expression: string | null) =>
      expression === null || expression === "" ? null : textOf(name, expression, source);
    const actor = one("actor_override", override_actor_user_expr);
    return {
      ok: true,
      value: {
        tenant_id: one("tenant_override", override_tenant_expr),
        actor: actor === null ? null : namedUser(actor),
        recipients:
          override_recipients_type === "user"
            ? usersOf(override_recipients_user_expr ?? "", source)
            : override_recipients_type === "single_object_fields"
              ? [objectOf(override_recipients_single_object_fields_expr ?? {}, source)]
              : null,
      },
    };
  } catch (error) {
    if (!(error instanceof OverrideError)) throw error;
    return { ok: false, problem: problem(slug, "override_failed", `[workflow: ${slug}] ${error.message}`) };
  }
}

/** A user who must exist, as in every event. */
export function namedUser(distinct_id: string): RecipientSpec {
  return {
    object_type: "",
    distinct_id,
    is_transient: false,
    skip_create: true,
    tenant_scoped: false,
    channels: null,
    depth: 0,
    profile: null,
  };
}

class OverrideError extends Error {
  override name = "OverrideError";

  constructor(name: string, expression: string, reason: string, expected: string) {
    super(`${name}: jq-expression '${expression}' ${reason}. Expected type: ${expected}`);
  }
}

const RECIPIENTS = "recipients_override";
const TEXT = "[string]";
const TEXTS = "[string / list(string)]";

function textOf(
  name: string,
  expression: string,
  { workspace_id, now, properties, expressions }: OverrideSource,
  max = MAX_RECIPIENT_ID,
): string {
  const result = expressions.evaluate(workspace_id, "jq", expression, properties, now);
  if (!result.ok) throw new OverrideError(name, expression, result.reason, TEXT);
  const text = asText(result.value, max);
  if (text === null) throw new OverrideError(name, expression, reasonOf(result.value, max), TEXT);
  return text;
}

/** Accepts texts and numbers: a database's ids are often numbers in JSON. */
function asText(value: Json, max = MAX_RECIPIENT_ID): string | null {
  if (typeof value === "string" && value.trim() !== "") {
    return value.trim().length > max ? null : value.trim();
  }
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : null;
}

function reasonOf(value: Json, max = MAX_RECIPIENT_ID): string {
  if (value === null || value === "") return EMPTY_VALUE;
  if (typeof value === "string" && value.trim().length > max) {
    return `evaluated to a text of more than ${max} characters`;
  }
  return `evaluated to ${Array.isArray(value) ? "a list" : typeof value} with a value that is not an id`;
}

/** A stream of texts (`.users[]`) and a list of texts (`.users`) are equivalent. */
function usersOf(
  expression: string,
  { workspace_id, now, properties, expressions }: OverrideSource,
): RecipientSpec[] {
  const fail = (reason: string) => new OverrideError(RECIPIENTS, expression, reason, TEXTS);
  const result = expressions.evaluateAll(workspace_id, expression, properties, now);
  if (!result.ok) throw fail(result.reason);
  const values = result.values.flatMap((value) => value);
  if (values.length === 0) throw fail(EMPTY_VALUE);
  const users = new Set<string>();
  for (const value of values) {
    const text = asText(value);
    if (text === null) throw fail(reasonOf(value));
    users.add(text);
  }
  if (users.size > MAX_RECIPIENTS) throw fail(`gives ${users.size} recipients, more than ${MAX_RECIPIENTS}`);
  return [...users].map(namedUser);
}

function objectOf(fields: JsonObject, source: OverrideSource): RecipientSpec {
  // A number is a jq expression of itself.
  const expressionOf = (key: string) => {
    const given = fields[key] ?? "";
    return typeof given === "string" ? given : JSON.stringify(given);
  };
  const field = (key: string, max?: number): string => {
    return textOf(`${RECIPIENTS}.${key}`, expressionOf(key), source, max);
  };
  const depthKey = "$object_subscriptions_query.depth";
  const depth = fields[depthKey] === undefined || fields[depthKey] === null ? 2 : Number(field(depthKey));
  if (depth !== 0 && depth !== 1 && depth !== 2) {
    throw new OverrideError(`${RECIPIENTS}.${depthKey}`, expressionOf(depthKey), "is not 0, 1 or 2", TEXT);
  }
  return { ...namedUser(field("id")), object_type: field("object_type", MAX_OBJECT_TYPE), depth };
}
