import { isJsonObject, type Json } from "../../../core/json.ts";
import { maskAddresses } from "../../../core/secret-addresses.ts";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import { ERRORS } from "../../../errors.ts";

/** A request as its log shows it: as it was sent, the response, and its results. */
export interface RequestRow {
  id: string;
  created_at: Date;
  updated_at: Date | null;
  api_type: ApiType;
  name: string;
  tenant_id: string | null;
  idempotency_key: string;
  parent_run_id: string | null;
  status: string;
  /** Part of it was refused on accept. */
  is_refused: boolean;
  errors: { error_code: string; error_description: string }[] | null;
  body: Json;
  metadata: Json;
  executions: { exec_id: string; distinct_id: string; workflow_slug: string; status: string }[] | null;
}

type ApiType = "workflow" | "dynamic" | "event" | "broadcast" | "user_edit";

/** The names used in metrics. */
const API_TYPES: Record<ApiType, string> = {
  workflow: "workflow_trigger",
  dynamic: "workflow_trigger",
  event: "event",
  broadcast: "broadcast_trigger",
  user_edit: "user_edit",
};

/** The trigger type of the workflows that it starts. */
const TRIGGER_TYPES: Record<ApiType, string | null> = {
  workflow: "api",
  dynamic: "dynamic",
  event: "event",
  broadcast: null,
  user_edit: null,
};

export function presentRequest(row: RequestRow): Record<string, unknown> {
  return {
    request_id: row.id,
    created_at: microsZ(row.created_at),
    updated_at: orNull(microsZ, row.updated_at),
    api_type: API_TYPES[row.api_type],
    api_name: row.api_type,
    wf_trigger_type: TRIGGER_TYPES[row.api_type],
    name: row.name,
    distinct_id_list: namesIn(row),
    actor: actorIn(row),
    tenant_id: row.tenant_id,
    idempotency_key: row.idempotency_key,
    status: row.status,
    errors: maskAddresses(row.errors ?? []),
    executions: row.executions ?? [],
    payload: maskAddresses(row.body),
    response: responseOf(row),
    metadata: row.metadata,
  };
}

/** Users, and objects as `object_type/id`. A refused body may have any shape. */
function namesIn({ api_type, body }: RequestRow): string[] {
  if (!isJsonObject(body)) return [];
  if (api_type === "event" || api_type === "user_edit") return nameOf(body.distinct_id) ?? [];
  const people = body.recipients ?? body.users;
  return Array.isArray(people) ? [...new Set(people.flatMap((person) => nameOf(person) ?? []))] : [];
}

/** For an event the actor is its user, unless a workflow overrides it. */
function actorIn({ api_type, body }: RequestRow): string | null {
  if (!isJsonObject(body)) return null;
  return nameOf(api_type === "event" ? body.distinct_id : body.actor)?.[0] ?? null;
}

/** Null for recipients without a name, such as one that is never stored. */
function nameOf(person: Json | undefined): [string] | null {
  if (typeof person === "number") return [String(person)];
  if (typeof person === "string") return person.trim() === "" ? null : [person.trim()];
  if (!isJsonObject(person)) return null;
  const { object_type, id, distinct_id } = person;
  if (typeof object_type !== "string") return isJsonObject(distinct_id) ? null : nameOf(distinct_id);
  const name = isJsonObject(id) ? null : nameOf(id);
  return name === null ? null : [`${object_type.trim()}/${name[0]}`];
}

/**
 * The response in the terms of `/trigger/`, whatever the endpoint; null: a run made the request, so nobody got a
 * response.
 */
function responseOf({
  id,
  api_type,
  parent_run_id,
  is_refused,
  errors,
}: RequestRow): Record<string, unknown> | null {
  if (parent_run_id !== null || api_type === "user_edit") return null;
  const [problem] = errors ?? [];
  if (!is_refused || problem === undefined) return { status_code: 202, message_id: firstOf(problem) ?? id };
  const { error_code: type, error_description: message } = problem;
  return { status_code: httpStatusOf(type), error: { type, message } };
}

/** A reused key is answered with the request that used it first. */
function firstOf(problem: { error_code: string; error_description: string } | undefined): string | null {
  if (problem?.error_code !== "duplicate_idempotency_key") return null;
  return /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.exec(problem.error_description)?.[0] ?? null;
}

function httpStatusOf(code: string): number {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].status : 400;
}
