import { type RawBuilder, sql, type SqlBool } from "kysely";
import { DEFAULT_TENANT } from "../../../../core/profile/effective-profile.ts";
import type { LogName } from "../../../../core/log-query/fields.ts";
import type { Filter, LogQuery, Value } from "../../../../core/log-query/parse-log-query.ts";
import { UUID } from "../../../filter-values.ts";
import { type Condition, isOf } from "../log-query.ts";
import { reachedOrNamed, requestStatus } from "../request-filter.ts";
import { PROBLEMS } from "../stored-request.ts";

/** How a query of a log is asked of its table. Every filter that the language has for the log is here. */
export interface Asking {
  workspace_id: number;
  /** See `requestStatus`. */
  expanding_since: Date | null;
  /** The names of who an address belongs to, by the address as it was written. */
  owners: ReadonlyMap<string, readonly string[]>;
}

type Ask = (value: Value, asking: Asking) => Condition;

const column =
  (name: string): Ask =>
  ({ text, is_prefix }) =>
    is_prefix ? sql`starts_with(${sql.ref(name)}, ${text})` : sql`${sql.ref(name)} = ${text}`;

const NONE = sql<SqlBool>`false`;
const uuidColumn =
  (name: string): Ask =>
  ({ text }) =>
    UUID.test(text) ? sql`${sql.ref(name)} = ${text}::uuid` : NONE;

const RUNS = sql`select from run r where r.workspace_id = q.workspace_id and r.request_id = q.id`;
const MESSAGES = sql`select from message m where m.workspace_id = r.workspace_id and m.execution_id = r.id`;

const named = (text: string, { owners }: Asking): readonly string[] => [text, ...(owners.get(text) ?? [])];

/** Any of some conditions. */
const any = (conditions: readonly Condition[]): Condition => sql`(${sql.join(conditions, sql` or `)})`;

const ASKED: Record<LogName, Record<string, Ask>> = {
  request: {
    status: ({ text }, { expanding_since }) => sql`${requestStatus(expanding_since)} = ${text}`,
    api: column("q.api_type"),
    name: column("q.name"),
    workflow: (value, asking) =>
      sql`case q.api_type when 'event' then exists (${RUNS} and ${column("r.workflow_slug")(value, asking)})
                          else ${column("q.name")(value, asking)} end`,
    user: ({ text }, asking) =>
      any(
        named(text, asking).map((name) => reachedOrNamed(asking.workspace_id, name, asking.expanding_since)),
      ),
    tenant: ({ text }) => sql`coalesce(q.tenant_id, ${DEFAULT_TENANT}) = ${text}`,
    key: column("q.idempotency_key"),
    request: uuidColumn("q.id"),
  },
  execution: {
    status: column("r.status"),
    workflow: column("r.workflow_slug"),
    user: ({ text }, asking) => any(named(text, asking).map((name) => isOf(name))),
    tenant: column("r.tenant_id"),
    key: ({ text, is_prefix }, { workspace_id }) =>
      sql`r.request_id = any(array(select id from request where workspace_id = ${workspace_id}
        and ${is_prefix ? sql`starts_with(idempotency_key, ${text})` : sql`idempotency_key = ${text}`}))`,
    channel: ({ text }) => sql`exists (${MESSAGES} and m.channel = ${text})`,
    template: (value, asking) => sql`exists (${MESSAGES} and ${column("m.template_slug")(value, asking)})`,
    category: ({ text }, { workspace_id }) =>
      sql`r.version_id = any(array(select id from workflow_version
        where workspace_id = ${workspace_id} and definition ->> 'category' = ${text}))`,
    request: uuidColumn("r.request_id"),
    run: column("r.id"),
  },
  message: {
    status: column("m.status"),
    workflow: column("m.workflow_slug"),
    user: ({ text }, asking) =>
      any(
        named(text, asking).map((name) => {
          const slash = name.indexOf("/");
          const user = sql<SqlBool>`m.distinct_id = ${name}`;
          if (slash < 1) return user;
          const [type, id] = [name.slice(0, slash), name.slice(slash + 1)];
          return sql<SqlBool>`(${user} or m.distinct_id = ${id} and m.object_type = ${type})`;
        }),
      ),
    tenant: column("m.tenant_id"),
    key: column("m.idempotency_key"),
    channel: column("m.channel"),
    template: column("m.template_slug"),
    category: column("m.category"),
    vendor: column("m.vendor_slug"),
    class: column("m.failure_class"),
    run: column("m.execution_id"),
    message: column("m.id"),
    broadcast: column("m.broadcast_id"),
  },
};

/** What a text is looked for in: what went wrong, and for runs all that their log says. */
const SAID: Record<LogName, RawBuilder<string>> = {
  request: sql`coalesce((select string_agg(e ->> 'error_description', ' ') from ${sql.raw(PROBLEMS)}), '')`,
  execution: sql`r.steps::text`,
  message: sql`coalesce(m.failure_reason, '')`,
};

/** Of the table's rows in the workspace; the time span is the scan's. */
export function conditionsOf(log: LogName, { filters, texts }: LogQuery, asking: Asking): Condition[] {
  const asked = filters.map((filter) => negated(filter.is_negated, any(askAll(log, filter, asking))));
  const said = texts.map(({ text, is_negated }) =>
    negated(is_negated, sql`strpos(lower(${SAID[log]}), lower(${text})) > 0`),
  );
  return [...asked, ...said];
}

function askAll(log: LogName, { field, values }: Filter, asking: Asking): Condition[] {
  const ask = ASKED[log][field];
  // A filter that cannot be applied is an error, never dropped.
  if (ask === undefined) throw new Error(`the log of ${log} cannot be asked for '${field}'`);
  return values.map((value) => ask(value, asking));
}

/** What has no value is not what was asked for, so it is among what is left. */
const negated = (is_negated: boolean, condition: Condition): Condition =>
  is_negated ? sql`(${condition}) is not true` : condition;
