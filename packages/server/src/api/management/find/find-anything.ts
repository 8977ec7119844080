import { sql } from "kysely";
import type { Right } from "../../../core/people/roles.ts";
import { recipientName } from "../../../core/text/recipient-name.ts";
import type { Queryable } from "../../../db/db.ts";
import { UUID } from "../../filter-values.ts";

/**
 * Everything in a workspace that goes by a name: ids of what happened, keys, slugs, ids of who is notified, and their
 * addresses. Each kind is one look-up under an index.
 */
export const KINDS = {
  request: {
    right: "logs.read",
    page: (id: string) => `/logs/requests?request_id=${encodeURIComponent(id)}`,
  },
  run: { right: "logs.read", page: (id: string) => `/runs/${id}` },
  message: { right: "logs.read", page: (id: string) => `/logs/messages?message_id=${id}` },
  broadcast: { right: "logs.read", page: (id: string) => `/broadcasts/${id}` },
  user: { right: "recipients.read", page: (id: string) => `/recipients/users/${encodeURIComponent(id)}` },
  object: {
    right: "recipients.read",
    page: (id: string) => `/recipients/objects/${id.split("/").map(encodeURIComponent).join("/")}`,
  },
  list: { right: "recipients.read", page: (id: string) => `/recipients/lists/${id}` },
  workflow: { right: "content.read", page: (id: string) => `/workflows/${encodeURIComponent(id)}` },
  template: { right: "content.read", page: (id: string) => `/templates/${encodeURIComponent(id)}` },
  tenant: { right: "content.read", page: (id: string) => `/tenants/${encodeURIComponent(id)}` },
  category: {
    right: "content.read",
    page: (id: string) => `/preferences?category=${encodeURIComponent(id)}`,
  },
  vendor: { right: "content.read", page: (id: string) => `/vendors/${id}` },
} as const satisfies Record<string, { right: Right; page: (id: string) => string }>;

export type Kind = keyof typeof KINDS;

export interface Found {
  kind: Kind;
  id: string;
  /** What it was found by. */
  by: "id" | "idempotency_key" | "address" | "slug";
  /** What people call it; empty if it has no name. */
  name: string;
  /** For what happened: when. */
  created_at: Date | null;
}

/** Of one kind, at most so many: an idempotency key may have come for many runs' messages. */
const MOST = 10;

/** In the order of the kinds; the newest first in each. `owners` are the people whose address the text is. */
export async function findAnything(
  db: Queryable,
  workspace_id: number,
  text: string,
  owners: readonly { object_type: string; distinct_id: string }[],
): Promise<Found[]> {
  const slash = text.indexOf("/");
  const [type, object] = slash < 1 ? ["", ""] : [text.slice(0, slash), text.slice(slash + 1)];
  const mine = sql`workspace_id = ${workspace_id}`;
  const request = sql`select 'request' as kind, id::text as id, name, created_at`;
  const message = sql`select 'message' as kind, id, coalesce(template_slug, '') as name, created_at`;
  const looks = [
    ...(UUID.test(text)
      ? [sql`select r.*, 'id' as by from (${request} from request where ${mine} and id = ${text}::uuid) r`]
      : []),
    sql`select r.*, 'idempotency_key' as by from (${request} from request where ${mine} and idempotency_key = ${text}
                                               order by id desc limit ${MOST}) r`,
    sql`select 'run', id, workflow_slug, created_at, 'id' from run where ${mine} and id = ${text}`,
    sql`select m.*, 'id' as by from (${message} from message where ${mine} and id = ${text}) m`,
    sql`select 'broadcast', id, list_id, created_at, case id when ${text} then 'id' else 'idempotency_key' end
          from broadcast where ${mine} and (id = ${text} or idempotency_key = ${text})`,
    sql`select 'user', distinct_id, '', null::timestamptz, 'id' from recipient
         where ${mine} and object_type = '' and distinct_id = ${text}`,
    sql`select 'object', object_type || '/' || distinct_id, '', null, 'id' from recipient
         where ${mine} and object_type <> '' and object_type = ${type} and distinct_id = ${object}`,
    sql`select 'list', list_id, list_name, null, 'id' from list where ${mine} and list_id = ${text}`,
    sql`select 'workflow', slug, coalesce(draft ->> 'name', slug), null, 'slug' from workflow
         where ${mine} and slug = ${text} and deleted_at is null`,
    sql`select 'template', slug, name, null, 'slug' from template where ${mine} and slug = ${text}`,
    sql`select 'tenant', tenant_id, coalesce(tenant_name, ''), null, 'id' from tenant where ${mine} and tenant_id = ${text}`,
    sql`select 'category', slug, name, null, 'slug' from category where ${mine} and slug = ${text}`,
    sql`select 'vendor', id, vendor_slug, null, 'id' from vendor_config where ${mine} and id = ${text}`,
  ];
  const all = sql.join(
    looks.map((look) => sql`(${look})`),
    sql` union all `,
  );
  const { rows } =
    await sql<Found>`select kind, id, name, created_at, by from (${all}) as f (kind, id, name, created_at, by)`.execute(
      db.kysely,
    );
  const order = Object.keys(KINDS);
  const addressed = owners.map((owner): Found => ({
    kind: owner.object_type === "" ? "user" : "object",
    id: recipientName(owner),
    by: "address",
    name: "",
    created_at: null,
  }));
  return [...rows, ...addressed].toSorted(
    (one, other) => order.indexOf(one.kind) - order.indexOf(other.kind),
  );
}
